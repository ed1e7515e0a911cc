/* How a validator decides: from memory under a lease, by asking without one, never late, and never
 * in a forked child. */
#include "validator_world.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static int
open_world(void **state)
{
	static struct validator_world w;

	validator_world_open(&w);
	*state = &w;
	return 0;
}

static int
close_world(void **state)
{
	validator_world_close(*state);
	return 0;
}

/* The reason; "" for active, "!REASON" for no answer. */
static const char *
verdict(struct validator_world *w, const char *credential, const latchkey_requirements *wish)
{
	static char text[64];
	latchkey_decision decision;
	latchkey_error err;

	if (latchkey_validator_validate(w->validator, credential, wish, &decision, &err) !=
	    LATCHKEY_OK) {
		snprintf(text, sizeof text, "!%s", err.reason);
		return text;
	}
	snprintf(text, sizeof text, "%s", decision.reason);
	assert_int_equal(decision.active, text[0] == '\0');
	assert_int_equal(decision.identity != NULL, decision.active);
	latchkey_decision_wipe(&decision);
	return text;
}

static void
the_second_time_nobody_is_asked(void **state)
{
	struct validator_world *w = *state;
	latchkey_validator_counts counts;

	validator_world_validator(w, (latchkey_validator_options){ 0 });
	for (int i = 0; i < 10; i++)
		assert_string_equal(verdict(w, "good1", NULL), "");
	assert_int_equal(w->asked, 1);
	latchkey_validator_count(w->validator, &counts);
	assert_int_equal(counts.hits, 9);
	assert_int_equal(counts.misses, 1);
}

static void
a_change_of_the_key_makes_it_ask_again(void **state)
{
	struct validator_world *w = *state;

	validator_world_validator(w, (latchkey_validator_options){ 0 });
	assert_string_equal(verdict(w, "good7", NULL), "");
	w->revoked = true;
	feed_world_change(&w->feeds[0], "key_00000000000000000000000007", 2);
	assert_true(feed_wait_until(strcmp(verdict(w, "good7", NULL), "KEY_REFUSED") == 0));
	assert_int_equal(w->asked, 2);
}

static void
requirements_are_checked_on_what_is_remembered(void **state)
{
	struct validator_world *w = *state;
	const latchkey_requirements may = { .permission = "audit.read", .workgroup = "wkg_a" };
	const latchkey_requirements may_not = { .permission = "users.manage" };
	const latchkey_requirements elsewhere = { .workgroup = "wkg_b" };
	const latchkey_requirements unknown = { .permission = "no.such" };
	const latchkey_requirements from = { .source_address = "192.0.2.1" };

	validator_world_validator(w, (latchkey_validator_options){ 0 });
	assert_string_equal(verdict(w, "good1", &may), "");
	assert_string_equal(verdict(w, "good1", &may_not), "PERMISSION_MISSING");
	assert_string_equal(verdict(w, "good1", &elsewhere), "WORKGROUP_MISSING");
	assert_string_equal(verdict(w, "good1", &unknown), "!PERMISSION_UNKNOWN");
	assert_int_equal(w->asked, 1);
	assert_string_equal(verdict(w, "good1", &from), "");
	assert_int_equal(w->asked, 2);
}

static void
what_has_expired_or_not_begun_is_refused_from_memory(void **state)
{
	struct validator_world *w = *state;
	const int64_t now_ms = lk_clock_wall_ms(lk_clock_system());

	validator_world_validator(w, (latchkey_validator_options){ 0 });
	w->expires_at_ms = now_ms + 300;
	assert_string_equal(verdict(w, "good1", NULL), "");
	feed_pause_ms(350);
	assert_string_equal(verdict(w, "good1", NULL), "KEY_REFUSED");
	assert_int_equal(w->asked, 1);
	w->expires_at_ms = 0;
	w->not_before_ms = now_ms + 60000;
	assert_string_equal(verdict(w, "good2", NULL), "KEY_REFUSED");
}

static void
refusals_are_remembered_for_a_short_time(void **state)
{
	struct validator_world *w = *state;

	validator_world_validator(w, (latchkey_validator_options){ .negative_ttl_ms = 200 });
	for (int i = 0; i < 10; i++)
		assert_string_equal(verdict(w, "bad", NULL), "KEY_REFUSED");
	assert_int_equal(w->asked, 1);
	feed_pause_ms(250);
	assert_string_equal(verdict(w, "bad", NULL), "KEY_REFUSED");
	assert_int_equal(w->asked, 2);
	assert_string_equal(verdict(w, "", NULL), "KEY_MALFORMED");
	assert_string_equal(verdict(w, "a\nb", NULL), "KEY_MALFORMED");
	assert_int_equal(w->asked, 2);
}

