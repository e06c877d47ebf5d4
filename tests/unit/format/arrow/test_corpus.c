/*
 * Arrow streams and files that others wrote, from a corpus outside the repository: MURR_CORPUS, or
 * ../shared/corpus. Skipped where there is none. The golden ones come with their values as JSON, in
 * Arrow's integration format; of the others it is enough that they do no harm.
 */
#include "value_text.h"

#include "base/file.h"
#include "model/half.h"

#include <dirent.h>
#include <jansson.h>
#include <libdeflate.h>
#include <math.h>
#include <stdio.h>

#include "test.h"

static char arrow_dir[512];
static size_t n_streams, n_columns, n_skipped, n_values;

static bool corpus_find(void)
{
    const char *env = getenv("MURR_CORPUS");
    snprintf(arrow_dir, sizeof(arrow_dir), "%s/arrow-ipc/arrow-testing/data",
             env ? env : "../shared/corpus");
    DIR *d = opendir(arrow_dir);
    if (!d)
        return false;
    closedir(d);
    return true;
}

static void read_whole(const char *path, struct buf *out)
{
    struct err err;
    if (file_read(path, (size_t)1 << 30, out, &err))
        fail_msg("%s", err.msg);
}

/* ------------------------------------------------------------------------- values from the JSON */

static int64_t json_int(json_t *v)
{
    if (json_is_string(v))
        return (int64_t)strtoull(json_string_value(v), NULL, 10); /* also of negative ones */
    return json_is_boolean(v) ? json_is_true(v) : json_integer_value(v);
}

static json_t *cell(json_t *column, const char *member, size_t row)
{
    return json_array_get(json_object_get(column, member), row);
}

static const char *text_of(json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}

static void put_lower(struct buf *out, const char *hex)
{
    for (; *hex; hex++)
        buf_put_u8(out, *hex >= 'A' && *hex <= 'F' ? (uint8_t)(*hex | 0x20) : (uint8_t)*hex);
}

/* A decimal integer as two's complement. */
static void put_decimal(struct buf *out, const char *digits, size_t width)
{
    uint8_t bytes[32] = {0};
    bool negative = *digits == '-';
    for (digits += negative; *digits; digits++) {
        unsigned carry = (unsigned)(*digits - '0');
        for (size_t i = 0; i < width; i++) {
            carry += bytes[i] * 10u;
            bytes[i] = (uint8_t)carry;
            carry >>= 8;
        }
    }
    for (size_t i = 0, carry = 1; negative && i < width; i++) {
        carry += (uint8_t)~bytes[i];
        bytes[i] = (uint8_t)carry;
        carry >>= 8;
    }
    put_hex(out, bytes, width);
}

/* JSON has it in decimals of which only one half is meant. */
static uint16_t half_of(float value)
{
    for (unsigned half = 0; half <= UINT16_MAX; half++)
        if (half_to_float((uint16_t)half) == value && half >> 15 == (signbit(value) != 0))
            return (uint16_t)half;
    fail_msg("%g is no half", (double)value);
    return 0;
}

static void put_float(struct buf *out, json_t *type, json_t *value)
{
    double real = json_number_value(value);
    float single = (float)real;
    const char *precision = text_of(type, "precision");
    if (strcmp(precision, "DOUBLE") == 0) {
        put_hex(out, &real, sizeof(real));
    } else if (strcmp(precision, "SINGLE") == 0) {
        put_hex(out, &single, sizeof(single));
    } else {
        uint16_t half = half_of(single);
        put_hex(out, &half, sizeof(half));
    }
}

static void put_view(struct buf *out, json_t *column, size_t row, bool is_text)
{
    json_t *view = cell(column, "VIEWS", row);
    size_t size = (size_t)json_int(json_object_get(view, "SIZE"));
    const char *here = text_of(view, "INLINED");
    if (size <= 12 && is_text) {
        put_hex(out, here, strlen(here));
        return;
    }
    if (size > 12) {
        size_t block = (size_t)json_int(json_object_get(view, "BUFFER_INDEX"));
        here = json_string_value(cell(column, "VARIADIC_DATA_BUFFERS", block)) +
               2 * json_int(json_object_get(view, "OFFSET"));
    }
    char *hex = mem_strndup(here, 2 * size);
    put_lower(out, hex);
    free(hex);
}

