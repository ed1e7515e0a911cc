/* A key that a PKCS#11 token sealed once stays readable: a fixed blob, made by crypto_vectors.py,
 * opens by a token into which the same AES key was written. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/kek_source.h"
#include "crypto_vectors.h"
#include "test.h"

#define ULID "01jd6x3v8q9r0s1t2v3w4x5y6z"
#define PIN "271828"

static const char *const modules[] = { "/usr/lib/softhsm/libsofthsm2.so",
	"/usr/lib64/softhsm/libsofthsm2.so" };

static const char *
module_path(void)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(modules); i++) {
		if (access(modules[i], R_OK) == 0)
			return modules[i];
	}
	return NULL;
}

static bool
runs(const char *const *words)
{
	int status = 0;
	const pid_t child = fork();

	if (child == 0) {
		const int nowhere = open("/dev/null", O_WRONLY);
		dup2(nowhere, STDOUT_FILENO);
		dup2(nowhere, STDERR_FILENO);
		execvp(words[0], (char **)(uintptr_t)words);
		_exit(127);
	}
	return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* A token with the key in it, which cannot leave; the source of a root key. */
static void
make_token(const char *module, char out_source[1024])
{
	const char *dir = lk_test_tmpdir(), *conf = lk_test_path(dir, "softhsm2.conf");
	const char *store = lk_test_path(dir, "tokens"), *key = lk_test_path(dir, "key");
	const char *pin = lk_test_path(dir, "pin");
	const char *const init[] = { "softhsm2-util", "--init-token", "--free", "--label", "vault",
		"--so-pin", "314159", "--pin", PIN, NULL };
	const char *const put[] = { "pkcs11-tool", "--module", module, "--token-label", "vault",
		"--login", "--pin", PIN, "--write-object", key, "--type", "secrkey", "--key-type",
		"AES:32", "--label", "kek", "--sensitive", NULL };
	char text[1024];

	snprintf(
	    text, sizeof text, "directories.tokendir = %s\nobjectstore.backend = file\n", store);
	lk_test_write_file(conf, text, strlen(text));
	lk_test_write_file(key, vector_token_key, sizeof vector_token_key);
	lk_test_write_file(pin, PIN "\n", strlen(PIN "\n"));
	assert_int_equal(chmod(pin, 0600), 0);
	assert_int_equal(mkdir(store, 0700), 0);
	assert_int_equal(setenv("SOFTHSM2_CONF", conf, 1), 0);
	if (!runs(init) || !runs(put))
		lk_test_skip("softhsm2-util or pkcs11-tool is not installed");
	snprintf(out_source, 1024,
	    "token-1=pkcs11:token=vault;object=kek;type=secret-key?module-path=%s&pin-source=file:%"
	    "s",
	    module, pin);
}

static void
a_key_that_a_token_wrapped_in_the_first_format_opens(void **state)
{
	const struct lk_wrap_context context = { "tenant-key", "tnt_" ULID };
	const struct lk_wrap_context other = { "tenant-key", "tnt_01jd6x3v8q9r0s1t2v3w4x5y6y" };
	LK_AUTO(lk_keyring_freep) struct lk_keyring *ring = NULL;
	uint8_t blob[sizeof vector_token_wrapped_key];
	struct lk_error err = { 0 };
	struct lk_secret32 key;
	char source[1024];

	(void)state;
	if (!module_path())
		lk_test_skip("softhsm2 is not installed");
	make_token(module_path(), source);
	expect_ok(lk_kek_load(&(struct lk_kek_config){ .list = source }, &ring, &err), &err);
	memcpy(blob, vector_token_wrapped_key, sizeof blob);
	expect_ok(lk_unwrap_key32(ring, &context, lk_bytes(blob, sizeof blob), &key, &err), &err);
	for (size_t i = 0; i < sizeof key.bytes; i++)
		assert_int_equal(key.bytes[i], 96 + i);
	expect_fail(lk_unwrap_key32(ring, &other, lk_bytes(blob, sizeof blob), &key, &err), &err,
	    LK_DATA_LOSS, "SEAL_BROKEN");
	for (size_t i = 0; i < sizeof blob; i++) {
		blob[i] ^= 1;
		assert_int_equal(
		    lk_unwrap_key32(ring, &context, lk_bytes(blob, sizeof blob), &key, &err),
		    LK_DATA_LOSS);
		blob[i] ^= 1;
	}
	expect_fail(lk_unwrap_key32(ring, &context, lk_bytes(blob, sizeof blob - 1), &key, &err),
	    &err, LK_DATA_LOSS, "SEAL_BROKEN");
}

LK_TESTS(LK_CASE(a_key_that_a_token_wrapped_in_the_first_format_opens))
