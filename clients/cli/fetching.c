/* Fetching for a command: whose credential, what for, under which lease. */
#include "fetching.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void
fetching_purpose(const char *what, pid_t pid, char out[FETCHING_PURPOSE_SIZE])
{
	char host[65] = "";

	if (gethostname(host, sizeof host - 1) != 0 || !lk_text_printable(lk_bytes_of(host)))
		snprintf(host, sizeof host, "unknown");
	snprintf(out, FETCHING_PURPOSE_SIZE, "%.40s@%.64s:%ld",
	    lk_text_printable(lk_bytes_of(what)) ? what : "exec", host, (long)pid);
}

bool
fetching_is_expired(const latchkey_credential *credential)
{
	return strcmp(latchkey_credential_state(credential), "expired") == 0;
}

/* Where policy hands out an expired one, whoever debugs the tool's refusal should know. */
static void
warn_if_expired(const latchkey_credential *credential)
{
	if (fetching_is_expired(credential))
		fprintf(stderr, "latchkey: warning: the credential \"%s\" has expired\n",
		    latchkey_credential_label(credential));
}

/* Without --owner the caller means their own. */
static latchkey_status
owner_own(struct cli *cli, latchkey_me **out_me, const char **out_owner)
{
	const latchkey_status status =
	    latchkey_me_get(cli->client, &cli->call, out_me, &cli->error);

	if (status != LATCHKEY_OK)
		return status;
	const latchkey_identity *identity = latchkey_me_identity(*out_me);
	if (!identity || latchkey_identity_kind(identity) == LATCHKEY_KIND_PRINCIPAL)
		return cli_refuse(cli, LATCHKEY_INVALID_ARGUMENT, "owner", "OWNER_MISSING",
		    "say whose credential with --owner");
	*out_owner = latchkey_identity_subject(identity);
	return LATCHKEY_OK;
}

static latchkey_fetch_request
request_of(struct cli *cli, const char *purpose)
{
	const char *lease = cli_value(cli, OPT_LEASE);

	return (latchkey_fetch_request){
		.owner = cli_value(cli, OPT_OWNER),
		.tenant = cli_value(cli, OPT_TENANT),
		.provider = cli_operand(cli, 0),
		.purpose = args_has(&cli->args, OPT_PURPOSE) ? cli_value(cli, OPT_PURPOSE)
			   : lease                           ? NULL
							     : purpose,
		.lease = lease,
	};
}

static latchkey_status
fetch(struct cli *cli, const latchkey_fetch_request *request, latchkey_fetched **out_fetched)
{
	const latchkey_status status =
	    latchkey_credential_fetch(cli->client, request, &cli->call, out_fetched, &cli->error);

	if (status == LATCHKEY_OK)
		warn_if_expired(latchkey_fetched_credential(*out_fetched));
	return status;
}

latchkey_status
fetching_of(
    struct cli *cli, const char *provider, const char *purpose, latchkey_fetched **out_fetched)
{
	LK_AUTO(me_freep) latchkey_me *me = NULL;
	latchkey_fetch_request request = request_of(cli, purpose);

	request.provider = provider;
	latchkey_status status = cli->client ? LATCHKEY_OK : cli_connect(cli, false);
	if (status == LATCHKEY_OK && !request.owner)
		status = owner_own(cli, &me, &request.owner);
	return status == LATCHKEY_OK ? fetch(cli, &request, out_fetched) : status;
}

latchkey_status
fetching_once(struct cli *cli, const char *purpose, latchkey_fetched **out_fetched)
{
	return fetching_of(cli, cli_operand(cli, 0), purpose, out_fetched);
}

/* ---- Under a lease ---- */

static bool
may_lease_own(const latchkey_me *me)
{
	const latchkey_identity *identity = me ? latchkey_me_identity(me) : NULL;

	for (size_t i = 0; identity && i < latchkey_identity_permission_count(identity); i++)
		if (strcmp(latchkey_identity_permission_at(identity, i), "credentials.manage") == 0)
			return true;
	return false;
}

/* One's own: whoever owns it grants it to themselves, for this command. */
static latchkey_status
lease_own(struct cli *cli, const latchkey_fetch_request *request, latchkey_lease **out_lease)
{
	const latchkey_lease_request wish = {
		.provider = request->provider,
		.job = request->purpose,
		.ttl = "1m",
	};

	return latchkey_lease_grant(cli->client, &wish, &cli->call, out_lease, &cli->error);
}

latchkey_status
fetching_leased(struct cli *cli, const char *purpose, latchkey_lease **out_lease,
    latchkey_fetched **out_fetched)
{
	LK_AUTO(me_freep) latchkey_me *me = NULL;
	latchkey_fetch_request request = request_of(cli, purpose);

	latchkey_status status = cli_connect(cli, false);
	if (status == LATCHKEY_OK && !request.owner)
		status = owner_own(cli, &me, &request.owner);
	if (status == LATCHKEY_OK && request.lease)
		status = latchkey_lease_heartbeat(
		    cli->client, request.lease, &cli->call, out_lease, &cli->error);
	else if (status == LATCHKEY_OK && may_lease_own(me))
		status = lease_own(cli, &request, out_lease);
	if (status == LATCHKEY_OK && *out_lease)
		request.lease = latchkey_lease_id(*out_lease);
	return status == LATCHKEY_OK ? fetch(cli, &request, out_fetched) : status;
}
