/* See passphrase.h. */
#include "crypto/passphrase.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "crypto/durable_file.h"
#include "crypto/encode.h"
#include "crypto/private_file.h"

enum {
	SALT_LEN = crypto_pwhash_argon2id_SALTBYTES,
	LINE_SIZE = 128,
	MEMORY_KIB = 256 * 1024,
	MEMORY_MIN_KIB = 19 * 1024, /* OWASP's least, with two passes */
	MEMORY_MAX_KIB = 4 * 1024 * 1024,
	PASSES = 3,
	PASSES_MIN = 2,
	PASSES_MAX = 64,
};

static const char what[] = "passphrase parameters";

struct parameters {
	uint32_t memory_kib, passes;
	uint8_t salt[SALT_LEN];
};

static size_t
parameters_write(const struct parameters *p, char out[LINE_SIZE])
{
	char salt[LK_BASE64URL_LEN(SALT_LEN) + 1];

	salt[lk_base64url_encode(lk_bytes(p->salt, SALT_LEN), salt)] = '\0';
	return (size_t)snprintf(out, LINE_SIZE, "argon2id m=%" PRIu32 " t=%" PRIu32 " salt=%s\n",
	    p->memory_kib, p->passes, salt);
}

/* What was read is what would be written, or it is refused. */
static lk_status
parameters_read(const char *line, size_t len, struct parameters *out, struct lk_error *err)
{
	char salt[LK_BASE64URL_LEN(SALT_LEN) + 2], again[LINE_SIZE];
	struct parameters p = { .passes = 0 };
	size_t salt_len = 0;

	if (sscanf(line, "argon2id m=%" SCNu32 " t=%" SCNu32 " salt=%23s", &p.memory_kib, &p.passes,
		salt) != 3 ||
	    !lk_base64url_decode(lk_bytes_of(salt), p.salt, SALT_LEN, &salt_len) ||
	    salt_len != SALT_LEN || parameters_write(&p, again) != len ||
	    memcmp(line, again, len) != 0 || p.memory_kib < MEMORY_MIN_KIB ||
	    p.memory_kib > MEMORY_MAX_KIB || p.passes < PASSES_MIN || p.passes > PASSES_MAX)
		return lk_fail(err, LK_FAILED_PRECONDITION, "KEK_PARAMETERS_INVALID",
		    "%s are not argon2id with at least %d KiB and %d passes", what, MEMORY_MIN_KIB,
		    PASSES_MIN);
	*out = p;
	return LK_OK;
}

static lk_status
parameters_make(const char *path, struct parameters *out, struct lk_error *err)
{
	char line[LINE_SIZE];

	*out = (struct parameters){ .memory_kib = MEMORY_KIB, .passes = PASSES };
	randombytes_buf(out->salt, SALT_LEN);
	const size_t len = parameters_write(out, line);
	return lk_private_file_create(path, what, lk_bytes(line, len), err);
}

static lk_status
parameters_load(const char *path, struct parameters *out, struct lk_error *err)
{
	char line[LINE_SIZE] = "";
	size_t len;
	const lk_status status =
	    lk_private_file_read(path, what, (uint8_t *)line, sizeof line - 1, &len, err);

	if (status == LK_NOT_FOUND)
		return parameters_make(path, out, err);
	return status == LK_OK ? parameters_read(line, len, out, err) : status;
}

lk_status
lk_passphrase_key(const char *parameters, struct lk_bytes passphrase, struct lk_secret32 *out_key,
    struct lk_error *err)
{
	struct parameters p;

	LK_TRY(lk_crypto_init(err));
	if (passphrase.len < LK_PASSPHRASE_MIN)
		return lk_fail(err, LK_INVALID_ARGUMENT, "KEK_PASSPHRASE_SHORT",
		    "a root key's passphrase has at least %d bytes", LK_PASSPHRASE_MIN);
	LK_TRY(parameters_load(parameters, &p, err));
	if (crypto_pwhash(out_key->bytes, sizeof out_key->bytes, (const char *)passphrase.data,
		passphrase.len, p.salt, p.passes, (size_t)p.memory_kib * 1024,
		crypto_pwhash_ALG_ARGON2ID13) != 0)
		return lk_fail_oom(err);
	return LK_OK;
}

/* ---- Asking ---- */

static size_t
read_line(int fd, uint8_t *out, size_t cap)
{
	size_t len = 0;

	while (len < cap && read(fd, out + len, 1) == 1 && out[len] != '\n')
		len++;
	return len;
}

lk_status
lk_passphrase_ask(uint8_t *out, size_t out_cap, size_t *out_len, struct lk_error *err)
{
	LK_AUTO(lk_fd_closep) const int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	struct termios before, quiet;

	if (fd < 0 || tcgetattr(fd, &before) != 0)
		return lk_fail(err, LK_FAILED_PRECONDITION, "KEK_NO_TERMINAL",
		    "there is no terminal to ask for a root key's passphrase");
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(fd, TCSAFLUSH, &quiet);
	dprintf(fd, "Passphrase of the root key: ");
	*out_len = read_line(fd, out, out_cap);
	dprintf(fd, "\n");
	tcsetattr(fd, TCSAFLUSH, &before);
	return LK_OK;
}
