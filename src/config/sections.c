#include "config/sections.h"

#include <stddef.h>

static const char *const level_words[] = {"debug", "info", "warn", "error", NULL};
static const char *const format_words[] = {"text", "json", NULL};
static const char *const storage_words[] = {"memory", "mmap", "disk", NULL};

_Static_assert(sizeof(enum log_level) == sizeof(unsigned) &&
                   sizeof(enum log_format) == sizeof(unsigned) &&
                   sizeof(enum storage_kind) == sizeof(unsigned),
               "FIELD_ENUM stores an unsigned");

#define AT(member) offsetof(struct config, member)
static const struct config_field server_fields[] = {
    {"host", FIELD_STRING, AT(server.host), "localhost", .min = 1},
    {"port", FIELD_UINT, AT(server.port), "8080", .max = 65535},
    {"data_dir", FIELD_STRING, AT(server.data_dir), "/var/lib/murr", .min = 1},
    {"threads", FIELD_UINT, AT(server.threads), "0", .max = 1024},
    {"admin_port", FIELD_UINT, AT(server.admin_port), "0", .max = 65535},
    {"max_body_bytes", FIELD_BYTES, AT(server.max_body_bytes), "16MiB", .min = 1,
     .max = 1ull << 31},
    {"max_write_bytes", FIELD_BYTES, AT(server.max_write_bytes), "4GiB", .min = 1,
     .max = 1ull << 40},
    {"max_upload_bytes", FIELD_BYTES, AT(server.max_upload_bytes), "8GiB", .min = 1 << 20,
     .max = 1ull << 50},
    {"upload_memory_bytes", FIELD_BYTES, AT(server.upload_memory_bytes), "1MiB", .max = 1ull << 30},
    {"max_answer_bytes", FIELD_BYTES, AT(server.max_answer_bytes), "1GiB", .min = 1 << 20,
     .max = 1ull << 50},
    {"max_keys", FIELD_COUNT, AT(server.max_keys), "100000", .min = 1, .max = 100000000},
    {"max_columns", FIELD_COUNT, AT(server.max_columns), "10000", .min = 1, .max = 1000000},
    {"max_connections", FIELD_UINT, AT(server.max_connections), "1024", .min = 1, .max = 1000000},
    {"request_timeout", FIELD_DURATION, AT(server.request_timeout_ms), "10s", .min = 1000,
     .max = 86400000},
    {"idle_timeout", FIELD_DURATION, AT(server.idle_timeout_ms), "75s", .min = 1000,
     .max = 86400000},
    {"allowed_hosts", FIELD_NAMES, AT(server.allowed_hosts), .fallback = ""},
    {"cors_origins", FIELD_NAMES, AT(server.cors_origins), .fallback = ""},
    {"read_only", FIELD_BOOL, AT(server.read_only), .fallback = "false"},
    {"drain_delay", FIELD_DURATION, AT(server.drain_delay_ms), "0s", .max = 3600000},
};
static const struct config_field log_fields_[] = {
    {"level", FIELD_ENUM, AT(log.level), "info", .words = level_words},
    {"format", FIELD_ENUM, AT(log.format), "text", .words = format_words},
};
static const struct config_field load_fields[] = {
    {"memory", FIELD_BYTES, AT(load.memory_bytes), "1GiB", .min = 16u << 20, .max = 1ull << 50},
    {"threads", FIELD_UINT, AT(load.threads), "0", .max = 1024},
};
static const struct config_field write_fields[] = {
    {"memory", FIELD_BYTES, AT(write.memory_bytes), "256MiB", .min = 16u << 20, .max = 1ull << 50},
    {"queue", FIELD_BYTES, AT(write.queue_bytes), "1GiB", .min = 1u << 20, .max = 1ull << 50},
    {"quota", FIELD_BYTES, AT(write.quota_bytes), "0", .max = 1ull << 60},
    {"max_tables", FIELD_UINT, AT(write.max_tables), "5000", .min = 1, .max = 1000000},
    {"storage", FIELD_ENUM, AT(write.storage), "memory", .words = storage_words},
};
#undef AT

const struct config_section config_sections[] = {
    {"server", FIELD_LIST(server_fields)},
    {"log", FIELD_LIST(log_fields_)},
    {"load", FIELD_LIST(load_fields)},
    {"write", FIELD_LIST(write_fields)},
};
const size_t n_config_sections = sizeof(config_sections) / sizeof(config_sections[0]);
