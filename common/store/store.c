/* A store: the database, its one writer and its readers, put together and taken apart. */
#include "store/store.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "store/migrate.h"
#include "store/pool.h"
#include "store/writer.h"
#include "store/writers.h"

struct lk_store {
	const struct lk_store_driver *driver;
	struct lk_store_options options;
	struct lk_db *db;
	struct lk_pool *readers;
	struct lk_writer *writer;   /* the one of an engine in this process */
	struct lk_pool *writing;    /* those of a remote one, */
	struct lk_writers *writers; /* and who uses them */
};

static const struct lk_store_driver *const drivers[] = { &lk_store_sqlite, &lk_store_postgres };

void
lk_store_fatal_to_stderr(const char *why)
{
	(void)fprintf(stderr, "store: %s\n", why);
}

static uint32_t
or_default(uint32_t value, uint32_t otherwise)
{
	return value ? value : otherwise;
}

static struct lk_store_options
with_defaults(const struct lk_store_options *given)
{
	struct lk_store_options options = given ? *given : (struct lk_store_options){ 0 };

	options.clock = options.clock ? options.clock : lk_clock_system();
	options.readers = or_default(options.readers, 4);
	options.readers = options.readers < 64 ? options.readers : 64;
	options.writers = or_default(options.writers, 8);
	options.writers = options.writers < 64 ? options.writers : 64;
	options.queue_max = or_default(options.queue_max, 4096);
	options.group_max = or_default(options.group_max, 256);
	options.group_ms = or_default(options.group_ms, 5);
	options.on_fatal = options.on_fatal ? options.on_fatal : lk_store_fatal_to_stderr;
	return options;
}

lk_status
lk_store_find_driver(const char *url, const struct lk_store_driver **out_driver,
    const char **out_location, struct lk_error *err)
{
	const char *mark = strstr(url, "://");

	for (size_t i = 0; mark && i < LK_ARRAY_LEN(drivers); i++) {
		const size_t len = strlen(drivers[i]->scheme);

		if ((size_t)(mark - url) != len || memcmp(url, drivers[i]->scheme, len) != 0 ||
		    mark[3] == '\0')
			continue;
		*out_driver = drivers[i];
		*out_location = mark + 3;
		return LK_OK;
	}
	return lk_fail(err, LK_INVALID_ARGUMENT, "STORE_URL_INVALID",
	    "a database is sqlite:///absolute/path, sqlite://:memory: or postgresql://…");
}

/* Readers go first: the writer makes the last checkpoint, undisturbed. */
void
lk_store_close(struct lk_store *store)
{
	if (!store)
		return;
	lk_writers_free(store->writers);
	lk_pool_free(store->writing);
	lk_pool_free(store->readers);
	lk_writer_free(store->writer);
	if (store->db)
		store->driver->close(store->db);
	lk_free(store);
}

static lk_status
open_writers(struct lk_store *store, struct lk_error *err)
{
	LK_TRY(lk_pool_new(store->driver, store->db, LK_CONN_WRITER, store->options.writers,
	    store->options.clock, &store->writing, err));
	return lk_writers_new(store->writing, &store->options, &store->writers, err);
}

static lk_status
open_writer(
    struct lk_store *store, const struct lk_migrations *const *migrations, struct lk_error *err)
{
	LK_AUTO(lk_session_closep) struct lk_session *session = NULL;

	LK_TRY(lk_session_open(store->driver, store->db, LK_CONN_WRITER, &session, err));
	LK_TRY(lk_migrate(session, migrations, store->options.clock, err));
	if (store->driver->remote)
		return open_writers(store, err);
	return lk_writer_new(LK_TAKE(session), &store->options, &store->writer, err);
}

lk_status
lk_store_open(const char *url, const struct lk_migrations *const *migrations,
    const struct lk_store_options *options, struct lk_store **out_store, struct lk_error *err)
{
	LK_AUTO(lk_store_closep) struct lk_store *store = LK_ALLOC(struct lk_store);
	const char *location = NULL;

	if (!store)
		return lk_fail_oom(err);
	store->options = with_defaults(options);
	LK_TRY(lk_store_find_driver(url, &store->driver, &location, err));
	LK_TRY(store->driver->open(location, lk_migrations_service(migrations), LK_TAKE_OR_MAKE,
	    store->options.on_fatal, &store->db, err));
	LK_TRY(open_writer(store, migrations, err));
	LK_TRY(lk_pool_new(store->driver, store->db, LK_CONN_READER, store->options.readers,
	    store->options.clock, &store->readers, err));
	*out_store = LK_TAKE(store);
	return LK_OK;
}

void
lk_store_lend(struct lk_store *store, void *lent)
{
	lk_pool_lend(store->readers, lent);
	if (store->writing)
		lk_pool_lend(store->writing, lent);
	else
		lk_writer_lend(store->writer, lent);
}

static lk_status
refuse_inside(bool refused, struct lk_error *err)
{
	if (!refused)
		return LK_OK;
	return lk_fail(err, LK_INTERNAL, "STORE_NESTED",
	    "the store was called from inside one of its own transactions");
}

lk_status
lk_store_write(struct lk_store *store, int64_t deadline_steady_ms, lk_tx_fn *fn, void *arg,
    struct lk_error *err)
{
	LK_TRY(refuse_inside(lk_session_inside() != LK_INSIDE_NOTHING, err));
	if (store->writers)
		return lk_writers_write(store->writers, deadline_steady_ms, fn, arg, err);
	return lk_writer_write(store->writer, deadline_steady_ms, fn, arg, err);
}

lk_status
lk_store_submit(struct lk_store *store, int64_t deadline_steady_ms, lk_tx_fn *fn,
    lk_store_done_fn *done, void *arg, struct lk_error *err)
{
	LK_TRY(refuse_inside(lk_session_inside() == LK_INSIDE_TRANSACTION, err));
	if (store->writers)
		return lk_writers_submit(store->writers, deadline_steady_ms, fn, done, arg, err);
	return lk_writer_submit(store->writer, deadline_steady_ms, fn, done, arg, err);
}

lk_status
lk_store_read(struct lk_store *store, int64_t deadline_steady_ms, lk_tx_fn *fn, void *arg,
    struct lk_error *err)
{
	LK_TRY(refuse_inside(lk_session_inside() != LK_INSIDE_NOTHING, err));
	return lk_pool_read(store->readers, deadline_steady_ms, fn, arg, err);
}

bool
lk_store_holds(const struct lk_store *store)
{
	return !store->driver->remote || store->driver->remote->holds(store->db);
}

lk_status
lk_store_hold(struct lk_store *store, int64_t deadline_steady_ms, struct lk_error *err)
{
	if (!store->driver->remote)
		return LK_OK;
	return store->driver->remote->ready(
	    store->db, lk_pool_left_ms(store->readers, deadline_steady_ms), err);
}

void
lk_store_stats(struct lk_store *store, struct lk_store_stats *out_stats)
{
	if (store->writers)
		lk_writers_stats(store->writers, out_stats);
	else
		lk_writer_stats(store->writer, out_stats);
	out_stats->reads = lk_pool_reads(store->readers);
}
