/* What every process of ours measures of itself when it is asked: descriptors, memory that could
 * not be locked, certificates. */
#ifndef LK_DAEMON_MEASURE_H
#define LK_DAEMON_MEASURE_H

#include "metrics/families.h"

/* `labels` are those of each sample, or "". */
void lk_measure_process(struct lk_families *out, const char *labels, int64_t started_at_ms);

/* `use` is "peer" or "http"; nothing for 0. */
void lk_measure_certificate(
    struct lk_families *out, const char *labels, const char *use, int64_t ends_at_ms);

#endif
