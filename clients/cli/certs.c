/* certs: an authority of the installation's own, and a certificate for each host and client. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/authority.h"
#include "crypto/private_file.h"
#include "crypto/tls_pair.h"
#include "folders.h"
#include "handlers.h"
#include "time/clock.h"
#include "time/duration.h"

enum { PATH_SIZE = 4096, AUTHORITY_DAYS = 3650, DAYS = 365 };

static const char authority_name[] = "ca";

struct certs {
	struct cli *cli;
	const char *folder;
	int64_t now_ms;
	int64_t renew_within_ms; /* 0: none is made anew because it ends */
	unsigned days;
	struct lk_certificate authority;
};

static void
certs_wipe(struct certs *certs)
{
	lk_certificate_wipe(&certs->authority);
}

static lk_status
path_of(const struct certs *certs, const char *name, const char *ending, char out[PATH_SIZE],
    struct lk_error *err)
{
	if (snprintf(out, PATH_SIZE, "%s/%s.%s", certs->folder, name, ending) < PATH_SIZE)
		return LK_OK;
	return lk_fail(
	    err, LK_INVALID_ARGUMENT, "FOLDER_FAILED", "the name of the folder is too long");
}

/* ---- Files ---- */

static bool
is_there(const struct certs *certs, const char *name, const char *ending)
{
	char path[PATH_SIZE];

	return path_of(certs, name, ending, path, NULL) == LK_OK && access(path, F_OK) == 0;
}

static lk_status
read_text(const struct certs *certs, const char *name, const char *ending, const char *what,
    char out[LK_CERTIFICATE_PEM_SIZE], struct lk_error *err)
{
	char path[PATH_SIZE];
	size_t len = 0;

	LK_TRY(path_of(certs, name, ending, path, err));
	LK_TRY(lk_mounted_file_read(
	    path, what, (uint8_t *)out, LK_CERTIFICATE_PEM_SIZE - 1, &len, err));
	out[len] = '\0';
	return LK_OK;
}

static lk_status
keep(const struct certs *certs, const char *name, const struct lk_certificate *certificate,
    struct lk_error *err)
{
	char path[PATH_SIZE];

	LK_TRY(path_of(certs, name, "key", path, err));
	LK_TRY(lk_private_file_replace(path, "TLS key", lk_bytes_of(certificate->key), err));
	LK_TRY(path_of(certs, name, "crt", path, err));
	LK_TRY(
	    lk_private_file_replace(path, "TLS certificate", lk_bytes_of(certificate->cert), err));
	return chmod(path, 0644) == 0 ? LK_OK
				      : lk_fail(err, LK_UNAVAILABLE, "SECRET_FILE_WRITE",
					    "the TLS certificate cannot be made readable");
}

/* ---- One certificate ---- */

static lk_status
open_authority(struct certs *certs, bool *out_made, struct lk_error *err)
{
	struct lk_certificate *authority = &certs->authority;

	*out_made = !is_there(certs, authority_name, "crt");
	if (*out_made && is_there(certs, authority_name, "key"))
		return lk_fail(err, LK_FAILED_PRECONDITION, "TLS_AUTHORITY_INVALID",
		    "ca.key is there without ca.crt: put that back, or take the key away, too");
	if (*out_made) {
		LK_TRY(lk_authority_make(
		    "Latchkey authority", certs->now_ms, AUTHORITY_DAYS, authority, err));
		return keep(certs, authority_name, authority, err);
	}
	LK_TRY(read_text(
	    certs, authority_name, "crt", "authority's certificate", authority->cert, err));
	return read_text(certs, authority_name, "key", "authority's key", authority->key, err);
}

/* Both halves of one pair; an interruption may have left a new key beside an old certificate. */
static bool
is_whole(const struct certs *certs, const char *name)
{
	LK_AUTO(lk_certificate_wipe) struct lk_certificate there;
	struct lk_error why = { 0 };

	if (read_text(certs, name, "crt", "TLS certificate", there.cert, NULL) != LK_OK ||
	    read_text(certs, name, "key", "TLS key", there.key, NULL) != LK_OK)
		return false;
	return lk_tls_pair_check(there.cert, there.key, certs->now_ms, &why) == LK_OK ||
	       lk_text_is(why.reason, "TLS_CERTIFICATE_EXPIRED");
}

