/* From options, environment and profile to settings: what is given goes before the environment, a
 * key or profile before an operator. */
#include "settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/named_key.h"
#include "crypto/secret.h"

enum { SECRET_TEXT_MAX = 512 };

/* One identity that could be taken: by an option, or by a variable when the environment counts. */
static const char *
given(const char *option, const char *variable, const latchkey_options *options)
{
	if (option)
		return option;
	const char *value =
	    options->ignore_environment || !variable ? NULL : secure_getenv(variable);
	return value && *value ? value : NULL;
}

static lk_status
keep(char **out, const char *text, struct lk_error *err)
{
	if (!text || *out)
		return LK_OK;
	*out = lk_text_dup(text);
	return *out ? LK_OK : lk_fail_oom(err);
}

/* Keys are [A-Za-z0-9_]; anything else is a file that was mixed up, or a header's name with the
 * key. */
static lk_status
secret_set(struct settings *settings, const char *text, size_t len, struct lk_error *err)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] <= ' ' || text[i] > '~')
			len = 0;
	}
	if (len == 0 || len > SECRET_TEXT_MAX)
		return lk_fail_field(
		    err, "api_key", "KEY_TEXT_INVALID", "this is not the text of an API key");
	return (lk_status)latchkey_secret_new(
	    text, len, &settings->secret, (latchkey_error *)(void *)err);
}

/* Who mounts a key into a container decides who may read it (links, root's files), so only the
 * content is checked. */
static lk_status
secret_read(struct settings *settings, const char *path, struct lk_error *err)
{
	char text[SECRET_TEXT_MAX + 2];
	LK_AUTO(lk_wipe_view) struct lk_wiped wiped = { text, sizeof text };
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return lk_fail(err, errno == ENOENT ? LK_NOT_FOUND : LK_FAILED_PRECONDITION,
		    errno == ENOENT ? "SECRET_FILE_MISSING" : "SECRET_FILE_UNREADABLE",
		    "the API key's file cannot be read: %s", strerror(errno));
	const ssize_t got = read(fd, text, sizeof text);
	close(fd);
	size_t len = got > 0 ? (size_t)got : 0;
	if (len > 0 && text[len - 1] == '\n')
		len--;
	return secret_set(settings, text, len, err);
}

static lk_status
take_profile(struct settings *settings, const char *name, struct lk_error *err)
{
	struct profile profile;
	LK_AUTO(lk_wipe_view) struct lk_wiped wiped = { &profile, sizeof profile };

	LK_TRY(profile_load(name, &profile, err));
	const char *secret = profile.values.secret ? profile.values.secret : "";
	LK_TRY(secret_set(settings, secret, strlen(secret), err));
	LK_TRY(keep(&settings->url, profile.values.url, err));
	if (profile.values.instance && !*settings->instance)
		lk_text_copy(
		    settings->instance, sizeof settings->instance, profile.values.instance);
	lk_text_copy(settings->profile, sizeof settings->profile, name);
	settings->source =
	    profile.values.session_id ? LATCHKEY_SOURCE_SESSION : LATCHKEY_SOURCE_KEY;
	return LK_OK;
}

static lk_status
take_operator(struct settings *settings, const char *path, struct lk_error *err)
{
	settings->source = LATCHKEY_SOURCE_OPERATOR;
	return lk_named_key_load(path, &settings->sign_key, settings->operator_name, err);
}

static lk_status
take_key(struct settings *settings, const char *text, struct lk_error *err)
{
	settings->source = LATCHKEY_SOURCE_KEY;
	return secret_set(settings, text, strlen(text), err);
}

static lk_status
take_key_file(struct settings *settings, const char *path, struct lk_error *err)
{
	settings->source = LATCHKEY_SOURCE_KEY;
	return secret_read(settings, path, err);
}

/* The profile "default" counts where it exists. */
static lk_status
take_default_profile(struct settings *settings, bool *out_taken, struct lk_error *err)
{
	struct lk_error none;
	const lk_status status = take_profile(settings, "default", &none);

	*out_taken = status == LK_OK;
	if (status == LK_OK || status == LK_NOT_FOUND ||
	    strcmp(none.reason, "CONFIG_DIR_UNKNOWN") == 0)
		return LK_OK;
	return lk_fail(err, status, none.reason, "%s", none.message);
}

typedef lk_status (*take_fn)(struct settings *settings, const char *value, struct lk_error *err);

