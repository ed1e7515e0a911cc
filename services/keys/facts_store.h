/* Facts read from the rows that state them. */
#ifndef LK_KEYS_FACTS_STORE_H
#define LK_KEYS_FACTS_STORE_H

#include "facts.h"
#include "keys.h"
#include "store/store.h"

/* *out is NULL when there is no such tenant or owner; otherwise new facts with one reference, yours
 * (fact_unref). */
lk_status tenant_facts_load(
    struct lk_tx *tx, const char *id, struct tenant_facts **out_facts, struct lk_error *err);
lk_status owner_facts_load(struct lk_tx *tx, const char *id, struct lk_arena *arena,
    struct owner_facts **out_facts, struct lk_error *err);

/* `id` is a key_ or ses_ id; of one that does not exist the facts say KEY_DEAD. Yours
 * (key_facts_release). A key whose row was changed from outside is KEY_DEAD, too. */
lk_status key_facts_load(struct keys *keys, struct lk_tx *tx, const char *id,
    struct lk_arena *arena, struct key_facts *out_facts, struct lk_error *err);

#endif
