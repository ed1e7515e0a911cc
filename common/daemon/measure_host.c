/* What a service measures of itself: calls, queue, store, trail, feed, leases; see host.h. */
#include "daemon/host.h"
#include "daemon/host_impl.h"
#include "daemon/measure.h"

static void
tell_server(struct lk_server *server, struct lk_families *out)
{
	const struct lk_server_stats stats = lk_server_stats(server);

	lk_families_gauge(
	    out, "latchkey_queue_depth", "Calls that wait for a worker.", "", stats.queued);
	lk_families_gauge(
	    out, "latchkey_calls_in_progress", "Calls not answered yet.", "", stats.in_progress);
	lk_families_counter(
	    out, "latchkey_listeners_healed_total", "Listeners replaced.", "", stats.healed);
}

static void
tell_store(struct lk_store *store, struct lk_families *out)
{
	struct lk_store_stats stats;

	lk_store_stats(store, &stats);
	lk_families_counter(
	    out, "latchkey_store_commits_total", "Durable transactions.", "", stats.commits);
	lk_families_counter(
	    out, "latchkey_store_writes_total", "Operations that they carried.", "", stats.writes);
	lk_families_counter(out, "latchkey_store_failures_total",
	    "Operations undone, whatever the reason.", "", stats.failed);
	lk_families_counter(out, "latchkey_store_reads_total", "Snapshots read.", "", stats.reads);
	lk_families_gauge(out, "latchkey_store_queue_depth", "Operations that wait for the writer.",
	    "", (int64_t)stats.waiting);
}

static void
tell_audit(struct lk_audit_sealer *sealer, struct lk_families *out, int64_t deadline_steady_ms)
{
	struct lk_trail_state state;

	if (lk_audit_state(sealer, deadline_steady_ms, out->arena, &state, NULL) != LK_OK)
		return;
	lk_families_gauge(out, "latchkey_audit_sequence", "The newest sealed row of the trail.", "",
	    (int64_t)state.sequence);
	lk_families_gauge(out, "latchkey_audit_unsealed_rows",
	    "Rows of the trail that wait to be sealed (1000 are counted).", "", state.unsealed);
	lk_families_counter(out, "latchkey_audit_rows_lost_total",
	    "Refusals that could not be recorded.", "", state.lost);
	lk_families_gauge(out, "latchkey_audit_verified_timestamp_seconds",
	    "When an operator last read the trail to its end (Unix time); 0: not since the start.",
	    "", state.read_to_end_at_ms / 1000);
}

static void
tell_feed(struct lk_feed *feed, struct lk_families *out)
{
	const struct lk_feed_stats stats = lk_feed_stats(feed);

	lk_families_gauge(
	    out, "latchkey_feed_sequence", "The newest event.", "", (int64_t)stats.head);
	lk_families_gauge(out, "latchkey_feed_lag_events",
	    "Events that the slowest service or gateway has not forgotten yet.", "",
	    (int64_t)stats.lag);
	lk_families_gauge(out, "latchkey_feed_readers",
	    "Services and gateways that changes wait for.", "", stats.readers);
	lk_families_gauge(out, "latchkey_feed_waiting",
	    "Questions of readers without hints, held until there is an event.", "", stats.waiting);
}

static void
tell_lease(struct lk_families *out, const char *labels, int64_t left_ms)
{
	lk_families_gauge(out, "latchkey_feed_lease_left_seconds",
	    "For how long what is remembered of a service counts; below 0 it is asked.", labels,
	    left_ms / 1000);
}

void
lk_host_measure(void *user, struct lk_families *out, int64_t deadline_steady_ms)
{
	const struct lk_host *host = user;
	const struct lk_host_private *inner = host->inner;

	lk_call_counts_tell(inner->counts, out);
	tell_server(inner->server, out);
	tell_store(host->store, out);
	tell_audit(host->sealer, out, deadline_steady_ms);
	tell_feed(host->feed, out);
	if (host->keys)
		tell_lease(out, "feed=\"keys\"", lk_peer_view_lease_left_ms(inner->view, true));
	if (host->tokens)
		tell_lease(out, "feed=\"tokens\"", lk_peer_view_lease_left_ms(inner->view, false));
	lk_measure_process(out, "", inner->health.started_at_ms);
	lk_measure_certificate(out, "", "peer", lk_tls_ends_at_ms(inner->tls));
	if (inner->measure)
		inner->measure(inner->measure_user, out, deadline_steady_ms);
}
