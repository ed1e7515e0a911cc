/*
 * A rotation of the pepper that ends at every one of its steps: each write, sync, link and unlink
 * below its directory, of `latchkey pepper rotate` and of the service under which keys move. This
 * program's own functions stand before those of libc and end the process before the step.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "keys/key_seal.h"
#include "keys/peppers.h"
#include "keys/row_sealing.h"
#include "keys_world.h"

enum { KEYS = 3, DIED = 137, STEPS_MAX = 2000, WAIT_MS = 10000 };

/* ---- Ending before a step ---- */

static char dir[64];       /* all that is durable lies below it */
static atomic_int die_at;  /* the step that does not happen; 0: none */
static atomic_int counted; /* steps so far */

static void
step(const char *path)
{
	if (strncmp(path, dir, strlen(dir)) == 0 && atomic_fetch_add(&counted, 1) + 1 == die_at)
		(void)syscall(SYS_exit_group, DIED);
}

static void
step_on(int fd)
{
	char link_name[64], path[4096];

	if (die_at == 0)
		return;
	(void)snprintf(link_name, sizeof link_name, "/proc/self/fd/%d", fd);
	const ssize_t len = readlink(link_name, path, sizeof path - 1);
	path[len < 0 ? 0 : len] = '\0';
	step(path);
}

#define STANDS_BEFORE_LIBC __attribute__((visibility("default"), used))

STANDS_BEFORE_LIBC int
fsync(int fd)
{
	step_on(fd);
	return (int)syscall(SYS_fsync, fd);
}

STANDS_BEFORE_LIBC int
fdatasync(int fd)
{
	step_on(fd);
	return (int)syscall(SYS_fdatasync, fd);
}

STANDS_BEFORE_LIBC ssize_t
write(int fd, const void *data, size_t len)
{
	step_on(fd);
	return syscall(SYS_write, fd, data, len);
}

STANDS_BEFORE_LIBC ssize_t
pwrite64(int fd, const void *data, size_t len, off64_t at)
{
	step_on(fd);
	return syscall(SYS_pwrite64, fd, data, len, at);
}

STANDS_BEFORE_LIBC int
ftruncate64(int fd, off64_t len)
{
	step_on(fd);
	return (int)syscall(SYS_ftruncate, fd, len);
}

