/* Is the key or JWT on standard input good, and whose is it? cc validate.c $(pkg-config --cflags
 * --libs latchkey) */
#include <latchkey/tokens.h>
#include <stdio.h>

int
main(void)
{
	char text[8192] = "";
	latchkey_client *client = NULL; /* speaks as LATCHKEY_API_KEY says, to LATCHKEY_URL */
	latchkey_validation *answer = NULL;
	latchkey_error error = { .message = "nothing on standard input" };

	if (scanf("%8191s", text) == 1 &&
	    latchkey_client_open(NULL, &client, &error) == LATCHKEY_OK &&
	    latchkey_validate(client, text, NULL, NULL, &answer, &error) == LATCHKEY_OK) {
		const latchkey_identity *who = latchkey_validation_identity(answer);
		printf("%s %s\n", who ? latchkey_identity_name(who) : "refused",
		    who ? latchkey_identity_tenant_name(who) : latchkey_validation_reason(answer));
	} else {
		fprintf(stderr, "%s\n", error.message);
	}
	const int status = answer ? !latchkey_validation_active(answer) : 3;
	latchkey_validation_free(answer);
	latchkey_client_close(client);
	return status;
}
