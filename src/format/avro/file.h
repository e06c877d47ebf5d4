/*
 * An Avro object container (specification 1.11), read record by record from memory.
 *
 * Layout: "Obj" 1, a map of metadata (the schema and the codec among it), 16 bytes of sync marker;
 * then blocks: number of records, number of bytes, the records, compressed as a whole, and the sync
 * marker again. A file that was cut between two blocks looks complete: whoever knows its length
 * compares it.
 */
#ifndef MURR_FORMAT_AVRO_FILE_H
#define MURR_FORMAT_AVRO_FILE_H

#include "format/avro/value.h"

struct avro_limits {
    size_t schema_bytes;
    size_t block_bytes;  /* of a block, decompressed */
    size_t record_bytes; /* of the values of one record in memory, without their bytes */
    uint64_t n_values;   /* of the whole file, records and their items; below 2^60 */
};

struct avro_limits avro_limits_default(void);

struct avro_file;

/*
 * Read the head of a file. `bytes` stay where they are until avro_close.
 *
 * Fails     E_CORRUPT; E_UNSUPPORTED codec, which is named; E_LIMIT.
 */
must_use enum code avro_open(struct view bytes, const struct avro_limits *limits,
                             struct avro_file **out, struct err *err);
void avro_close(struct avro_file *f);

/* The type of the records. They may be other things than AVRO_RECORD. */
const struct avro_type *avro_record_type(const struct avro_file *f);

/* What the file says of itself under a key. False where it says nothing. */
bool avro_metadata(const struct avro_file *f, const char *key, struct view *out);

/*
 * The next record, or NULL at the end. It lives until the next call.
 *
 * Fails     E_CORRUPT, E_LIMIT, with the number of the block and of the record in it, both from 0.
 *           Every further call fails as well.
 */
must_use enum code avro_next(struct avro_file *f, const struct avro_value **out, struct err *err);

#endif
