/* The environment that hands a credential to the program that needs it: one row a provider. */
#include "environment.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

extern char **environ;

enum { ADDED_MAX = 12 };

/* What would speak for somebody else, or would lead the tool to another credential than the one it
 * is given. */
static const char *const withheld[] = {
	"LATCHKEY_API_KEY",
	"LATCHKEY_API_KEY_FILE",
	"LATCHKEY_PROFILE",
	"LATCHKEY_OPERATOR_KEY_FILE",
	"LATCHKEY_WORKER_KEY_FILE",
	"LATCHKEY_STORE_URL",
	"AWS_ACCESS_KEY_ID",
	"AWS_SECRET_ACCESS_KEY",
	"AWS_SESSION_TOKEN",
	"AWS_SECURITY_TOKEN",
	"AWS_CREDENTIAL_EXPIRATION",
	"AWS_PROFILE",
	"AWS_DEFAULT_PROFILE",
	"AWS_REGION",
	"AWS_DEFAULT_REGION",
	"AWS_ROLE_ARN",
	"AWS_ROLE_SESSION_NAME",
	"AWS_WEB_IDENTITY_TOKEN_FILE",
	"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
	"AWS_CONTAINER_CREDENTIALS_FULL_URI",
	"AWS_CONTAINER_AUTHORIZATION_TOKEN",
	"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
	"DX_SECURITY_CONTEXT",
};

const char *
environment_misleading(size_t index)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(withheld); i++) {
		const bool is_ours = strncmp(withheld[i], "LATCHKEY_", 9) == 0;
		if (!is_ours && index-- == 0)
			return withheld[i];
	}
	return NULL;
}

static bool
is_withheld(const char *entry)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(withheld); i++) {
		const size_t len = strlen(withheld[i]);
		if (strncmp(entry, withheld[i], len) == 0 && entry[len] == '=')
			return true;
	}
	return false;
}

void
environment_free(struct child_environment *child)
{
	for (size_t i = child->kept; child->entries && i < child->kept + child->added; i++) {
		lk_wipe(child->entries[i], strlen(child->entries[i]));
		lk_free(child->entries[i]);
	}
	lk_free(child->entries);
	*child = (struct child_environment){ 0 };
}

void
environment_begin(struct child_environment *child)
{
	size_t count = 0;

	while (environ[count])
		count++;
	child->entries = lk_alloc_array(count + ADDED_MAX + 1, sizeof *child->entries);
	child->failed = !child->entries;
	for (size_t i = 0; i < count && !child->failed; i++) {
		if (!is_withheld(environ[i]))
			child->entries[child->kept++] = environ[i];
	}
}

/* One that is added takes the place of one that was there. */
static void
environment_drop(struct child_environment *child, const char *name)
{
	const size_t len = strlen(name);

	for (size_t i = child->kept; i-- > 0;) {
		if (strncmp(child->entries[i], name, len) == 0 && child->entries[i][len] == '=') {
			memmove(&child->entries[i], &child->entries[i + 1],
			    (child->kept + child->added - i - 1) * sizeof *child->entries);
			child->entries[--child->kept + child->added] = NULL;
		}
	}
}

static void
environment_add(struct child_environment *child, const char *name, const char *value)
{
	if (!value || child->failed)
		return;
	const size_t size = strlen(name) + 1 + strlen(value) + 1;
	char *entry = lk_alloc(size);
	if (!entry || child->added == ADDED_MAX) {
		lk_free(entry);
		child->failed = true;
		return;
	}
	snprintf(entry, size, "%s=%s", name, value);
	environment_drop(child, name);
	child->entries[child->kept + child->added++] = entry;
}

static void
environment_aws(struct child_environment *child, const latchkey_fetched *fetched)
{
	static const struct {
		const char *variable, *field;
	} rows[] = {
		{ "AWS_ACCESS_KEY_ID", "access_key_id" },
		{ "AWS_SECRET_ACCESS_KEY", "secret_access_key" },
		{ "AWS_SESSION_TOKEN", "session_token" },
		{ "AWS_REGION", "region" },
		{ "AWS_DEFAULT_REGION", "region" },
	};

	for (size_t i = 0; i < LK_ARRAY_LEN(rows); i++)
		environment_add(
		    child, rows[i].variable, latchkey_fetched_field(fetched, rows[i].field));
}

/* What `dx login` would have left there. */
static void
environment_dnanexus(struct child_environment *child, const latchkey_fetched *fetched)
{
	LK_AUTO(lk_json_wipe) struct lk_json json = { 0 };

	lk_json_object(&json, NULL);
	lk_json_string(&json, "auth_token_type", "Bearer");
	lk_json_string(&json, "auth_token", latchkey_fetched_field(fetched, "token"));
	lk_json_object_end(&json);
	const char *text = lk_json_text(&json);
	child->failed = child->failed || !text;
	environment_add(child, "DX_SECURITY_CONTEXT", text);
}

/* AWS's variables and endpoint for what is built on its libraries; rclone's for a remote ":s3:". */
static void
environment_s3(struct child_environment *child, const latchkey_fetched *fetched)
{
	const char *endpoint = latchkey_fetched_field(fetched, "endpoint");
	const char *style = latchkey_fetched_field(fetched, "path_style");

	environment_aws(child, fetched);
	environment_add(child, "AWS_ENDPOINT_URL_S3", endpoint);
	environment_add(child, "RCLONE_S3_PROVIDER", "Other");
	environment_add(child, "RCLONE_S3_ENV_AUTH", "true");
	environment_add(child, "RCLONE_S3_ENDPOINT", endpoint);
	environment_add(child, "RCLONE_S3_REGION", latchkey_fetched_field(fetched, "region"));
	environment_add(child, "RCLONE_S3_FORCE_PATH_STYLE",
	    style && strcmp(style, "no") == 0 ? "false" : "true");
}

/* How a provider's credential is handed to its tool. */
static const struct handover handovers[] = {
	{ "aws", environment_aws, true },
	{ "dnanexus", environment_dnanexus, false },
	{ "s3", environment_s3, true },
};

const struct handover *
handover_find(const char *provider)
{
	for (size_t i = 0; i < LK_ARRAY_LEN(handovers); i++) {
		if (strcmp(handovers[i].provider, provider) == 0)
			return &handovers[i];
	}
	return NULL;
}
