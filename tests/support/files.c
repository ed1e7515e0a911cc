/* Files of tests: directories that go away with the program, and the data that lives below tests/.
 */
#include "test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATHS_MAX = 4096 };

static char *directories[PATHS_MAX]; /* to remove, made by the process `owner` */
static char *paths[PATHS_MAX];       /* to free */
static size_t directory_count, path_count;
static pid_t owner;

static int
remove_entry(const char *path, const struct stat *info, int type, struct FTW *where)
{
	(void)info;
	(void)where;
	if (type == FTW_DNR)
		return 0;
	remove(path); /* what stays behind must not fail a test that passed */
	return 0;
}

static void
clean_up(void)
{
	if (getpid() != owner)
		return;
	for (size_t i = 0; i < directory_count; i++) {
		nftw(directories[i], remove_entry, 16, FTW_DEPTH | FTW_PHYS);
		free(directories[i]);
	}
	for (size_t i = 0; i < path_count; i++)
		free(paths[i]);
	directory_count = path_count = 0;
}

static void
clean_up_at_exit(void)
{
	if (owner)
		return;
	owner = getpid();
	atexit(clean_up);
}

static const char *
keep(char *path, char **list, size_t *count)
{
	if (!path || *count == PATHS_MAX)
		fail_msg("too many paths");
	clean_up_at_exit();
	list[(*count)++] = path;
	return path;
}

static char *
join(const char *a, const char *b)
{
	char *out = NULL;

	return asprintf(&out, "%s/%s", a, b) < 0 ? NULL : out;
}

const char *
lk_test_tmpdir(void)
{
	const char *base = getenv("TMPDIR");
	char *path = join(base && strlen(base) < 40 ? base : "/tmp", "lk-XXXXXX");

	if (!path || !mkdtemp(path))
		fail_msg("cannot make a temporary directory");
	return keep(path, directories, &directory_count);
}

const char *
lk_test_path(const char *dir, const char *name)
{
	return keep(join(dir, name), paths, &path_count);
}

const char *
lk_test_data(const char *below_tests)
{
	return lk_test_path(LK_TESTS_DIR, below_tests);
}

char *
lk_test_read_file(const char *path, size_t *out_len)
{
	FILE *file = fopen(path, "rb");
	char *data = NULL;
	size_t len = 0;
	size_t cap = 0;

	if (!file)
		fail_msg("cannot open %s", path);
	do {
		cap = cap ? cap * 2 : 4096;
		data = realloc(data, cap + 1);
		if (!data)
			fail_msg("no memory for %s", path);
		len += fread(data + len, 1, cap - len, file);
	} while (len == cap);
	fclose(file);
	data[len] = '\0';
	if (out_len)
		*out_len = len;
	return data;
}

void
lk_test_write_file(const char *path, const void *data, size_t len)
{
	FILE *file = fopen(path, "wb");

	if (!file)
		fail_msg("cannot make %s", path);
	const size_t written = fwrite(data, 1, len, file);
	if (fclose(file) != 0 || written != len)
		fail_msg("cannot write %s", path);
}
