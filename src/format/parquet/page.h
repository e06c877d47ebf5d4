/* The header in front of every page of a column chunk. */
#ifndef MURR_FORMAT_PARQUET_PAGE_H
#define MURR_FORMAT_PARQUET_PAGE_H

#include "base/cursor.h"

enum pq_page_type {
    PQ_PAGE_DATA = 0,
    PQ_PAGE_INDEX = 1,
    PQ_PAGE_DICTIONARY = 2,
    PQ_PAGE_DATA_V2 = 3,
};

struct pq_page_header {
    int32_t type; /* enum pq_page_type, or one that is not known and to be skipped */
    uint32_t compressed_bytes;
    uint32_t plain_bytes;
    bool has_crc;
    uint32_t crc;         /* CRC-32 of the compressed bytes, v2: of the levels too */
    uint32_t n_values;    /* with nulls; of a dictionary: its entries */
    int32_t encoding;     /* of the values */
    int32_t def_encoding; /* v1: of the definition levels */
    int32_t rep_encoding; /* v1: of the repetition levels */
    uint32_t def_bytes;   /* v2: levels come first, never compressed */
    uint32_t rep_bytes;
    bool is_compressed; /* v2 can say that the values are not; else true */
};

/* Read a header and step past it. Fails E_CORRUPT; the cursor is then anywhere. */
must_use enum code pq_page_header_read(struct cursor *cur, struct pq_page_header *out,
                                       struct err *err);

#endif