static void
without_a_lease_it_fails_closed_when_told_so(void **state)
{
	struct validator_world *w = *state;

	validator_world_validator(w, (latchkey_validator_options){ .max_staleness_ms = 150,
					 .lost_lease = LATCHKEY_LOST_LEASE_FAIL_CLOSED });
	assert_string_equal(verdict(w, "good1", NULL), "");
	validator_world_stop_services(w);
	feed_pause_ms(200);
	assert_string_equal(verdict(w, "good1", NULL), "!LEASE_LOST");
	assert_string_equal(verdict(w, "good2", NULL), "!LEASE_LOST");
}

static void
grace_accepts_what_is_remembered_for_a_while(void **state)
{
	struct validator_world *w = *state;

	validator_world_validator(
	    w, (latchkey_validator_options){
		   .max_staleness_ms = 150, .stale_grace_ms = 60000, .timeout_ms = 100 });
	assert_string_equal(verdict(w, "good1", NULL), "");
	validator_world_stop_services(w);
	feed_pause_ms(200);
	assert_string_equal(verdict(w, "good1", NULL), "");
	assert_true(verdict(w, "good2", NULL)[0] == '!');
}

/* Only one feed is gone: the service that answers questions still does. */
static void
without_a_lease_it_asks_about_everything_by_default(void **state)
{
	struct validator_world *w = *state;

	validator_world_validator(w, (latchkey_validator_options){ .max_staleness_ms = 150 });
	assert_string_equal(verdict(w, "good1", NULL), "");
	lk_server_free(LK_TAKE(w->servers[0]));
	feed_pause_ms(200);
	const unsigned before = w->asked;
	for (int i = 0; i < 5; i++)
		assert_string_equal(verdict(w, "good1", NULL), "");
	assert_int_equal(w->asked, before + 5);
}

static void
an_answer_that_took_too_long_is_not_believed(void **state)
{
	struct validator_world *w = *state;

	validator_world_validator(w, (latchkey_validator_options){ .max_staleness_ms = 150 });
	w->answer_takes_ms = 200;
	assert_true(verdict(w, "good1", NULL)[0] == '!');
}

static void
a_forked_child_is_refused_and_may_open_its_own(void **state)
{
	struct validator_world *w = *state;
	latchkey_decision decision;
	latchkey_error err;
	int status;

	validator_world_validator(w, (latchkey_validator_options){ 0 });
	assert_string_equal(verdict(w, "good1", NULL), "");
	const pid_t child = fork();
	if (child == 0) {
		const bool refused = latchkey_validator_validate(w->validator, "good1", NULL,
					 &decision, &err) == LATCHKEY_FAILED_PRECONDITION &&
				     strcmp(err.reason, "FORKED") == 0;
		latchkey_validator_close(w->validator);
		_exit(refused ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_string_equal(verdict(w, "good1", NULL), "");
}

struct asker {
	pthread_t thread;
	latchkey_validator *validator;
	char credential[32];
	bool active;
};

static void *
ask_once(void *arg)
{
	struct asker *asker = arg;
	latchkey_decision decision;

	if (latchkey_validator_validate(
		asker->validator, asker->credential, NULL, &decision, NULL) != LATCHKEY_OK)
		return NULL;
	asker->active = decision.active;
	latchkey_decision_wipe(&decision);
	return NULL;
}

static void
questions_that_meet_travel_together(void **state)
{
	enum { ASKERS = 48 };
	static struct asker askers[ASKERS];
	struct validator_world *w = *state;

	validator_world_validator(w, (latchkey_validator_options){ 0 });
	w->answer_takes_ms = 100;
	for (int i = 0; i < ASKERS; i++) {
		askers[i].validator = w->validator;
		snprintf(askers[i].credential, sizeof askers[i].credential, "good%d", i);
		assert_int_equal(pthread_create(&askers[i].thread, NULL, ask_once, &askers[i]), 0);
	}
	for (int i = 0; i < ASKERS; i++) {
		pthread_join(askers[i].thread, NULL);
		assert_true(askers[i].active);
	}
	assert_int_equal(w->asked, ASKERS);
	assert_true(w->messages <= ASKERS / 4);
}

#define IN_WORLD(fn) LK_CASE_WITH(fn, open_world, close_world)

LK_TESTS(IN_WORLD(the_second_time_nobody_is_asked),
    IN_WORLD(a_change_of_the_key_makes_it_ask_again),
    IN_WORLD(requirements_are_checked_on_what_is_remembered),
    IN_WORLD(what_has_expired_or_not_begun_is_refused_from_memory),
    IN_WORLD(refusals_are_remembered_for_a_short_time),
    IN_WORLD(without_a_lease_it_fails_closed_when_told_so),
    IN_WORLD(grace_accepts_what_is_remembered_for_a_while),
    IN_WORLD(without_a_lease_it_asks_about_everything_by_default),
    IN_WORLD(an_answer_that_took_too_long_is_not_believed),
    IN_WORLD(a_forked_child_is_refused_and_may_open_its_own),
    IN_WORLD(questions_that_meet_travel_together))
