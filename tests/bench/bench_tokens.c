/*
 * Tokens issued and validated over nng by real services, with 1, 16 and 64 in flight, and validated
 * in process, each against the bare ES256 signature or verification by libcrypto with a key parsed
 * once, on one thread. design.md asks for 0.75 of the bare signature with 16 in flight, for each
 * core that signs: here clients, services and kernel share the cores. Issuing in process is
 * bench_token_issue.
 */
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/evp.h>

#include "auth/token.h"
#include "bench.h"
#include "bench_installation.h"
#include "latchkey/tokens/v1/tokens.pb-c.h"
#include "rpc/channel.h"

enum { TEXT_SIZE = LK_BENCH_TEXT_SIZE, SIGNED_LEN = 500 };

typedef Latchkey__Tokens__V1__IssueTokenRequest IssueRequest;
typedef Latchkey__Tokens__V1__IssueTokenResponse IssueResponse;
typedef Latchkey__Tokens__V1__ValidateTokenRequest ValidateRequest;
typedef Latchkey__Tokens__V1__GetJwksRequest JwksRequest;
typedef Latchkey__Tokens__V1__GetJwksResponse JwksResponse;

struct bare {
	EVP_PKEY *key;
	EVP_MD_CTX *ctx;
	unsigned char message[SIGNED_LEN], signature[128];
	size_t signature_len;
};

struct world {
	struct lk_bench_installation installation;
	struct lk_channel *channel;
	struct lk_arena *arena;
	char user_key[TEXT_SIZE], judge_key[TEXT_SIZE], judge_token[TEXT_SIZE], token[TEXT_SIZE];
	char issuer[LK_URI_SIZE], audience[LK_URI_SIZE], own_audience[LK_URI_SIZE];
	struct lk_jwks *jwks;
	struct bare bare;
	bool validate; /* what is asked over nng */
	unsigned in_flight;
	sem_t room;
	atomic_ulong failed;
};

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench_tokens: %s\n", what);
	exit(1);
}

static void
must_ok(lk_status status, const struct lk_error *err)
{
	must(status == LK_OK, err->message);
}

/* ---- What is asked ---- */

static const ProtobufCMessage *
ask(struct world *w, const char *method, const ProtobufCMessage *body,
    const ProtobufCMessageDescriptor *reply_type)
{
	const struct lk_rpc_request request = { .method = method, .body = body };
	struct lk_error err = { 0 };
	ProtobufCMessage *reply;

	must_ok(lk_channel_call(w->channel, &request, reply_type, w->arena, &reply, &err), &err);
	return reply;
}

static void
issue(struct world *w, char *key, const char *audience, char out[TEXT_SIZE])
{
	IssueRequest body = LATCHKEY__TOKENS__V1__ISSUE_TOKEN_REQUEST__INIT;

	body.secret_key = key;
	body.audience = (char *)(uintptr_t)audience;
	const IssueResponse *issued =
	    (const void *)ask(w, "latchkey.tokens.v1.TokenService/IssueToken", &body.base,
		&latchkey__tokens__v1__issue_token_response__descriptor);
	must(lk_text_copy(out, TEXT_SIZE, issued->secret_token), "a token is too long");
}

static void
learn(struct world *w)
{
	JwksRequest body = LATCHKEY__TOKENS__V1__GET_JWKS_REQUEST__INIT;
	struct lk_error err = { 0 };
	const JwksResponse *said = (const void *)ask(w, "latchkey.tokens.v1.TokenService/GetJwks",
	    &body.base, &latchkey__tokens__v1__get_jwks_response__descriptor);

	lk_text_copy(w->issuer, sizeof w->issuer, said->issuer);
	lk_text_copy(w->audience, sizeof w->audience, said->platform_audience);
	must_ok(lk_jwks_parse(&w->jwks, said->jwks, strlen(said->jwks), &err), &err);
	/* urn:latchkey:<instance> */
	snprintf(
	    w->own_audience, sizeof w->own_audience, "latchkey:%s", strrchr(w->issuer, ':') + 1);
	issue(w, w->user_key, "", w->token);
	issue(w, w->judge_key, w->own_audience, w->judge_token);
}

static void
on_answer(void *user, lk_status status, const ProtobufCMessage *reply, const struct lk_error *err)
{
	struct world *w = user;

	(void)reply;
	(void)err;
	if (status != LK_OK)
		atomic_fetch_add(&w->failed, 1);
	sem_post(&w->room);
}

static void
submit(struct world *w)
{
	IssueRequest wanted = LATCHKEY__TOKENS__V1__ISSUE_TOKEN_REQUEST__INIT;
	ValidateRequest asked = LATCHKEY__TOKENS__V1__VALIDATE_TOKEN_REQUEST__INIT;
	struct lk_error err = { 0 };

	wanted.secret_key = w->user_key;
	asked.secret_credential = w->token;
	const struct lk_rpc_request request = {
		.method = w->validate ? "latchkey.tokens.v1.TokenService/ValidateToken"
				      : "latchkey.tokens.v1.TokenService/IssueToken",
		.body = w->validate ? &asked.base : &wanted.base,
		.authorization = w->validate ? w->judge_token : NULL,
		.effect = w->validate ? LK_READ : LK_WRITE_ONCE,
		.timeout_ms = 10000,
	};
	must_ok(lk_channel_submit(w->channel, &request,
		    w->validate ? &latchkey__tokens__v1__validate_token_response__descriptor
				: &latchkey__tokens__v1__issue_token_response__descriptor,
		    on_answer, w, &err),
	    &err);
}

