/* The body of a fetch read a second way, by jansson, to compare fetch_request_parse with. */
#ifndef MURR_TESTS_FETCH_ORACLE_H
#define MURR_TESTS_FETCH_ORACLE_H

#include "format/json/fetch_request.h"

/* Schemas to read a body by: one utf8 key, one int32, one uint8, int64, (utf8, int16, utf8). */
enum { ORACLE_N_SCHEMAS = 5 };
void oracle_schema(size_t i, struct schema *out);

/*
 * Parse both ways. True when both refuse, or both accept and give the same keys and columns. What
 * they differ in is printed.
 */
bool oracle_agrees(struct view body, const struct schema *schema);

#endif
