/* credential-process: a credential as AWS's tools ask another program for it. */
#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "environment.h"
#include "fetching.h"
#include "handlers.h"
#include "time/duration.h"

/* https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sourcing-external.html */
static int
process_answer(struct cli *cli, const latchkey_fetched *fetched)
{
	const latchkey_credential *credential = latchkey_fetched_credential(fetched);
	/* AWS tools would not use what they are told is over, although policy hands it out */
	const int64_t expires_at_ms =
	    fetching_is_expired(credential) ? 0 : latchkey_credential_expires_at_ms(credential);
	const char *session = latchkey_fetched_field(fetched, "session_token");
	LK_AUTO(lk_json_wipe) struct lk_json json = { 0 };
	char instant[LK_INSTANT_SIZE];

	lk_json_object(&json, NULL);
	lk_json_int(&json, "Version", 1);
	lk_json_string(&json, "AccessKeyId", latchkey_fetched_field(fetched, "access_key_id"));
	lk_json_string(
	    &json, "SecretAccessKey", latchkey_fetched_field(fetched, "secret_access_key"));
	if (session)
		lk_json_string(&json, "SessionToken", session);
	if (expires_at_ms > 0) {
		lk_instant_format(expires_at_ms, instant);
		lk_json_string(&json, "Expiration", instant);
	}
	lk_json_object_end(&json);
	const char *text = lk_json_text(&json);
	if (!text || printf("%s\n", text) < 0 || fflush(stdout) != 0)
		CLI_TRY(cli, cli_refuse(cli, LATCHKEY_UNKNOWN, "", "OUTPUT_LOST",
				 "the answer could not be written to standard output"));
	return EXIT_OK;
}

int
run_credential_process(struct cli *cli)
{
	const struct handover *handover = handover_find(cli_operand(cli, 0));
	char purpose[FETCHING_PURPOSE_SIZE];
	LK_AUTO(fetched_freep) latchkey_fetched *fetched = NULL;

	if (!handover || !handover->has_process)
		return cli_misused(
		    cli, "credential-process is for aws and s3; exec hands over the others");
	fetching_purpose("credential-process", getppid(), purpose);
	CLI_TRY(cli, fetching_once(cli, purpose, &fetched));
	return process_answer(cli, fetched);
}
