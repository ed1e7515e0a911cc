/* A feed over real sockets: hints come at once, bursts lose nothing, stopped listeners come back,
 * restarts are noticed. */
#include "feed_server.h"
#include "rpc/probe.h"

#include <nng/nng.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* nng before 1.6 never frees a listener that it lost. */
const char *__lsan_default_suppressions(void);
__attribute__((visibility("default"))) const char *
__lsan_default_suppressions(void)
{
	return NNG_MAJOR_VERSION == 1 && NNG_MINOR_VERSION < 6 ? "leak:libnng" : "";
}

enum { READERS_MAX = 64 };

struct scene {
	struct feed_server server;
	struct feed_reader readers[READERS_MAX];
	size_t count;
};

static int
open_scene(void **state)
{
	static struct scene scene;

	memset(&scene, 0, sizeof scene);
	feed_server_open(&scene.server);
	*state = &scene;
	return 0;
}

static int
close_scene(void **state)
{
	struct scene *s = *state;

	for (size_t i = 0; i < s->count; i++)
		feed_reader_close(&s->readers[i]);
	feed_server_close(&s->server);
	return 0;
}

static struct feed_reader *
add_reader(struct scene *s, int64_t max_staleness_ms, bool hints)
{
	struct feed_reader *r = &s->readers[s->count];

	feed_reader_open(r, &s->server, max_staleness_ms, hints);
	s->count++;
	return r;
}

static void
a_reader_gets_its_lease_and_keeps_it(void **state)
{
	struct scene *s = *state;
	const struct feed_reader *r = add_reader(s, 200, false);

	assert_true(feed_wait_until(feed_reader_trusts(r)));
	assert_true(feed_wait_until(lk_feed_subscriber_stats(r->subscriber).renewals >= 10));
	assert_int_equal(r->flushes, 1);
}

/* The next renewal is most of half an hour away: only a hint can bring the event. */
static void
a_hint_brings_the_event_long_before_the_next_renewal(void **state)
{
	struct scene *s = *state;
	struct feed_reader *r = add_reader(s, 3600000, true);
	uint64_t generation = 0;

	assert_true(feed_wait_until(feed_reader_trusts(r)));
	assert_true(feed_wait_until(
	    (feed_world_change(&s->server.world, "key_a", ++generation), r->events > 0)));
}

static void
a_burst_loses_nothing(void **state)
{
	struct scene *s = *state;
	const size_t burst = lk_test_repeat("events of a burst", 5000, 1500);

	for (size_t i = 0; i < 8; i++)
		add_reader(s, 300, i % 2 == 0);
	for (size_t i = 0; i < s->count; i++)
		assert_true(feed_wait_until(feed_reader_trusts(&s->readers[i])));
	for (size_t i = 1; i <= burst; i++)
		feed_world_change(&s->server.world, "key_a", i);
	for (size_t i = 0; i < s->count; i++) {
		struct feed_reader *r = &s->readers[i];
		assert_true(
		    feed_wait_until(lk_feed_subscriber_stats(r->subscriber).events == burst));
		assert_true(r->events >= burst);
		assert_int_equal(r->flushes, 1);
	}
}

static void
a_publisher_that_starts_again_is_noticed_within_the_lease(void **state)
{
	struct scene *s = *state;
	struct feed_reader *r = add_reader(s, 300, true);

	assert_true(feed_wait_until(feed_reader_trusts(r)));
	lk_feed_drain(s->server.world.feed);
	lk_server_free(s->server.server);
	feed_world_restart(&s->server.world);
	feed_server_start(&s->server);
	assert_true(feed_wait_until(r->flushes == 2));
	assert_true(feed_wait_until(feed_reader_trusts(r)));
	feed_world_change(&s->server.world, "key_a", 1);
	assert_true(feed_wait_until(r->events > 0));
}

static void
without_a_publisher_the_lease_ends(void **state)
{
	struct scene *s = *state;
	struct feed_reader *r = add_reader(s, 100, true);

	assert_true(feed_wait_until(feed_reader_trusts(r)));
	lk_server_free(s->server.server);
	s->server.server = NULL;
	assert_true(feed_wait_until(!feed_reader_trusts(r)));
	feed_pause_ms(150);
	assert_false(feed_reader_trusts(r));
}

/* What stops a listener of nng before 1.6: a client that comes and goes before it has said who it
 * is. */
static void
come_and_go(const char *url)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(
	    lk_text_copy(address.sun_path, sizeof address.sun_path, url + strlen("ipc://")));
	(void)!connect(fd, (const struct sockaddr *)&address, sizeof address);
	close(fd);
}

static void
hints_come_again_after_their_listener_was_stopped(void **state)
{
	struct scene *s = *state;
	char url[LK_URL_SIZE];
	uint64_t generation = 0;

	assert_int_equal(lk_feed_hint_url(s->server.url, url, NULL), LK_OK);
	for (int i = 0; i < 20; i++)
		come_and_go(url);
	assert_true(feed_wait_until(lk_probe_hears(url + strlen("ipc://"), 600)));
	struct feed_reader *r = add_reader(s, 3600000, true);
	assert_true(feed_wait_until(
	    (feed_world_change(&s->server.world, "key_a", ++generation), r->events > 0)));
}

#define IN_SCENE(fn) LK_CASE_WITH(fn, open_scene, close_scene)

LK_TESTS(IN_SCENE(a_reader_gets_its_lease_and_keeps_it),
    IN_SCENE(a_hint_brings_the_event_long_before_the_next_renewal), IN_SCENE(a_burst_loses_nothing),
    IN_SCENE(a_publisher_that_starts_again_is_noticed_within_the_lease),
    IN_SCENE(without_a_publisher_the_lease_ends),
    IN_SCENE(hints_come_again_after_their_listener_was_stopped))
