/*
 * Networks a key may be used from: CIDR text (RFC 4632, RFC 4291 2.3), IPv4 and IPv6, with exactly
 * one spelling. Pure; any thread.
 */
#ifndef LK_AUTH_NETWORK_H
#define LK_AUTH_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum {
	LK_NETWORKS_MAX = 16,      /* of one key */
	LK_NETWORK_TEXT_SIZE = 50, /* the longest IPv6 address, its prefix length, NUL */
	LK_NETWORKS_TEXT_SIZE = LK_NETWORKS_MAX * LK_NETWORK_TEXT_SIZE,
};

/* An IPv4 address fills the first 4 bytes. */
struct lk_network {
	uint8_t base[16];
	uint8_t bits;
	bool is_v4;
};

struct lk_networks {
	struct lk_network items[LK_NETWORKS_MAX];
	size_t count; /* 0: anywhere */
};

/*
 * "10.0.0.0/8", "2001:db8::/32"; an address alone is a network of one. INVALID_ARGUMENT
 * NETWORK_INVALID naming `field`: also when bits beyond the prefix are set, and for IPv4 written as
 * IPv6 (::ffff:…).
 */
lk_status lk_network_parse(
    const char *field, const char *text, struct lk_network *out_network, struct lk_error *err);
void lk_network_text(const struct lk_network *network, char out[LK_NETWORK_TEXT_SIZE]);
bool lk_network_within(const struct lk_network *inner, const struct lk_network *outer);

/* Each once, in the order given. INVALID_ARGUMENT NETWORK_INVALID, NETWORKS_INVALID (more than
 * LK_NETWORKS_MAX). */
lk_status lk_networks_parse(const char *field, char *const *texts, size_t count,
    struct lk_networks *out_networks, struct lk_error *err);
/* By comma, as they are stored; "" for none. lk_networks_read is false for a text that
 * lk_networks_text did not write. */
void lk_networks_text(const struct lk_networks *networks, char out[LK_NETWORKS_TEXT_SIZE]);
bool lk_networks_read(const char *text, struct lk_networks *out_networks);

/* Is each of `inner` within one of the `count` networks at `outer`? */
bool lk_networks_within(
    const struct lk_networks *inner, const struct lk_network *outer, size_t count);

/*
 * May somebody at `address` (IPv4 or IPv6 text, "" when nobody knows) come from these networks?
 * Without networks always, otherwise only from within; IPv4 written as IPv6 counts as IPv4.
 */
bool lk_networks_allow(const struct lk_network *networks, size_t count, const char *address);
/* The same where the networks are texts that lk_network_text wrote. */
bool lk_network_texts_allow(char *const *networks, size_t count, const char *address);

#endif
