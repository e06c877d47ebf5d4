/* Writing rows to a table, and making, compacting and dropping tables. */
#ifndef MURR_SERVICE_WRITE_H
#define MURR_SERVICE_WRITE_H

#include "service/service.h"

/*
 * Queue a write (engine/write/write.h). `done` is called exactly once: from a writer thread when
 * the write is durable and readable or has failed, or from this thread if it could not be queued.
 * The outcome is counted on the table.
 *
 * Takes     the body; it is always released.
 * Fails     through `done`, with the codes of registry_write and of the write itself.
 */
void service_write(const struct admitted *a, const struct write_request *request);

#endif
