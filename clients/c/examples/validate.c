/* Is the key or JWT on standard input good, whose is it, what may it do and until when?
 * cc validate.c $(pkg-config --cflags --libs latchkey) */
#include <latchkey/tokens.h>
#include <stdio.h>

int
main(void)
{
	char text[8192];
	latchkey_client *client = NULL; /* speaks as LATCHKEY_API_KEY says, to LATCHKEY_URL */
	latchkey_validation *is = NULL;
	latchkey_error error = { .message = "nothing on standard input" };

	if (scanf("%8191s", text) != 1 || latchkey_client_open(NULL, &client, &error) ||
	    latchkey_validate(client, text, NULL, NULL, &is, &error))
		fprintf(stderr, "%s\n", error.message);
	const int status = is ? !latchkey_validation_active(is) : 3;
	const latchkey_identity *who = status ? NULL : latchkey_validation_identity(is);
	if (who)
		printf("%s %s", latchkey_identity_name(who), latchkey_identity_tenant_name(who));
	for (size_t i = 0; who && i < latchkey_identity_permission_count(who); i++)
		printf(" %s", latchkey_identity_permission_at(who, i));
	for (size_t i = 0; who && i < latchkey_identity_workgroup_count(who); i++)
		printf(" %s", latchkey_identity_workgroup_at(who, i));
	if (who)
		printf(" until %lld\n", (long long)latchkey_identity_expires_at_ms(who) / 1000);
	else if (is)
		printf("refused %s\n", latchkey_validation_reason(is));
	latchkey_validation_free(is);
	latchkey_client_close(client);
	return status;
}