static lk_status
identity_gather(const latchkey_options *options, struct settings *settings, struct lk_error *err)
{
	const struct {
		take_fn take;
		const char *option, *variable;
	} sources[] = {
		{ take_key, options->secret, "LATCHKEY_API_KEY" },
		{ take_key_file, options->secret_file, "LATCHKEY_API_KEY_FILE" },
		{ take_profile, options->profile, "LATCHKEY_PROFILE" },
		{ take_operator, options->operator_key_file, "LATCHKEY_OPERATOR_KEY_FILE" },
	};
	bool taken = false;

	for (size_t i = 0; i < LK_ARRAY_LEN(sources); i++) {
		if (sources[i].option)
			return sources[i].take(settings, sources[i].option, err);
	}
	for (size_t i = 0; i < LK_ARRAY_LEN(sources) && !options->ignore_environment; i++) {
		const char *value = given(NULL, sources[i].variable, options);
		if (sources[i].take == take_operator)
			LK_TRY(take_default_profile(settings, &taken, err));
		if (taken)
			return LK_OK;
		if (value)
			return sources[i].take(settings, value, err);
	}
	return LK_OK;
}

static lk_status
worker_key_gather(const latchkey_options *options, struct settings *settings, struct lk_error *err)
{
	const char *path = given(options->worker_key_file, "LATCHKEY_WORKER_KEY_FILE", options);
	char name[LK_PEER_NAME_SIZE];

	return path ? lk_named_key_load(path, &settings->worker_key, name, err) : LK_OK;
}

/* Told now rather than at the first call: an address that is none, or none at all. */
static lk_status
urls_check(const struct settings *settings, struct lk_error *err)
{
	static const enum lk_url_service names[] = { LK_URL_KEYS, LK_URL_TOKENS,
		LK_URL_CREDENTIALS };
	char urls[LK_URL_LIST_SIZE];
	bool some = settings->url != NULL;

	for (size_t i = 0; i < LATCHKEY_SERVICE_COUNT; i++)
		some = some || settings->service_urls[i];
	for (size_t i = 0; i < LATCHKEY_SERVICE_COUNT; i++) {
		if (!some || settings->url || settings->service_urls[i])
			LK_TRY(lk_url_of_service(
			    names[i], settings->url, settings->service_urls[i], urls, err));
	}
	return LK_OK;
}

static lk_status
tls_gather(const latchkey_options *o, struct lk_tls **out, struct lk_error *err)
{
	const struct lk_tls_files files = {
		.cert_file = given(o->tls_cert_file, "LATCHKEY_TLS_CERT_FILE", o),
		.key_file = given(o->tls_key_file, "LATCHKEY_TLS_KEY_FILE", o),
		.ca_file = given(o->tls_ca_file, "LATCHKEY_TLS_CA_FILE", o),
	};

	return lk_tls_open(out, &files, err);
}

lk_status
settings_gather(const latchkey_options *options, struct settings *out, struct lk_error *err)
{
	static const latchkey_options nothing = { 0 };
	const latchkey_options *o = options ? options : &nothing;

	memset(out, 0, sizeof *out);
	LK_TRY(lk_crypto_init(err));
	out->timeout_ms = o->timeout_ms ? o->timeout_ms : DEFAULT_TIMEOUT_MS;
	if (o->instance && !lk_text_copy(out->instance, sizeof out->instance, o->instance))
		return lk_fail_field(
		    err, "instance", "INSTANCE_INVALID", "an instance's name is too long");
	LK_TRY(keep(&out->url, given(o->url, "LATCHKEY_URL", o), err));
	LK_TRY(keep(
	    &out->service_urls[LATCHKEY_KEYS], given(o->keys_url, "LATCHKEY_KEYS_URL", o), err));
	LK_TRY(keep(&out->service_urls[LATCHKEY_TOKENS],
	    given(o->tokens_url, "LATCHKEY_TOKENS_URL", o), err));
	LK_TRY(keep(&out->service_urls[LATCHKEY_CREDENTIALS],
	    given(o->credentials_url, "LATCHKEY_CREDENTIALS_URL", o), err));
	LK_TRY(tls_gather(o, &out->tls, err));
	if (!o->anonymous)
		LK_TRY(identity_gather(o, out, err));
	if (!o->anonymous)
		LK_TRY(worker_key_gather(o, out, err));
	return urls_check(out, err);
}

void
settings_wipe(struct settings *settings)
{
	lk_free(settings->url);
	for (size_t i = 0; i < LATCHKEY_SERVICE_COUNT; i++)
		lk_free(settings->service_urls[i]);
	lk_tls_close(settings->tls);
	latchkey_secret_free(settings->secret);
	lk_sign_key_free(settings->sign_key);
	lk_sign_key_free(settings->worker_key);
	memset(settings, 0, sizeof *settings);
}
