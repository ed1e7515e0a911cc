/* Where services are: an installation's address and its overrides, and what an address must look
 * like. */
#ifndef LK_RPC_URL_H
#define LK_RPC_URL_H

#include "base/base.h"

enum {
	LK_URL_PATH_MAX = 107, /* sockaddr_un.sun_path with its NUL */
	LK_URL_SIZE = 128,     /* one address and its NUL */
	LK_URL_LIST_SIZE = 1024,
};

enum lk_url_service { LK_URL_KEYS, LK_URL_TOKENS, LK_URL_CREDENTIALS };

/*
 * The addresses of one service, comma-separated. `override` (the client's LATCHKEY_KEYS_URL) is
 * taken as it is when not NULL or empty; otherwise `base` (LATCHKEY_URL) is ipc:///DIR/run and the
 * name of the service's socket is appended, or tls+tcp://HOST:PORT and the services have this port
 * (keys) and the next two (tokens, credentials). INVALID_ARGUMENT URL_MISSING, URL_INVALID,
 * URL_TOO_LONG.
 */
lk_status lk_url_of_service(enum lk_url_service service, const char *base, const char *override,
    char out[LK_URL_LIST_SIZE], struct lk_error *err);

/* Check one address; out_path (may be NULL) points into `url` at the path of an ipc one, and is
 * NULL for one over TLS. */
lk_status lk_url_check(const char *url, const char **out_path, struct lk_error *err);

bool lk_url_is_tls(const char *url); /* NULL is not */

/* The host of an address over TLS. False when it has none that a certificate could name: an IP
 * address is no name. */
bool lk_url_tls_host(const char *url, char out[LK_URL_SIZE]);

/*
 * Take the next address off a comma-separated list: *list moves on and is NULL after the last.
 * Spaces around are not skipped, empty addresses are URL_INVALID.
 */
lk_status lk_url_next(const char **list, char out[LK_URL_SIZE], struct lk_error *err);

#endif
