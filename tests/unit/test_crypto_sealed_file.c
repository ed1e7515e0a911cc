/* Sealed files: what was written comes back; not a byte of it may be another. */
#include <stdlib.h>
#include <string.h>

#include "crypto/sealed_file.h"
#include "test.h"

enum { FILE_CAP = 4096, HEAD = 18 + 80 + 24 + 64, LEAD = 4, TAG = 17 };

struct world {
	struct lk_sign_key *key, *other;
	uint8_t file[FILE_CAP];
	size_t len;
	struct lk_error err;
};

static const char *const parts[] = { "first", "", "second of the same length as", "third" };

static void
write_parts(struct world *w)
{
	LK_AUTO(lk_sealed_writer_freep) struct lk_sealed_writer *writer = NULL;
	FILE *to = fmemopen(w->file, sizeof w->file, "wb");

	assert_non_null(to);
	expect_ok(lk_sealed_writer_new(to, w->key, &writer, &w->err), &w->err);
	for (size_t i = 0; i < LK_ARRAY_LEN(parts); i++)
		expect_ok(lk_sealed_write(
			      writer, lk_bytes_of(parts[i]), i + 1 == LK_ARRAY_LEN(parts), &w->err),
		    &w->err);
	w->len = (size_t)ftell(to);
	assert_int_equal(fclose(to), 0);
}

static int
setup(void **state)
{
	static struct world w;

	memset(&w, 0, sizeof w);
	expect_ok(lk_sign_key_generate(&w.key, &w.err), &w.err);
	expect_ok(lk_sign_key_generate(&w.other, &w.err), &w.err);
	write_parts(&w);
	*state = &w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	lk_sign_key_free(w->key);
	lk_sign_key_free(w->other);
	return 0;
}

/* All of the first `len` bytes; LK_OK only when every part was read and was as it was written. */
static lk_status
read_as(struct world *w, size_t len, const struct lk_sign_key *key)
{
	LK_AUTO(lk_sealed_reader_freep) struct lk_sealed_reader *reader = NULL;
	FILE *from = len ? fmemopen(w->file, len, "rb") : fopen("/dev/null", "rb");
	bool last = false;

	lk_error_clear(&w->err);
	assert_non_null(from);
	lk_status status = lk_sealed_reader_new(from, key, &reader, &w->err);
	for (size_t i = 0; status == LK_OK && !last; i++) {
		struct lk_bytes part;

		status = lk_sealed_read(reader, &part, &last, &w->err);
		if (status != LK_OK)
			break;
		assert_true(i < LK_ARRAY_LEN(parts));
		assert_int_equal(part.len, strlen(parts[i]));
		assert_memory_equal(part.data, parts[i], part.len);
		assert_int_equal(last, i + 1 == LK_ARRAY_LEN(parts));
	}
	fclose(from);
	return status;
}

static void
what_was_written_is_read(void **state)
{
	struct world *w = *state;

	expect_ok(read_as(w, w->len, w->key), &w->err);
	assert_null(memmem(w->file, w->len, "second", 6));
}

static void
every_changed_byte_is_noticed(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < w->len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			w->file[i] ^= (uint8_t)(1 << bit);
			const lk_status status = read_as(w, w->len, w->key);
			assert_int_not_equal(status, LK_OK);
			assert_string_equal(w->err.reason, i < 18     ? "SEALED_FILE_KIND"
							   : i < HEAD ? "SEALED_FILE_KEY"
								      : "SEALED_FILE_BROKEN");
			w->file[i] ^= (uint8_t)(1 << bit);
		}
	}
	expect_ok(read_as(w, w->len, w->key), &w->err);
}

static void
a_file_that_ends_early_or_late_is_noticed(void **state)
{
	struct world *w = *state;

	for (size_t len = 0; len < w->len; len++)
		assert_int_not_equal(read_as(w, len, w->key), LK_OK);
	w->file[w->len] = 0;
	expect_fail(read_as(w, w->len + 1, w->key), &w->err, LK_DATA_LOSS, "SEALED_FILE_BROKEN");
}

static void
parts_in_another_order_are_noticed(void **state)
{
	struct world *w = *state;
	uint8_t *first = w->file + HEAD, *second = first + LEAD + TAG + strlen(parts[0]);
	const size_t first_len = LEAD + TAG + strlen(parts[0]), second_len = LEAD + TAG;
	uint8_t kept[64];

	memcpy(kept, first, first_len);
	memmove(first, second, second_len);
	memcpy(first + second_len, kept, first_len);
	expect_fail(read_as(w, w->len, w->key), &w->err, LK_DATA_LOSS, "SEALED_FILE_BROKEN");
}

static void
another_key_opens_nothing(void **state)
{
	struct world *w = *state;

	expect_fail(
	    read_as(w, w->len, w->other), &w->err, LK_FAILED_PRECONDITION, "SEALED_FILE_KEY");
}

/* Whoever knows the public half alone can seal something to it, and cannot sign that. */
static void
what_somebody_else_wrote_is_refused(void **state)
{
	struct world *w = *state;
	struct lk_sign_key *const own = w->key;

	w->key = w->other;
	write_parts(w);
	w->key = own;
	expect_fail(read_as(w, w->len, own), &w->err, LK_FAILED_PRECONDITION, "SEALED_FILE_KEY");
}

static void
a_part_has_a_limit(void **state)
{
	struct world *w = *state;
	LK_AUTO(lk_sealed_writer_freep) struct lk_sealed_writer *writer = NULL;
	FILE *to = fmemopen(w->file, sizeof w->file, "wb");
	uint8_t *long_part = calloc(1, LK_SEALED_PART_MAX + 1);

	assert_non_null(to);
	assert_non_null(long_part);
	expect_ok(lk_sealed_writer_new(to, w->key, &writer, &w->err), &w->err);
	expect_fail(
	    lk_sealed_write(writer, lk_bytes(long_part, LK_SEALED_PART_MAX + 1), true, &w->err),
	    &w->err, LK_INVALID_ARGUMENT, "SEAL_TOO_LARGE");
	fclose(to);
	free(long_part);
}

static void
a_disk_that_is_full_is_told(void **state)
{
	struct world *w = *state;
	LK_AUTO(lk_sealed_writer_freep) struct lk_sealed_writer *writer = NULL;
	FILE *full = fopen("/dev/full", "wb");

	assert_non_null(full);
	expect_ok(lk_sealed_writer_new(full, w->key, &writer, &w->err), &w->err);
	expect_fail(lk_sealed_write(writer, lk_bytes_of("x"), true, &w->err), &w->err,
	    LK_UNAVAILABLE, "SEALED_FILE_IO");
	fclose(full);
}

LK_TESTS(LK_CASE_WITH(what_was_written_is_read, setup, teardown),
    LK_CASE_WITH(every_changed_byte_is_noticed, setup, teardown),
    LK_CASE_WITH(a_file_that_ends_early_or_late_is_noticed, setup, teardown),
    LK_CASE_WITH(parts_in_another_order_are_noticed, setup, teardown),
    LK_CASE_WITH(another_key_opens_nothing, setup, teardown),
    LK_CASE_WITH(what_somebody_else_wrote_is_refused, setup, teardown),
    LK_CASE_WITH(a_part_has_a_limit, setup, teardown),
    LK_CASE_WITH(a_disk_that_is_full_is_told, setup, teardown))
