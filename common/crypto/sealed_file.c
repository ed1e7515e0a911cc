/* The head and the parts of a sealed file; see sealed_file.h. */
#include "crypto/sealed_file.h"

#include <sodium.h>
#include <string.h>

#include "base/alloc.h"
#include "base/base.h"

enum {
	STREAM_KEY_LEN = crypto_secretstream_xchacha20poly1305_KEYBYTES,
	STREAM_HEADER_LEN = crypto_secretstream_xchacha20poly1305_HEADERBYTES,
	STREAM_OVERHEAD = crypto_secretstream_xchacha20poly1305_ABYTES,
	KIND_LEN = 18,
	BOX_LEN = STREAM_KEY_LEN + LK_BOX_OVERHEAD,
	SIGNED_LEN = KIND_LEN + BOX_LEN + STREAM_HEADER_LEN,
	HEAD_LEN = SIGNED_LEN + LK_SIGNATURE_LEN,
	ARENA_SIZE = 4096,
};

static const char kind[KIND_LEN + 1] = "latchkey sealed 1\n";

struct lk_sealed_writer {
	FILE *to;
	crypto_secretstream_xchacha20poly1305_state stream;
	uint8_t sealed[LK_SEALED_PART_MAX + STREAM_OVERHEAD];
};

struct lk_sealed_reader {
	FILE *from;
	crypto_secretstream_xchacha20poly1305_state stream;
	uint8_t sealed[LK_SEALED_PART_MAX + STREAM_OVERHEAD], part[LK_SEALED_PART_MAX];
};

static lk_status
io_fail(struct lk_error *err)
{
	return lk_fail(err, LK_UNAVAILABLE, "SEALED_FILE_IO", "the file cannot be read or written");
}

static lk_status
broken(struct lk_error *err)
{
	return lk_fail(
	    err, LK_DATA_LOSS, "SEALED_FILE_BROKEN", "the file was changed, or is not whole");
}

/* ---- Writing ---- */

static lk_status
head_make(const struct lk_sign_key *key, const struct lk_secret32 *stream_key,
    uint8_t head[HEAD_LEN], struct lk_error *err)
{
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(ARENA_SIZE);
	LK_AUTO(lk_box_pair_wipe) struct lk_box_pair pair = { 0 };
	struct lk_bytes box;

	if (!arena)
		return lk_fail_oom(err);
	lk_sign_key_box(key, &pair);
	LK_TRY(lk_box_seal(
	    pair.public_key, lk_bytes(stream_key->bytes, STREAM_KEY_LEN), arena, &box, err));
	memcpy(head, kind, KIND_LEN);
	memcpy(head + KIND_LEN, box.data, BOX_LEN);
	lk_sign(key, lk_bytes(head, SIGNED_LEN), head + SIGNED_LEN);
	return LK_OK;
}

lk_status
lk_sealed_writer_new(FILE *to, const struct lk_sign_key *key, struct lk_sealed_writer **out_writer,
    struct lk_error *err)
{
	LK_AUTO(lk_sealed_writer_freep)
	struct lk_sealed_writer *writer = LK_ALLOC(struct lk_sealed_writer);
	LK_AUTO(lk_secret32_wipe) struct lk_secret32 stream_key;
	uint8_t head[HEAD_LEN];

	lk_secret32_random(&stream_key);
	if (!writer)
		return lk_fail_oom(err);
	writer->to = to;
	(void)crypto_secretstream_xchacha20poly1305_init_push(
	    &writer->stream, head + KIND_LEN + BOX_LEN, stream_key.bytes);
	LK_TRY(head_make(key, &stream_key, head, err));
	if (fwrite(head, 1, HEAD_LEN, to) != HEAD_LEN)
		return io_fail(err);
	*out_writer = LK_TAKE(writer);
	return LK_OK;
}

lk_status
lk_sealed_write(
    struct lk_sealed_writer *writer, struct lk_bytes part, bool last, struct lk_error *err)
{
	const uint32_t len = (uint32_t)part.len + STREAM_OVERHEAD;
	const uint8_t lead[4] = { (uint8_t)len, (uint8_t)(len >> 8), (uint8_t)(len >> 16),
		(uint8_t)(len >> 24) };

