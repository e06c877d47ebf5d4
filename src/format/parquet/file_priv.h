/* What a parsed footer is made of. Everything lies in the file's arena. */
#ifndef MURR_FORMAT_PARQUET_FILE_PRIV_H
#define MURR_FORMAT_PARQUET_FILE_PRIV_H

#include "base/arena.h"
#include "format/parquet/reader.h"
#include "format/parquet/thrift.h"

/* ColumnChunk and its ColumnMetaData. Not checked beyond its Thrift until somebody asks for it. */
struct pq_chunk_meta {
    uint64_t n_values; /* with nulls */
    uint64_t bytes;    /* compressed, with page headers */
    int64_t n_nulls;   /* as the statistics say; -1: they do not */
    int64_t data_off;
    int64_t dict_off; /* 0 or nonsense if there is no dictionary */
    int32_t physical;
    int32_t codec;
    bool has_meta;  /* ColumnMetaData was there */
    bool elsewhere; /* file_path: the bytes lie in another file */
    bool encrypted;
};

struct pq_row_group {
    uint64_t n_rows;
    struct pq_chunk_meta *chunks; /* one a leaf of the schema */
    size_t n_chunks;
};

struct pq_file {
    struct arena arena;
    struct pq_limits limits;
    uint64_t footer_off; /* column chunks end before it */
    uint64_t n_rows;
    const char *created_by;
    bool has_iceberg_schema;
    bool has_orphans; /* the writer began list columns in the middle of a row */
    struct pq_column *columns;
    size_t n_columns;
    size_t n_leaves;
    struct pq_row_group *groups;
    size_t n_groups;
};

/* SchemaElement, as written. */
struct pq_schema_element {
    struct view name;
    int32_t physical; /* -1: a group */
    int32_t type_length;
    int32_t repetition;
    uint64_t n_children;
    int32_t converted; /* -1: none */
    int32_t logical;   /* field number in the LogicalType union; 0: none */
    int32_t int_bits;  /* of logical INTEGER */
    bool int_signed;
    int32_t unit;  /* of logical TIME and TIMESTAMP: 1 ms, 2 us, 3 ns */
    bool is_utc;   /* of the same */
    int32_t scale; /* of decimals */
    int32_t precision;
    int32_t field_id; /* that the writer gave it, or PQ_NO_FIELD_ID */
};

enum pq_repetition { PQ_REQUIRED = 0, PQ_OPTIONAL = 1, PQ_REPEATED = 2 };

/* The type that a leaf has here. False: none; then the reason is in `why_not`. */
bool pq_leaf_describe(struct pq_schema_element *e, struct pq_leaf *out, char *why_not, size_t cap);

/* Whether a group says that it is a list. */
bool pq_element_is_list(const struct pq_schema_element *e);

/* "struct", "map", "VARIANT", "list": what a group that is no column is. */
const char *pq_element_nesting(const struct pq_schema_element *e);

/* Whether a leaf is annotated as having nothing but nulls. */
bool pq_element_is_null(const struct pq_schema_element *e);

/* Make use of what an Arrow writer left under ARROW:schema, where it fits the columns. */
void pq_apply_arrow_schema(struct pq_file *f, struct view base64);

/* Parse the list of schema elements at field `list` into f->columns. */
must_use enum code pq_schema_parse(struct pq_file *f, struct thrift *t, struct thrift_field list,
                                   struct err *err);

/* The name of a column for messages. Returns `out`. */
const char *pq_column_printable(const struct pq_column *col, char out[static 128]);

#endif
