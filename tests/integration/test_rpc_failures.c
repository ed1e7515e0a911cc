/*
 * What a channel makes of servers that are killed, stopped, absent or drained. Servers that must
 * die are processes of their own: this program again, with --serve.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "held_reaper.h"
#include "rpc_world.h"

/* Counts in a file, so that they outlive the process that made them. */
static struct world_counts *
map_counts(const char *path)
{
	const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, sizeof(struct world_counts)) != 0)
		return NULL;
	void *memory =
	    mmap(NULL, sizeof(struct world_counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return memory == MAP_FAILED ? NULL : memory;
}

static int
serve(const char *url, const char *counts_path)
{
	const struct lk_service service = { &world_table, map_counts(counts_path) };
	const struct lk_server_config config = {
		.url = url,
		.services = &service,
		.service_count = 1,
		.authenticator = world_authenticator,
	};
	struct lk_server *server = NULL;
	struct lk_error err = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
	if (service.user == NULL || lk_server_new(&server, &config, &err) != LK_OK ||
	    lk_server_start(server, &err) != LK_OK) {
		fprintf(stderr, "--serve: %s %s\n", err.reason, err.message);
		return 1;
	}
	for (;;)
		pause();
}

struct child {
	pid_t pid;
	char url[LK_URL_SIZE];
	struct world_counts *counts;
	const char *counts_path;
};

static void
child_start(struct child *c)
{
	c->pid = fork();
	assert_true(c->pid >= 0);
	if (c->pid == 0) {
		execl("/proc/self/exe", "rpc-server", "--serve", c->url, c->counts_path,
		    (char *)NULL);
		_exit(127);
	}
}

static void
child_init(struct child *c, const char *name)
{
	char counts[64];

	snprintf(c->url, sizeof c->url, "ipc://%s/%s.sock", world_dir(), name);
	snprintf(counts, sizeof counts, "%s.counts", name);
	c->counts_path = lk_test_path(world_dir(), counts);
	c->counts = map_counts(c->counts_path);
	assert_non_null(c->counts);
	memset(c->counts, 0, sizeof *c->counts);
	child_start(c);
}

static void
child_kill(struct child *c)
{
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
}

static struct lk_channel *
open_channel(const char *urls)
{
	struct lk_channel *channel = NULL;
	struct lk_error err = { 0 };

	expect_ok(lk_channel_open(&channel, urls, NULL, &err), &err);
	return channel;
}

/* One call in a thread of its own. */
struct background {
	struct lk_channel *channel;
	const char *method;
	unsigned size;
	struct lk_rpc_request like;
	lk_status status;
	struct lk_error err;
	pthread_t thread;
};

static void *
ask_in_background(void *arg)
{
	struct background *b = arg;

	b->status = world_ask_on(b->channel, &b->like, b->method, b->size, "", NULL, 0, &b->err);
	return NULL;
}

static void
background_start(struct background *b)
{
	assert_int_equal(pthread_create(&b->thread, NULL, ask_in_background, b), 0);
}

static void
a_server_that_was_killed_is_found_again_when_it_is_back(void **state)
{
	struct child server = { 0 };
	struct lk_error err = { 0 };

	(void)state;
	child_init(&server, "killed");
	LK_AUTO(lk_channel_closep) struct lk_channel *channel = open_channel(server.url);
	for (int i = 0; i < 3; i++) {
		expect_ok(world_ask_on(channel, NULL, "Echo", 0, "x", NULL, 0, &err), &err);
		child_kill(&server);
		child_start(&server);
	}
	expect_ok(world_ask_on(channel, NULL, "Echo", 0, "x", NULL, 0, &err), &err);
	child_kill(&server);
}

static void
a_server_is_found_again_by_a_process_that_reaps_no_connection(void **state)
{
	struct child server = { 0 };
	struct held_reaper reaper = { 0 };
	struct lk_error err = { 0 };

	(void)state;
	need_old_nng();
	child_init(&server, "unreaped");
	LK_AUTO(lk_channel_closep) struct lk_channel *channel = open_channel(server.url);
	expect_ok(world_ask_on(channel, NULL, "Echo", 0, "x", NULL, 0, &err), &err);
	reaper_hold(&reaper);
	for (int i = 0; i < 2; i++) {
		child_kill(&server);
		child_start(&server);
		expect_ok(world_ask_on(channel, NULL, "Echo", 0, "x", NULL, 0, &err), &err);
	}
	reaper_release(&reaper);
	child_kill(&server);
}

static void
a_read_whose_server_was_killed_is_asked_again(void **state)
{
	struct child server = { 0 };
	struct background read = { .method = "Wait", .size = 400 };

	(void)state;
	child_init(&server, "read");
	LK_AUTO(lk_channel_closep) struct lk_channel *channel = open_channel(server.url);
	read.channel = channel;
	background_start(&read);
	assert_true(world_wait_until(atomic_load(&server.counts->reads) == 1));
	child_kill(&server);
	child_start(&server);
	pthread_join(read.thread, NULL);
	expect_ok(read.status, &read.err);
	assert_int_equal(atomic_load(&server.counts->reads), 2);
	child_kill(&server);
}

static void
a_write_whose_server_was_killed_is_not_sent_again(void **state)
{
	struct child server = { 0 };
	struct background write = {
		.method = "Write", .size = 3000, .like = { .effect = LK_WRITE_ONCE }
	};
	struct lk_error err = { 0 };

	(void)state;
	child_init(&server, "write");
	LK_AUTO(lk_channel_closep) struct lk_channel *channel = open_channel(server.url);
	write.channel = channel;
	background_start(&write);
	assert_true(world_wait_until(atomic_load(&server.counts->writes) == 1));
	child_kill(&server);
	child_start(&server);
	pthread_join(write.thread, NULL);
	expect_fail(write.status, &write.err, LK_UNKNOWN, "OUTCOME_UNKNOWN");
	expect_ok(world_ask_on(channel, NULL, "Wait", 100, "", NULL, 0, &err),
	    &err); /* time for a second one to show */
	assert_int_equal(atomic_load(&server.counts->writes), 1);
	child_kill(&server);
}

static void
a_server_that_is_not_there_is_unavailable_to_reads_and_writes(void **state)
{
	struct world *w = *state;
	char url[LK_URL_SIZE];
	const struct lk_rpc_request read = { .timeout_ms = 150 };
	const struct lk_rpc_request write = { .timeout_ms = 150, .effect = LK_WRITE_ONCE };

	snprintf(url, sizeof url, "ipc://%s/nobody.sock", world_dir());
	LK_AUTO(lk_channel_closep) struct lk_channel *channel = open_channel(url);
	expect_fail(world_ask_on(channel, &read, "Echo", 0, "", NULL, 0, &w->err), &w->err,
	    LK_UNAVAILABLE, "SERVER_UNREACHABLE");
	expect_fail(world_ask_on(channel, &write, "Write", 0, "", NULL, 0, &w->err), &w->err,
	    LK_UNAVAILABLE, "SERVER_UNREACHABLE");
}

/* Who waited would wait for an hour. */
static void
who_is_impatient_does_not_wait_for_a_server_that_is_away(void **state)
{
	struct world *w = *state;
	char url[LK_URL_SIZE];
	const struct lk_rpc_request impatient = {
		.timeout_ms = 3600000, .effect = LK_WRITE_ONCE, .impatient = true
	};

	snprintf(url, sizeof url, "ipc://%s/nobody.sock", world_dir());
	LK_AUTO(lk_channel_closep) struct lk_channel *channel = open_channel(url);
	expect_fail(world_ask_on(channel, &impatient, "Write", 0, "", NULL, 0, &w->err), &w->err,
	    LK_UNAVAILABLE, "SERVER_UNREACHABLE");
	expect_ok(world_ask_on(w->channel, NULL, "Echo", 0, "", NULL, 0, &w->err), &w->err);
	expect_ok(world_ask_on(w->channel, &impatient, "Write", 0, "", NULL, 0, &w->err), &w->err);
}

static void
a_client_may_start_before_its_server(void **state)
{
	struct child server = { 0 };
	struct background early = { .method = "Write", .like = { .effect = LK_WRITE_ONCE } };
	char url[LK_URL_SIZE];

	(void)state;
	snprintf(url, sizeof url, "ipc://%s/early.sock", world_dir());
	LK_AUTO(lk_channel_closep) struct lk_channel *channel = open_channel(url);
	early.channel = channel;
	background_start(&early);
	child_init(&server, "early");
	pthread_join(early.thread, NULL);
	expect_ok(early.status, &early.err);
	assert_int_equal(atomic_load(&server.counts->writes), 1);
	child_kill(&server);
}

static void
a_stopped_server_is_left_for_one_that_answers_and_used_again_later(void **state)
{
	enum { CALLS = 100 };
	struct child a = { 0 }, b = { 0 };
	char urls[2 * LK_URL_SIZE];
	struct lk_error err = { 0 };
	const struct lk_rpc_request like = { .timeout_ms = 2000 };

	(void)state;
	child_init(&a, "a");
	child_init(&b, "b");
	snprintf(urls, sizeof urls, "%s,%s", a.url, b.url);
	LK_AUTO(lk_channel_closep) struct lk_channel *channel = open_channel(urls);
	assert_true(world_wait_until(
	    world_ask_on(channel, &like, "Echo", 0, "", NULL, 0, &err) == LK_OK &&
	    atomic_load(&a.counts->reads) > 0 && atomic_load(&b.counts->reads) > 0));

	kill(a.pid, SIGSTOP);
	const int64_t began_ms = world_now_ms();
	for (int i = 0; i < CALLS; i++)
		expect_ok(world_ask_on(channel, &like, "Echo", 0, "", NULL, 0, &err), &err);
	assert_true(
	    world_now_ms() - began_ms < 2000 + 1500); /* one call found out, at half its time */

	kill(a.pid, SIGCONT);
	const unsigned before = atomic_load(&a.counts->reads);
	assert_true(
	    world_wait_until(world_ask_on(channel, &like, "Echo", 0, "", NULL, 0, &err) == LK_OK &&
			     atomic_load(&a.counts->reads) > before + 5));
	child_kill(&a);
	child_kill(&b);
}

static void
a_call_in_progress_is_answered_while_the_server_drains(void **state)
{
	struct world *w = *state;
	struct background write = { .channel = w->channel,
		.method = "Write",
		.size = 300,
		.like = { .effect = LK_WRITE_ONCE } };

	background_start(&write);
	assert_true(world_wait_until(atomic_load(&w->counts->writes) == 1));
	expect_ok(lk_server_drain(w->server, 5000, &w->err), &w->err);
	pthread_join(write.thread, NULL);
	expect_ok(write.status, &write.err);
	assert_int_not_equal(access(w->url + strlen("ipc://"), F_OK), 0);
}

static void
a_drain_that_takes_too_long_says_so(void **state)
{
	struct world *w = *state;
	struct background slow = { .channel = w->channel, .method = "Wait", .size = 800 };

	background_start(&slow);
	assert_true(world_wait_until(atomic_load(&w->counts->reads) == 1));
	expect_fail(lk_server_drain(w->server, 100, &w->err), &w->err, LK_DEADLINE_EXCEEDED,
	    "DRAIN_TIMEOUT");
	pthread_join(slow.thread, NULL);
}

struct hammer {
	struct world *w;
	atomic_bool *stop;
	unsigned done, failed;
	struct lk_error err;
	pthread_t thread;
};

static void *
hammer_writes(void *arg)
{
	struct hammer *h = arg;
	const struct lk_rpc_request like = { .effect = LK_WRITE_ONCE };

	while (!atomic_load(h->stop)) {
		if (world_ask_on(h->w->channel, &like, "Write", 0, "", NULL, 0, &h->err) == LK_OK)
			h->done++;
		else
			h->failed++;
	}
	return NULL;
}

static void
replacing_a_server_by_drain_fails_no_request_and_repeats_no_write(void **state)
{
	enum { THREADS = 8, RESTARTS = 3 };
	struct world *w = *state;
	struct hammer hammers[THREADS] = { 0 };
	atomic_bool stop = false;
	unsigned done = 0, failed = 0;

	for (int i = 0; i < THREADS; i++) {
		hammers[i] = (struct hammer){ .w = w, .stop = &stop };
		assert_int_equal(
		    pthread_create(&hammers[i].thread, NULL, hammer_writes, &hammers[i]), 0);
	}
	for (int i = 0; i < RESTARTS; i++) {
		world_sleep_ms(100);
		expect_ok(lk_server_drain(w->server, 5000, &w->err), &w->err);
		lk_server_free(LK_TAKE(w->server));
		expect_ok(world_start_server(w, "t.sock", NULL), &w->err);
	}
	world_sleep_ms(100);
	atomic_store(&stop, true);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(hammers[i].thread, NULL);
		if (hammers[i].failed > 0)
			print_message("%s: %s\n", hammers[i].err.reason, hammers[i].err.message);
		done += hammers[i].done;
		failed += hammers[i].failed;
	}
	assert_int_equal(failed, 0);
	assert_true(done > 0);
	assert_int_equal(atomic_load(&w->counts->writes), done);
}

