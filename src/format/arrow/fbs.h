/*
 * Where the fields of the tables are in Arrow's FlatBuffers, from format/Message.fbs and
 * format/Schema.fbs: the number of a field is its position there, and a union takes two. The tables
 * of the types are in arrow_type.c.
 */
#ifndef MURR_FORMAT_ARROW_FBS_H
#define MURR_FORMAT_ARROW_FBS_H

enum fbs_message {
    MESSAGE_VERSION = 0,     /* i16: METADATA_V4, METADATA_V5 */
    MESSAGE_HEADER_TYPE = 1, /* u8: enum ipc_header */
    MESSAGE_HEADER = 2,
    MESSAGE_BODY_LENGTH = 3, /* i64 */
};
enum { METADATA_V4 = 3, METADATA_V5 = 4 };

/* What a message is: the union MessageHeader. */
enum ipc_header { IPC_SCHEMA = 1, IPC_DICTIONARY = 2, IPC_BATCH = 3 };

enum fbs_schema {
    SCHEMA_ENDIANNESS = 0, /* i16: 0 is little */
    SCHEMA_FIELDS = 1,     /* [Field] */
    SCHEMA_METADATA = 2,   /* [KeyValue] */
};

enum fbs_key_value { PAIR_KEY = 0, PAIR_VALUE = 1 };

enum fbs_field {
    FIELD_NAME = 0,
    FIELD_NULLABLE = 1,  /* bool */
    FIELD_TYPE_TYPE = 2, /* u8: enum arrow_kind */
    FIELD_TYPE = 3,
    FIELD_DICTIONARY = 4, /* DictionaryEncoding */
    FIELD_CHILDREN = 5,   /* [Field] */
};

enum fbs_dictionary_encoding {
    ENCODING_ID = 0,         /* i64 */
    ENCODING_INDEX_TYPE = 1, /* Int */
};

enum fbs_record_batch {
    BATCH_LENGTH = 0,       /* i64 */
    BATCH_NODES = 1,        /* [FieldNode] */
    BATCH_BUFFERS = 2,      /* [Buffer] */
    BATCH_COMPRESSION = 3,  /* BodyCompression */
    BATCH_BLOCK_COUNTS = 4, /* [i64]: of each column of views */
};

enum fbs_dictionary_batch {
    DICTIONARY_ID = 0,       /* i64 */
    DICTIONARY_DATA = 1,     /* RecordBatch */
    DICTIONARY_IS_DELTA = 2, /* bool */
};

enum fbs_body_compression {
    COMPRESSION_CODEC = 0,  /* i8 */
    COMPRESSION_METHOD = 1, /* i8 */
};

/* Structs, which lie in their vector as they are. */
enum {
    NODE_BYTES = 16, /* FieldNode: i64 length, i64 null_count */
    NODE_LENGTH_AT = 0,
    NODE_NULLS_AT = 8,
    BUFFER_BYTES = 16, /* Buffer: i64 offset, i64 length */
    BUFFER_OFFSET_AT = 0,
    BUFFER_LENGTH_AT = 8,
};

#endif
