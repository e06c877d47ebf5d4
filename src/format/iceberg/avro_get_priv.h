/* Fields of Avro records by their numbers, with their types checked. Messages name the field. Texts
 * are copied into the arena. */
#ifndef MURR_FORMAT_ICEBERG_AVRO_GET_PRIV_H
#define MURR_FORMAT_ICEBERG_AVRO_GET_PRIV_H

#include "format/avro/file.h"

/* NULL: the record does not have the field, or it is null. */
const struct avro_value *ice_avro_find(const struct avro_value *record, int64_t id);

/* Fail E_CORRUPT where the field is missing, null or of another type. */
must_use enum code ice_avro_int64(const struct avro_value *record, int64_t id, int64_t *out,
                                  struct err *err);
must_use enum code ice_avro_int32(const struct avro_value *record, int64_t id, int32_t *out,
                                  struct err *err);
must_use enum code ice_avro_text(const struct avro_value *record, int64_t id, struct arena *arena,
                                 const char **out, struct err *err);
/* A count or a size. */
must_use enum code ice_avro_size(const struct avro_value *record, int64_t id, int64_t *out,
                                 struct err *err);

/* The same, but a field that is missing or null leaves *out alone. */
must_use enum code ice_avro_maybe_int64(const struct avro_value *record, int64_t id, int64_t *out,
                                        struct err *err);
must_use enum code ice_avro_maybe_int32(const struct avro_value *record, int64_t id, int32_t *out,
                                        struct err *err);
must_use enum code ice_avro_maybe_text(const struct avro_value *record, int64_t id,
                                       struct arena *arena, const char **out, struct err *err);
must_use enum code ice_avro_maybe_size(const struct avro_value *record, int64_t id, int64_t *out,
                                       struct err *err);

/* Whether the field has bytes, and any at all. */
bool ice_avro_has_bytes(const struct avro_value *record, int64_t id);

/* Open a file whose records must be AVRO_RECORD and whose "format-version" must be known. */
must_use enum code ice_avro_open(struct view bytes, struct avro_file **out, struct err *err);

#endif
