/* One session; a token that was pulled out or restarted gets a second chance with a new one. */
#include "crypto/token_key.h"

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "base/alloc.h"
#include "crypto/aead.h"
#include "crypto/private_file.h"
#include "crypto/secret.h"

enum { PIN_MAX = 256, SLOTS_MAX = 64, SEALED_MAX = 2048 };

struct lk_token_key {
	pthread_mutex_t lock;
	P11KitUri *uri;
	CK_FUNCTION_LIST **modules; /* NULL-terminated, as p11-kit gives them; or `one` */
	CK_FUNCTION_LIST *one[2];   /* by module-path */
	CK_FUNCTION_LIST *module;   /* that has the token */
	CK_SESSION_HANDLE session;  /* 0: none */
	CK_OBJECT_HANDLE object;
	bool pin_refused; /* every further try would bring the token nearer to locking itself */
};

static lk_status
failed(CK_RV rv, struct lk_error *err)
{
	return lk_fail(err, LK_UNAVAILABLE, "KEK_TOKEN_FAILED",
	    "the token of a root key does not work: %s", p11_kit_strerror(rv));
}

/* ---- Finding the token ---- */

static lk_status
parse(const char *text, P11KitUri **out_uri, struct lk_error *err)
{
	char whole[1024] = "pkcs11:";

	*out_uri = p11_kit_uri_new();
	if (!*out_uri)
		return lk_fail_oom(err);
	if (!lk_text_copy(whole + strlen(whole), sizeof whole - strlen(whole), text) ||
	    p11_kit_uri_parse(whole, P11_KIT_URI_FOR_ANY, *out_uri) != P11_KIT_URI_OK ||
	    p11_kit_uri_any_unrecognized(*out_uri))
		return lk_fail(err, LK_INVALID_ARGUMENT, "KEK_SOURCE_INVALID",
		    "a root key's pkcs11: URI is not readable (RFC 7512)");
	if (p11_kit_uri_get_pin_value(*out_uri))
		return lk_fail(err, LK_INVALID_ARGUMENT, "KEK_SOURCE_INVALID",
		    "a pkcs11: URI must not hold the PIN: name its file with pin-source");
	return LK_OK;
}

static lk_status
load_modules(struct lk_token_key *key, struct lk_error *err)
{
	const char *path = p11_kit_uri_get_module_path(key->uri);

	if (!path) {
		key->modules = p11_kit_modules_load_and_initialize(0);
		return key->modules ? LK_OK : failed(CKR_GENERAL_ERROR, err);
	}
	CK_FUNCTION_LIST *module = p11_kit_module_load(path, 0);
	if (!module)
		return failed(CKR_GENERAL_ERROR, err);
	const CK_RV rv = p11_kit_module_initialize(module);
	if (rv != CKR_OK) {
		p11_kit_module_release(module);
		return failed(rv, err);
	}
	key->one[0] = module;
	return LK_OK;
}

static bool
find_slot_of(const struct lk_token_key *key, CK_FUNCTION_LIST *module, CK_SLOT_ID *out_slot)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG count = SLOTS_MAX;

	if (module->C_GetSlotList(CK_TRUE, slots, &count) != CKR_OK)
		return false;
	for (CK_ULONG i = 0; i < count; i++) {
		CK_TOKEN_INFO info;
		if (module->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
		    p11_kit_uri_match_token_info(key->uri, &info)) {
			*out_slot = slots[i];
			return true;
		}
	}
	return false;
}

static lk_status
find_slot(struct lk_token_key *key, CK_SLOT_ID *out_slot, struct lk_error *err)
{
	CK_FUNCTION_LIST **modules = key->modules ? key->modules : key->one;

	for (size_t i = 0; modules[i]; i++) {
		if (find_slot_of(key, modules[i], out_slot)) {
			key->module = modules[i];
			return LK_OK;
		}
	}
	return lk_fail(
	    err, LK_NOT_FOUND, "KEK_TOKEN_MISSING", "there is no token like the root key's URI");
}

/* ---- A session ---- */

static lk_status
pin_refused(CK_RV rv, struct lk_error *err)
{
	return lk_fail(err, LK_FAILED_PRECONDITION, "KEK_TOKEN_PIN",
	    "the token of a root key does not take the PIN: %s", p11_kit_strerror(rv));
}