static json_t *dictionary_of(json_t *root, json_t *encoding)
{
    json_t *each;
    size_t i;
    json_array_foreach(
        json_object_get(root, "dictionaries"), i,
        each) if (json_int(json_object_get(each, "id")) ==
                  json_int(json_object_get(
                      encoding,
                      "id"))) return json_array_get(json_object_get(json_object_get(each, "data"),
                                                                    "columns"),
                                                    0);
    return NULL;
}

static void put_json(json_t *root, json_t *field, json_t *column, size_t row, bool encoded,
                     struct buf *out);

static void put_json_list(json_t *root, json_t *field, json_t *column, size_t row, const char *name,
                          struct buf *out)
{
    json_t *child_field = json_array_get(json_object_get(field, "children"), 0);
    json_t *child = json_array_get(json_object_get(column, "children"), 0);
    int64_t from, n;
    if (strcmp(name, "fixedsizelist") == 0) {
        n = json_int(json_object_get(json_object_get(field, "type"), "listSize"));
        from = n * (int64_t)row;
    } else {
        from = json_int(cell(column, "OFFSET", row));
        n = strstr(name, "view") ? json_int(cell(column, "SIZE", row))
                                 : json_int(cell(column, "OFFSET", row + 1)) - from;
    }
    buf_puts(out, "[");
    for (int64_t i = 0; i < n; i++) {
        buf_puts(out, i ? "," : "");
        put_json(root, child_field, child, (size_t)(from + i), true, out);
    }
    buf_puts(out, "]");
}

static void put_json_run(json_t *root, json_t *field, json_t *column, size_t row, struct buf *out)
{
    json_t *fields = json_object_get(field, "children");
    json_t *children = json_object_get(column, "children");
    size_t run = 0;
    while (json_int(cell(json_array_get(children, 0), "DATA", run)) <= (int64_t)row)
        run++;
    put_json(root, json_array_get(fields, 1), json_array_get(children, 1), run, true, out);
}

static void put_json_value(json_t *field, json_t *column, size_t row, const char *name,
                           struct buf *out)
{
    json_t *type = json_object_get(field, "type"), *value = cell(column, "DATA", row);
    int64_t whole = json_int(value);
    size_t bits = (size_t)json_int(json_object_get(type, "bitWidth"));
    const char *text = json_string_value(value);
    if (strcmp(name, "int") == 0 || strcmp(name, "time") == 0) {
        put_hex(out, &whole, bits / 8);
    } else if (strcmp(name, "timestamp") == 0 || strcmp(name, "duration") == 0) {
        put_hex(out, &whole, 8);
    } else if (strcmp(name, "date") == 0) {
        int32_t days = (int32_t)(strcmp(text_of(type, "unit"), "DAY") ? whole / 86400000 : whole);
        put_hex(out, &days, sizeof(days));
    } else if (strcmp(name, "bool") == 0) {
        put_hex(out, &whole, 1);
    } else if (strcmp(name, "floatingpoint") == 0) {
        put_float(out, type, value);
    } else if (strcmp(name, "decimal") == 0) {
        put_decimal(out, text, bits == 256 ? 32 : 16);
    } else if (strcmp(name, "utf8") == 0 || strcmp(name, "largeutf8") == 0) {
        put_hex(out, text, strlen(text));
    } else if (strstr(name, "view")) {
        put_view(out, column, row, strcmp(name, "utf8view") == 0);
    } else if (strstr(name, "binary")) {
        put_lower(out, text);
    } else {
        fail_msg("the test does not know the type %s", name);
    }
}

static void put_json(json_t *root, json_t *field, json_t *column, size_t row, bool encoded,
                     struct buf *out)
{
    const char *name = text_of(json_object_get(field, "type"), "name");
    json_t *encoding = json_object_get(field, "dictionary");
    json_t *valid = json_object_get(column, "VALIDITY");
    if ((valid && json_int(json_array_get(valid, row)) == 0) || strcmp(name, "null") == 0)
        buf_puts(out, "-");
    else if (encoded && encoding)
        put_json(root, field, dictionary_of(root, encoding),
                 (size_t)json_int(cell(column, "DATA", row)), false, out);
    else if (strcmp(name, "runendencoded") == 0)
        put_json_run(root, field, column, row, out);
    else if (strstr(name, "list"))
        put_json_list(root, field, column, row, name, out);
    else
        put_json_value(field, column, row, name, out);
}

