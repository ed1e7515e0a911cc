/* Accounts that people asked for, until an administrator admits or rejects them. */
#ifndef LK_KEYS_REGISTRATION_STORE_H
#define LK_KEYS_REGISTRATION_STORE_H

#include "daemon/page.h"
#include "id/id.h"
#include "store/store.h"
#include "text.h"

enum { REGISTRATIONS_OF_TENANT_MAX = 500 };
static const int64_t registration_life_ms = INT64_C(30) * 24 * 3600 * 1000;

struct registration {
	char id[LK_ID_SIZE]; /* usr_…: the user that it becomes */
	char tenant[LK_ID_SIZE];
	char email[EMAIL_SIZE];
	char display_name[LABEL_SIZE];
	int64_t created_at_ms;
};

/* Counts a question, whatever comes of it. */
lk_status registration_count_ask(struct lk_tx *tx, struct lk_error *err);

/* Not kept when the tenant has one of this address, or as many as it may; those that nobody looked
 * at for registration_life_ms make room. */
lk_status registration_insert(struct lk_tx *tx, const struct registration *registration,
    bool *out_kept, struct lk_error *err);

/* By id or e-mail in lower case, in this tenant. */
lk_status registration_find(struct lk_tx *tx, const char *tenant, const char *name,
    struct registration *out_registration, bool *out_found, struct lk_error *err);
lk_status registration_delete(struct lk_tx *tx, const char *id, struct lk_error *err);

struct registration_page {
	struct registration *items; /* in the arena, oldest first */
	size_t count;
	bool more;
};
lk_status registration_list(struct lk_tx *tx, const char *tenant, const struct lk_page *page,
    struct lk_arena *arena, struct registration_page *out_page, struct lk_error *err);

#endif
