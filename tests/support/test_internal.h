/* Between the files of the test support only. */
#ifndef LK_TESTS_SUPPORT_TEST_INTERNAL_H
#define LK_TESTS_SUPPORT_TEST_INTERNAL_H

/* The next lk_test_rng() starts from the program's seed again. */
void lk_test_rng_restart(void);

#endif
