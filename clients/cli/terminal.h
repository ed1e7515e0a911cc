/* A terminal that does not show what is typed. */
#ifndef LATCHKEY_CLI_TERMINAL_H
#define LATCHKEY_CLI_TERMINAL_H

#include <stdbool.h>

/*
 * Echo of the terminal on standard input off, and back on. Between the two every signal that ends
 * or stops the process puts it back first, and one that goes on has it off again. False: it cannot
 * be switched off. One at a time, by one thread; other threads may run.
 */
bool terminal_hide(void);
void terminal_show(void);

#endif
