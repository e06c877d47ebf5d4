/*
 * Field ids of the Thrift structs that are read, from apache/parquet-format,
 * src/main/thrift/parquet.thrift. Named STRUCT_FIELD after the names there; fields that nobody
 * reads are left out.
 */
#ifndef MURR_FORMAT_PARQUET_THRIFT_IDS_H
#define MURR_FORMAT_PARQUET_THRIFT_IDS_H

enum pq_file_metadata_id {
    FILE_SCHEMA = 2,
    FILE_NUM_ROWS = 3,
    FILE_ROW_GROUPS = 4,
    FILE_KEY_VALUE_METADATA = 5,
    FILE_CREATED_BY = 6,
    FILE_ENCRYPTION_ALGORITHM = 8,
};

enum pq_schema_element_id {
    ELEMENT_TYPE = 1,
    ELEMENT_TYPE_LENGTH = 2,
    ELEMENT_REPETITION_TYPE = 3,
    ELEMENT_NAME = 4,
    ELEMENT_NUM_CHILDREN = 5,
    ELEMENT_CONVERTED_TYPE = 6,
    ELEMENT_SCALE = 7,
    ELEMENT_PRECISION = 8,
    ELEMENT_FIELD_ID = 9,
    ELEMENT_LOGICAL_TYPE = 10,
};

/* The union LogicalType. */
enum pq_logical {
    LOGICAL_NONE = 0,
    LOGICAL_STRING = 1,
    LOGICAL_MAP = 2,
    LOGICAL_LIST = 3,
    LOGICAL_ENUM = 4,
    LOGICAL_DECIMAL = 5,
    LOGICAL_DATE = 6,
    LOGICAL_TIME = 7,
    LOGICAL_TIMESTAMP = 8,
    LOGICAL_INTEGER = 10,
    LOGICAL_UNKNOWN = 11,
    LOGICAL_JSON = 12,
    LOGICAL_BSON = 13,
    LOGICAL_UUID = 14,
    LOGICAL_FLOAT16 = 15,
    LOGICAL_VARIANT = 16,
    LOGICAL_INTERVAL = 255, /* not in the union: only ConvertedType has it */
};

/* The enum ConvertedType, which LogicalType replaced. */
enum pq_converted {
    CONVERTED_UTF8 = 0,
    CONVERTED_MAP = 1,
    CONVERTED_MAP_KEY_VALUE = 2,
    CONVERTED_LIST = 3,
    CONVERTED_ENUM = 4,
    CONVERTED_DECIMAL = 5,
    CONVERTED_DATE = 6,
    CONVERTED_TIME_MILLIS = 7,
    CONVERTED_TIME_MICROS = 8,
    CONVERTED_TIMESTAMP_MILLIS = 9,
    CONVERTED_TIMESTAMP_MICROS = 10,
    CONVERTED_UINT_8 = 11,
    CONVERTED_UINT_16 = 12,
    CONVERTED_UINT_32 = 13,
    CONVERTED_UINT_64 = 14,
    CONVERTED_INT_8 = 15,
    CONVERTED_INT_16 = 16,
    CONVERTED_INT_32 = 17,
    CONVERTED_INT_64 = 18,
    CONVERTED_JSON = 19,
    CONVERTED_BSON = 20,
    CONVERTED_INTERVAL = 21,
    CONVERTED_NULL = 24, /* of old parquet-cpp; not in the format */
};

enum pq_int_type_id { INT_BIT_WIDTH = 1, INT_IS_SIGNED = 2 };
enum pq_decimal_type_id { DECIMAL_SCALE = 1, DECIMAL_PRECISION = 2 };
/* TimeType and TimestampType alike. */
enum pq_time_type_id { TIME_IS_ADJUSTED_TO_UTC = 1, TIME_UNIT = 2 };
/* The union TimeUnit. */
enum pq_time_unit_id { TIME_UNIT_MILLIS = 1, TIME_UNIT_MICROS = 2, TIME_UNIT_NANOS = 3 };

enum pq_key_value_id { KEY_VALUE_KEY = 1, KEY_VALUE_VALUE = 2 };

enum pq_row_group_id { GROUP_COLUMNS = 1, GROUP_NUM_ROWS = 3 };

enum pq_column_chunk_id { CHUNK_FILE_PATH = 1, CHUNK_META_DATA = 3, CHUNK_CRYPTO_METADATA = 8 };

enum pq_column_metadata_id {
    COLUMN_TYPE = 1,
    COLUMN_CODEC = 4,
    COLUMN_NUM_VALUES = 5,
    COLUMN_TOTAL_COMPRESSED_SIZE = 7,
    COLUMN_DATA_PAGE_OFFSET = 9,
    COLUMN_DICTIONARY_PAGE_OFFSET = 11,
    COLUMN_STATISTICS = 12,
};

enum pq_statistics_id { STATISTICS_NULL_COUNT = 3 };

enum pq_page_header_id {
    PAGE_TYPE = 1,
    PAGE_UNCOMPRESSED_SIZE = 2,
    PAGE_COMPRESSED_SIZE = 3,
    PAGE_CRC = 4,
    PAGE_DATA_HEADER = 5,
    PAGE_DICTIONARY_HEADER = 7,
    PAGE_DATA_HEADER_V2 = 8,
};

/* DataPageHeader; a DictionaryPageHeader has the first two of them. */
enum pq_data_page_id {
    DATA_PAGE_NUM_VALUES = 1,
    DATA_PAGE_ENCODING = 2,
    DATA_PAGE_DEFINITION_LEVEL_ENCODING = 3,
    DATA_PAGE_REPETITION_LEVEL_ENCODING = 4,
};

enum pq_data_page_v2_id {
    DATA_PAGE_V2_NUM_VALUES = 1,
    DATA_PAGE_V2_ENCODING = 4,
    DATA_PAGE_V2_DEFINITION_LEVELS_BYTE_LENGTH = 5,
    DATA_PAGE_V2_REPETITION_LEVELS_BYTE_LENGTH = 6,
    DATA_PAGE_V2_IS_COMPRESSED = 7,
};

#endif