/* One that is there, for the caller knows both halves. What cannot be read is no reason to wait. */
static bool
ends_soon(const struct certs *certs, const char *name)
{
	char text[LK_CERTIFICATE_PEM_SIZE];
	int64_t end_ms = 0;

	return certs->renew_within_ms > 0 &&
	       (read_text(certs, name, "crt", "TLS certificate", text, NULL) != LK_OK ||
		   lk_certificate_end(text, &end_ms, NULL) != LK_OK ||
		   end_ms - certs->now_ms < certs->renew_within_ms);
}

static lk_status
issue(const struct certs *certs, const char *name, bool *out_made, struct lk_error *err)
{
	LK_AUTO(lk_certificate_wipe) struct lk_certificate certificate;

	if (strcmp(name, authority_name) == 0)
		return lk_fail(
		    err, LK_INVALID_ARGUMENT, "CERTIFICATE_NAME", "ca is the authority's own name");
	*out_made = args_has(&certs->cli->args, OPT_RENEW) || !is_whole(certs, name) ||
		    ends_soon(certs, name);
	if (!*out_made)
		return LK_OK;
	LK_TRY(lk_authority_issue(
	    &certs->authority, name, certs->now_ms, certs->days, &certificate, err));
	return keep(certs, name, &certificate, err);
}

static lk_status
show(const struct certs *certs, const char *name, bool made, struct lk_error *err)
{
	char text[LK_CERTIFICATE_PEM_SIZE];
	struct out *out = &certs->cli->out;
	int64_t end_ms = 0;

	LK_TRY(read_text(certs, name, "crt", "TLS certificate", text, err));
	LK_TRY(lk_certificate_end(text, &end_ms, err));
	out_object(out, NULL);
	out_text(out, "name", name);
	out_flag(out, "made", made);
	out_time(out, "expires_at", end_ms);
	out_object_end(out);
	return LK_OK;
}

/* ---- The command ---- */

static latchkey_status
read_days(struct cli *cli, unsigned *out_days)
{
	const char *text = cli_value(cli, OPT_GOOD_FOR);
	char *end;

	*out_days = DAYS;
	if (!text)
		return LATCHKEY_OK;
	const unsigned long days = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || days == 0 || days > AUTHORITY_DAYS)
		return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "good-for", "DAYS_INVALID",
		    "a certificate is good for 1 to %d days", AUTHORITY_DAYS);
	*out_days = (unsigned)days;
	return LATCHKEY_OK;
}

static latchkey_status
read_wishes(struct cli *cli, struct certs *certs)
{
	const char *within = cli_value(cli, OPT_RENEW_WITHIN);

	if (within && lk_duration_parse(
			  "renew-within", within, &certs->renew_within_ms, cli_err(cli)) != LK_OK)
		return cli->error.status;
	return read_days(cli, &certs->days);
}

static lk_status
all(struct certs *certs, struct lk_error *err)
{
	bool made = false;

	LK_TRY(open_authority(certs, &made, err));
	LK_TRY(show(certs, authority_name, made, err));
	for (size_t i = 1; cli_operand(certs->cli, i); i++) {
		const char *name = cli_operand(certs->cli, i);

		LK_TRY(issue(certs, name, &made, err));
		LK_TRY(show(certs, name, made, err));
	}
	return LK_OK;
}

int
run_certs(struct cli *cli)
{
	static const char *const columns[] = { "name", "made", "expires_at", NULL };
	LK_AUTO(certs_wipe)
	struct certs certs = { .cli = cli,
		.folder = cli_operand(cli, 0),
		.now_ms = lk_clock_wall_ms(lk_clock_system()) };

	CLI_TRY(cli, read_wishes(cli, &certs));
	CLI_TRY(cli, folder_make(cli, certs.folder, 0700));
	out_list(&cli->out, "certificates", columns);
	CLI_TRY(cli, (latchkey_status)all(&certs, cli_err(cli)));
	out_list_end(&cli->out);
	return cli_answer(cli);
}
