/* Limits of instants; the functions are in duration.h. */
#ifndef LK_TIME_INSTANT_H
#define LK_TIME_INSTANT_H

#include <stdint.h>

#define LK_INSTANT_MAX_MS INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

#endif
