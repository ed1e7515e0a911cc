/* Certificates and keys for nng's TLS; see tls.h. */
#include "rpc/tls.h"

#include <nng/nng.h>
#include <nng/supplemental/tls/tls.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "crypto/private_file.h"
#include "crypto/tls_pair.h"
#include "rpc/tls_nng.h"
#include "rpc/url.h"

enum { PEM_MAX = 64 * 1024 };

struct lk_tls {
	char cert[PEM_MAX + 1], ca[PEM_MAX + 1], key[PEM_MAX + 1];
};

static lk_status
unusable(struct lk_error *err, const char *what, const char *why)
{
	return lk_fail(err, LK_FAILED_PRECONDITION, "TLS_FILE_INVALID", "the %s %s", what, why);
}

/* Whoever may write it decides whom we believe, so that is us or root alone. */
static lk_status
public_read(const char *path, const char *what, char out[PEM_MAX + 1], struct lk_error *err)
{
	size_t len;

	LK_TRY(lk_mounted_file_read(path, what, (uint8_t *)out, PEM_MAX, &len, err));
	out[len] = '\0';
	return LK_OK;
}

static lk_status
key_read(const char *path, char out[PEM_MAX + 1], struct lk_error *err)
{
	size_t len;

	LK_TRY(lk_private_file_read(path, "TLS key", (uint8_t *)out, PEM_MAX, &len, err));
	out[len] = '\0';
	return LK_OK;
}

/* *out is yours: nng_tls_config_free. nng counts who holds one. */
static lk_status
config_make(const struct lk_tls *tls, nng_tls_mode mode, nng_tls_config **out, struct lk_error *err)
{
	if (nng_tls_config_alloc(out, mode) != 0)
		return lk_fail_oom(err);
	if (nng_tls_config_auth_mode(*out, NNG_TLS_AUTH_MODE_REQUIRED) != 0)
		return lk_fail(
		    err, LK_FAILED_PRECONDITION, "TLS_MISSING", "this build of nng has no TLS");
	if (nng_tls_config_ca_chain(*out, tls->ca, NULL) != 0)
		return unusable(err, "TLS CA file", "holds no certificate in PEM");
	if (nng_tls_config_own_cert(*out, tls->cert, tls->key, NULL) != 0)
		return unusable(
		    err, "TLS certificate file", "holds no certificate in PEM that nng can use");
	return LK_OK;
}

static void
config_freep(nng_tls_config **config)
{
	if (*config)
		nng_tls_config_free(*config);
}

/* nng says nothing of a key that is another certificate's, or of one that has expired. */
static lk_status
check(const struct lk_tls *tls, const struct lk_clock *clock, struct lk_error *err)
{
	LK_AUTO(config_freep) nng_tls_config *config = NULL;
	const int64_t now_ms = lk_clock_wall_ms(clock ? clock : lk_clock_system());

	LK_TRY(lk_tls_pair_check(tls->cert, tls->key, now_ms, err));
	return config_make(tls, NNG_TLS_MODE_SERVER, &config, err);
}

lk_status
lk_tls_open(struct lk_tls **out, const struct lk_tls_files *files, struct lk_error *err)
{
	LK_AUTO(lk_tls_closep) struct lk_tls *tls = NULL;

	*out = NULL;
	if (!files->cert_file && !files->key_file && !files->ca_file)
		return LK_OK;
	if (!files->cert_file || !files->key_file || !files->ca_file)
		return lk_fail(err, LK_INVALID_ARGUMENT, "CONFIG_INVALID",
		    "TLS between hosts needs a certificate, its key and the certificate of the "
		    "authority, all three");
	tls = LK_ALLOC(struct lk_tls);
	if (!tls)
		return lk_fail_oom(err);
	LK_TRY(public_read(files->cert_file, "TLS certificate", tls->cert, err));
	LK_TRY(public_read(files->ca_file, "TLS CA", tls->ca, err));
	LK_TRY(key_read(files->key_file, tls->key, err));
	LK_TRY(check(tls, files->clock, err));
	*out = LK_TAKE(tls);
	return LK_OK;
}

void
lk_tls_close(struct lk_tls *tls)
{
	if (!tls)
		return;
	lk_wipe(tls, sizeof *tls);
	lk_free(tls);
}

int64_t
lk_tls_ends_at_ms(const struct lk_tls *tls)
{
	return tls ? lk_tls_chain_ends_at_ms(tls->cert) : 0;
}

static lk_status
no_files(struct lk_error *err)
{
	return lk_fail(err, LK_FAILED_PRECONDITION, "TLS_FILES_MISSING",
	    "an address of tls+tcp:// needs a certificate, its key and the certificate of the "
	    "authority");
}

lk_status
lk_tls_listener(const struct lk_tls *tls, nng_listener listener, struct lk_error *err)
{
	LK_AUTO(config_freep) nng_tls_config *config = NULL;

	if (!tls)
		return no_files(err);
	LK_TRY(config_make(tls, NNG_TLS_MODE_SERVER, &config, err));
	if (nng_listener_set_ptr(listener, NNG_OPT_TLS_CONFIG, config) != 0)
		return lk_fail(err, LK_INTERNAL, "INTERNAL", "nng refused an option");
	return LK_OK;
}

lk_status
lk_tls_dialer(const struct lk_tls *tls, const char *url, nng_dialer dialer, struct lk_error *err)
{
	LK_AUTO(config_freep) nng_tls_config *config = NULL;
	char host[LK_URL_SIZE];

	if (!tls)
		return no_files(err);
	if (!lk_url_tls_host(url, host))
		return lk_fail_field(err, "url", "URL_INVALID",
		    "over TLS a host is dialled by its name, which its certificate must hold");
	LK_TRY(config_make(tls, NNG_TLS_MODE_CLIENT, &config, err));
	if (nng_tls_config_server_name(config, host) != 0 ||
	    nng_dialer_set_ptr(dialer, NNG_OPT_TLS_CONFIG, config) != 0)
		return lk_fail(err, LK_INTERNAL, "INTERNAL", "nng refused an option");
	return LK_OK;
}
