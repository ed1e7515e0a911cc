/* CIDR text in one spelling, and what lies within; see network.h. */
#include "auth/network.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

enum { V4_BITS = 32, V6_BITS = 128 };

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff }; /* RFC 4291 2.5.5.2 */

static bool
is_mapped(const struct lk_network *address)
{
	return !address->is_v4 && memcmp(address->base, mapped, sizeof mapped) == 0;
}

/* An address as the network of one. */
static bool
address_read(const char *text, struct lk_network *out)
{
	*out = (struct lk_network){ .bits = V4_BITS, .is_v4 = true };
	if (inet_pton(AF_INET, text, out->base) == 1)
		return true;
	*out = (struct lk_network){ .bits = V6_BITS };
	return inet_pton(AF_INET6, text, out->base) == 1;
}

static bool
bits_read(const char *text, unsigned most, uint8_t *out_bits)
{
	unsigned bits = 0;

	if (*text == '\0' || (*text == '0' && text[1] != '\0'))
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		bits = bits * 10 + (unsigned)(*text - '0');
		if (bits > most)
			return false;
	}
	*out_bits = (uint8_t)bits;
	return true;
}

static bool
bit_at(const struct lk_network *network, unsigned bit)
{
	return (network->base[bit / 8] >> (7 - bit % 8) & 1) != 0;
}

static bool
host_bits_clear(const struct lk_network *network)
{
	const unsigned most = network->is_v4 ? V4_BITS : V6_BITS;

	for (unsigned bit = network->bits; bit < most; bit++) {
		if (bit_at(network, bit))
			return false;
	}
	return true;
}

static bool
network_read(const char *text, struct lk_network *out)
{
	const size_t address_len = strcspn(text, "/");
	char address[LK_NETWORK_TEXT_SIZE];

	if (address_len >= sizeof address)
		return false;
	memcpy(address, text, address_len);
	address[address_len] = '\0';
	if (!address_read(address, out) || is_mapped(out))
		return false;
	if (text[address_len] == '/' &&
	    !bits_read(text + address_len + 1, out->is_v4 ? V4_BITS : V6_BITS, &out->bits))
		return false;
	return host_bits_clear(out);
}

lk_status
lk_network_parse(
    const char *field, const char *text, struct lk_network *out_network, struct lk_error *err)
{
	struct lk_network network;

	if (!network_read(text, &network))
		return lk_fail_field(err, field, "NETWORK_INVALID",
		    "%s must be networks like 10.0.0.0/8 or 2001:db8::/32, zero beyond the prefix",
		    field);
	*out_network = network;
	return LK_OK;
}

void
lk_network_text(const struct lk_network *network, char out[LK_NETWORK_TEXT_SIZE])
{
	char address[INET6_ADDRSTRLEN] = "";

	inet_ntop(network->is_v4 ? AF_INET : AF_INET6, network->base, address, sizeof address);
	snprintf(out, LK_NETWORK_TEXT_SIZE, "%s/%u", address, network->bits);
}

bool
lk_network_within(const struct lk_network *inner, const struct lk_network *outer)
{
	if (inner->is_v4 != outer->is_v4 || inner->bits < outer->bits)
		return false;
	for (unsigned bit = 0; bit < outer->bits; bit++) {
		if (bit_at(inner, bit) != bit_at(outer, bit))
			return false;
	}
	return true;
}

static bool
has(const struct lk_networks *networks, const struct lk_network *network)
{
	for (size_t i = 0; i < networks->count; i++) {
		if (networks->items[i].bits == network->bits &&
		    lk_network_within(network, &networks->items[i]))
			return true;
	}
	return false;
}

lk_status
lk_networks_parse(const char *field, char *const *texts, size_t count,
    struct lk_networks *out_networks, struct lk_error *err)
{
	struct lk_networks networks = { .count = 0 };
	struct lk_network network;

	if (count > LK_NETWORKS_MAX)
		return lk_fail_field(err, field, "NETWORKS_INVALID",
		    "at most %d networks, or none for anywhere", LK_NETWORKS_MAX);
	for (size_t i = 0; i < count; i++) {
		LK_TRY(lk_network_parse(field, texts[i], &network, err));
		if (!has(&networks, &network))
			networks.items[networks.count++] = network;
	}
	*out_networks = networks;
	return LK_OK;
}

void
lk_networks_text(const struct lk_networks *networks, char out[LK_NETWORKS_TEXT_SIZE])
{
	char one[LK_NETWORK_TEXT_SIZE];
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < networks->count; i++) {
		lk_network_text(&networks->items[i], one);
		len += (size_t)snprintf(
		    out + len, LK_NETWORKS_TEXT_SIZE - len, "%s%s", i ? "," : "", one);
	}
}

bool
lk_networks_read(const char *text, struct lk_networks *out_networks)
{
	struct lk_networks networks = { .count = 0 };
	char one[LK_NETWORK_TEXT_SIZE];

	while (*text != '\0') {
		const size_t len = strcspn(text, ",");
		if (len >= sizeof one || networks.count == LK_NETWORKS_MAX)
			return false;
		memcpy(one, text, len);
		one[len] = '\0';
		if (!network_read(one, &networks.items[networks.count++]))
			return false;
		text += len + (text[len] == ',');
	}
	*out_networks = networks;
	return true;
}

static bool
within_one(const struct lk_network *inner, const struct lk_network *outer, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (lk_network_within(inner, &outer[i]))
			return true;
	}
	return false;
}

bool
lk_networks_within(const struct lk_networks *inner, const struct lk_network *outer, size_t count)
{
	for (size_t i = 0; i < inner->count; i++) {
		if (!within_one(&inner->items[i], outer, count))
			return false;
	}
	return inner->count > 0;
}

/* Where somebody is, IPv4 as IPv4. */
static bool
source_read(const char *text, struct lk_network *out)
{
	if (!address_read(text, out))
		return false;
	if (is_mapped(out)) {
		struct lk_network v4 = { .bits = V4_BITS, .is_v4 = true };
		memcpy(v4.base, out->base + sizeof mapped, 4);
		*out = v4;
	}
	return true;
}

bool
lk_networks_allow(const struct lk_network *networks, size_t count, const char *address)
{
	struct lk_network source;

	return count == 0 ||
	       (source_read(address, &source) && within_one(&source, networks, count));
}

bool
lk_network_texts_allow(char *const *networks, size_t count, const char *address)
{
	struct lk_network source, network;

	if (count == 0)
		return true;
	if (!source_read(address, &source))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (network_read(networks[i], &network) && lk_network_within(&source, &network))
			return true;
	}
	return false;
}