STANDS_BEFORE_LIBC int
link(const char *from, const char *to)
{
	step(to);
	return (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}

STANDS_BEFORE_LIBC int
unlink(const char *path)
{
	step(path);
	return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

/* ---- What a process of its own does ---- */

static const char *
below(const char *name)
{
	static char path[sizeof dir + 64];

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

/* As the service does it. */
static void
open_keys(struct world *w, const struct peppers *peppers)
{
	const struct keys_setup setup = { .clock = &w->clock.clock,
		.random = lk_random_system(),
		.pepper = peppers->newest,
		.old_peppers = peppers->old,
		.old_peppers_count = peppers->old_count,
		.prefix = "lk",
		.ticket_ttl_ms = INT64_C(86400000),
		.session_ttl_ms = INT64_C(43200000),
		.session_idle_ms = INT64_C(7200000),
		.cache_keys = 64,
		.store = w->store };

	expect_ok(keys_new(&setup, &w->keys, &w->err), &w->err);
	expect_ok(peppers_check(w->keys, &w->err), &w->err);
	expect_ok(key_seal_old_rows(w->keys, &w->err), &w->err);
	expect_ok(rows_seal_old(w->keys, &w->err), &w->err);
}

/* latchkey-keys on the database and the peppers below the directory. */
static struct world *
start(struct peppers *peppers)
{
	struct world *w = LK_ALLOC(struct world);

	assert_non_null(w);
	(void)unlink(below("keys.sock"));
	w->clock.clock = (struct lk_clock){ world_wall_ms, world_steady_ms };
	w->arena = lk_arena_new(64u << 20);
	world_choose_store(w, dir);
	expect_ok(lk_store_open(w->store_url,
		      LK_MIGRATIONS(&audit_migrations, &idempotency_migrations, &keys_migrations),
		      NULL, &w->store, &w->err),
	    &w->err);
	expect_ok(peppers_open(below("secrets/keys.pepper"), "test", peppers, &w->err), &w->err);
	open_keys(w, peppers);
	world_serve(w, dir);
	return w;
}

static void
stop(struct world *w, struct peppers *peppers)
{
	void *state = w;

	world_teardown(&state);
	peppers_close(peppers);
}

/* Keys from before the rotation; what is shown stands in keys.txt. */
static void
make_keys(void)
{
	struct peppers peppers = { 0 };
	struct world *w = start(&peppers);
	const char *ada = world_redeem(w, world_tenant(w, "genomics", "panomics").ticket);
	FILE *file = fopen(below("keys.txt"), "w");

	assert_non_null(file);
	for (int i = 0; i < KEYS; i++)
		fprintf(file, "%s\n", world_key(w, ada, "from before").secret);
	fclose(file);
	stop(w, &peppers);
}

/* Every key is good; then each has moved as far as it will. */
static void
use_keys(struct world *w)
{
	char secret[256];
	FILE *file = fopen(below("keys.txt"), "r");
	int good = 0;

	assert_non_null(file);
	while (fscanf(file, "%255s", secret) == 1) {
		expect_active(w, SERVICE, secret);
		good++;
	}
	fclose(file);
	assert_int_equal(good, KEYS);
	for (int i = 0; i < WAIT_MS && atomic_load(&w->keys->rehashing) > 0; i++)
		usleep(1000);
	assert_int_equal(atomic_load(&w->keys->rehashing), 0);
}

static void
move_keys(void)
{
	struct peppers peppers = { 0 };
	struct world *w = start(&peppers);

	use_keys(w);
	stop(w, &peppers);
}

/* After a start all verify, and all end under the newest pepper. The process ends without a stop.
 */
static void
finish(void)
{
	struct peppers peppers = { 0 };
	struct world *w = start(&peppers);
	GetPepperStatusRequest req = LATCHKEY__KEYS__V1__GET_PEPPER_STATUS_REQUEST__INIT;
	GetPepperStatusResponse *rep;

	use_keys(w);
	use_keys(w);
	ask_ok(w, OPERATOR, "GetPepperStatus", &req, &rep);
	for (size_t i = 0; i < rep->n_versions; i++)
		assert_int_equal(rep->versions[i]->keys, rep->versions[i]->active ? KEYS : 0);
}

static void
rotate(void)
{
	char *argv[] = { text("latchkey"), text("pepper"), text("rotate"), text("--state"), dir,
		text("--json"), NULL };
	char wrong[256];
	struct cli cli = { 0 };

	assert_non_null(freopen("/dev/null", "w", stdout));
	assert_true(args_parse(6, argv, &cli.args, wrong, sizeof wrong));
	out_begin(&cli.out, true);
	assert_int_equal(cli.args.command->run(&cli), EXIT_OK);
	out_wipe(&cli.out);
	args_free(&cli.args);
}

/* ---- Every step ---- */

/* How the process ended that did this and, unless `at` is 0, came to its step `at`. */
static int
in_a_process(void (*act)(void), int at)
{
	int how = 0;
	const pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		counted = 0;
		die_at = at;
		act();
		(void)syscall(SYS_exit_group, 0);
	}
	assert_int_equal(waitpid(child, &how, 0), child);
	assert_true(WIFEXITED(how));
	return WEXITSTATUS(how);
}

static void
do_in_a_process(void (*act)(void))
{
	assert_int_equal(in_a_process(act, 0), 0);
}

static char *database;
static size_t database_len;

/* The rows as before the rotation. */
static void
begin_again(void)
{
	(void)unlink(below("keys.db-wal"));
	(void)unlink(below("keys.db-shm"));
	lk_test_write_file(below("keys.db"), database, database_len);
}

static void
forget_rotations(void)
{
	(void)unlink(below("secrets/keys.pepper.2"));
	(void)unlink(below("secrets/keys.pepper.3"));
}

static int
setup(void **state)
{
	static const char secret[] = "BwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";

	(void)state;
	lk_text_copy(dir, sizeof dir, lk_test_tmpdir());
	assert_int_equal(mkdir(below("secrets"), 0700), 0);
	lk_test_write_file(below("secrets/keys.pepper"), secret, sizeof secret - 1);
	assert_int_equal(chmod(below("secrets/keys.pepper"), 0600), 0);
	do_in_a_process(make_keys);
	assert_int_not_equal(access(below("keys.db-wal"), F_OK), 0);
	database = lk_test_read_file(below("keys.db"), &database_len);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	free(database);
	return 0;
}

static void
PEPPER_killed_at_every_step_of_its_file_a_rotation_is_done_again(void **state)
{
	int at = 1;

	(void)state;
	for (; at < STEPS_MAX; at++) {
		begin_again();
		forget_rotations();
		const int how = in_a_process(rotate, at);
		do_in_a_process(finish);
		if (how == 0)
			break;
		assert_int_equal(how, DIED);
		do_in_a_process(rotate);
		do_in_a_process(finish);
	}
	assert_in_range(at, 5, STEPS_MAX - 1);
	print_message("steps of the file: %d\n", at - 1);
}

static void
PEPPER_killed_at_every_step_of_the_service_no_key_is_lost(void **state)
{
	int at = 1;

	(void)state;
	do_in_a_process(rotate);
	for (; at < STEPS_MAX; at++) {
		begin_again();
		const int how = in_a_process(move_keys, at);
		do_in_a_process(finish);
		if (how == 0)
			break;
		assert_int_equal(how, DIED);
	}
	assert_in_range(at, 5 * KEYS, STEPS_MAX - 1);
	print_message("steps of the service: %d\n", at - 1);
	assert_int_equal(unlink(below("secrets/keys.pepper")), 0); /* as `pepper retire 1` does */
	do_in_a_process(finish);
}

LK_TESTS(
    LK_CASE_WITH(PEPPER_killed_at_every_step_of_its_file_a_rotation_is_done_again, setup, teardown),
    LK_CASE_WITH(PEPPER_killed_at_every_step_of_the_service_no_key_is_lost, setup, teardown))