static void
a_live_server_is_not_replaced(void **state)
{
	struct world *w = *state;
	struct world second = { .counts = &second.own_counts };

	expect_fail(world_start_server(&second, "t.sock", NULL), &second.err,
	    LK_FAILED_PRECONDITION, "ADDRESS_IN_USE");
	lk_server_free(second.server);
	expect_ok(world_ask(w, "Echo", 0, "x"), &w->err);
}

static void
another_file_in_the_sockets_place_is_not_replaced(void **state)
{
	struct world w = { .counts = &w.own_counts };

	(void)state;
	lk_test_write_file(lk_test_path(world_dir(), "file.sock"), "x", 1);
	expect_fail(world_start_server(&w, "file.sock", NULL), &w.err, LK_FAILED_PRECONDITION,
	    "ADDRESS_IN_USE");
	lk_server_free(w.server);
}

static void
a_missing_directory_is_told(void **state)
{
	struct world w = { .counts = &w.own_counts };

	(void)state;
	expect_fail(world_start_server(&w, "missing/t.sock", NULL), &w.err, LK_FAILED_PRECONDITION,
	    "LISTEN_FAILED");
	lk_server_free(w.server);
}

static void
a_server_that_ends_leaves_its_successors_socket(void **state)
{
	struct world *w = *state;
	struct world next = { .counts = &next.own_counts };
	struct stat st;

	assert_int_equal(unlink(w->url + strlen("ipc://")), 0);
	expect_ok(world_start_server(&next, "t.sock", NULL), &next.err);
	lk_server_free(LK_TAKE(w->server));
	assert_int_equal(stat(next.url + strlen("ipc://"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	expect_ok(world_ask(w, "Echo", 0, "x"), &w->err);
	lk_server_free(next.server);
}

static void
closing_a_channel_ends_what_is_in_flight(void **state)
{
	struct world *w = *state;
	struct background read = { .channel = w->channel, .method = "Wait", .size = 500 };
	struct background write = { .channel = w->channel,
		.method = "Write",
		.size = 500,
		.like = { .effect = LK_WRITE_ONCE } };

	background_start(&read);
	background_start(&write);
	assert_true(world_wait_until(
	    atomic_load(&w->counts->reads) == 1 && atomic_load(&w->counts->writes) == 1));
	lk_channel_close(LK_TAKE(w->channel));
	pthread_join(read.thread, NULL);
	pthread_join(write.thread, NULL);
	expect_fail(read.status, &read.err, LK_CANCELLED, "CHANNEL_CLOSED");
	expect_fail(write.status, &write.err, LK_UNKNOWN, "OUTCOME_UNKNOWN");
}

static void
closing_a_channel_while_a_late_answer_arrives_does_not_hang(void **state)
{
	struct world *w = *state;
	const size_t rounds = lk_test_repeat("late answers", 100, 40);
	const struct lk_rpc_request impatient = { .timeout_ms = 2 };
	struct lk_error err = { 0 };

	for (size_t i = 0; i < rounds; i++) {
		struct lk_channel *channel = open_channel(w->url);
		expect_ok(world_ask_on(channel, NULL, "Echo", 0, "", NULL, 0, &err), &err);
		/* Given up as a rule; a slow timer may let the answer through. */
		LK_IGNORE(world_ask_on(
		    channel, &impatient, "Wait", 4 + (unsigned)i % 3, "", NULL, 0, &err));
		assert_true(world_wait_until(lk_server_stats(w->server).in_progress == 0));
		lk_channel_close(channel);
	}
}

int
main(int argc, char **argv)
{
	static const struct lk_test_case cases[] = {
		LK_CASE(a_server_that_was_killed_is_found_again_when_it_is_back),
		LK_CASE(a_server_is_found_again_by_a_process_that_reaps_no_connection),
		LK_CASE(a_read_whose_server_was_killed_is_asked_again),
		LK_CASE(a_write_whose_server_was_killed_is_not_sent_again),
		LK_CASE_WITH(a_server_that_is_not_there_is_unavailable_to_reads_and_writes,
		    world_up, world_down),
		LK_CASE(a_client_may_start_before_its_server),
		LK_CASE(a_stopped_server_is_left_for_one_that_answers_and_used_again_later),
		LK_CASE_WITH(
		    a_call_in_progress_is_answered_while_the_server_drains, world_up, world_down),
		LK_CASE_WITH(
		    who_is_impatient_does_not_wait_for_a_server_that_is_away, world_up, world_down),
		LK_CASE_WITH(a_drain_that_takes_too_long_says_so, world_up, world_down),
		LK_CASE_WITH(replacing_a_server_by_drain_fails_no_request_and_repeats_no_write,
		    world_up, world_down),
		LK_CASE_WITH(a_live_server_is_not_replaced, world_up, world_down),
		LK_CASE(another_file_in_the_sockets_place_is_not_replaced),
		LK_CASE(a_missing_directory_is_told),
		LK_CASE_WITH(a_server_that_ends_leaves_its_successors_socket, world_up, world_down),
		LK_CASE_WITH(closing_a_channel_ends_what_is_in_flight, world_up, world_down),
		LK_CASE_WITH(closing_a_channel_while_a_late_answer_arrives_does_not_hang, world_up,
		    world_down),
	};

	if (argc == 4 && strcmp(argv[1], "--serve") == 0)
		return serve(argv[2], argv[3]);
	return lk_test_main(argc, argv, cases, LK_ARRAY_LEN(cases));
}
