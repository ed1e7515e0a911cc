/* Ed25519 by the vectors of RFC 8032, and the public key lines of peers/. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "crypto/encode.h"
#include "crypto/sign.h"
#include "test.h"

static size_t
from_hex(const char *hex, uint8_t *out, size_t cap)
{
	size_t len = 0;

	assert_true(lk_hex_decode(lk_bytes_of(hex), out, cap, &len));
	return len;
}

static struct lk_sign_key *
new_key(void)
{
	struct lk_error err = { 0 };
	struct lk_sign_key *key = NULL;

	expect_ok(lk_sign_key_generate(&key, &err), &err);
	return key;
}

static void
signatures_are_those_of_rfc_8032(void **state)
{
	(void)state;
	static const struct {
		const char *seed, *public_key, *message, *signature;
	} rows[] = {
		/* 7.1, tests 1 to 3 */
		{ "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
		    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33b"
		    "acc61e39701cf9b46b"
		    "d25bf5f0595bbe24655141438e7a100b" },
		{ "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
		    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e1599"
		    "6e458f3613d0f11d8c"
		    "387b2eaeb4302aeeb00d291612bb0c00" },
		{ "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
		    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
		    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f2"
		    "90ae67f760984dc659"
		    "4a7c15e9716ed28dc027beceea1ec40a" },
	};

	for (size_t i = 0; i < LK_ARRAY_LEN(rows); i++) {
		struct lk_error err = { 0 };
		struct lk_secret32 seed;
		uint8_t message[8], want[64], public_key[32], signature[LK_SIGNATURE_LEN];
		LK_AUTO(lk_sign_key_freep) struct lk_sign_key *key = NULL;

		from_hex(rows[i].seed, seed.bytes, 32);
		from_hex(rows[i].public_key, public_key, 32);
		from_hex(rows[i].signature, want, 64);
		const struct lk_bytes said =
		    lk_bytes(message, from_hex(rows[i].message, message, 8));
		expect_ok(lk_sign_key_from_seed(&seed, &key, &err), &err);
		assert_memory_equal(lk_sign_key_public(key), public_key, 32);
		lk_sign(key, said, signature);
		assert_memory_equal(signature, want, 64);
		assert_true(lk_sign_verify(public_key, said, lk_bytes(want, 64)));
	}
}

