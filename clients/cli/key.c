/* key: made and shown once, rotated, listed masked, suspended, revoked. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "handlers.h"
#include "pages.h"
#include "time/clock.h"
#include "time/duration.h"
#include "time/instant.h"

/* A new file for a key, opened before the key is made, so that a key is never made and then lost.
 */
struct key_file {
	const char *path; /* NULL: none wanted */
	int fd;
	bool kept;
};

static latchkey_status
key_file_open(struct cli *cli, struct key_file *file)
{
	file->fd = -1;
	if (!file->path)
		return LATCHKEY_OK;
	file->fd = open(file->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (file->fd >= 0)
		return LATCHKEY_OK;
	return cli_refuse(cli, LATCHKEY_FAILED_PRECONDITION, "out",
	    errno == EEXIST ? "OUT_EXISTS" : "OUT_UNWRITABLE",
	    errno == EEXIST ? "%s is there already and is not written over"
			    : "%s cannot be made: %s",
	    file->path, strerror(errno));
}

static latchkey_status
key_file_write(struct cli *cli, struct key_file *file, const latchkey_secret *secret)
{
	const size_t len = latchkey_secret_len(secret);

	if (file->fd < 0)
		return LATCHKEY_OK;
	if (write(file->fd, latchkey_secret_text(secret), len) != (ssize_t)len ||
	    write(file->fd, "\n", 1) != 1 || fsync(file->fd) != 0)
		return cli_refuse(cli, LATCHKEY_UNKNOWN, "out", "OUT_UNWRITABLE",
		    "the key was made and could not be written to %s: %s; revoke it", file->path,
		    strerror(errno));
	file->kept = true;
	return LATCHKEY_OK;
}

static void
key_file_close(struct key_file *file)
{
	if (file->fd < 0)
		return;
	close(file->fd);
	if (!file->kept)
		unlink(file->path);
}

static void
show_new_key(struct cli *cli, const struct key_file *file, const latchkey_key *key,
    const latchkey_secret *secret)
{
	show_key(&cli->out, key);
	if (file->path)
		out_text(&cli->out, "out", file->path);
	else
		out_text(&cli->out, "key", latchkey_secret_text(secret));
	if (!cli->out.json && !file->path)
		fputs("latchkey: keep the key now; it is not shown again\n", stderr);
}

int
run_key_create(struct cli *cli)
{
	const latchkey_key_request request = {
		.name = cli_operand(cli, 0),
		.ttl = cli_value(cli, OPT_TTL),
		.permissions = cli_values(cli, OPT_PERMISSION),
		.permissions_count = cli->args.values[OPT_PERMISSION].count,
		.workgroups = cli_values(cli, OPT_WORKGROUP),
		.workgroups_count = cli->args.values[OPT_WORKGROUP].count,
		.owner = cli_value(cli, OPT_OWNER),
		.tenant = cli_value(cli, OPT_TENANT),
		.not_before = cli_value(cli, OPT_NOT_BEFORE),
		.source_networks = cli_values(cli, OPT_NETWORK),
		.source_networks_count = cli->args.values[OPT_NETWORK].count,
	};
	LK_AUTO(key_file_close)
	struct key_file file = { .path = cli_value(cli, OPT_OUT), .fd = -1 };
	LK_AUTO(key_freep) latchkey_key *key = NULL;
	LK_AUTO(secret_freep) latchkey_secret *secret = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, key_file_open(cli, &file));
	CLI_TRY(cli,
	    latchkey_key_create(cli->client, &request, &cli->call, &key, &secret, &cli->error));
	CLI_TRY(cli, key_file_write(cli, &file, secret));
	show_new_key(cli, &file, key, secret);
	return cli_answer(cli);
}

int
run_key_rotate(struct cli *cli)
{
	LK_AUTO(key_file_close)
	struct key_file file = { .path = cli_value(cli, OPT_OUT), .fd = -1 };
	LK_AUTO(key_freep) latchkey_key *key = NULL;
	LK_AUTO(secret_freep) latchkey_secret *secret = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, key_file_open(cli, &file));
	CLI_TRY(
	    cli, latchkey_key_rotate(cli->client, cli_operand(cli, 0), cli_value(cli, OPT_OVERLAP),
		     cli_value(cli, OPT_TTL), &cli->call, &key, &secret, &cli->error));
	CLI_TRY(cli, key_file_write(cli, &file, secret));
	show_new_key(cli, &file, key, secret);
	return cli_answer(cli);
}

