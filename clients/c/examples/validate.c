/* Is the key or JWT on standard input good, whose is it, what may it do and until when?
 * cc validate.c $(pkg-config --cflags --libs latchkey) */
#include <latchkey/tokens.h>
#include <stdio.h>

static void
show(const latchkey_identity *who)
{
	printf("%s %s", latchkey_identity_name(who), latchkey_identity_tenant_name(who));
	for (size_t i = 0; i < latchkey_identity_permission_count(who); i++)
		printf(" %s", latchkey_identity_permission_at(who, i));
	for (size_t i = 0; i < latchkey_identity_workgroup_count(who); i++)
		printf(" %s", latchkey_identity_workgroup_at(who, i));
	printf(" until %lld\n", (long long)latchkey_identity_expires_at_ms(who) / 1000);
}

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
		if (latchkey_validation_active(answer))
			show(latchkey_validation_identity(answer));
		else
			printf("refused %s\n", latchkey_validation_reason(answer));
	} else {
		fprintf(stderr, "%s\n", error.message);
	}
	const int status = answer ? !latchkey_validation_active(answer) : 3;
	latchkey_validation_free(answer);
	latchkey_client_close(client);
	return status;
}
