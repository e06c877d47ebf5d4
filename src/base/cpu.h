/* How many processors this process may use. */
#ifndef MURR_BASE_CPU_H
#define MURR_BASE_CPU_H

/* At least 1: those that its affinity allows, as far as the quota of its control groups reaches,
 * rounded up. */
unsigned cpu_count(void);

#endif
