/* Writing rows to a table, and making, compacting and dropping tables. */
#ifndef MURR_SERVICE_WRITE_H
#define MURR_SERVICE_WRITE_H

#include "service/service.h"

/*
 * Queue a write (engine/write/write.h). Its `done` is called once, with OK or not, from a writer thread or, where the
 * write cannot even be queued, from this one. It is durable and readable then. Rows are counted, by outcome.
 *
 * Owns      the body: it is released in any case.
 * Fails     by `done`, as registry_write and the write itself.
 */
void service_write(const struct admitted *a, const struct write_request *request);

#endif
