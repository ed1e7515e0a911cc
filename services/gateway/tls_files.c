/* See tls_files.h. */
#include "tls_files.h"

#include "crypto/private_file.h"
#include "crypto/tls_pair.h"
#include "time/clock.h"

static lk_status
read_key(const char *path, struct tls_files *files, struct lk_error *err)
{
	size_t len = 0;

	files->key = lk_alloc(LK_PRIVATE_FILE_MAX + 1);
	if (!files->key)
		return lk_fail_oom(err);
	return lk_private_file_read(
	    path, "TLS key", (uint8_t *)files->key, LK_PRIVATE_FILE_MAX, &len, err);
}

/* Anybody may read it; only we or root may have written it. */
static lk_status
read_chain(const char *path, struct tls_files *files, struct lk_error *err)
{
	size_t len = 0;

	files->chain = lk_alloc(LK_PRIVATE_FILE_MAX + 1);
	if (!files->chain)
		return lk_fail_oom(err);
	return lk_mounted_file_read(
	    path, "TLS certificate", (uint8_t *)files->chain, LK_PRIVATE_FILE_MAX, &len, err);
}

lk_status
tls_files_read(
    const char *chain_file, const char *key_file, struct tls_files *out, struct lk_error *err)
{
	if (!key_file)
		return LK_OK;
	LK_TRY(read_key(key_file, out, err));
	LK_TRY(read_chain(chain_file, out, err));
	return lk_tls_pair_check(out->chain, out->key, lk_clock_wall_ms(lk_clock_system()), err);
}

void
tls_files_wipe(struct tls_files *files)
{
	if (files->key)
		lk_wipe(files->key, LK_PRIVATE_FILE_MAX);
	lk_free(files->key);
	lk_free(files->chain);
	*files = (struct tls_files){ .key = NULL };
}
