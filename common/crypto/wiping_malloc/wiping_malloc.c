/*
 * free and realloc that leave nothing behind. nng, protobuf-c and OpenSSL free what they copied
 * without wiping it; linked into an executable, these two take the place of glibc's for the whole
 * process, and a freed secret is gone. The rest of the allocator is glibc's own.
 */
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* glibc's allocator under the names it keeps for replacements. */
extern void *__libc_malloc(size_t size);
extern void *__libc_realloc(void *ptr, size_t size);
extern void __libc_free(void *ptr);

#define EXPORTED __attribute__((visibility("default")))

enum { LARGE = 1024 * 1024 };

EXPORTED void free(void *ptr);
EXPORTED void *realloc(void *ptr, size_t size);

/* The whole pages of a large block go back to the kernel, which hands out zeros in their place:
 * pages that were never touched need not be brought in to be written. Locked ones stay, and are
 * written. */
static void
wipe_large(char *block, size_t size)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t head = (page - (uintptr_t)block % page) % page;
	const size_t middle = (size - head) / page * page;
	char *first = block + head;

	if (madvise(first, middle, MADV_DONTNEED) != 0)
		explicit_bzero(first, middle);
	explicit_bzero(block, head);
	explicit_bzero(first + middle, size - head - middle);
}

void
free(void *ptr)
{
	if (!ptr)
		return;
	const size_t size = malloc_usable_size(ptr);
	if (size >= LARGE)
		wipe_large(ptr, size);
	else
		explicit_bzero(ptr, size);
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
