/* signing-key: the keys that sign tokens, for operators. */
#include <string.h>

#include "cli.h"
#include "crypto/private_file.h"
#include "handlers.h"
#include "show.h"

enum { PEM_MAX = 4096 };

static void
show_signing_key(struct out *out, const latchkey_signing_key *key)
{
	out_text(out, "kid", latchkey_signing_key_kid(key));
	out_text(out, "state", latchkey_signing_key_state(key));
	out_time(out, "created_at", latchkey_signing_key_created_at_ms(key));
	out_time(out, "changed_at", latchkey_signing_key_changed_at_ms(key));
	out_time(out, "next_at", latchkey_signing_key_next_at_ms(key));
}

int
run_signing_key_list(struct cli *cli)
{
	static const char *const columns[] = { "kid", "state", "changed_at", "next_at", NULL };
	LK_AUTO(signing_key_list_freep) latchkey_signing_key_list *list = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_signing_key_list_get(cli->client, &cli->call, &list, &cli->error));
	out_list(&cli->out, "signing_keys", columns);
	for (size_t i = 0; i < latchkey_signing_key_list_count(list); i++) {
		out_object(&cli->out, NULL);
		show_signing_key(&cli->out, latchkey_signing_key_list_at(list, i));
		out_object_end(&cli->out);
	}
	out_list_end(&cli->out);
	return cli_answer(cli);
}

int
run_signing_key_rotate(struct cli *cli)
{
	LK_AUTO(signing_key_freep) latchkey_signing_key *key = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_signing_key_rotate(cli->client, &cli->call, &key, &cli->error));
	show_signing_key(&cli->out, key);
	return cli_answer(cli);
}

int
run_signing_key_withdraw(struct cli *cli)
{
	LK_AUTO(withdrawal_freep) latchkey_withdrawal *withdrawal = NULL;

	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(cli, latchkey_signing_key_withdraw(cli->client, cli_operand(cli, 0),
			 cli_value(cli, OPT_REASON), &cli->call, &withdrawal, &cli->error));
	show_signing_key(&cli->out, latchkey_withdrawal_key(withdrawal));
	out_object(&cli->out, "active");
	show_signing_key(&cli->out, latchkey_withdrawal_active(withdrawal));
	out_object_end(&cli->out);
	return cli_answer(cli);
}

/* A whole file that only its owner can read, as text. */
struct pem {
	char text[PEM_MAX + 1];
};

static void
pem_wipe(struct pem *pem)
{
	lk_wipe(pem, sizeof *pem);
}

static lk_status
pem_read(const char *path, struct pem *out, struct lk_error *err)
{
	size_t len;

	LK_TRY(lk_private_file_read(path, "signing key", (uint8_t *)out->text, PEM_MAX, &len, err));
	out->text[len] = '\0';
	if (strlen(out->text) == len)
		return LK_OK;
	return lk_fail_field(err, "secret_pem", "SIGNING_KEY_INVALID", "the file is no PEM text");
}

int
run_signing_key_import(struct cli *cli)
{
	LK_AUTO(signing_key_freep) latchkey_signing_key *key = NULL;
	LK_AUTO(pem_wipe) struct pem pem = { { 0 } };

	CLI_TRY(cli, (latchkey_status)pem_read(cli_operand(cli, 0), &pem, cli_err(cli)));
	CLI_TRY(cli, cli_connect(cli, false));
	CLI_TRY(
	    cli, latchkey_signing_key_import(cli->client, pem.text, &cli->call, &key, &cli->error));
	show_signing_key(&cli->out, key);
	return cli_answer(cli);
}
