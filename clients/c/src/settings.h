/* Where to ask and who to be: options, environment and profile become settings. */
#ifndef LATCHKEY_SETTINGS_H
#define LATCHKEY_SETTINGS_H

#include "crypto/sign.h"
#include "object.h"
#include "rpc/tls.h"
#include "rpc/url.h"

enum { PROFILE_NAME_SIZE = 65, INSTANCE_SIZE = 33, DEFAULT_TIMEOUT_MS = 10000 };

/* settings_wipe() frees what it points at. */
struct settings {
	char *url, *service_urls[LATCHKEY_SERVICE_COUNT]; /* NULL: not given */
	char profile[PROFILE_NAME_SIZE];                  /* "": none */
	latchkey_identity_source source;
	latchkey_secret *secret;      /* an API key's or session's text, or NULL */
	struct lk_tls *tls;           /* for services of other hosts, or NULL */
	struct lk_sign_key *sign_key; /* an operator's, or NULL */
	char operator_name[LK_PEER_NAME_SIZE];
	struct lk_sign_key *worker_key; /* signs fetches, or NULL */
	char instance[INSTANCE_SIZE];   /* "": ask */
	uint32_t timeout_ms;
};

/* Errors are those of latchkey_client_open(). */
lk_status settings_gather(
    const latchkey_options *options, struct settings *out, struct lk_error *err);
void settings_wipe(struct settings *settings);

/* A profile as it was read: texts point into `bytes`. Wipe it whole. */
struct profile {
	char bytes[16 * 1024];
	latchkey_profile values;
};
bool profile_name_ok(const char *name);
/* NOT_FOUND PROFILE_MISSING; FAILED_PRECONDITION PROFILE_BROKEN, or as lk_private_file_read. */
lk_status profile_load(const char *name, struct profile *out, struct lk_error *err);
/* $XDG_CONFIG_HOME/latchkey or ~/.config/latchkey. FAILED_PRECONDITION CONFIG_DIR_UNKNOWN. Yours.
 */
lk_status config_dir(char **out_path, struct lk_error *err);

#endif