static const char *const key_columns[] = { "id", "name", "hint", "state", "owner_name",
	"expires_at", "last_used_at", NULL };

/* An instant, or a duration from now on (`direction` 1) or back (-1); 0 where it was not said. */
static latchkey_status
read_when(struct cli *cli, enum option option, const char *name, int direction, int64_t *out_at_ms)
{
	const char *text = cli_value(cli, option);
	const int64_t now_ms = lk_clock_wall_ms(lk_clock_system());
	struct lk_ttl when;

	*out_at_ms = 0;
	if (!text)
		return LATCHKEY_OK;
	if (lk_ttl_parse(name, text, &when, cli_err(cli)) != LK_OK)
		return cli->error.status;
	*out_at_ms = when.kind == LK_TTL_INSTANT ? when.ms : now_ms + direction * when.ms;
	if (when.kind == LK_TTL_NEVER || *out_at_ms <= 0 || *out_at_ms > LK_INSTANT_MAX_MS)
		return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, name, "INSTANT_INVALID",
		    "%s must be a duration or an instant", name);
	return LATCHKEY_OK;
}

static latchkey_status
read_filter(struct cli *cli, latchkey_key_filter *out_filter)
{
	latchkey_key_filter filter = {
		.owner = cli_value(cli, OPT_OWNER),
		.all_owners = args_has(&cli->args, OPT_ALL),
		.tenant = cli_value(cli, OPT_TENANT),
		.include_revoked = args_has(&cli->args, OPT_INCLUDE_REVOKED),
		.state = cli_value(cli, OPT_KEY_STATE),
		.name = cli_value(cli, OPT_KEY_NAME),
		.all_tenants = args_has(&cli->args, OPT_ALL_TENANTS),
	};
	latchkey_status status = read_when(
	    cli, OPT_EXPIRING_BEFORE, "expiring-before", 1, &filter.expiring_before_at_ms);

	if (status == LATCHKEY_OK)
		status = read_when(
		    cli, OPT_UNUSED_SINCE, "unused-since", -1, &filter.unused_since_at_ms);
	if (status == LATCHKEY_OK)
		*out_filter = filter;
	return status;
}

int
run_key_list(struct cli *cli)
{
	latchkey_key_filter filter;

	CLI_TRY(cli, read_filter(cli, &filter));
	CLI_TRY(cli, cli_connect(cli, false));
	PAGES(cli, key, "keys", key_columns,
	    latchkey_key_list_get(cli->client, &filter, &page, &cli->call, &list, &cli->error));
}

static const char *const finding_columns[] = { "id", "name", "owner_name", "expiring", "idle",
	"rotate_due", "expires_at", "last_used_at", "last_source_address", NULL };

int
run_key_report(struct cli *cli)
{
	const latchkey_report_request request = {
		.owner = cli_value(cli, OPT_OWNER),
		.all_owners = args_has(&cli->args, OPT_ALL),
		.tenant = cli_value(cli, OPT_TENANT),
		.expiring_within = cli_value(cli, OPT_WITHIN),
		.idle_for = cli_value(cli, OPT_IDLE),
		.older_than = cli_value(cli, OPT_OLDER),
	};

	CLI_TRY(cli, cli_connect(cli, false));
	PAGES(cli, finding, "findings", finding_columns,
	    latchkey_key_report(cli->client, &request, &page, &cli->call, &list, &cli->error));
}

int
run_key_show(struct cli *cli)
{
	LK_AUTO(key_freep) latchkey_key *key = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(
	    cli, latchkey_key_get(cli->client, cli_operand(cli, 0), &cli->call, &key, &cli->error));
	show_key(&cli->out, key);
	return cli_answer(cli);
}

static latchkey_status
read_days(struct cli *cli, uint32_t *out_days)
{
	const char *text = cli_value(cli, OPT_DAYS);
	char *end;

	*out_days = 0;
	if (!text)
		return LATCHKEY_OK;
	const unsigned long days = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || days == 0 || days > 400)
		return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "days", "DAYS_INVALID",
		    "days must be 1 to 400");
	*out_days = (uint32_t)days;
	return LATCHKEY_OK;
}