/* A PIN that was refused is not tried again by this process. */
static lk_status
login(struct lk_token_key *key, struct lk_error *err)
{
	const char *source = p11_kit_uri_get_pin_source(key->uri);
	uint8_t pin[PIN_MAX];
	LK_AUTO(lk_wipe_view) struct lk_wiped wiped = { pin, sizeof pin };
	size_t len;

	if (!source)
		return LK_OK; /* a token that asks on a keypad of its own, or for nothing */
	if (key->pin_refused)
		return pin_refused(CKR_PIN_INCORRECT, err);
	if (strncmp(source, "file:", 5) == 0)
		source += 5;
	LK_TRY(lk_private_file_read(source, "PIN", pin, sizeof pin, &len, err));
	if (pin[len - 1] == '\n')
		len--;
	const CK_RV rv = key->module->C_Login(key->session, CKU_USER, pin, len);
	if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN)
		return LK_OK;
	key->pin_refused =
	    rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LEN_RANGE || rv == CKR_PIN_LOCKED;
	return key->pin_refused ? pin_refused(rv, err) : failed(rv, err);
}

static lk_status
find_object(struct lk_token_key *key, struct lk_error *err)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_AES;
	CK_ATTRIBUTE wanted[4] = { { CKA_CLASS, &class, sizeof class },
		{ CKA_KEY_TYPE, &type, sizeof type } };
	CK_OBJECT_HANDLE found[2];
	CK_ULONG count = 2, n = 0;
	const CK_ATTRIBUTE *label = p11_kit_uri_get_attribute(key->uri, CKA_LABEL);
	const CK_ATTRIBUTE *id = p11_kit_uri_get_attribute(key->uri, CKA_ID);

	if (label)
		wanted[count++] = *label;
	if (id)
		wanted[count++] = *id;
	CK_RV rv = key->module->C_FindObjectsInit(key->session, wanted, count);
	if (rv != CKR_OK)
		return failed(rv, err);
	rv = key->module->C_FindObjects(key->session, found, 2, &n);
	key->module->C_FindObjectsFinal(key->session);
	if (rv != CKR_OK)
		return failed(rv, err);
	if (n != 1)
		return lk_fail(err, LK_NOT_FOUND, "KEK_TOKEN_MISSING",
		    "the token has %s AES key like the root key's URI",
		    n == 0 ? "no" : "more than one");
	key->object = found[0];
	return LK_OK;
}

/* A key that could leave the token is no better than a file. */
static lk_status
check_object(const struct lk_token_key *key, struct lk_error *err)
{
	CK_BBOOL sensitive = CK_FALSE, extractable = CK_TRUE;
	CK_ATTRIBUTE attributes[] = { { CKA_SENSITIVE, &sensitive, sizeof sensitive },
		{ CKA_EXTRACTABLE, &extractable, sizeof extractable } };
	const CK_RV rv = key->module->C_GetAttributeValue(
	    key->session, key->object, attributes, LK_ARRAY_LEN(attributes));

	if (rv != CKR_OK)
		return failed(rv, err);
	if (!sensitive || extractable)
		return lk_fail(err, LK_FAILED_PRECONDITION, "KEK_TOKEN_EXPORTABLE",
		    "the root key could leave its token: make it sensitive and not extractable");
	return LK_OK;
}

static void
session_end(struct lk_token_key *key)
{
	if (key->session)
		key->module->C_CloseSession(key->session);
	key->session = 0;
}

static lk_status
session_begin(struct lk_token_key *key, struct lk_error *err)
{
	CK_SLOT_ID slot = 0;

	session_end(key);
	LK_TRY(find_slot(key, &slot, err));
	const CK_RV rv =
	    key->module->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &key->session);
	if (rv != CKR_OK) {
		key->session = 0;
		return failed(rv, err);
	}
	LK_TRY(login(key, err));
	LK_TRY(find_object(key, err));
	return check_object(key, err);
}

lk_status
lk_token_key_open(const char *uri, struct lk_token_key **out_key, struct lk_error *err)
{
	LK_AUTO(lk_token_key_closep) struct lk_token_key *key = LK_ALLOC(struct lk_token_key);

	LK_TRY(lk_crypto_init(err));
	if (!key)
		return lk_fail_oom(err);
	pthread_mutex_init(&key->lock, NULL);
	LK_TRY(parse(uri, &key->uri, err));
	LK_TRY(load_modules(key, err));
	LK_TRY(session_begin(key, err));
	*out_key = LK_TAKE(key);
	return LK_OK;
}

void
lk_token_key_close(struct lk_token_key *key)
{
	if (!key)
		return;
	session_end(key);
	if (key->modules)
		p11_kit_modules_finalize_and_release(key->modules);
	if (key->one[0]) {
		p11_kit_module_finalize(key->one[0]);
		p11_kit_module_release(key->one[0]);
	}
	p11_kit_uri_free(key->uri);
	pthread_mutex_destroy(&key->lock);
	lk_free(key);
}

