/* The MAC of a row with all that belongs to it; see row_seal.h. */
#include "row_seal.h"

#include <stdio.h>
#include <string.h>

#include "damage.h"
#include "row_seal_store.h"

enum { MAC_LABEL_SIZE = 64, PARTS_MAX = 1 + ROW_TEXTS_MAX + 2, PART_ITSELF = 1 };
enum { PART_OWN_ROLE = 3, PART_MEMBERSHIP = 4 }; /* of a user */

/* One row and what belongs to it, as far as it was read. */
struct sealed_row {
	char id[LK_ID_SIZE], tenant[LK_ID_SIZE];
	uint8_t sum[LK_DIGEST_LEN]; /* of all its columns, and of what belongs to it */
	bool has_mac;
	struct row_seal_value seal;
};

static lk_status
keys_of(const struct lk_tx *tx, struct keys **out_keys, struct lk_error *err)
{
	*out_keys = lk_tx_lent(tx);
	return *out_keys ? LK_OK
			 : lk_fail(err, LK_INTERNAL, "INTERNAL", "the store was lent no keys");
}

/* ---- Reading ---- */

/* Each part stands behind its length, and each row behind all before it: no two lists of rows have
 * one sum. */
static void
add(const struct row_shape *shape, struct lk_rows *rows, uint8_t sum[LK_DIGEST_LEN])
{
	const int first_number = 1 + shape->texts, digest = first_number + shape->numbers;
	int64_t numbers[1 + ROW_NUMBERS_MAX] = { lk_col_int(rows, 0) };
	struct lk_bytes parts[PARTS_MAX] = { lk_bytes(sum, LK_DIGEST_LEN) };
	size_t count = 1;

	for (int i = 0; i < shape->numbers; i++)
		numbers[1 + i] = lk_col_int(rows, first_number + i);
	parts[count++] = lk_bytes(numbers, sizeof numbers);
	for (int i = 0; i < shape->texts; i++)
		parts[count++] = lk_bytes_of(lk_col_text(rows, 1 + i));
	if (shape->has_digest)
		parts[count++] = lk_col_blob(rows, digest);
	lk_hash256_parts("latchkey/row/v1", parts, count, sum);
}

/* A text that is no id of ours leaves the row without one: its MAC is wrong anyway. So is one of
 * another length. */
static void
begin(const struct row_shape *shape, struct lk_rows *rows, struct sealed_row *row)
{
	const int pepper = 1 + shape->texts + shape->numbers + shape->has_digest;

	*row = (struct sealed_row){ .seal = { .pepper_version = (uint32_t)lk_col_int(rows, pepper),
					.version = (uint64_t)lk_col_int(rows, pepper + 1) } };
	lk_text_copy(row->id, sizeof row->id, lk_col_text(rows, 1));
	if (shape->tenant_at)
		lk_text_copy(row->tenant, sizeof row->tenant, lk_col_text(rows, shape->tenant_at));
	const struct lk_bytes mac = lk_col_blob(rows, pepper + 2);
	row->has_mac = mac.len == LK_DIGEST_LEN;
	if (row->has_mac)
		memcpy(row->seal.mac, mac.data, LK_DIGEST_LEN);
}

static void
mac_of(const struct lk_pepper *pepper, const struct row_shape *shape, const struct sealed_row *row,
    uint64_t version, uint8_t out[LK_DIGEST_LEN])
{
	const struct lk_bytes parts[] = { lk_bytes_of(row->id), lk_bytes(&version, sizeof version),
		lk_bytes(row->sum, sizeof row->sum) };
	char label[MAC_LABEL_SIZE];

	snprintf(label, sizeof label, "latchkey/row/v1/%s", shape->name);
	lk_pepper_mac(pepper, label, parts, LK_ARRAY_LEN(parts), out);
}

static bool
is_intact(const struct keys *keys, const struct row_shape *shape, const struct sealed_row *row)
{
	const struct lk_pepper *pepper = keys_pepper(keys, row->seal.pepper_version);
	uint8_t mac[LK_DIGEST_LEN];

	if (!pepper || !row->has_mac)
		return false;
	mac_of(pepper, shape, row, row->seal.version, mac);
	return lk_secret_equal(mac, row->seal.mac, sizeof mac);
}

/* What a query answered: of how many rows, the last, and the first that was damaged. */
struct reading {
	size_t count;
	struct sealed_row last, bad;
	bool damaged;
	unsigned parts; /* a bit for each that came */
};

static void
finish(const struct keys *keys, const struct row_shape *shape, struct reading *reading)
{
	if (reading->count == 0 || reading->damaged || is_intact(keys, shape, &reading->last))
		return;
	reading->damaged = true;
	reading->bad = reading->last;
}

static lk_status
read_rows(struct lk_tx *tx, enum row_kind kind, const char *sql, const char *id,
    struct reading *out, struct lk_error *err)
{
	LK_AUTO(lk_rows_end) struct lk_rows rows = { 0 };
	const struct row_shape *shape = row_shape(kind);
	struct reading reading = { 0 };
	struct keys *keys;
	bool has;

