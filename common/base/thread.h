/* Threads of ours inside a program that has its own. */
#ifndef LK_BASE_THREAD_H
#define LK_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/*
 * A joinable thread that hears no signal: those are for the program's own threads. False when the
 * system has no room for another, and *out_thread is then not one. From any thread.
 */
bool lk_thread_start(pthread_t *out_thread, void *(*run)(void *arg), void *arg);

#endif
