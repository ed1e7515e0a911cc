/* The rules of passwords, and the costly part of them behind the gate. */
#ifndef LK_KEYS_PASSWORD_H
#define LK_KEYS_PASSWORD_H

#include "crypto/password.h"
#include "keys.h"

enum { PASSWORD_LEN_MIN = 8 };

/* 8 to 1024 bytes. INVALID_ARGUMENT PASSWORD_LENGTH naming `field`. */
lk_status password_check(const char *field, const char *password, struct lk_error *err);

/* FAILED_PRECONDITION PASSWORDS_OFF: the tenant has none. */
lk_status password_allowed(const struct policy *policy, struct lk_error *err);

/*
 * Is it that of `hash` ("": there is none)? As costly either way, and behind the gate: its errors,
 * and what `account` and `source` are.
 * A good one may come back in `out_rehashed` made with today's parameters; else that is "". Blocks
 * a tenth of a second.
 */
lk_status password_try(struct keys *keys, const char *account, const char *source, const char *hash,
    const char *password, int64_t now_ms, bool *out_right, char out_rehashed[LK_PASSWORD_HASH_SIZE],
    struct lk_error *err);

/* Make the hash of a new one, behind the gate. */
lk_status password_make(struct keys *keys, const char *account, const char *password,
    int64_t now_ms, char out_hash[LK_PASSWORD_HASH_SIZE], struct lk_error *err);

#endif