static void
show_uses(struct out *out, const latchkey_use_list *list)
{
	static const char *const columns[] = { "day", "caller_name", "uses", "last_used_at",
		"source_address", NULL };

	out_list(out, "uses", columns);
	for (size_t i = 0; i < latchkey_use_list_count(list); i++) {
		const latchkey_use *use = latchkey_use_list_at(list, i);
		out_object(out, NULL);
		out_time(out, "day", latchkey_use_day_at_ms(use));
		out_text(out, "caller", latchkey_use_caller(use));
		out_text(out, "caller_name", latchkey_use_caller_name(use));
		out_number(out, "uses", latchkey_use_count(use));
		out_time(out, "last_used_at", latchkey_use_last_used_at_ms(use));
		out_text(out, "source_address", latchkey_use_source_address(use));
		out_object_end(out);
	}
	out_list_end(out);
}

int
run_key_use(struct cli *cli)
{
	LK_AUTO(use_list_freep) latchkey_use_list *list = NULL;
	uint32_t days;

	CLI_TRY(cli, read_days(cli, &days));
	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_key_use(
			 cli->client, cli_operand(cli, 0), days, &cli->call, &list, &cli->error));
	out_text(&cli->out, "id", latchkey_key_id(latchkey_use_list_key(list)));
	out_text(&cli->out, "name", latchkey_key_name(latchkey_use_list_key(list)));
	out_text(&cli->out, "owner_name", latchkey_key_owner_name(latchkey_use_list_key(list)));
	out_number(&cli->out, "total", latchkey_use_list_total(list));
	out_time(&cli->out, "last_used_at", latchkey_use_list_last_used_at_ms(list));
	out_text(&cli->out, "last_source_address", latchkey_use_list_last_source_address(list));
	show_uses(&cli->out, list);
	return cli_answer(cli);
}

static void
show_keys(struct out *out, const latchkey_key_list *list)
{
	out_list(out, "keys", key_columns);
	for (size_t i = 0; i < latchkey_key_list_count(list); i++) {
		out_object(out, NULL);
		show_key(out, latchkey_key_list_at(list, i));
		out_object_end(out);
	}
	out_list_end(out);
}

int
run_key_suspend(struct cli *cli)
{
	LK_AUTO(key_list_freep) latchkey_key_list *list = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_key_suspend(cli->client, cli->args.operands, cli->args.operands_count,
			 cli_value(cli, OPT_REASON), &cli->call, &list, &cli->error));
	show_keys(&cli->out, list);
	return cli_answer(cli);
}

int
run_key_resume(struct cli *cli)
{
	LK_AUTO(key_list_freep) latchkey_key_list *list = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_key_resume(cli->client, cli->args.operands, cli->args.operands_count,
			 &cli->call, &list, &cli->error));
	show_keys(&cli->out, list);
	return cli_answer(cli);
}

/* A dry run first; its confirmation then takes the keys that it showed. */
static int
revoke_matching(struct cli *cli)
{
	LK_AUTO(key_list_freep) latchkey_key_list *list = NULL;
	const char *confirmation = cli_value(cli, OPT_CONFIRM);
	latchkey_revocation revocation;
	latchkey_key_filter filter;

	if (args_has(&cli->args, OPT_DRY_RUN) == (confirmation != NULL))
		return cli_misused(cli,
		    "name keys, or choose them with --dry-run, then with the --confirm it answers");
	CLI_TRY(cli, read_filter(cli, &filter));
	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_key_revoke_matching(cli->client, &filter, confirmation,
			 cli_value(cli, OPT_REASON), &cli->call, &list, &revocation, &cli->error));
	show_keys(&cli->out, list);
	if (!confirmation)
		out_text(&cli->out, "confirmation", revocation.confirmation);
	out_flag(&cli->out, "more", revocation.more);
	return cli_answer(cli);
}

static bool
chooses(const struct cli *cli)
{
	const option_set choosing = KEY_FILTER | O(DRY_RUN) | O(CONFIRM);

	for (int i = 0; i < OPTION_COUNT; i++) {
		if ((choosing >> i & 1) != 0 && args_has(&cli->args, (enum option)i))
			return true;
	}
	return false;
}

int
run_key_revoke(struct cli *cli)
{
	LK_AUTO(key_list_freep) latchkey_key_list *list = NULL;

	if (cli->args.operands_count == 0)
		return revoke_matching(cli);
	if (chooses(cli))
		return cli_misused(cli, "name keys, or choose them by options, not both");
	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_key_revoke(cli->client, cli->args.operands, cli->args.operands_count,
			 cli_value(cli, OPT_REASON), &cli->call, &list, &cli->error));
	show_keys(&cli->out, list);
	return cli_answer(cli);
}
