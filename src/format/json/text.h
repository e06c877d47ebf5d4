/*
 * Values for which JSON has no form, as texts:
 *
 *     date32        "2026-11-22"
 *     timestamp     "2026-11-22T10:30:00.250Z": in UTC where the type has a zone, without the Z
 *                   where it has none. As many digits after the point as the unit has: 0, 3, 6, 9.
 *     time32/64     "10:30:00.250"
 *     decimal       "12.50", with as many digits as the scale says
 *     binary        base64 (RFC 4648, padded)
 *
 * Years beyond 0000 to 9999 have a sign and as many digits as they need (ISO 8601, expanded).
 */
#ifndef MURR_FORMAT_JSON_TEXT_H
#define MURR_FORMAT_JSON_TEXT_H

#include "base/arena.h"
#include "base/buf.h"
#include "model/type.h"

/* Into memory with room for JSON_NUMBER_CAP bytes, quotes included; return the end. */
uint8_t *json_write_date(uint8_t *out, int32_t days);
uint8_t *json_write_timestamp(uint8_t *out, const struct type *t, int64_t value);
uint8_t *json_write_time(uint8_t *out, enum time_unit unit, int64_t value);
uint8_t *json_write_decimal(uint8_t *out, const struct type *t, const uint8_t *value);

void json_put_base64(struct buf *out, struct view bytes);

/*
 * Read such a text back, without its quotes. Fewer digits after the point than the unit or scale
 * has are fine, more are only where they are zeros. A timestamp with a zone ends in Z or an offset
 * (+02:00), one without in neither. False: the text is no such value, or the type cannot hold it.
 */
must_use bool json_read_date(struct view text, int32_t *out_days);
must_use bool json_read_timestamp(struct view text, const struct type *t, int64_t *out);
must_use bool json_read_time(struct view text, enum time_unit unit, int64_t *out);
/* `out` has room for type_width(t) bytes. */
must_use bool json_read_decimal(struct view text, const struct type *t, uint8_t *out);
must_use bool json_read_base64(struct view text, struct arena *arena, struct view *out);

#endif
