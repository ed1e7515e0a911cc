/* kek: the root keys that stored credentials are sealed under, for operators. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "cli.h"
#include "handlers.h"

static void
show_kek(struct out *out, const latchkey_kek *kek)
{
	out_text(out, "id", latchkey_kek_id(kek));
	out_text(out, "state", latchkey_kek_state(kek));
	out_number(out, "tenant_keys", (uint64_t)latchkey_kek_wraps(kek));
	out_time(out, "created_at", latchkey_kek_created_at_ms(kek));
	out_time(out, "changed_at", latchkey_kek_changed_at_ms(kek));
}

int
run_kek_status(struct cli *cli)
{
	static const char *const columns[] = { "id", "state", "tenant_keys", "changed_at", NULL };
	LK_AUTO(kek_list_freep) latchkey_kek_list *list = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_kek_list_get(cli->client, &cli->call, &list, &cli->error));
	out_list(&cli->out, "keks", columns);
	for (size_t i = 0; i < latchkey_kek_list_count(list); i++) {
		out_object(&cli->out, NULL);
		show_kek(&cli->out, latchkey_kek_list_at(list, i));
		out_object_end(&cli->out);
	}
	out_list_end(&cli->out);
	return cli_answer(cli);
}

/* ---- rotate ---- */

struct progress {
	int64_t rewrapped, broken, total, remaining;
	char after[TENANT_ID_SIZE]; /* "" at the beginning and at the end */
};

/* One line that is written over on a terminal, a line each otherwise. */
static void
progress_show(const struct progress *p)
{
	const bool over = isatty(STDERR_FILENO);

	fprintf(stderr, "%slatchkey: %" PRId64 " of %" PRId64 " tenant keys re-wrapped%s",
	    over ? "\r" : "", p->total - p->remaining, p->total, over && *p->after ? "" : "\n");
}

static latchkey_status
rewrap_step(struct cli *cli, struct progress *p)
{
	LK_AUTO(rewrap_freep) latchkey_rewrap *step = NULL;
	latchkey_call call = cli->call;

	call.idempotency_key = NULL; /* the option's is for the rotation; each step is its own */
	const latchkey_status status =
	    latchkey_kek_rewrap(cli->client, p->after, 0, &call, &step, &cli->error);
	if (status != LATCHKEY_OK)
		return status;
	p->rewrapped += latchkey_rewrap_rewrapped(step);
	p->broken += latchkey_rewrap_broken(step);
	p->total = latchkey_rewrap_total(step);
	p->remaining = latchkey_rewrap_remaining(step);
	lk_text_copy(p->after, sizeof p->after, latchkey_rewrap_after(step));
	return LATCHKEY_OK;
}

int
run_kek_rotate(struct cli *cli)
{
	LK_AUTO(kek_freep) latchkey_kek *kek = NULL;
	struct progress p = { .after = "" };

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli,
	    latchkey_kek_rotate(cli->client, cli_operand(cli, 0), &cli->call, &kek, &cli->error));
	do {
		CLI_TRY(cli, rewrap_step(cli, &p));
		progress_show(&p);
	} while (*p.after);
	if (p.broken > 0)
		CLI_TRY(
		    cli, cli_refuse(cli, LATCHKEY_DATA_LOSS, "", "SEAL_BROKEN",
			     "%" PRId64 " tenant keys do not open and stay as they are", p.broken));
	out_text(&cli->out, "active", latchkey_kek_id(kek));
	out_number(&cli->out, "rewrapped", (uint64_t)p.rewrapped);
	out_number(&cli->out, "remaining", (uint64_t)p.remaining);
	out_number(&cli->out, "total", (uint64_t)p.total);
	return cli_answer(cli);
}

int
run_kek_retire(struct cli *cli)
{
	LK_AUTO(kek_freep) latchkey_kek *kek = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli,
	    latchkey_kek_retire(cli->client, cli_operand(cli, 0), &cli->call, &kek, &cli->error));
	show_kek(&cli->out, kek);
	return cli_answer(cli);
}
