/* How many processors this process may use. */
#ifndef MURR_BASE_CPU_H
#define MURR_BASE_CPU_H

/* The processors that its affinity allows, but no more than the quota of its control groups,
 * rounded up. At least 1. */
unsigned cpu_count(void);

#endif
