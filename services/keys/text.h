/* Checks of text fields that several kinds of object share: names, domains, e-mail addresses,
 * labels. Pure. */
#ifndef LK_KEYS_TEXT_H
#define LK_KEYS_TEXT_H

#include <stdbool.h>

#include "base/status.h"

enum {
	NAME_SIZE = 64,    /* [a-z0-9-]{1,63} and NUL */
	DOMAIN_SIZE = 254, /* RFC 1035 2.3.4: 253 characters and NUL */
	EMAIL_SIZE = 255,  /* RFC 5321 4.5.3.1.3: a path is at most 254 characters */
	LABEL_MAX = 64,    /* characters of a label, each up to 4 bytes */
	LABEL_SIZE = 64 * 4 + 1,
	REASON_SIZE = 129, /* a revocation's reason */
};

/* [a-z0-9-]{1,63}, beginning and ending with a letter or digit (RFC 1123 2.1). */
bool name_ok(const char *text);

/* Lower-case host name of at least two labels, at most 253 characters. */
bool domain_ok(const char *text);

/*
 * Write the address in lower case into `out`: one @, a local part of 1 to 64 characters of RFC
 * 5322's dot-atom, a host name behind it. INVALID_ARGUMENT EMAIL_INVALID naming `field`.
 */
lk_status email_normalise(
    const char *field, const char *text, char out[EMAIL_SIZE], struct lk_error *err);

/* 1 to 64 printable characters, neither beginning nor ending with a space. */
bool label_ok(const char *text);

#endif
