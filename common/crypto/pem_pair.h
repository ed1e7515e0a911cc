/* Does a private key belong to a certificate? */
#ifndef LK_CRYPTO_PEM_PAIR_H
#define LK_CRYPTO_PEM_PAIR_H

#include <stdbool.h>

/* The first certificate and the first private key of two PEM texts. False when either holds none,
 * or the key needs a passphrase, or is another one. Any thread. */
bool lk_pem_pair_ok(const char *cert_pem, const char *key_pem);

#endif
