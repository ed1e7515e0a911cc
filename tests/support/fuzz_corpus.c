/* A fuzz target without a fuzzer: its corpus, then seeded mutations of it, as two cases of a unit
 * test. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { INPUT_MAX = 64 * 1024 };

struct corpus {
	struct dirent **names;
	int count;
};

static int
is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static struct corpus
corpus_open(void)
{
	struct corpus corpus = { 0 };

	corpus.count =
	    scandir(lk_test_data("fuzz/corpus/" LK_FUZZ_NAME), &corpus.names, is_input, alphasort);
	if (corpus.count < 1)
		fail_msg("fuzz/corpus/" LK_FUZZ_NAME " holds no input");
	return corpus;
}

static void
corpus_close(struct corpus *corpus)
{
	for (int i = 0; i < corpus->count; i++)
		free(corpus->names[i]);
	free(corpus->names);
}

static uint8_t *
input(const struct corpus *corpus, size_t i, size_t *out_len)
{
	const char *dir = lk_test_data("fuzz/corpus/" LK_FUZZ_NAME);

	return (uint8_t *)lk_test_read_file(lk_test_path(dir, corpus->names[i]->d_name), out_len);
}

/* An exact copy, so that a sanitizer sees a read one byte past the end. */
static void
feed(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, data, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static void
the_corpus_is_survived(void **state)
{
	(void)state;
	struct corpus corpus = corpus_open();

	for (int i = 0; i < corpus.count; i++) {
		size_t len = 0;
		uint8_t *data = input(&corpus, (size_t)i, &len);
		feed(data, len);
		free(data);
	}
	corpus_close(&corpus);
}

static void
mutations_of_the_corpus_are_survived(void **state)
{
	(void)state;
	static uint8_t changed[INPUT_MAX];
	struct corpus corpus = corpus_open();
	struct lk_test_rng rng = lk_test_rng();
	const size_t each =
	    lk_test_repeat("mutations_" LK_FUZZ_NAME, 100000, 2000) / (size_t)corpus.count + 1;

	for (int i = 0; i < corpus.count; i++) {
		size_t len = 0;
		uint8_t *data = input(&corpus, (size_t)i, &len);
		for (size_t n = 0; n < each; n++) {
			const size_t kept = len < INPUT_MAX ? len : INPUT_MAX;
			memcpy(changed, data, kept);
			feed(changed, lk_test_rng_mutate(&rng, changed, kept, INPUT_MAX));
		}
		free(data);
	}
	corpus_close(&corpus);
}

LK_TESTS(LK_CASE(the_corpus_is_survived), LK_CASE(mutations_of_the_corpus_are_survived))
