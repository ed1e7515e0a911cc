/* Scope cleans up: LK_AUTO frees when the variable leaves its scope, LK_TAKE hands the value over
 * first. */
#ifndef LK_BASE_SCOPE_H
#define LK_BASE_SCOPE_H

/* LK_AUTO(thing_freep) struct thing *t = NULL; the function gets the variable's address. Never in
 * an installed header. */
#define LK_AUTO(fn) __attribute__((cleanup(fn), unused)) /* some variables live only for it */

/* Return the pointer and leave NULL behind. */
#define LK_TAKE(p)                                                                                 \
	(__extension__({                                                                           \
		__typeof__(p) lk_taken_ = (p);                                                     \
		(p) = NULL;                                                                        \
		lk_taken_;                                                                         \
	}))

#define LK_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Define the pointer form of a free function for LK_AUTO: LK_DEFINE_FREEP(lk_store_closep, struct
 * lk_store *, lk_store_close) */
#define LK_DEFINE_FREEP(name, type, fn)                                                            \
	static inline void name(type *p)                                                           \
	{                                                                                          \
		if (*p)                                                                            \
			fn(*p);                                                                    \
	}

/* Free malloc'd memory: LK_AUTO(lk_freep) char *s = NULL. */
void lk_freep(void *address_of_pointer);

#endif
