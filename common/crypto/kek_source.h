/*
 * Where root keys come from: configuration names each by an id and a source, this loads them into a
 * ring when the process starts.
 */
#ifndef LK_CRYPTO_KEK_SOURCE_H
#define LK_CRYPTO_KEK_SOURCE_H

#include "crypto/keyring.h"

/*
 * What the options of a service say; both may be NULL or "". A source is one of
 *   file:/PATH         32 bytes as one line of base64url; mode and owner as lk_private_file_read
 *   secret:NAME        the same in a secret that the system mounts: NAME in the folder that
 *                      CREDENTIALS_DIRECTORY names (systemd), or in /run/secrets (containers)
 *   passphrase:/PATH?from=FROM  argon2id with the parameters in the file of that path; FROM is
 *                      file:/PATH, secret:NAME or terminal
 *   pkcs11:URI         an AES-256 key inside a token, which is used there (RFC 7512)
 * and an id is what lk_keyring_add takes.
 */
struct lk_kek_config {
	const char *file;      /* the root key "kek-1", by the path of its file */
	const char *list;      /* ID=SOURCE, several with spaces between them */
	const char *store_url; /* no file of a root key may lie in the folder of this database */
};

/*
 * A ring of all of them, in their order, `file` before the list. FAILED_PRECONDITION
 * KEK_NOT_CONFIGURED for none, KEK_BESIDE_DATA for a file in the folder of the database;
 * INVALID_ARGUMENT KEK_SOURCE_INVALID; as lk_keyring_add, lk_secret_file_load32,
 * lk_passphrase_key and lk_token_key_open.
 */
lk_status lk_kek_load(
    const struct lk_kek_config *config, struct lk_keyring **out_ring, struct lk_error *err);

#endif
