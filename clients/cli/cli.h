/* One run of the command line: its arguments, its client, its answer; and how it fails. */
#ifndef LATCHKEY_CLI_H
#define LATCHKEY_CLI_H

#include <latchkey/latchkey.h>

#include "base/base.h"
#include "command.h"
#include "out.h"

/* Exit statuses. `exec` adds those of its command, and 126 and 127 when that cannot be run. */
enum { EXIT_OK = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_UNAVAILABLE = 3, EXIT_UNPROVEN = 4 };

struct cli {
	struct args args;
	struct out out;
	latchkey_call call;      /* what --timeout and --idempotency-key say */
	latchkey_client *client; /* NULL until cli_connect() */
	latchkey_error error;    /* where every call of the library puts its own */
};

/* Leave a handler early: say what is in cli->error. */
#define CLI_TRY(cli, call)                                                                         \
	do {                                                                                       \
		if ((call) != LATCHKEY_OK)                                                         \
			return cli_failed(cli);                                                    \
	} while (0)

/* cli->error, for our own functions: both have one layout (clients/c/src/object.h asserts it). */
static inline struct lk_error *
cli_err(struct cli *cli)
{
	return (struct lk_error *)(void *)&cli->error;
}

/* Open the client as options and environment say; anonymous: as nobody. */
latchkey_status cli_connect(struct cli *cli, bool anonymous);

/* Say cli->error on standard error, in one line or as JSON; answers the exit status that belongs to
 * it. */
int cli_failed(struct cli *cli);

/* Fill cli->error for something that went wrong here: CLI_TRY(cli, cli_refuse(cli, …)). field may
 * be "". */
latchkey_status cli_refuse(struct cli *cli, latchkey_status status, const char *field,
    const char *reason, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* PROVIDER_UNKNOWN, naming those we know. */
latchkey_status cli_refuse_provider(struct cli *cli);

/* EXIT_USAGE, with a sentence. */
int cli_misused(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The tenant that --tenant gives by id, name or domain as an id, for calls that take nothing else;
 * "" without the option. */
enum { TENANT_ID_SIZE = 64 };
latchkey_status cli_tenant_id(struct cli *cli, char out[TENANT_ID_SIZE]);

/* Write the answer; a handler that only shows something ends with `return cli_answer(cli);`. */
int cli_answer(struct cli *cli);

/* The profile that --profile or LATCHKEY_PROFILE names, or "default". */
const char *cli_profile(const struct cli *cli);

/* Values of an option that may be given often, as the library takes them. */
static inline const char *const *
cli_values(const struct cli *cli, enum option option)
{
	return cli->args.values[option].at;
}

static inline const char *
cli_value(const struct cli *cli, enum option option)
{
	return args_value(&cli->args, option);
}

static inline const char *
cli_operand(const struct cli *cli, size_t index) /* NULL: not given */
{
	return index < cli->args.operands_count ? cli->args.operands[index] : NULL;
}

/* Scope cleanup for what the library hands out: LK_AUTO(key_freep) latchkey_key *key = NULL. */
#define CLI_FREEP(noun)                                                                            \
	static inline void noun##_freep(latchkey_##noun **object)                                  \
	{                                                                                          \
		latchkey_##noun##_free(*object);                                                   \
	}
CLI_FREEP(secret)
CLI_FREEP(health)
CLI_FREEP(tenant)
CLI_FREEP(tenant_list)
CLI_FREEP(user)
CLI_FREEP(user_list)
CLI_FREEP(ticket)
CLI_FREEP(principal)
CLI_FREEP(principal_list)
CLI_FREEP(session)
CLI_FREEP(open_session_list)
CLI_FREEP(issuer)
CLI_FREEP(issuer_list)
CLI_FREEP(me)
CLI_FREEP(registration_list)
CLI_FREEP(capabilities)
CLI_FREEP(role)
CLI_FREEP(role_list)
CLI_FREEP(workgroup)
CLI_FREEP(workgroup_list)
CLI_FREEP(policy)
CLI_FREEP(key)
CLI_FREEP(key_list)
CLI_FREEP(finding_list)
CLI_FREEP(pepper_list)
CLI_FREEP(use_list)
CLI_FREEP(token)
CLI_FREEP(validation)
CLI_FREEP(jwks)
CLI_FREEP(signing_key)
CLI_FREEP(signing_key_list)
CLI_FREEP(withdrawal)
CLI_FREEP(kek)
CLI_FREEP(kek_list)
CLI_FREEP(rewrap)
CLI_FREEP(credential)
CLI_FREEP(credential_list)
CLI_FREEP(lease)
CLI_FREEP(lease_list)
CLI_FREEP(worker)
CLI_FREEP(worker_list)
CLI_FREEP(fetched)
CLI_FREEP(event_list)

#endif
