/*
 * Issuing a token in process (claims, JSON, header, signature, base64url) against the ES256
 * signature alone, made by libcrypto with a key parsed once over a message of the same size:
 * design.md asks for 0.88 of its rate.
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/evp.h>

#include "tokens/claims_write.h"
#include "tokens/grant.h"
#include "tokens/signer.h"

extern const struct lk_migrations tokens_migrations, audit_migrations;

struct world {
	struct signer *signer;
	struct lk_arena *arena;
	struct lk_bytes
	    claims; /* what a bare signature signs: as long as a token's first two parts */
	EVP_PKEY *key;
	EVP_MD_CTX *ctx;
};

static void
must(lk_status status, const struct lk_error *err)
{
	if (status == LK_OK)
		return;
	fprintf(stderr, "%s: %s\n", err->reason, err->message);
	exit(1);
}

static void
issue_one(struct world *w, struct lk_bytes *out_json)
{
	static const struct grant_rules rules = { .issuer = "https://issuer.example",
		.platform_audience = "platform",
		.own_audience = "latchkey:bench",
		.ttl_limit_ms = 3600000 };
	const struct grant_source source = { .subject = "usr_01hf7yat00jz6j3k0c5m9s8w4x",
		.tenant = "tnt_01hf7yat00jz6j3k0c5m9s8w4x",
		.key = "key_01hf7yat00jz6j3k0c5m9s8w4x",
		.session = "",
		.permissions = lk_permission_bit(LK_PERM_AUDIT_READ) |
			       lk_permission_bit(LK_PERM_CREDENTIALS_MANAGE),
		.all_workgroups = true,
		.ttl_default_ms = 900000,
		.ttl_max_ms = 3600000 };
	const struct grant_wish wish = { .audience = "" };
	struct lk_error err = { 0 };
	struct lk_claims claims;
	struct lk_bytes token;

	must(grant_claims(
		 &source, &wish, &rules, lk_clock_system(), lk_random_system(), &claims, &err),
	    &err);
	must(claims_write(&claims, w->arena, out_json, &err), &err);
	must(signer_sign(w->signer, *out_json, w->arena, &token, &err), &err);
}

static void
run_issue(void *arg, uint64_t times)
{
	struct world *w = arg;
	struct lk_bytes json;

	for (uint64_t i = 0; i < times; i++) {
		issue_one(w, &json);
		lk_arena_reset(w->arena);
	}
}

static void
run_bare(void *arg, uint64_t times)
{
	struct world *w = arg;
	unsigned char signature[128];

	for (uint64_t i = 0; i < times; i++) {
		size_t len = sizeof signature;
		if (EVP_DigestSignInit(w->ctx, NULL, EVP_sha256(), NULL, w->key) != 1 ||
		    EVP_DigestSign(w->ctx, signature, &len, w->claims.data, w->claims.len) != 1)
			exit(1);
		EVP_MD_CTX_reset(w->ctx);
	}
}

int
main(int argc, char **argv)
{
	const bool quick = lk_bench_quick(argc, argv);
	struct world w = { .arena = lk_arena_new(1 << 20) };
	LK_AUTO(lk_store_closep) struct lk_store *store = NULL;
	LK_AUTO(lk_keyring_freep) struct lk_keyring *ring = NULL;
	LK_AUTO(lk_secret32_wipe) struct lk_secret32 kek = { 0 };
	struct lk_error err = { 0 };
	struct lk_bytes json;

	lk_secret32_random(&kek);
	must(lk_keyring_new(&ring, &err), &err);
	must(lk_keyring_add(ring, "kek-1", &kek, &err), &err);
	must(lk_store_open("sqlite://:memory:",
		 LK_MIGRATIONS(&audit_migrations, &tokens_migrations), NULL, &store, &err),
	    &err);
	const struct signer_setup setup = { .store = store,
		.ring = LK_TAKE(ring),
		.clock = lk_clock_system(),
		.rules = { .life_ms = 7200000, .publish_ahead_ms = 3600000, .keep_ms = 3600000 },
		.service = "tokens" };
	must(signer_open(&setup, &w.signer, &err), &err);
	issue_one(&w, &json);
	const size_t signed_len = json.len * 4 / 3 + 120;
	w.claims = lk_bytes(calloc(1, signed_len), signed_len);
	w.key = EVP_EC_gen("P-256");
	w.ctx = EVP_MD_CTX_new();
	lk_bench_compare(&(struct lk_bench){ .work = "issue a token in process, one thread",
			     .ours = "grant, claims and signature",
			     .against = "libcrypto's ES256 with a parsed key",
			     .wanted = 0.88,
			     .run_ours = run_issue,
			     .run_against = run_bare,
			     .arg = &w },
	    quick);
	signer_close(w.signer);
	EVP_MD_CTX_free(w.ctx);
	EVP_PKEY_free(w.key);
	free((void *)(uintptr_t)w.claims.data);
	lk_arena_free(w.arena);
	return 0;
}
