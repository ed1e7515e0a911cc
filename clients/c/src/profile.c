/* Profiles: one file each, `name=value` lines, readable by their owner alone. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/private_file.h"
#include "crypto/secret.h"
#include "settings.h"

#define PROFILE_ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@-"

/* The lines of a file, in the order they are written. */
static const struct line {
	const char *name;
	size_t offset;
} lines[] = {
	{ "secret", offsetof(latchkey_profile, secret) },
	{ "session", offsetof(latchkey_profile, session_id) },
	{ "user", offsetof(latchkey_profile, user) },
	{ "url", offsetof(latchkey_profile, url) },
	{ "instance", offsetof(latchkey_profile, instance) },
};

bool
profile_name_ok(const char *name)
{
	const size_t len = strlen(name);

	return len > 0 && len < PROFILE_NAME_SIZE && strspn(name, PROFILE_ALPHABET) == len &&
	       !strchr("._@-", name[0]);
}

lk_status
config_dir(char **out_path, struct lk_error *err)
{
	static const struct {
		const char *variable, *below;
	} places[] = { { "XDG_CONFIG_HOME", "/latchkey" }, { "HOME", "/.config/latchkey" } };

	for (size_t i = 0; i < LK_ARRAY_LEN(places); i++) {
		const char *value = secure_getenv(places[i].variable);
		if (!value || value[0] != '/')
			continue;
		if (asprintf(out_path, "%s%s", value, places[i].below) < 0)
			return lk_fail_oom(err);
		return LK_OK;
	}
	return lk_fail(err, LK_FAILED_PRECONDITION, "CONFIG_DIR_UNKNOWN",
	    "no place for profiles: set HOME or XDG_CONFIG_HOME to an absolute path");
}

static lk_status
profile_path(const char *name, char **out_path, struct lk_error *err)
{
	LK_AUTO(lk_freep) char *dir = NULL;

	if (!profile_name_ok(name))
		return lk_fail_field(err, "profile", "PROFILE_INVALID",
		    "a profile's name is 1-64 letters, digits or . _ @ -, and begins with a letter "
		    "or digit");
	LK_TRY(config_dir(&dir, err));
	if (asprintf(out_path, "%s/profiles/%s", dir, name) < 0)
		return lk_fail_oom(err);
	return LK_OK;
}

/* Every folder on the way, ours with mode 0700. */
static lk_status
folders_make(const char *path, struct lk_error *err)
{
	LK_AUTO(lk_freep) char *copy = lk_text_dup(path);

	if (!copy)
		return lk_fail_oom(err);
	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0700) != 0 && errno != EEXIST)
			return lk_fail(err, LK_UNAVAILABLE, "SECRET_FILE_WRITE",
			    "the folder of profiles could not be made: %s", strerror(errno));
		*slash = '/';
	}
	return LK_OK;
}

latchkey_status
latchkey_profile_prepare(const char *name, latchkey_error *out_error)
{
	struct lk_error *err = error_inside(out_error);
	LK_AUTO(lk_freep) char *path = NULL;

	PUBLIC_TRY(profile_path(name, &path, err));
	PUBLIC_TRY(folders_make(path, err));
	*strrchr(path, '/') = '\0';
	if (access(path, W_OK) != 0)
		return (latchkey_status)lk_fail(err, LK_UNAVAILABLE, "SECRET_FILE_WRITE",
		    "the folder of profiles cannot be written to: %s", strerror(errno));
	return LATCHKEY_OK;
}

static lk_status
profile_line(
    const latchkey_profile *profile, const struct line *line, FILE *out, struct lk_error *err)
{
	const char *value = *(const char *const *)((const char *)profile + line->offset);

	if (!value || !*value)
		return LK_OK;
	if (!lk_text_printable(lk_bytes_of(value)))
		return lk_fail_field(
		    err, line->name, "PROFILE_INVALID", "a profile holds printable texts");
	fprintf(out, "%s=%s\n", line->name, value);
	return LK_OK;
}

latchkey_status
latchkey_profile_save(const char *name, const latchkey_profile *profile, latchkey_error *out_error)
{
	struct lk_error *err = error_inside(out_error);
	LK_AUTO(lk_freep) char *path = NULL;
	char text[sizeof((struct profile *)0)->bytes] = "";
	LK_AUTO(lk_wipe_view) struct lk_wiped wiped = { text, sizeof text };

	PUBLIC_TRY(profile_path(name, &path, err));
	FILE *out = fmemopen(text, sizeof text, "w");
	if (!out)
		return (latchkey_status)lk_fail_oom(err);
	setvbuf(out, NULL, _IONBF, 0); /* no second copy of the secret */
	lk_status status = LK_OK;
	for (size_t i = 0; i < LK_ARRAY_LEN(lines) && status == LK_OK; i++)
		status = profile_line(profile, &lines[i], out, err);
	const bool full = ferror(out) != 0;
	fclose(out);
	PUBLIC_TRY(status);
	if (full)
		return (latchkey_status)lk_fail_field(
		    err, "profile", "PROFILE_INVALID", "the profile is too long");
	PUBLIC_TRY(folders_make(path, err));
	return (latchkey_status)lk_private_file_replace(path, "profile", lk_bytes_of(text), err);
}

latchkey_status
latchkey_profile_delete(const char *name, latchkey_error *out_error)
{
	struct lk_error *err = error_inside(out_error);
	LK_AUTO(lk_freep) char *path = NULL;

	PUBLIC_TRY(profile_path(name, &path, err));
	if (unlink(path) == 0)
		return LATCHKEY_OK;
	if (errno == ENOENT)
		return (latchkey_status)lk_fail(
		    err, LK_NOT_FOUND, "PROFILE_MISSING", "there is no profile %s", name);
	return (latchkey_status)lk_fail(err, LK_UNAVAILABLE, "SECRET_FILE_WRITE",
	    "the profile could not be removed: %s", strerror(errno));
}

/* One line into its member; false for a line that is none of ours. */
static bool
line_read(char *line, latchkey_profile *out)
{
	char *value = strchr(line, '=');

	if (!value)
		return false;
	*value++ = '\0';
	for (size_t i = 0; i < LK_ARRAY_LEN(lines); i++) {
		if (strcmp(line, lines[i].name) == 0) {
			*(const char **)((char *)out + lines[i].offset) = value;
			return true;
		}
	}
	return false;
}

lk_status
profile_load(const char *name, struct profile *out, struct lk_error *err)
{
	LK_AUTO(lk_freep) char *path = NULL;
	char *rest = out->bytes, *line;
	size_t len;

	LK_TRY(profile_path(name, &path, err));
	memset(out, 0, sizeof *out);
	const lk_status status = lk_private_file_read(
	    path, "profile", (uint8_t *)out->bytes, sizeof out->bytes - 1, &len, err);
	if (status == LK_NOT_FOUND)
		return lk_fail(err, LK_NOT_FOUND, "PROFILE_MISSING",
		    "there is no profile %s: sign in with `latchkey --profile %s login`", name,
		    name);
	LK_TRY(status);
	if (!lk_utf8_ok(lk_bytes(out->bytes, len)))
		return lk_fail(err, LK_FAILED_PRECONDITION, "PROFILE_BROKEN",
		    "the file of profile %s is not one", name);
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (*line && !line_read(line, &out->values))
			return lk_fail(err, LK_FAILED_PRECONDITION, "PROFILE_BROKEN",
			    "the file of profile %s is not one", name);
	}
	return LK_OK;
}
