/* A client: where the services are, who it speaks as, and how long it waits. Also profiles, where
 * `latchkey login` keeps sessions. */
#ifndef LATCHKEY_CLIENT_H
#define LATCHKEY_CLIENT_H

#include <latchkey/base.h>

LATCHKEY_BEGIN_DECLS

typedef struct latchkey_client latchkey_client;

/**
 * How to open a client. What is NULL is taken from the environment, unless `ignore_environment`.
 *
 * Where: `url` (LATCHKEY_URL, then the profile's) is ipc:///DIR/run, or tls+tcp://HOST:PORT for
 * services of another host, which have this port and the next two; `keys_url` (LATCHKEY_KEYS_URL)
 * and so on override it for one service, several addresses by comma. TLS needs a certificate, its
 * key and the authority's certificates, PEM files all: `tls_cert_file` (LATCHKEY_TLS_CERT_FILE),
 * `tls_key_file` (LATCHKEY_TLS_KEY_FILE, mode 0600), `tls_ca_file` (LATCHKEY_TLS_CA_FILE).
 *
 * Who: the first of these that is there: `secret`, `secret_file`, `profile`, `operator_key_file`;
 * then LATCHKEY_API_KEY, LATCHKEY_API_KEY_FILE, LATCHKEY_PROFILE, the profile "default" where it
 * exists, LATCHKEY_OPERATOR_KEY_FILE. Without any the client is anonymous: enough for health, the
 * key set and redeeming a ticket.
 */
typedef struct latchkey_options {
	const char *url;
	const char *keys_url;
	const char *tokens_url;
	const char *credentials_url;
	const char *secret;      /**< an API key, or a session's secret */
	const char *secret_file; /**< a file (mode 0600) with one line: the same */
	const char *profile;     /**< the name of a profile: [A-Za-z0-9][A-Za-z0-9._@-]{0,63} */
	const char
	    *operator_key_file; /**< an operator's private key, as `latchkey init` writes it */
	const char
	    *instance; /**< the installation's id; NULL: the profile's, or as the service says */
	uint32_t timeout_ms;     /**< of a call; 0: 10000 */
	bool anonymous;          /**< speak as nobody, whatever there is */
	bool ignore_environment; /**< nor the profile "default" */
	const char *tls_cert_file;
	const char *tls_key_file;
	const char *tls_ca_file;
	const char *worker_key_file; /**< an enrolled worker's private key: what is fetched is
					signed (LATCHKEY_WORKER_KEY_FILE) */
} latchkey_options;

/**
 * Open a client. Connects in the background when first needed, so it succeeds while services are
 * down. `options` may be NULL.
 *
 * @return LATCHKEY_INVALID_ARGUMENT URL_MISSING, URL_INVALID, URL_TOO_LONG, PROFILE_INVALID,
 * KEY_TEXT_INVALID; LATCHKEY_NOT_FOUND PROFILE_MISSING, SECRET_FILE_MISSING;
 * LATCHKEY_FAILED_PRECONDITION SECRET_FILE_MODE and its like for a file that others may read.
 */
LATCHKEY_API latchkey_status latchkey_client_open(const latchkey_options *options,
    latchkey_client **out_client, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/** Wipe what it knows, close its connections. No call may be running or follow. NULL is allowed. */
LATCHKEY_API void latchkey_client_close(latchkey_client *client);

/** How the client says who it is. */
typedef enum latchkey_identity_source {
	LATCHKEY_SOURCE_NONE,
	LATCHKEY_SOURCE_KEY,     /**< an API key */
	LATCHKEY_SOURCE_SESSION, /**< a session */
	LATCHKEY_SOURCE_OPERATOR /**< an operator's key */
} latchkey_identity_source;
LATCHKEY_API latchkey_identity_source latchkey_client_source(const latchkey_client *client);
/** The profile it came from, or "". */
LATCHKEY_API const char *latchkey_client_profile(const latchkey_client *client);
LATCHKEY_API const char *latchkey_client_url(const latchkey_client *client);

/** The services of an installation. */
typedef enum latchkey_service {
	LATCHKEY_KEYS,
	LATCHKEY_TOKENS,
	LATCHKEY_CREDENTIALS
} latchkey_service;
enum { LATCHKEY_SERVICE_COUNT = 3 };
/** "keys", "tokens", "credentials". */
LATCHKEY_API const char *latchkey_service_name(latchkey_service service);

/** What a service says of itself. */
typedef struct latchkey_health latchkey_health;
LATCHKEY_API latchkey_status latchkey_health_check(latchkey_client *client,
    latchkey_service service, const latchkey_call *call, latchkey_health **out_health,
    latchkey_error *out_error) LATCHKEY_MUST_CHECK;
LATCHKEY_API const char *latchkey_health_service(const latchkey_health *health);
LATCHKEY_API const char *latchkey_health_version(const latchkey_health *health);
LATCHKEY_API const char *latchkey_health_instance(const latchkey_health *health);
LATCHKEY_API const char *latchkey_health_state(
    const latchkey_health *health); /**< "serving" or "draining" */
LATCHKEY_API int64_t latchkey_health_started_at_ms(const latchkey_health *health);
LATCHKEY_API void latchkey_health_free(latchkey_health *health);

/**
 * A profile: a session (or key) under a name, in DIR/profiles/NAME, mode 0600 in a directory of
 * mode 0700. DIR is $XDG_CONFIG_HOME/latchkey, else
 * ~/.config/latchkey.
 */
typedef struct latchkey_profile {
	const char *secret;
	const char *url;
	const char *instance;
	const char *user; /**< for people: whose it is */
	const char *session_id;
} latchkey_profile;

/**
 * Make the place for it, so that a profile can be saved once a ticket has been used up. Errors are
 * those of latchkey_profile_save().
 */
LATCHKEY_API latchkey_status latchkey_profile_prepare(
    const char *name, latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/** Write it, in place of an older one. LATCHKEY_INVALID_ARGUMENT PROFILE_INVALID;
 * LATCHKEY_UNAVAILABLE SECRET_FILE_WRITE. */
LATCHKEY_API latchkey_status latchkey_profile_save(const char *name,
    const latchkey_profile *profile, latchkey_error *out_error) LATCHKEY_MUST_CHECK;
/** Remove it. LATCHKEY_NOT_FOUND PROFILE_MISSING. */
LATCHKEY_API latchkey_status latchkey_profile_delete(
    const char *name, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

/**
 * Make an operator's key: the private file for LATCHKEY_OPERATOR_KEY_FILE, and NAME.pub for the
 * peers/ of every service. A private file that is there is kept, and only the public one made where
 * it is missing.
 *
 * @return LATCHKEY_FAILED_PRECONDITION PEER_DIFFERS when the two that are there do not belong
 * together, SECRET_FILE_MODE and its like.
 */
LATCHKEY_API latchkey_status latchkey_operator_key_create(const char *private_path,
    const char *public_path, const char *name, latchkey_error *out_error) LATCHKEY_MUST_CHECK;

LATCHKEY_END_DECLS

#endif
