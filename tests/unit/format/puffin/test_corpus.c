/* Deletion vectors and bitmaps that others wrote: tests/lib/corpus.h. */
#include "corpus.h"
#include "format/puffin/dv.h"
#include "test.h"

#include <inttypes.h>
#include <jansson.h>

static void count(void *arg, uint64_t first, uint64_t n)
{
    (void)first;
    *(uint64_t *)arg += n;
}

static bool begins_with(struct view bytes, size_t at, const char *magic)
{
    return bytes.len >= at + 4 && memcmp(bytes.ptr + at, magic, 4) == 0;
}

/*
 * The vectors of a Puffin file, by its footer: magic, JSON, u32 length of the JSON, u32 flags,
 * magic. Blobs of other types hold statistics.
 */
static enum code read_blobs(struct view bytes, const json_t *blobs, uint64_t *n, struct err *err)
{
    for (size_t i = 0; i < json_array_size(blobs); i++) {
        const json_t *blob = json_array_get(blobs, i);
        json_int_t at = json_integer_value(json_object_get(blob, "offset"));
        json_int_t len = json_integer_value(json_object_get(blob, "length"));
        const char *type = json_string_value(json_object_get(blob, "type"));
        struct cursor cur = cur_of(bytes);
        struct view body;
        if (!cur_skip(&cur, (uint64_t)at) || !cur_bytes(&cur, (uint64_t)len, &body))
            return err_set(err, E_CORRUPT, "a blob ends beyond the file");
        if (type && strcmp(type, "deletion-vector-v1") == 0)
            TRY(dv_read(body, UINT64_MAX, count, n, err));
    }
    return OK;
}

static enum code read_puffin(struct view bytes, uint64_t *n, struct err *err)
{
    struct cursor cur = cur_of(bytes), tail;
    struct view payload;
    uint32_t len, flags;
    if (bytes.len < 20 || !cur_skip(&cur, bytes.len - 12))
        return err_set(err, E_CORRUPT, "is too short");
    tail = cur;
    cur = cur_of(bytes);
    if (!cur_u32le(&tail, &len) || !cur_u32le(&tail, &flags) || flags || len > bytes.len - 16 ||
        !cur_skip(&cur, bytes.len - 12 - len) || !cur_bytes(&cur, len, &payload))
        return err_set(err, E_CORRUPT, "has a footer that cannot be read");
    json_t *footer = json_loadb((const char *)payload.ptr, payload.len, 0, NULL);
    enum code rc = footer ? read_blobs(bytes, json_object_get(footer, "blobs"), n, err)
                          : err_set(err, E_CORRUPT, "has a footer that is not JSON");
    json_decref(footer);
    return rc;
}

static enum code read_any(const char *file, struct view bytes, uint64_t *n, struct err *err)
{
    if (begins_with(bytes, 0, "PFA1"))
        return read_puffin(bytes, n, err);
    if (begins_with(bytes, 4, "\xD1\xD3\x39\x64"))
        return dv_read(bytes, UINT64_MAX, count, n, err);
    if (strstr(file, "64map"))
        return roaring64_read(bytes, UINT64_MAX, count, n, err);
    return roaring32_read(bytes, UINT64_MAX, count, n, err);
}

/*
 * Files whose bytes say something else than the manifest: what they must end in, and the positions
 * of those that are known.
 */
static const struct {
    const char *file;
    const char *says; /* NULL: is read */
    uint64_t n;
} known[] = {
    /* It has position 2^64 - 1, which no row can have. */
    {"CRoaring/tests/testdata/64maphighvals.bin", "which is not below 18446744073709551615", 0},
    /* Each byte above 0x7F became U+FFFD when the file was saved as text. */
    {"deletes/64maphighvals.bin", "a bitmap begins with 0xbfefbdbf", 0},
    {"deletes/64map32bitvals.bin", NULL, 10},
    {"deletes/64mapspreadvals.bin", NULL, 100},
    {"deletes/empty-position-index.bin", NULL, 0},
    {"deletes/small-and-large-values-position-index.bin", NULL, 4},
    {"deletion-vector-v1-payload.bin", NULL, 5},
    {"multi-blob-dv.puffin", NULL, 5},
    {"bitmapwithruns.bin", NULL, 200100},
    {"bitmapwithoutruns.bin", NULL, 200100},
};
enum { n_known = sizeof(known) / sizeof(known[0]) };

static bool ends_with(const char *s, const char *end)
{
    return strlen(s) >= strlen(end) && strcmp(s + strlen(s) - strlen(end), end) == 0;
}

static bool check_known(const char *file, size_t i, enum code rc, uint64_t n, const char *msg)
{
    bool right =
        known[i].says ? rc != OK && strstr(msg, known[i].says) : rc == OK && n == known[i].n;
    if (!right)
        print_error("%s: %" PRIu64 " positions, %s: %s\n", file, n, code_name(rc), msg);
    return right;
}

static bool check_file(const char *file, const char *expected)
{
    AUTO(buf) struct buf bytes = {0};
    struct err err = {""};
    uint64_t n = 0;
    corpus_read(file, &bytes);
    enum code rc = read_any(file, buf_view(&bytes), &n, &err);
    for (size_t i = 0; i < n_known; i++)
        if (ends_with(file, known[i].file))
            return check_known(file, i, rc, n, err.msg);
    bool right = (strcmp(expected, "read") == 0) == (rc == OK);
    if (!right)
        print_error("%s: expected %s, is %s: %s\n", file, expected, code_name(rc), err.msg);
    return right;
}

static void every_vector_reads_as_its_manifest_says(void **state)
{
    (void)state;
    corpus_check("puffin-dv", check_file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_reads_as_its_manifest_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
