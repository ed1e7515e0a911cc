/* Certificates of an installation's own authority, judged by libcrypto's chain building. */
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/base.h"
#include "crypto/authority.h"
#include "crypto/tls_pair.h"
#include "test.h"

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)
#define NOW_MS (INT64_C(1800000000) * 1000)

struct world {
	struct lk_certificate authority, issued;
	struct lk_error err;
};

static int
setup(void **state)
{
	static struct world w;

	memset(&w, 0, sizeof w);
	expect_ok(lk_authority_make("an authority", NOW_MS, 30, &w.authority, &w.err), &w.err);
	expect_ok(lk_authority_issue(&w.authority, "keys.example", NOW_MS, 10, &w.issued, &w.err),
	    &w.err);
	*state = &w;
	return 0;
}

static X509 *
parsed(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	BIO_free(bio);
	assert_non_null(cert);
	return cert;
}

/* X509_V_OK, or why it is not to be believed at that time, for that purpose, under that name. */
static int
judged(
    const char *authority_pem, const char *cert_pem, int64_t at_ms, int purpose, const char *name)
{
	X509 *authority = parsed(authority_pem), *cert = parsed(cert_pem);
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *wanted;

	assert_int_equal(X509_STORE_add_cert(store, authority), 1);
	assert_int_equal(X509_STORE_CTX_init(context, store, cert, NULL), 1);
	wanted = X509_STORE_CTX_get0_param(context);
	X509_VERIFY_PARAM_set_time(wanted, (time_t)(at_ms / 1000));
	X509_VERIFY_PARAM_set_flags(wanted, X509_V_FLAG_X509_STRICT);
	X509_VERIFY_PARAM_set_purpose(wanted, purpose);
	assert_int_equal(X509_VERIFY_PARAM_set1_host(wanted, name, 0), 1);
	(void)X509_verify_cert(context);
	const int error = X509_STORE_CTX_get_error(context);
	X509_STORE_CTX_free(context);
	X509_STORE_free(store);
	X509_free(authority);
	X509_free(cert);
	return error;
}

static void
it_is_good_as_server_and_client_under_its_name_only(void **state)
{
	const struct world *w = *state;
	const char *ca = w->authority.cert, *cert = w->issued.cert;

	assert_int_equal(
	    judged(ca, cert, NOW_MS, X509_PURPOSE_SSL_SERVER, "keys.example"), X509_V_OK);
	assert_int_equal(
	    judged(ca, cert, NOW_MS, X509_PURPOSE_SSL_CLIENT, "keys.example"), X509_V_OK);
	assert_int_equal(judged(ca, cert, NOW_MS, X509_PURPOSE_SSL_SERVER, "tokens.example"),
	    X509_V_ERR_HOSTNAME_MISMATCH);
	assert_int_not_equal(
	    judged(ca, cert, NOW_MS, X509_PURPOSE_SMIME_SIGN, "keys.example"), X509_V_OK);
}

static void
it_is_good_for_its_days_and_never_beyond_the_authority(void **state)
{
	struct world *w = *state;
	const char *ca = w->authority.cert;
	int64_t end_ms = 0;

	expect_ok(lk_certificate_end(w->issued.cert, &end_ms, &w->err), &w->err);
	assert_int_equal(end_ms, NOW_MS + 10 * DAY_MS);
	assert_int_equal(judged(ca, w->issued.cert, NOW_MS + 11 * DAY_MS, X509_PURPOSE_SSL_SERVER,
			     "keys.example"),
	    X509_V_ERR_CERT_HAS_EXPIRED);
	assert_int_equal(judged(ca, w->issued.cert, NOW_MS - 2 * DAY_MS, X509_PURPOSE_SSL_SERVER,
			     "keys.example"),
	    X509_V_ERR_CERT_NOT_YET_VALID);
	expect_ok(
	    lk_authority_issue(&w->authority, "long", NOW_MS, 365, &w->issued, &w->err), &w->err);
	expect_ok(lk_certificate_end(w->issued.cert, &end_ms, &w->err), &w->err);
	assert_int_equal(end_ms, NOW_MS + 30 * DAY_MS);
	expect_fail(lk_certificate_end("no certificate", &end_ms, &w->err), &w->err,
	    LK_FAILED_PRECONDITION, "TLS_CERTIFICATE_INVALID");
}

static void
another_authority_did_not_issue_it(void **state)
{
	struct world *w = *state;
	struct lk_certificate other;

	expect_ok(lk_authority_make("an authority", NOW_MS, 30, &other, &w->err), &w->err);
	assert_int_not_equal(
	    judged(other.cert, w->issued.cert, NOW_MS, X509_PURPOSE_SSL_SERVER, "keys.example"),
	    X509_V_OK);
}

static void
what_was_issued_issues_nothing(void **state)
{
	struct world *w = *state;
	struct lk_certificate below;

	expect_fail(lk_authority_issue(&w->issued, "below", NOW_MS, 5, &below, &w->err), &w->err,
	    LK_FAILED_PRECONDITION, "TLS_AUTHORITY_INVALID");
}

static void
a_name_is_a_hosts_and_a_pair_is_one(void **state)
{
	static const char *const names[] = { "", ".", "-a", "../up", "a b", "a/b", "a,DNS:b",
		"a\nb", "0123456789012345678901234567890123456789012345678901234567890123x" };
	struct world *w = *state;

	for (size_t i = 0; i < LK_ARRAY_LEN(names); i++)
		expect_fail(
		    lk_authority_issue(&w->authority, names[i], NOW_MS, 1, &w->issued, &w->err),
		    &w->err, LK_INVALID_ARGUMENT, "CERTIFICATE_NAME");
	memcpy(w->authority.key, w->issued.key, sizeof w->authority.key);
	expect_fail(lk_authority_issue(&w->authority, "a", NOW_MS, 1, &w->issued, &w->err), &w->err,
	    LK_FAILED_PRECONDITION, "TLS_KEY_MISMATCH");
}

static void
an_authority_whose_time_is_over_issues_nothing(void **state)
{
	struct world *w = *state;

	expect_fail(
	    lk_authority_issue(&w->authority, "a", NOW_MS + 31 * DAY_MS, 1, &w->issued, &w->err),
	    &w->err, LK_FAILED_PRECONDITION, "TLS_CERTIFICATE_EXPIRED");
	expect_ok(lk_tls_pair_check(w->issued.cert, w->issued.key, NOW_MS, &w->err), &w->err);
}

LK_TESTS(LK_CASE_WITH(it_is_good_as_server_and_client_under_its_name_only, setup, NULL),
    LK_CASE_WITH(it_is_good_for_its_days_and_never_beyond_the_authority, setup, NULL),
    LK_CASE_WITH(another_authority_did_not_issue_it, setup, NULL),
    LK_CASE_WITH(what_was_issued_issues_nothing, setup, NULL),
    LK_CASE_WITH(a_name_is_a_hosts_and_a_pair_is_one, setup, NULL),
    LK_CASE_WITH(an_authority_whose_time_is_over_issues_nothing, setup, NULL))