static void
run_over_nng(void *arg, uint64_t times)
{
	struct world *w = arg;

	for (unsigned i = 0; i < w->in_flight; i++)
		sem_post(&w->room);
	for (uint64_t i = 0; i < times; i++) {
		while (sem_wait(&w->room) != 0)
			;
		submit(w);
	}
	for (unsigned i = 0; i < w->in_flight; i++)
		while (sem_wait(&w->room) != 0)
			;
	must(atomic_load(&w->failed) == 0, "a call failed");
}

/* ---- In process and bare ---- */

static void
run_verify(void *arg, uint64_t times)
{
	struct world *w = arg;
	const struct lk_token_rules rules = { w->issuer, w->audience, LK_TOKEN_TYP_AT_JWT,
		lk_clock_system() };
	struct lk_claims claims;
	struct lk_error err = { 0 };

	for (uint64_t i = 0; i < times; i++)
		must_ok(lk_token_verify(w->token, strlen(w->token), w->jwks, &rules, &claims, &err),
		    &err);
}

static void
run_bare_sign(void *arg, uint64_t times)
{
	struct bare *bare = &((struct world *)arg)->bare;

	for (uint64_t i = 0; i < times; i++) {
		bare->signature_len = sizeof bare->signature;
		must(EVP_DigestSignInit(bare->ctx, NULL, EVP_sha256(), NULL, bare->key) == 1 &&
			 EVP_DigestSign(bare->ctx, bare->signature, &bare->signature_len,
			     bare->message, sizeof bare->message) == 1,
		    "libcrypto does not sign");
		EVP_MD_CTX_reset(bare->ctx);
	}
}

static void
run_bare_verify(void *arg, uint64_t times)
{
	struct bare *bare = &((struct world *)arg)->bare;

	for (uint64_t i = 0; i < times; i++) {
		must(EVP_DigestVerifyInit(bare->ctx, NULL, EVP_sha256(), NULL, bare->key) == 1 &&
			 EVP_DigestVerify(bare->ctx, bare->signature, bare->signature_len,
			     bare->message, sizeof bare->message) == 1,
		    "libcrypto does not verify");
		EVP_MD_CTX_reset(bare->ctx);
	}
}

static void
compare_over_nng(struct world *w, bool validate, unsigned in_flight, bool quick)
{
	char work[64];

	w->validate = validate;
	w->in_flight = in_flight;
	snprintf(work, sizeof work, "%s over nng, %u in flight",
	    validate ? "ValidateToken" : "IssueToken", in_flight);
	lk_bench_compare(&(struct lk_bench){ .work = work,
			     .ours = "latchkey-tokens and latchkey-keys",
			     .against = validate ? "libcrypto's verification, one thread"
						 : "libcrypto's signature, one thread",
			     .wanted = !validate && in_flight == 16 ? 0.75 : 0,
			     .run_ours = run_over_nng,
			     .run_against = validate ? run_bare_verify : run_bare_sign,
			     .arg = w },
	    quick);
}

int
main(int argc, char **argv)
{
	const bool quick = lk_bench_quick(argc, argv);
	static const unsigned windows[] = { 1, 16, 64 };
	static struct world w;
	struct lk_error err = { 0 };
	char url[128];

	w.arena = lk_arena_new(1 << 20);
	w.bare.key = EVP_EC_gen("P-256");
	w.bare.ctx = EVP_MD_CTX_new();
	sem_init(&w.room, 0, 0);
	lk_bench_installation_start(&w.installation, argv[0]);
	lk_bench_installation_read(&w.installation, "user.key", w.user_key);
	lk_bench_installation_read(&w.installation, "judge.key", w.judge_key);
	snprintf(url, sizeof url, "ipc://%s/state/run/tokens.sock", w.installation.dir);
	must_ok(lk_channel_open(&w.channel, url, NULL, &err), &err);
	learn(&w);
	run_bare_sign(&w, 1);
	lk_bench_compare(&(struct lk_bench){ .work = "verify a token in process, one thread",
			     .ours = "shape, header, signature, claims",
			     .against = "libcrypto's verification",
			     .wanted = 0,
			     .run_ours = run_verify,
			     .run_against = run_bare_verify,
			     .arg = &w },
	    quick);
	for (size_t i = 0; i < LK_ARRAY_LEN(windows); i++)
		compare_over_nng(&w, false, windows[i], quick);
	for (size_t i = 0; i < LK_ARRAY_LEN(windows); i++)
		compare_over_nng(&w, true, windows[i], quick);
	lk_channel_close(w.channel);
	lk_bench_installation_stop(&w.installation);
	lk_jwks_unref(w.jwks);
	EVP_MD_CTX_free(w.bare.ctx);
	EVP_PKEY_free(w.bare.key);
	lk_arena_free(w.arena);
	return 0;
}
