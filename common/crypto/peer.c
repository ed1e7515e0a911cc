/* The public key lines of peers/: "ed25519 <base64url> <role> <name>". */
#include "crypto/sign.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/durable_file.h"
#include "crypto/encode.h"

enum { KEY_CHARS = LK_BASE64URL_LEN(LK_SIGN_PUBLIC_LEN) };

static const char algorithm[] = "ed25519 ";

static bool
is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
role_ok(const char *role, size_t len)
{
	if (len == 0 || len >= LK_PEER_ROLE_SIZE || !is_lower(role[0]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_lower(role[i]) && !is_digit(role[i]) && role[i] != '-')
			return false;
	return true;
}

static bool
name_ok(const char *name, size_t len)
{
	if (len == 0 || len >= LK_PEER_NAME_SIZE)
		return false;
	for (size_t i = 0; i < len; i++) {
		const char c = name[i];
		const bool letter = is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z');
		const bool mark = c == '.' || c == '_' || c == '@' || c == '-';
		if (!letter && !(mark && i > 0))
			return false;
	}
	return true;
}

static lk_status
peer_invalid(struct lk_error *err)
{
	return lk_fail(err, LK_INVALID_ARGUMENT, "PEER_KEY_INVALID",
	    "a peer key is one line: ed25519, 43 characters of base64url, role, name");
}

lk_status
lk_peer_line_format(
    const struct lk_peer_key *peer, char out_line[LK_PEER_LINE_SIZE], struct lk_error *err)
{
	char key[KEY_CHARS + 1];

	if (!role_ok(peer->role, strnlen(peer->role, LK_PEER_ROLE_SIZE)) ||
	    !name_ok(peer->name, strnlen(peer->name, LK_PEER_NAME_SIZE)))
		return peer_invalid(err);
	lk_base64url_encode(lk_bytes(peer->public_key, LK_SIGN_PUBLIC_LEN), key);
	snprintf(out_line, LK_PEER_LINE_SIZE, "%s%s %s %s", algorithm, key, peer->role, peer->name);
	return LK_OK;
}

/* "role name" into its two fields. */
static bool
parse_role_and_name(const char *text, size_t len, struct lk_peer_key *out)
{
	const char *space = memchr(text, ' ', len);

	if (!space)
		return false;
	const size_t role_len = (size_t)(space - text), name_len = len - role_len - 1;
	if (!role_ok(text, role_len) || !name_ok(space + 1, name_len))
		return false;
	memcpy(out->role, text, role_len);
	memcpy(out->name, space + 1, name_len);
	return true;
}

lk_status
lk_peer_line_parse(struct lk_bytes line, struct lk_peer_key *out_peer, struct lk_error *err)
{
	const size_t head = sizeof algorithm - 1;
	const char *text = (const char *)line.data;
	struct lk_peer_key peer = { 0 };
	size_t len = line.len, key_len = 0;

	if (len > 0 && text[len - 1] == '\n')
		len--;
	if (len < head + KEY_CHARS + 1 || len >= LK_PEER_LINE_SIZE ||
	    memcmp(text, algorithm, head) != 0 || text[head + KEY_CHARS] != ' ')
		return peer_invalid(err);
	if (!lk_base64url_decode(
		lk_bytes(text + head, KEY_CHARS), peer.public_key, LK_SIGN_PUBLIC_LEN, &key_len))
		return peer_invalid(err);
	const size_t rest = head + KEY_CHARS + 1;
	if (!parse_role_and_name(text + rest, len - rest, &peer))
		return peer_invalid(err);
	*out_peer = peer;
	return LK_OK;
}

static lk_status
unsafe(struct lk_error *err, const char *why)
{
	return lk_fail(err, LK_FAILED_PRECONDITION, "PEER_FILE_UNSAFE", "peer key file %s", why);
}

/* Whoever may write this file decides who is an operator. */
static lk_status
peer_file_check(int fd, struct lk_error *err)
{
	struct stat info;

	if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode))
		return unsafe(err, "is not a regular file");
	if (info.st_uid != geteuid() && info.st_uid != 0)
		return unsafe(err, "belongs to another user");
	if (info.st_mode & 022)
		return unsafe(err, "may be written by group or others (chmod 644)");
	return LK_OK;
}

lk_status
lk_peer_file_load(const char *path, struct lk_peer_key *out_peer, struct lk_error *err)
{
	uint8_t line[LK_PEER_LINE_SIZE + 1];
	LK_AUTO(lk_fd_closep)
	const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return lk_fail(
		    err, LK_NOT_FOUND, "PEER_FILE_MISSING", "peer key file is not there");
	if (fd < 0)
		return unsafe(err, "cannot be opened, or is a symbolic link");
	LK_TRY(peer_file_check(fd, err));
	const ssize_t len = lk_file_read_all(fd, line, sizeof line);
	if (len < 0)
		return unsafe(err, "cannot be read");
	return lk_peer_line_parse(lk_bytes(line, (size_t)len), out_peer, err);
}

lk_status
lk_peer_file_create(const char *path, const struct lk_peer_key *peer, struct lk_error *err)
{
	char line[LK_PEER_LINE_SIZE];

	LK_TRY(lk_peer_line_format(peer, line, err));
	const size_t len = strlen(line);
	line[len] = '\n'; /* LK_PEER_LINE_SIZE counts it */
	const int failed = lk_durable_file_write(path, 0644, lk_bytes(line, len + 1), false);
	if (failed == EEXIST)
		return lk_fail(
		    err, LK_ALREADY_EXISTS, "PEER_FILE_EXISTS", "peer key file exists already");
	if (failed)
		return lk_fail(
		    err, LK_UNAVAILABLE, "PEER_FILE_WRITE", "peer key file cannot be written");
	return LK_OK;
}