/* --------------------------------------------------------------------------------------- golden */

static json_t *load_json(const char *path)
{
    AUTO(buf) struct buf packed = {0};
    uint32_t len;
    json_error_t why;
    read_whole(path, &packed);
    memcpy(&len, packed.ptr + packed.len - 4, 4); /* RFC 1952: ISIZE */
    AUTO(ptr) char *text = mem_alloc(len);
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    assert_int_equal(libdeflate_gzip_decompress(d, packed.ptr, packed.len, text, len, NULL), 0);
    libdeflate_free_decompressor(d);
    json_t *root = json_loadb(text, len, JSON_ALLOW_NUL, &why);
    if (!root)
        fail_msg("%s: %s", path, why.text);
    return root;
}

/* Writers of old did not mind hours in days of milliseconds, which Arrow forbids: those are
 * refused. */
static bool has_hours(json_t *field, json_t *column)
{
    json_t *type = json_object_get(field, "type"), *value;
    size_t i;
    if (strcmp(text_of(type, "name"), "date") != 0 || strcmp(text_of(type, "unit"), "DAY") == 0)
        return false;
    json_array_foreach(json_object_get(column, "DATA"), i,
                       value) if (json_int(cell(column, "VALIDITY", i)) &&
                                  json_int(value) % 86400000) return true;
    return false;
}

static void check_column(const char *path, json_t *root, json_t *field, json_t *column,
                         const struct arrow_array *a)
{
    struct err err;
    AUTO(buf) struct buf is = {0}, want = {0};
    if (has_hours(field, column)) {
        assert_fails(array_text(a, &is, &err), E_INVALID, "ms is not a whole day");
        return;
    }
    for (size_t row = 0; row < a->n_rows; row++) {
        put_json(root, field, column, row, true, &want);
        buf_puts(&want, "\n");
    }
    if (array_text(a, &is, &err))
        fail_msg("%s: %s", path, err.msg);
    if (strcmp(buf_cstr(&is), buf_cstr(&want)) != 0)
        fail_msg("%s, column %.*s (%s):\n%s\nis not\n%s", path, VIEW_ARG(a->name), a->type_text,
                 buf_cstr(&is), buf_cstr(&want));
    n_columns++;
    n_values += a->n_rows;
}

static void check_batch(const char *path, json_t *root, json_t *batch, size_t n_rows,
                        struct ipc_reader *r)
{
    json_t *fields = json_object_get(json_object_get(root, "schema"), "fields");
    json_t *columns = json_object_get(batch, "columns");
    assert_int_equal(n_rows, json_int(json_object_get(batch, "count")));
    for (size_t i = 0; i < ipc_reader_n_columns(r); i++) {
        const struct arrow_array *a = ipc_reader_column(r, i);
        json_t *field = json_array_get(fields, i);
        assert_true(view_eq_cstr(a->name, text_of(field, "name")));
        if (a->supported)
            check_column(path, root, field, json_array_get(columns, i), a);
        else
            n_skipped++;
    }
}

static void check_golden(const char *stem, const char *ending)
{
    char path[1500], json_path[1500];
    struct err err;
    struct ipc_reader *r;
    size_t n_rows, n_batches = 0;
    bool more;
    AUTO(buf) struct buf bytes = {0};
    snprintf(path, sizeof(path), "%s%s", stem, ending);
    snprintf(json_path, sizeof(json_path), "%s.json.gz", stem);
    read_whole(path, &bytes);
    json_t *root = load_json(json_path);
    const struct ipc_limits limits = ipc_limits_default();
    if (ipc_reader_open(buf_view(&bytes), &limits, &r, &err))
        fail_msg("%s: %s", path, err.msg);
    for (;; n_batches++) {
        if (ipc_reader_next(r, &n_rows, &more, &err))
            fail_msg("%s: %s", path, err.msg);
        if (!more)
            break;
        check_batch(path, root, json_array_get(json_object_get(root, "batches"), n_batches), n_rows,
                    r);
    }
    assert_int_equal(n_batches, json_array_size(json_object_get(root, "batches")));
    ipc_reader_close(r);
    json_decref(root);
    n_streams++;
}

