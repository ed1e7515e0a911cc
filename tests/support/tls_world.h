/* Authorities and certificates for a test, as PEM files in a folder of its own. */
#ifndef LK_TESTS_TLS_WORLD_H
#define LK_TESTS_TLS_WORLD_H

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "rpc/tls.h"
#include "test.h"

enum { TLS_WORLD_DAY_S = 86400 };

struct tls_identity {
	EVP_PKEY *key;
	X509 *cert;
};

/* What a certificate says. `issuer` NULL: it signs itself. */
struct tls_wish {
	const char *name;
	const struct tls_identity *issuer;
	bool is_ca;
	int first_day, last_day; /* from today */
};

static inline void
tls_extension(X509 *cert, int nid, const char *value)
{
	X509V3_CTX ctx;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(cert, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

/* Yours: tls_identity_free. */
static inline struct tls_identity
tls_identity_make(const struct tls_wish *wish)
{
	static long serial = 1;
	struct tls_identity made = { EVP_EC_gen("P-256"), X509_new() };
	char alternative[128];

	assert_non_null(made.key);
	assert_non_null(made.cert);
	X509_set_version(made.cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(made.cert), serial++);
	X509_gmtime_adj(X509_getm_notBefore(made.cert), (long)wish->first_day * TLS_WORLD_DAY_S);
	X509_gmtime_adj(X509_getm_notAfter(made.cert), (long)wish->last_day * TLS_WORLD_DAY_S);
	X509_set_pubkey(made.cert, made.key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(made.cert), "CN", MBSTRING_ASC,
	    (const unsigned char *)wish->name, -1, -1, 0);
	X509_set_issuer_name(
	    made.cert, X509_get_subject_name(wish->issuer ? wish->issuer->cert : made.cert));
	tls_extension(made.cert, NID_basic_constraints,
	    wish->is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	snprintf(alternative, sizeof alternative, "DNS:%s", wish->name);
	tls_extension(made.cert, NID_subject_alt_name, alternative);
	assert_true(
	    X509_sign(made.cert, wish->issuer ? wish->issuer->key : made.key, EVP_sha256()) > 0);
	return made;
}

static inline void
tls_identity_free(struct tls_identity *identity)
{
	X509_free(identity->cert);
	EVP_PKEY_free(identity->key);
}

/* DIR/NAME.crt and DIR/NAME.key; the latter is private. */
static inline void
tls_identity_write(const struct tls_identity *identity, const char *dir, const char *name)
{
	char file[64];

	snprintf(file, sizeof file, "%s.crt", name);
	FILE *cert = fopen(lk_test_path(dir, file), "w");
	assert_non_null(cert);
	assert_int_equal(PEM_write_X509(cert, identity->cert), 1);
	fclose(cert);
	snprintf(file, sizeof file, "%s.key", name);
	FILE *key = fopen(lk_test_path(dir, file), "w");
	assert_non_null(key);
	assert_int_equal(PEM_write_PrivateKey(key, identity->key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(key);
	assert_int_equal(chmod(lk_test_path(dir, file), 0600), 0);
}

/* Who shows DIR/NAME.crt and believes DIR/CA.crt, judged as of `day` from today. */
static inline lk_status
tls_world_open(struct lk_tls **out, const char *dir, const char *name, const char *ca, int day,
    struct lk_error *err)
{
	struct lk_clock_frozen clock;
	char file[3][64];

	lk_clock_frozen_init(
	    &clock, lk_clock_wall_ms(lk_clock_system()) + (int64_t)day * TLS_WORLD_DAY_S * 1000);
	snprintf(file[0], sizeof file[0], "%s.crt", name);
	snprintf(file[1], sizeof file[1], "%s.key", name);
	snprintf(file[2], sizeof file[2], "%s.crt", ca);
	const struct lk_tls_files files = { lk_test_path(dir, file[0]), lk_test_path(dir, file[1]),
		lk_test_path(dir, file[2]), &clock.clock };
	return lk_tls_open(out, &files, err);
}

#endif
