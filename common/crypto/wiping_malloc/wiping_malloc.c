/*
 * free and realloc that leave nothing behind. nng, protobuf-c and OpenSSL free what they copied
 * without wiping it; linked into an executable, these two take the place of glibc's for the whole
 * process, and a freed secret is gone. The rest of the allocator is glibc's own.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* glibc's allocator under the names it keeps for replacements. */
extern void *__libc_malloc(size_t size);
extern void *__libc_realloc(void *ptr, size_t size);
extern void __libc_free(void *ptr);

#define EXPORTED __attribute__((visibility("default")))

EXPORTED void free(void *ptr);
EXPORTED void *realloc(void *ptr, size_t size);

void
free(void *ptr)
{
	if (!ptr)
		return;
	explicit_bzero(ptr, malloc_usable_size(ptr));
	__libc_free(ptr);
}

/* glibc's realloc frees the old block by itself when it moves, so moving is done here. */
static void *
grow(void *ptr, size_t usable, size_t size)
{
	void *bigger = __libc_malloc(size);

	if (!bigger)
		return NULL;
	memcpy(bigger, ptr, usable);
	free(ptr);
	return bigger;
}

void *
realloc(void *ptr, size_t size)
{
	if (!ptr)
		return __libc_malloc(size);
	if (size == 0) {
		free(ptr);
		return NULL;
	}
	const size_t usable = malloc_usable_size(ptr);
	if (size > usable)
		return grow(ptr, usable, size);
	explicit_bzero((char *)ptr + size, usable - size);
	return __libc_realloc(
	    ptr, size); /* shrinks where it is, and gives back only what was just wiped */
}