	LK_TRY(keys_of(tx, &keys, err));
	LK_TRY(lk_tx_query_first(tx, sql, LK_ARGS(lk_text(id)), &rows, &has, err));
	while (has) {
		const int64_t part = lk_col_int(&rows, 0);
		reading.parts |= 1u << part;
		if (part == PART_ITSELF) {
			finish(keys, shape, &reading);
			begin(shape, &rows, &reading.last);
			reading.count++;
		}
		add(shape, &rows, reading.last.sum);
		LK_TRY(lk_rows_next(&rows, &has, err));
	}
	finish(keys, shape, &reading);
	*out = reading;
	return LK_OK;
}

/* ---- Checks ---- */

static lk_status
judge(struct lk_tx *tx, enum row_kind kind, const struct reading *reading, struct lk_error *err)
{
	const struct sealed_row *bad = &reading->bad;

	if (!reading->damaged)
		return LK_OK;
	damage_note(lk_tx_lent(tx), &(struct damaged){ .kind = row_shape(kind)->name,
					.id = bad->id,
					.tenant = bad->tenant,
					.owner = kind == ROW_USER ? bad->id : "" });
	return lk_fail(err, LK_DATA_LOSS, "ROW_DAMAGED",
	    "the record of %s was changed from outside and is not used", bad->id);
}

static lk_status
check_all(
    struct lk_tx *tx, enum row_kind kind, const char *sql, const char *user, struct lk_error *err)
{
	struct reading reading;

	LK_TRY(read_rows(tx, kind, sql, user, &reading, err));
	return judge(tx, kind, &reading, err);
}

lk_status
row_check(struct lk_tx *tx, enum row_kind kind, const char *id, struct lk_error *err)
{
	struct reading reading;

	LK_TRY(read_rows(tx, kind, row_shape(kind)->query, id, &reading, err));
	LK_TRY(judge(tx, kind, &reading, err));
	if (kind == ROW_USER && (reading.parts & 1u << PART_OWN_ROLE))
		LK_TRY(check_all(tx, ROW_ROLE, Q_SEALED_ROLES_OF_USER, id, err));
	if (kind == ROW_USER && (reading.parts & 1u << PART_MEMBERSHIP))
		LK_TRY(check_all(tx, ROW_WORKGROUP, Q_SEALED_WORKGROUPS_OF_USER, id, err));
	return LK_OK;
}

lk_status
row_or_none(lk_status status, const struct lk_error *why, bool *out_found, struct lk_error *err)
{
	if (status == LK_DATA_LOSS && lk_text_is(why->reason, "ROW_DAMAGED")) {
		*out_found = false;
		return LK_OK;
	}
	if (status != LK_OK && err)
		*err = *why;
	return status;
}

lk_status
row_look(struct lk_tx *tx, enum row_kind kind, const char *id, struct row_look *out_look,
    struct lk_error *err)
{
	struct reading reading;

	LK_TRY(read_rows(tx, kind, row_shape(kind)->query, id, &reading, err));
	*out_look = (struct row_look){ reading.count > 0, !reading.damaged, "" };
	memcpy(out_look->tenant, reading.last.tenant, sizeof out_look->tenant);
	return LK_OK;
}

/* ---- Sealing ---- */

static lk_status
seal_reading(
    struct lk_tx *tx, enum row_kind kind, const struct reading *reading, struct lk_error *err)
{
	struct row_seal_value value = { .version = reading->last.seal.version + 1 };
	struct keys *keys;

	LK_TRY(keys_of(tx, &keys, err));
	value.pepper_version = lk_pepper_version(keys->setup.pepper);
	mac_of(keys->setup.pepper, row_shape(kind), &reading->last, value.version, value.mac);
	return row_seal_save(tx, kind, reading->last.id, &value, err);
}

lk_status
row_reseal(struct lk_tx *tx, enum row_kind kind, const char *id, bool believe, bool *out_sealed,
    struct lk_error *err)
{
	struct reading reading;

	LK_TRY(read_rows(tx, kind, row_shape(kind)->query, id, &reading, err));
	*out_sealed = reading.count == 1 && (believe || !reading.damaged);
	return *out_sealed ? seal_reading(tx, kind, &reading, err) : LK_OK;
}

lk_status
row_seal(struct lk_tx *tx, enum row_kind kind, const char *id, struct lk_error *err)
{
	bool sealed;

	return row_reseal(tx, kind, id, true, &sealed, err);
}

lk_status
row_change_begin(struct lk_tx *tx, enum row_kind kind, const char *id,
    struct row_change *out_change, struct lk_error *err)
{
	struct reading reading;

	LK_TRY(read_rows(tx, kind, row_shape(kind)->query, id, &reading, err));
	*out_change = (struct row_change){ kind, id, !reading.damaged };
	return LK_OK;
}

lk_status
row_change_end(struct lk_tx *tx, const struct row_change *change, struct lk_error *err)
{
	return change->seal ? row_seal(tx, change->kind, change->id, err) : LK_OK;
}

lk_status
row_write(struct lk_tx *tx, enum row_kind kind, const char *id, const char *sql,
    struct lk_args args, struct lk_error *err)
{
	struct row_change change;

	LK_TRY(row_change_begin(tx, kind, id, &change, err));
	LK_TRY(lk_tx_exec(tx, sql, args, NULL, err));
	return row_change_end(tx, &change, err);
}
