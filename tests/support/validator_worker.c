/*
 * One validator under load, for end-to-end tests: two threads validate everything they were given
 * again and again.
 *
 *     validator_worker MAX_STALENESS_MS PEERS_DIR ask|fail_closed
 *
 * Reads lines: "add CREDENTIAL" (answers its index, from 0), "report" (answers one line "INDEX
 * ACCEPTED REFUSED FAILED LAST" for each, then "end"), and ends with its input. LAST is the
 * CLOCK_MONOTONIC microsecond at which the latest call that accepted BEGAN; 0: none did.
 */
#include <latchkey/validator.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CREDENTIALS_MAX = 1024, CREDENTIAL_SIZE = 8192, THREADS = 2, PAUSE_NS = 300000 };

struct watched {
	char credential[CREDENTIAL_SIZE];
	atomic_uint_fast64_t accepted, refused, failed;
	atomic_int_fast64_t last_us;
};

static struct watched watched[CREDENTIALS_MAX];
static atomic_size_t count;
static latchkey_validator *validator;

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
try_one(struct watched *w)
{
	latchkey_decision decision;
	const int64_t begun_us = now_us();

	if (latchkey_validator_validate(validator, w->credential, NULL, &decision, NULL) !=
	    LATCHKEY_OK) {
		atomic_fetch_add(&w->failed, 1);
		return;
	}
	atomic_fetch_add(decision.active ? &w->accepted : &w->refused, 1);
	int64_t last = atomic_load(&w->last_us);
	while (decision.active && begun_us > last &&
	       !atomic_compare_exchange_weak(&w->last_us, &last, begun_us))
		;
	latchkey_decision_wipe(&decision);
}

static void *
run(void *arg)
{
	const struct timespec pause = { 0, PAUSE_NS };
	size_t at = *(const size_t *)arg;

	for (;; at++) {
		const size_t n = atomic_load(&count);
		if (n > 0)
			try_one(&watched[at % n]);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static void
add(const char *credential)
{
	const size_t n = atomic_load(&count);

	if (n == CREDENTIALS_MAX || strlen(credential) >= CREDENTIAL_SIZE)
		exit(2);
	memcpy(watched[n].credential, credential, strlen(credential) + 1);
	atomic_store(&count, n + 1);
	printf("%zu\n", n);
}

static void
report(void)
{
	for (size_t i = 0; i < atomic_load(&count); i++)
		printf("%zu %" PRIuFAST64 " %" PRIuFAST64 " %" PRIuFAST64 " %" PRIdFAST64 "\n", i,
		    atomic_load(&watched[i].accepted), atomic_load(&watched[i].refused),
		    atomic_load(&watched[i].failed), atomic_load(&watched[i].last_us));
	printf("end\n");
}

static void
open_validator(char **argv)
{
	latchkey_error error;
	const latchkey_validator_options options = {
		.max_staleness_ms = (uint32_t)strtoul(argv[1], NULL, 10),
		.peers_dir = argv[2],
		.lost_lease = strcmp(argv[3], "ask") == 0 ? LATCHKEY_LOST_LEASE_ASK
							  : LATCHKEY_LOST_LEASE_FAIL_CLOSED,
	};

	if (latchkey_validator_open(&options, &validator, &error) != LATCHKEY_OK) {
		fprintf(stderr, "%s: %s\n", error.reason, error.message);
		exit(1);
	}
}

int
main(int argc, char **argv)
{
	static const size_t starts[THREADS] = { 0, CREDENTIALS_MAX / 2 };
	static char line[CREDENTIAL_SIZE + 16];

	if (argc != 4)
		return 2;
	open_validator(argv);
	for (size_t i = 0; i < THREADS; i++) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, run, (void *)(uintptr_t)&starts[i]) != 0)
			return 1;
	}
	while (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "add ", 4) == 0)
			add(line + 4);
		else if (strcmp(line, "report") == 0)
			report();
		fflush(stdout);
	}
	_Exit(0); /* the threads never stop */
}