/* Files of a folder whose names end so; `fn` gets the path without the ending. */
static size_t each_file(const char *folder, const char *ending,
                        void (*fn)(const char *stem, const char *ending))
{
    char path[1200];
    size_t n = 0;
    AUTO(dir_names) struct dir_names names = {0};
    struct err err;
    snprintf(path, sizeof(path), "%s/%s", arrow_dir, folder);
    if (dir_list(path, &names, &err))
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < names.n; i++) {
        size_t len = strlen(names.names[i]), tail = strlen(ending);
        if (len < tail || strcmp(names.names[i] + len - tail, ending) != 0)
            continue;
        snprintf(path, sizeof(path), "%s/%s/%.*s", arrow_dir, folder, (int)(len - tail),
                 names.names[i]);
        fn(path, ending);
        n++;
    }
    return n;
}

static const char *const versions[] = {"0.14.1", "0.17.1", "2.0.0-compression", "4.0.0-shareddict",
                                       "cpp-21.0.0"};

static void golden_streams_and_files_have_the_values_of_their_json(void **state)
{
    (void)state;
    if (!corpus_find()) {
        print_message("skipped: no corpus at %s (set MURR_CORPUS)\n", arrow_dir);
        skip();
    }
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        char folder[100];
        snprintf(folder, sizeof(folder), "arrow-ipc-stream/integration/%s", versions[i]);
        assert_true(each_file(folder, ".stream", check_golden) > 0);
        each_file(folder, ".arrow_file", check_golden);
    }
    print_message("%zu streams and files, %zu columns with %zu values, %zu columns not supported\n",
                  n_streams, n_columns, n_values, n_skipped);
}

/* ---------------------------------------------------------------------------------- fuzzed ones */

static size_t n_read, n_refused;

/* All that can be read of one, until something is wrong. */
static enum code read_hostile(struct view bytes, struct err *err)
{
    struct ipc_reader *r;
    struct ipc_limits limits = ipc_limits_default();
    limits.decompressed_bytes = (size_t)64 << 20;
    limits.batch_rows = 1 << 20;
    TRY(ipc_reader_open(bytes, &limits, &r, err));
    enum code rc = OK;
    for (bool more = true; rc == OK;) {
        size_t n_rows;
        rc = ipc_reader_next(r, &n_rows, &more, err);
        if (rc || !more)
            break;
        for (size_t i = 0; i < ipc_reader_n_columns(r) && rc == OK; i++) {
            AUTO(buf) struct buf text = {0};
            const struct arrow_array *a = ipc_reader_column(r, i);
            rc = a->supported ? array_text(a, &text, err) : OK;
        }
    }
    ipc_reader_close(r);
    return rc;
}

static void check_hostile(const char *path, const char *ending)
{
    struct err err = {""};
    AUTO(buf) struct buf bytes = {0};
    (void)ending;
    read_whole(path, &bytes);
    /* A copy of the exact size, so that AddressSanitizer sees one byte too many. */
    AUTO(ptr) uint8_t *exact = mem_alloc(bytes.len);
    memcpy(exact, bytes.ptr, bytes.len);
    enum code rc = read_hostile(view_of(exact, bytes.len), &err);
    if (rc == E_CORRUPT || (rc && !err.msg[0]))
        fail_msg("%s: %s \"%s\"", path, code_name(rc), err.msg);
    if (getenv("MURR_CORPUS_VERBOSE"))
        print_message("%-14s %s: %s\n", code_name(rc), strrchr(path, '/') + 1, err.msg);
    *(rc ? &n_refused : &n_read) += 1;
}

/* Whatever is no folder. */
static void check_any(const char *path, const char *ending)
{
    DIR *d = opendir(path);
    if (d)
        closedir(d);
    else
        check_hostile(path, ending);
}

static void fuzzed_inputs_are_read_or_refused(void **state)
{
    (void)state;
    if (!corpus_find()) {
        print_message("skipped: no corpus at %s (set MURR_CORPUS)\n", arrow_dir);
        skip();
    }
    each_file("arrow-ipc-stream", "", check_any);
    each_file("arrow-ipc-file", "", check_any);
    print_message("%zu inputs of fuzzers read, %zu refused\n", n_read, n_refused);
    assert_true(n_read + n_refused > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_streams_and_files_have_the_values_of_their_json),
        cmocka_unit_test(fuzzed_inputs_are_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
