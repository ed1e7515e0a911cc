/*
 * One client of nng's request protocol for a service and for a bare server beside it: the same
 * frames to both, so many in flight. A bare server takes the length of its reply from the first
 * four bytes of a request. Whatever fails ends the program.
 */
#ifndef LK_TESTS_SUPPORT_BENCH_CLIENT_H
#define LK_TESTS_SUPPORT_BENCH_CLIENT_H

#include <stddef.h>
#include <stdint.h>

enum { LK_BENCH_CONTEXTS = 64, LK_BENCH_MESSAGE_CAP = 4096 };

struct lk_bench_request {
	uint8_t bytes[LK_BENCH_MESSAGE_CAP];
	size_t len;
	unsigned in_flight;                             /* at most LK_BENCH_CONTEXTS */
	void (*make)(struct lk_bench_request *request); /* before each round */
	void (*vary)(const struct lk_bench_request *request, uint64_t random,
	    uint8_t *message); /* each message; NULL: all are alike */
	void *user;
};

struct lk_bench_client;

/* The first URL is the service's, the second the bare server's. `request` is borrowed until close.
 */
struct lk_bench_client *lk_bench_client_open(
    struct lk_bench_request *request, const char *const urls[2]);
void lk_bench_client_close(struct lk_bench_client *client);

/* For lk_bench: arg is the client. All replies have one length, that of the first: what is refused
 * has another. */
void lk_bench_run_ours(void *arg, uint64_t times);
void lk_bench_run_bare(void *arg, uint64_t times);

/* In a child process: says that it is ready, serves until the parent closes its end, and leaves. */
_Noreturn void lk_bench_serve_until_told(int ready, int told);

/* Ends the program with what it says, unless `ok`. */
void lk_bench_must(int ok, const char *what);

#endif
