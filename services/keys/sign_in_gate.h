/*
 * Who may try a password now: few at once, because each try costs a tenth of a second and 64 MiB,
 * and nobody many times in a row. Tries of one account are spread out, not ended: after three wrong
 * ones each next waits twice as long, half a minute at most. In memory of a fixed size; forgotten
 * after a quarter of an hour, and with the process.
 */
#ifndef LK_KEYS_SIGN_IN_GATE_H
#define LK_KEYS_SIGN_IN_GATE_H

#include "base/base.h"
#include "id/random.h"

struct sign_in_gate;

/* `at_once` tries, of one group and from one source one fewer each (but one). NULL when memory is
 * short. Yours. */
struct sign_in_gate *sign_in_gate_new(size_t at_once, const struct lk_random *random);
void sign_in_gate_free(struct sign_in_gate *gate);

/*
 * Begin a try of `account` (any text that stands for it; known and unknown ones alike). What stands
 * before its first space is its group: a group that floods the gate leaves a place to the others.
 * `source` (any text, "" where it is not known) is where the try comes from: one source leaves a
 * place to the others, whatever names it makes up.
 * RESOURCE_EXHAUSTED SIGN_IN_DELAYED or SIGN_IN_BUSY, both with retry_after_ms. After LK_OK call
 * sign_in_gate_leave. Any thread; never blocks.
 */
lk_status sign_in_gate_enter(struct sign_in_gate *gate, const char *account, const char *source,
    int64_t now_ms, struct lk_error *err);
/* `right`: the account's wrong tries are forgotten. */
void sign_in_gate_leave(
    struct sign_in_gate *gate, const char *account, const char *source, bool right);

/* How long the next try waits after so many wrong ones. */
int64_t sign_in_delay_ms(uint32_t wrong);

#endif
