/*
 * A file that only the holder of one Ed25519 key reads, and that nobody else wrote: parts in their
 * order, of which none can be changed, dropped, repeated or cut off.
 *
 * "latchkey sealed 1\n" · the file's key, sealed to the holder (lk_box_seal, 80 bytes) · header of
 * the stream (24) · signature over all of that (64), then each part as its length (4 bytes, least
 * significant first) and its ciphertext (libsodium's secretstream: XChaCha20-Poly1305); the last
 * part says that it is the last.
 */
#ifndef LK_CRYPTO_SEALED_FILE_H
#define LK_CRYPTO_SEALED_FILE_H

#include <stdio.h>

#include "crypto/sign.h"

enum { LK_SEALED_PART_MAX = 64 * 1024 };

struct lk_sealed_writer;
struct lk_sealed_reader;

/* Files and keys are borrowed for life. One thread. UNAVAILABLE SEALED_FILE_IO (a full disk, say),
 * RESOURCE_EXHAUSTED OUT_OF_MEMORY. */
lk_status lk_sealed_writer_new(FILE *to, const struct lk_sign_key *key,
    struct lk_sealed_writer **out_writer, struct lk_error *err);
/* At most LK_SEALED_PART_MAX bytes; after the last nothing may follow. Not synced. */
lk_status lk_sealed_write(
    struct lk_sealed_writer *writer, struct lk_bytes part, bool last, struct lk_error *err);
void lk_sealed_writer_free(struct lk_sealed_writer *writer);
LK_DEFINE_FREEP(lk_sealed_writer_freep, struct lk_sealed_writer *, lk_sealed_writer_free)

/* Besides: FAILED_PRECONDITION SEALED_FILE_KIND (no such file), SEALED_FILE_KEY (of another key, or
 * its head was changed). */
lk_status lk_sealed_reader_new(FILE *from, const struct lk_sign_key *key,
    struct lk_sealed_reader **out_reader, struct lk_error *err);
/* The part is borrowed until the next call. DATA_LOSS SEALED_FILE_BROKEN when anything of it was
 * changed, when the file ends before its last part, or goes on behind it. */
lk_status lk_sealed_read(struct lk_sealed_reader *reader, struct lk_bytes *out_part, bool *out_last,
    struct lk_error *err);
void lk_sealed_reader_free(struct lk_sealed_reader *reader);
LK_DEFINE_FREEP(lk_sealed_reader_freep, struct lk_sealed_reader *, lk_sealed_reader_free)

#endif