	if (part.len > LK_SEALED_PART_MAX)
		return lk_fail(err, LK_INVALID_ARGUMENT, "SEAL_TOO_LARGE", "the part is too long");
	(void)crypto_secretstream_xchacha20poly1305_push(&writer->stream, writer->sealed, NULL,
	    part.data, part.len, lead, sizeof lead,
	    last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL
		 : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE);
	if (fwrite(lead, 1, sizeof lead, writer->to) != sizeof lead ||
	    fwrite(writer->sealed, 1, len, writer->to) != len)
		return io_fail(err);
	return last && fflush(writer->to) != 0 ? io_fail(err) : LK_OK;
}

void
lk_sealed_writer_free(struct lk_sealed_writer *writer)
{
	if (!writer)
		return;
	lk_wipe(writer, sizeof *writer);
	lk_free(writer);
}

/* ---- Reading ---- */

static lk_status
head_open(const struct lk_sign_key *key, const uint8_t head[HEAD_LEN],
    crypto_secretstream_xchacha20poly1305_state *out_stream, struct lk_error *err)
{
	LK_AUTO(lk_arena_freep) struct lk_arena *arena = lk_arena_new(ARENA_SIZE);
	LK_AUTO(lk_box_pair_wipe) struct lk_box_pair pair = { 0 };
	struct lk_bytes stream_key;

	if (!arena)
		return lk_fail_oom(err);
	if (!lk_sign_verify(lk_sign_key_public(key), lk_bytes(head, SIGNED_LEN),
		lk_bytes(head + SIGNED_LEN, LK_SIGNATURE_LEN)))
		return lk_fail(err, LK_FAILED_PRECONDITION, "SEALED_FILE_KEY",
		    "the file was sealed to another key, or its head was changed");
	lk_sign_key_box(key, &pair);
	LK_TRY(lk_box_open(&pair, lk_bytes(head + KIND_LEN, BOX_LEN), arena, &stream_key, err));
	return crypto_secretstream_xchacha20poly1305_init_pull(
		   out_stream, head + KIND_LEN + BOX_LEN, stream_key.data) == 0
		   ? LK_OK
		   : broken(err);
}

lk_status
lk_sealed_reader_new(FILE *from, const struct lk_sign_key *key,
    struct lk_sealed_reader **out_reader, struct lk_error *err)
{
	LK_AUTO(lk_sealed_reader_freep)
	struct lk_sealed_reader *reader = LK_ALLOC(struct lk_sealed_reader);
	uint8_t head[HEAD_LEN] = { 0 };

	if (!reader)
		return lk_fail_oom(err);
	reader->from = from;
	const size_t len = fread(head, 1, HEAD_LEN, from);
	if (ferror(from))
		return io_fail(err);
	if (len != HEAD_LEN || memcmp(head, kind, KIND_LEN) != 0)
		return lk_fail(err, LK_FAILED_PRECONDITION, "SEALED_FILE_KIND",
		    "this is not a sealed file of ours");
	LK_TRY(head_open(key, head, &reader->stream, err));
	*out_reader = LK_TAKE(reader);
	return LK_OK;
}

static lk_status
read_exactly(struct lk_sealed_reader *reader, uint8_t *out, size_t len, struct lk_error *err)
{
	if (fread(out, 1, len, reader->from) == len)
		return LK_OK;
	return ferror(reader->from) ? io_fail(err) : broken(err);
}

lk_status
lk_sealed_read(struct lk_sealed_reader *reader, struct lk_bytes *out_part, bool *out_last,
    struct lk_error *err)
{
	unsigned long long part_len = 0;
	uint8_t lead[4], tag = 0;

	LK_TRY(read_exactly(reader, lead, sizeof lead, err));
	const uint32_t len = (uint32_t)lead[0] | (uint32_t)lead[1] << 8 | (uint32_t)lead[2] << 16 |
			     (uint32_t)lead[3] << 24;
	if (len < STREAM_OVERHEAD || len > sizeof reader->sealed)
		return broken(err);
	LK_TRY(read_exactly(reader, reader->sealed, len, err));
	if (crypto_secretstream_xchacha20poly1305_pull(&reader->stream, reader->part, &part_len,
		&tag, reader->sealed, len, lead, sizeof lead) != 0)
		return broken(err);
	*out_last = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
	if (*out_last && getc(reader->from) != EOF)
		return broken(err);
	*out_part = lk_bytes(reader->part, (size_t)part_len);
	return LK_OK;
}

void
lk_sealed_reader_free(struct lk_sealed_reader *reader)
{
	if (!reader)
		return;
	lk_wipe(reader, sizeof *reader);
	lk_free(reader);
}
