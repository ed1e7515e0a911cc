/* Keys of another system: imported by digest, good as their owners show them. */
#include "keys_world.h"

#include "crypto/encode.h"
#include "keys/foreign.h"

static const char FOREIGN[] = "apikey|0123456789abcdef0123456789abcdef";

static char *
digest_of(struct world *w, const char *key)
{
	uint8_t hash[LK_DIGEST_LEN];
	char *hex = lk_arena_alloc(w->arena, 2 * LK_DIGEST_LEN + 1);

	lk_sha256(lk_bytes_of(key), hash);
	lk_hex_encode(lk_bytes(hash, sizeof hash), hex);
	return hex;
}

static ForeignKeyMsg
foreign(struct world *w, const char *owner, const char *key)
{
	ForeignKeyMsg one = LATCHKEY__KEYS__V1__FOREIGN_KEY__INIT;

	one.owner = text(owner);
	one.sha256 = digest_of(w, key);
	one.name = text("from before");
	return one;
}

static void
IMPORT_a_foreign_key_is_good_as_its_owner_shows_it(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "labkey").ticket);
	const char *ben = world_user(w, ada, "ben@genomics.example", "key-manager");
	ForeignKeyMsg one = foreign(w, "ben@genomics.example", FOREIGN), *keys[] = { &one };
	ImportKeysRequest req = LATCHKEY__KEYS__V1__IMPORT_KEYS_REQUEST__INIT;
	ImportKeysResponse *rep;

	world_set_policy(w, ada, "", "api_keys_enabled", "yes");
	expect_refused(w, SERVICE, FOREIGN, "KEY_MALFORMED");
	req.source = text("labkey");
	req.keys = keys;
	req.n_keys = 1;
	ask_fails(w, ben, "ImportKeys", &req, LK_PERMISSION_DENIED, "PERMISSION_MISSING");
	ask_ok(w, ada, "ImportKeys", &req, &rep);
	assert_string_equal(rep->keys[0]->imported_from, "labkey");
	const VerifyKeyResponse *answer = world_verify(w, SERVICE, FOREIGN);
	assert_true(answer->active);
	assert_string_equal(answer->identity->name, "ben@genomics.example");
	assert_string_equal(answer->identity->key, rep->keys[0]->id);
	expect_refused(w, SERVICE, "apikey|0123456789abcdef0123456789abcdee", "KEY_MALFORMED");
	ask_fails(w, ada, "ImportKeys", &req, LK_ALREADY_EXISTS, "KEY_IMPORTED");
	world_revoke(w, ben, rep->keys[0]->id);
	expect_refused(w, SERVICE, FOREIGN, "KEY_REFUSED");
	ask_fails(w, ada, "ImportKeys", &req, LK_ALREADY_EXISTS, "KEY_IMPORTED");
}

static lk_status
count_digest(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	static const char Q_COUNT[] = "SELECT count(*) FROM imported_keys WHERE tag = $1";
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	uint8_t hash[LK_DIGEST_LEN];
	bool has;

	lk_sha256(lk_bytes_of(FOREIGN), hash);
	LK_TRY(lk_tx_query_first(
	    tx, Q_COUNT, LK_ARGS(lk_blob(lk_bytes(hash, sizeof hash))), &rows, &has, err));
	*(int64_t *)arg = lk_col_int(&rows, 0);
	return LK_OK;
}

static void
IMPORT_neither_the_key_nor_its_digest_is_stored(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	ForeignKeyMsg one = foreign(w, "ada@genomics.example", FOREIGN), *keys[] = { &one };
	ImportKeysRequest req = LATCHKEY__KEYS__V1__IMPORT_KEYS_REQUEST__INIT;
	int64_t count = -1;

	req.source = text("old");
	req.keys = keys;
	req.n_keys = 1;
	ask_ok(w, ada, "ImportKeys", &req, NULL);
	expect_ok(lk_store_read(w->store, LK_NO_DEADLINE, count_digest, &count, &w->err), &w->err);
	assert_int_equal(count, 0);
	expect_active(w, SERVICE, FOREIGN);
}

static void
IMPORT_what_is_wrong_with_one_key_imports_none(void **state)
{
	struct world *w = *state;
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	ForeignKeyMsg good = foreign(w, "ada@genomics.example", FOREIGN);
	ForeignKeyMsg bad = foreign(w, "ada@genomics.example", "another key"),
		      *keys[] = { &good, &bad };
	ImportKeysRequest req = LATCHKEY__KEYS__V1__IMPORT_KEYS_REQUEST__INIT;

	req.source = text("old");
	req.keys = keys;
	req.n_keys = 2;
	bad.sha256 = text("0123");
	ask_field(w, ada, "ImportKeys", &req, "sha256", "DIGEST_INVALID");
	bad.sha256 = digest_of(w, "another key");
	bad.expires_at_ms = 1;
	ask_field(w, ada, "ImportKeys", &req, "expires_at_ms", "TTL_PAST");
	bad.expires_at_ms = 0;
	bad.owner = text("nobody@genomics.example");
	ask_fails(w, ada, "ImportKeys", &req, LK_NOT_FOUND, "USER_NOT_FOUND");
	expect_refused(w, SERVICE, FOREIGN, "KEY_MALFORMED");
	req.source = text("Old System");
	ask_field(w, ada, "ImportKeys", &req, "source", "SOURCE_INVALID");
	req.source = text("old");
	req.n_keys = 0;
	ask_field(w, ada, "ImportKeys", &req, "keys", "KEYS_INVALID");
}

static void
IMPORT_a_digest_has_several_spellings(void **state)
{
	static const char *const same[] = {
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
		"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
		"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
	};
	static const char *const bad[] = { "", "e3b0",
		"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=",
		"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU==",
		"g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" };
	uint8_t first[LK_DIGEST_LEN], out[LK_DIGEST_LEN];
	struct lk_error err = { 0 };

	(void)state;
	lk_sha256(lk_bytes("", 0), first);
	for (size_t i = 0; i < LK_ARRAY_LEN(same); i++) {
		expect_ok(foreign_digest_parse(same[i], out, &err), &err);
		assert_memory_equal(first, out, sizeof out);
	}
	for (size_t i = 0; i < LK_ARRAY_LEN(bad); i++)
		expect_field(
		    foreign_digest_parse(bad[i], out, &err), &err, "sha256", "DIGEST_INVALID");
}

LK_TESTS(KEYS_CASE(IMPORT_a_foreign_key_is_good_as_its_owner_shows_it),
    KEYS_CASE(IMPORT_neither_the_key_nor_its_digest_is_stored),
    KEYS_CASE(IMPORT_what_is_wrong_with_one_key_imports_none),
    LK_CASE(IMPORT_a_digest_has_several_spellings))