static void
a_flipped_bit_of_message_signature_or_key_is_refused(void **state)
{
	(void)state;
	LK_AUTO(lk_sign_key_freep) struct lk_sign_key *key = new_key();
	uint8_t all[8 + LK_SIGNATURE_LEN + LK_SIGN_PUBLIC_LEN] = "message";
	uint8_t *signature = all + 8, *public_key = signature + LK_SIGNATURE_LEN;

	lk_sign(key, lk_bytes(all, 8), signature);
	memcpy(public_key, lk_sign_key_public(key), LK_SIGN_PUBLIC_LEN);
	assert_true(
	    lk_sign_verify(public_key, lk_bytes(all, 8), lk_bytes(signature, LK_SIGNATURE_LEN)));
	for (size_t bit = 0; bit < sizeof all * 8; bit++) {
		all[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(lk_sign_verify(
		    public_key, lk_bytes(all, 8), lk_bytes(signature, LK_SIGNATURE_LEN)));
		all[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t n = 0; n < LK_SIGNATURE_LEN; n++)
		assert_false(lk_sign_verify(public_key, lk_bytes(all, 8), lk_bytes(signature, n)));
}

static void
a_weak_public_key_verifies_nothing(void **state)
{
	(void)state;
	static const uint8_t identity[LK_SIGN_PUBLIC_LEN] = { 1 };
	static const uint8_t signature[LK_SIGNATURE_LEN] = {
		1
	}; /* R the identity, S zero: holds for every message */

	assert_false(
	    lk_sign_verify(identity, lk_bytes_of("m"), lk_bytes(signature, sizeof signature)));
}

static void
a_private_key_goes_through_a_file_once(void **state)
{
	(void)state;
	struct lk_error err = { 0 };
	const char *path = lk_test_path(lk_test_tmpdir(), "k");
	LK_AUTO(lk_sign_key_freep) struct lk_sign_key *key = new_key();
	LK_AUTO(lk_sign_key_freep) struct lk_sign_key *again = NULL;

	expect_ok(lk_sign_key_create_file(key, path, "operator key", &err), &err);
	expect_fail(lk_sign_key_create_file(key, path, "operator key", &err), &err,
	    LK_ALREADY_EXISTS, "SECRET_FILE_EXISTS");
	expect_ok(lk_sign_key_load(path, "operator key", &again, &err), &err);
	assert_memory_equal(lk_sign_key_public(again), lk_sign_key_public(key), LK_SIGN_PUBLIC_LEN);
}

static const char good_line[] =
    "ed25519 AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA service tokens";

static lk_status
parse(const char *line, struct lk_peer_key *out, struct lk_error *err)
{
	return lk_peer_line_parse(lk_bytes_of(line), out, err);
}

static void
a_peer_line_reads_back(void **state)
{
	(void)state;
	struct lk_error err = { 0 };
	struct lk_peer_key peer;
	char line[LK_PEER_LINE_SIZE];

	expect_ok(parse(good_line, &peer, &err), &err);
	assert_string_equal(peer.role, "service");
	assert_string_equal(peer.name, "tokens");
	for (size_t i = 0; i < LK_SIGN_PUBLIC_LEN; i++)
		assert_int_equal(peer.public_key[i], i + 1);
	expect_ok(lk_peer_line_format(&peer, line, &err), &err);
	assert_string_equal(line, good_line);
}

static void
every_other_shape_of_a_peer_line_is_refused(void **state)
{
	(void)state;
#define KEY "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"
	static const char *const bad[] = { "", "\n", "ed25519", "ed25519 " KEY,
		"ed25519 " KEY " service", "ed25519 " KEY " service ", "ed25519 " KEY "  service x",
		" ed25519 " KEY " service x", "ed25519 " KEY " service x ",
		"ed25519 " KEY " service x\n\n", "ed25519 " KEY " service x\r\n",
		"ed25519 " KEY " Service x", "ed25519 " KEY " 1service x",
		"ed25519 " KEY " service -x", "ed25519 " KEY " service a/b",
		"ed25519 " KEY " service a b", "ed25519 " KEY " service x\nmore",
		"ed25519 " KEY "= service x",
		"ed25519 AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyB service x",
		"rsa " KEY " service x", "ed25519\t" KEY " service x",
		"ed25519 " KEY " abcdefghijklmnopq x",
		"ed25519 " KEY
		" service aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
	struct lk_error err = { 0 };
	struct lk_peer_key peer;

	for (size_t i = 0; i < LK_ARRAY_LEN(bad); i++)
		expect_fail(
		    parse(bad[i], &peer, &err), &err, LK_INVALID_ARGUMENT, "PEER_KEY_INVALID");
#undef KEY
}

static void
a_peer_with_a_bad_name_is_not_written(void **state)
{
	(void)state;
	struct lk_error err = { 0 };
	struct lk_peer_key peer = { .role = "service", .name = "a b" };
	char line[LK_PEER_LINE_SIZE];

	expect_fail(
	    lk_peer_line_format(&peer, line, &err), &err, LK_INVALID_ARGUMENT, "PEER_KEY_INVALID");
	memset(peer.name, 'a', sizeof peer.name); /* not terminated */
	expect_fail(
	    lk_peer_line_format(&peer, line, &err), &err, LK_INVALID_ARGUMENT, "PEER_KEY_INVALID");
	memset(&peer, 0, sizeof peer);
	expect_fail(
	    lk_peer_line_format(&peer, line, &err), &err, LK_INVALID_ARGUMENT, "PEER_KEY_INVALID");
}

static void
accepted_peer_lines_are_canonical(void **state)
{
	(void)state;
	struct lk_test_rng rng = lk_test_rng();

	for (size_t i = lk_test_repeat("mutations", 500000, 20000); i > 0; i--) {
		struct lk_error err = { 0 };
		struct lk_peer_key peer;
		uint8_t line[200];
		char again[LK_PEER_LINE_SIZE];

		memcpy(line, good_line, sizeof good_line - 1);
		size_t len = lk_test_rng_mutate(&rng, line, sizeof good_line - 1, sizeof line);
		if (lk_peer_line_parse(lk_bytes(line, len), &peer, &err) != LK_OK)
			continue;
		expect_ok(lk_peer_line_format(&peer, again, &err), &err);
		len -= line[len - 1] == '\n';
		assert_int_equal(strlen(again), len);
		assert_memory_equal(again, line, len);
	}
}

static void
a_peer_file_is_written_once_and_readable_by_all(void **state)
{
	(void)state;
	struct lk_error err = { 0 };
	struct lk_peer_key peer, again;
	struct stat info;
	const char *path = lk_test_path(lk_test_tmpdir(), "tokens.pub");

	expect_ok(parse(good_line, &peer, &err), &err);
	expect_ok(lk_peer_file_create(path, &peer, &err), &err);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0644);
	expect_ok(lk_peer_file_load(path, &again, &err), &err);
	assert_memory_equal(again.public_key, peer.public_key, sizeof peer.public_key);
	assert_string_equal(again.name, "tokens");
	expect_fail(
	    lk_peer_file_create(path, &peer, &err), &err, LK_ALREADY_EXISTS, "PEER_FILE_EXISTS");
}

static void
a_peer_file_that_others_may_write_is_refused(void **state)
{
	(void)state;
	struct lk_error err = { 0 };
	struct lk_peer_key peer;
	const char *dir = lk_test_tmpdir();
	const char *path = lk_test_path(dir, "f"), *link = lk_test_path(dir, "l");

	expect_fail(lk_peer_file_load(path, &peer, &err), &err, LK_NOT_FOUND, "PEER_FILE_MISSING");
	lk_test_write_file(path, good_line, strlen(good_line));
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(chmod(path, 0664), 0);
	expect_fail(
	    lk_peer_file_load(path, &peer, &err), &err, LK_FAILED_PRECONDITION, "PEER_FILE_UNSAFE");
	assert_int_equal(chmod(path, 0644), 0);
	expect_ok(lk_peer_file_load(path, &peer, &err), &err);
	expect_fail(
	    lk_peer_file_load(link, &peer, &err), &err, LK_FAILED_PRECONDITION, "PEER_FILE_UNSAFE");
	expect_fail(
	    lk_peer_file_load(dir, &peer, &err), &err, LK_FAILED_PRECONDITION, "PEER_FILE_UNSAFE");
}

static void
a_peer_file_of_many_bytes_is_refused(void **state)
{
	(void)state;
	struct lk_error err = { 0 };
	struct lk_peer_key peer;
	const char *path = lk_test_path(lk_test_tmpdir(), "f");
	static char text[1024 * 1024];

	memset(text, '\n', sizeof text);
	memcpy(text, good_line, sizeof good_line - 1);
	lk_test_write_file(path, text, sizeof text);
	assert_int_equal(chmod(path, 0644), 0);
	expect_fail(
	    lk_peer_file_load(path, &peer, &err), &err, LK_INVALID_ARGUMENT, "PEER_KEY_INVALID");
}

LK_TESTS(LK_CASE(signatures_are_those_of_rfc_8032),
    LK_CASE(a_flipped_bit_of_message_signature_or_key_is_refused),
    LK_CASE(a_weak_public_key_verifies_nothing), LK_CASE(a_private_key_goes_through_a_file_once),
    LK_CASE(a_peer_line_reads_back), LK_CASE(every_other_shape_of_a_peer_line_is_refused),
    LK_CASE(a_peer_with_a_bad_name_is_not_written), LK_CASE(accepted_peer_lines_are_canonical),
    LK_CASE(a_peer_file_is_written_once_and_readable_by_all),
    LK_CASE(a_peer_file_that_others_may_write_is_refused),
    LK_CASE(a_peer_file_of_many_bytes_is_refused))