/* ---- Sealing ---- */

struct work {
	bool seal;
	CK_GCM_PARAMS gcm;
	struct lk_bytes in;
	uint8_t *out;
	CK_ULONG out_cap, out_len; /* how long it has to be */
};

static CK_RV
work_once(const struct lk_token_key *key, struct work *w)
{
	CK_FUNCTION_LIST *m = key->module;
	CK_MECHANISM mechanism = { CKM_AES_GCM, &w->gcm, sizeof w->gcm };
	CK_ULONG len = w->out_cap;
	CK_RV rv;

	rv = w->seal ? m->C_EncryptInit(key->session, &mechanism, key->object)
		     : m->C_DecryptInit(key->session, &mechanism, key->object);
	if (rv != CKR_OK)
		return rv;
	rv = w->seal ? m->C_Encrypt(key->session, (CK_BYTE *)w->in.data, w->in.len, w->out, &len)
		     : m->C_Decrypt(key->session, (CK_BYTE *)w->in.data, w->in.len, w->out, &len);
	return rv == CKR_OK && len != w->out_len ? CKR_GENERAL_ERROR : rv;
}

static bool
is_broken(CK_RV rv)
{
	return rv == CKR_ENCRYPTED_DATA_INVALID || rv == CKR_ENCRYPTED_DATA_LEN_RANGE;
}

static CK_RV
work(struct lk_token_key *key, struct work *w, struct lk_error *err)
{
	pthread_mutex_lock(&key->lock);
	CK_RV rv = key->session ? work_once(key, w) : CKR_SESSION_HANDLE_INVALID;
	/* a module may say anything of data that does not open, and of a token that went away */
	if (rv != CKR_OK && !is_broken(rv) && session_begin(key, err) == LK_OK)
		rv = work_once(key, w);
	pthread_mutex_unlock(&key->lock);
	return rv;
}

static CK_GCM_PARAMS
gcm(const uint8_t *nonce, const struct lk_associated *associated)
{
	/* nonce, its length, its bits, associated data, its length, bits of the tag: PKCS #11 names
	 * these members otherwise in p11-kit 0.25 than in 0.24, in the same order */
	return (CK_GCM_PARAMS){ (uint8_t *)nonce, LK_TOKEN_NONCE_LEN, LK_TOKEN_NONCE_LEN * 8,
		(uint8_t *)associated->bytes, associated->len, LK_TOKEN_TAG_LEN * 8 };
}

lk_status
lk_token_key_seal(struct lk_token_key *key, const struct lk_associated *associated,
    struct lk_bytes plain, uint8_t *out, struct lk_error *err)
{
	randombytes_buf(out, LK_TOKEN_NONCE_LEN);
	struct work w = { .seal = true,
		.gcm = gcm(out, associated),
		.in = plain,
		.out = out + LK_TOKEN_NONCE_LEN,
		.out_cap = plain.len + LK_TOKEN_TAG_LEN,
		.out_len = plain.len + LK_TOKEN_TAG_LEN };
	const CK_RV rv = work(key, &w, err);

	return rv == CKR_OK ? LK_OK : failed(rv, err);
}

/* A module may want room for as much as it is given, so that it works in a buffer of ours. */
lk_status
lk_token_key_unseal(struct lk_token_key *key, const struct lk_associated *associated,
    struct lk_bytes sealed, uint8_t *out, struct lk_error *err)
{
	uint8_t plain[SEALED_MAX];
	LK_AUTO(lk_wipe_view) struct lk_wiped wiped = { plain, sizeof plain };

	if (sealed.len < LK_TOKEN_OVERHEAD || sealed.len > sizeof plain)
		return lk_seal_broken(err);
	const size_t len = sealed.len - LK_TOKEN_OVERHEAD;
	struct work w = { .gcm = gcm(sealed.data, associated),
		.in = lk_bytes(sealed.data + LK_TOKEN_NONCE_LEN, sealed.len - LK_TOKEN_NONCE_LEN),
		.out = plain,
		.out_cap = sizeof plain,
		.out_len = len };
	const CK_RV rv = work(key, &w, err);

	lk_wipe(out, len);
	if (rv != CKR_OK)
		return is_broken(rv) || rv == CKR_GENERAL_ERROR ? lk_seal_broken(err)
								: failed(rv, err);
	memcpy(out, plain, len);
	return LK_OK;
}
