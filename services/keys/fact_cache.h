/* Facts of owners and tenants in memory, by id: bounded, shared by reference count. Any thread. */
#ifndef LK_KEYS_FACT_CACHE_H
#define LK_KEYS_FACT_CACHE_H

#include "facts.h"

struct fact_cache;

/* At most `max_facts`. The facts put in begin with a struct fact_refs and are freed with lk_free.
 * NULL when memory is short. */
struct fact_cache *fact_cache_new(size_t max_facts);
void fact_cache_free(struct fact_cache *cache);

/* What is remembered under this epoch, with a reference that is yours; or NULL. */
void *fact_cache_get(struct fact_cache *cache, struct packed_id id, uint32_t epoch);

/* Remember `facts`, read after `epoch` was captured; the cache takes a reference of its own. */
void fact_cache_put(struct fact_cache *cache, struct packed_id id, void *facts, uint32_t epoch);

void fact_unref(void *facts); /* NULL is fine */

/* New facts of `size` bytes, zeroed, one reference; NULL when memory is short. */
void *fact_new(size_t size);

#endif
