/* Finding the files of the pepper; see peppers.h. */
#include "peppers.h"

#include <stdio.h>

#include "crypto/private_file.h"
#include "log/log.h"

enum { PATH_SIZE = 4096 + 16, VERSION_MAX = 999 };

static void
path_of(const char *file, uint32_t version, char out[PATH_SIZE])
{
	if (version == 1)
		snprintf(out, PATH_SIZE, "%s", file);
	else
		snprintf(out, PATH_SIZE, "%s.%u", file, version);
}

/* *out NULL: there is no such file. */
static lk_status
open_version(const char *file, uint32_t version, const char *instance, struct lk_pepper **out,
    struct lk_error *err)
{
	LK_AUTO(lk_secret32_wipe) struct lk_secret32 secret = { 0 };
	char path[PATH_SIZE];
	struct lk_error why = { 0 };

	*out = NULL;
	path_of(file, version, path);
	const lk_status status = lk_secret_file_load32(path, "pepper", &secret, &why);
	if (status == LK_NOT_FOUND)
		return LK_OK;
	if (status != LK_OK) {
		if (err)
			*err = why;
		return status;
	}
	return lk_pepper_new(version, &secret, instance, out, err);
}

static lk_status
add(struct peppers *peppers, struct lk_pepper *pepper, struct lk_error *err)
{
	if (peppers->newest && peppers->old_count == PEPPERS_MAX - 1) {
		lk_pepper_free(pepper);
		return lk_fail(err, LK_FAILED_PRECONDITION, "PEPPER_TOO_MANY",
		    "there are too many versions of the pepper: retire old ones");
	}
	if (peppers->newest)
		peppers->old[peppers->old_count++] = peppers->newest;
	peppers->newest = pepper;
	return LK_OK;
}

/* Versions in between may have been retired. */
lk_status
peppers_open(
    const char *file, const char *instance, struct peppers *out_peppers, struct lk_error *err)
{
	struct lk_pepper *pepper;

	for (uint32_t version = 1; version <= VERSION_MAX; version++) {
		LK_TRY(open_version(file, version, instance, &pepper, err));
		if (pepper)
			LK_TRY(add(out_peppers, pepper, err));
	}
	if (!out_peppers->newest)
		return lk_fail(err, LK_FAILED_PRECONDITION, "SECRET_FILE_MISSING",
		    "the file of the pepper is missing");
	return LK_OK;
}

void
peppers_close(struct peppers *peppers)
{
	lk_pepper_free(peppers->newest);
	for (size_t i = 0; i < peppers->old_count; i++)
		lk_pepper_free((struct lk_pepper *)(uintptr_t)peppers->old[i]);
}

void
peppers_in(const struct keys *keys, struct pepper_uses *out_uses)
{
	const struct keys_setup *setup = &keys->setup;

	*out_uses = (struct pepper_uses){ .count = 0 };
	(void)pepper_use_of(out_uses, lk_pepper_version(setup->pepper));
	for (size_t i = 0; i < setup->old_peppers_count; i++)
		(void)pepper_use_of(out_uses, lk_pepper_version(setup->old_peppers[i]));
}

struct check {
	struct keys *keys;
	struct pepper_uses uses;
};

static lk_status
check_in(struct lk_tx *tx, void *arg, struct lk_error *err)
{
	struct check *check = arg;

	peppers_in(check->keys, &check->uses);
	return pepper_uses_load(tx, lk_clock_wall_ms(check->keys->setup.clock), &check->uses, err);
}

static void
tell_missing(const struct pepper_use *use)
{
	lk_log(LK_LOG_ERROR, "pepper.missing", LK_LOG_INT("version", use->version),
	    LK_LOG_INT("keys", use->keys), LK_LOG_INT("rows", use->rows));
}

lk_status
peppers_check(struct keys *keys, struct lk_error *err)
{
	struct check check = { .keys = keys };
	struct pepper_use lost = { 0 };
	uint64_t there = 0;

	LK_TRY(lk_store_read(keys->setup.store, LK_NO_DEADLINE, check_in, &check, err));
	for (size_t i = 0; i < check.uses.count; i++) {
		const struct pepper_use *use = &check.uses.items[i];
		const bool is_there = keys_pepper(keys, use->version) != NULL;
		there += is_there ? use->keys + use->rows : 0;
		if (!is_there && use->keys + use->rows > 0)
			tell_missing(use);
		if (!is_there && use->keys + use->rows > lost.keys + lost.rows)
			lost = *use;
	}
	if (lost.keys + lost.rows > there)
		return lk_fail(err, LK_FAILED_PRECONDITION, "PEPPER_MISSING",
		    "%llu keys and %llu rows, most of what there is, are under version %u of the "
		    "pepper, whose file is missing",
		    (unsigned long long)lost.keys, (unsigned long long)lost.rows, lost.version);
	return LK_OK;
}
