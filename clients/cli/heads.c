/* Remembered heads: a line `service sequence hash` each; see heads.h. */
#include "heads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/encode.h"
#include "crypto/private_file.h"
#include "folders.h"

enum { HEADS_FILE_MAX = 1024, HASH_HEX = 64 };

static latchkey_status
heads_path(struct cli *cli, const char *instance, char *out, size_t out_size)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	const char *below = "/audit/";
	int len;

	if (strspn(instance, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(instance) ||
	    !*instance)
		return cli_refuse(cli, LATCHKEY_INTERNAL, "", "REPLY_INVALID",
		    "the installation's name is not one");
	if (state && *state == '/')
		len = snprintf(out, out_size, "%s/latchkey%s%s", state, below, instance);
	else if (home && *home == '/')
		len =
		    snprintf(out, out_size, "%s/.local/state/latchkey%s%s", home, below, instance);
	else
		return cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "", "STATE_DIR_UNKNOWN",
		    "no place to remember what was verified: set HOME or XDG_STATE_HOME");
	if (len < 0 || (size_t)len >= out_size)
		return cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "", "STATE_DIR_UNKNOWN",
		    "the path of the state folder is too long");
	return LATCHKEY_OK;
}

static bool
line_parse(char *line, struct heads *out)
{
	char *rest = line;
	const char *name = strsep(&rest, " "), *sequence = strsep(&rest, " "), *hash = rest;
	char *end;
	size_t len;

	if (!hash)
		return false;
	for (int i = 0; i < LATCHKEY_SERVICE_COUNT; i++) {
		if (strcmp(name, latchkey_service_name((latchkey_service)i)) != 0)
			continue;
		out->of[i].sequence = strtoull(sequence, &end, 10);
		return !*end &&
		       lk_hex_decode(
			   lk_bytes_of(hash), out->of[i].hash, sizeof out->of[i].hash, &len) &&
		       len == sizeof out->of[i].hash;
	}
	return false;
}

latchkey_status
heads_load(struct cli *cli, const char *instance, struct heads *out)
{
	char path[4096], text[HEADS_FILE_MAX + 1], *rest = text, *line;
	size_t len = 0;

	memset(out, 0, sizeof *out);
	latchkey_status status = heads_path(cli, instance, path, sizeof path);
	if (status != LATCHKEY_OK)
		return status;
	lk_text_copy(out->instance, sizeof out->instance, instance);
	status = (latchkey_status)lk_private_file_read(
	    path, "verified heads", (uint8_t *)text, HEADS_FILE_MAX, &len, cli_err(cli));
	if (status == LATCHKEY_NOT_FOUND)
		return LATCHKEY_OK;
	if (status != LATCHKEY_OK)
		return status;
	text[len] = '\0';
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (*line && !line_parse(line, out))
			return cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "", "HEADS_BROKEN",
			    "%s is not as it was written", path);
	}
	return LATCHKEY_OK;
}

latchkey_status
heads_save(struct cli *cli, const struct heads *heads)
{
	char path[4096], text[HEADS_FILE_MAX] = "", hash[HASH_HEX + 1];
	size_t used = 0;

	latchkey_status status = heads_path(cli, heads->instance, path, sizeof path);
	if (status == LATCHKEY_OK)
		status = folders_above(cli, path);
	for (int i = 0; i < LATCHKEY_SERVICE_COUNT && status == LATCHKEY_OK; i++) {
		lk_hex_encode(lk_bytes(heads->of[i].hash, sizeof heads->of[i].hash), hash);
		if (heads->of[i].sequence > 0)
			used += (size_t)snprintf(text + used, sizeof text - used, "%s %llu %s\n",
			    latchkey_service_name((latchkey_service)i),
			    (unsigned long long)heads->of[i].sequence, hash);
	}
	if (status != LATCHKEY_OK || used == 0)
		return status;
	return (latchkey_status)lk_private_file_replace(
	    path, "verified heads", lk_bytes_of(text), cli_err(cli));
}

const latchkey_audit_head *
heads_find(const struct heads *heads, latchkey_service service)
{
	return heads->of[service].sequence > 0 ? &heads->of[service] : NULL;
}

void
heads_set(struct heads *heads, latchkey_service service, const latchkey_audit_head *head)
{
	heads->of[service] = *head;
}
