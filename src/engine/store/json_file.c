#include "engine/store/json_file.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>

static const size_t max_bytes = 64u << 20; /* a table.json of tens of thousands of columns */

void json_done(json_t **j)
{
    json_decref(*j);
}

/* The checksum of all members but "checksum". False when a text is not UTF-8. */
static bool checksum_of(const json_t *value, char out[static 17])
{
    AUTO(json) json_t *rest = json_copy((json_t *)(uintptr_t)value);
    json_object_del(rest, "checksum");
    char *text = json_dumps(rest, JSON_COMPACT | JSON_SORT_KEYS);
    if (text)
        snprintf(out, 17, "%016" PRIx64, hash_checksum(view_cstr(text)));
    free(text);
    return text != NULL;
}

enum code json_file_save(const char *path, json_t *value, uint64_t sequence, struct err *err)
{
    char copy[PATH_CAP], checksum[17];
    TRY(path_format(copy, err, "%s.copy", path));
    json_object_set_new(value, "sequence", json_integer((json_int_t)sequence));
    if (!value || !checksum_of(value, checksum))
        return err_set(err, E_INVALID, "cannot write %s as JSON", path);
    json_object_set_new(value, "checksum", json_string(checksum));
    char *text = json_dumps(value, JSON_INDENT(2));
    enum code rc = file_replace_both(copy, path, view_cstr(text), err);
    free(text);
    return rc;
}

uint64_t json_file_sequence(const json_t *value)
{
    return (uint64_t)json_integer_value(json_object_get(value, "sequence"));
}

must_use static enum code check(const char *path, const json_t *value, struct err *err)
{
    char checksum[17];
    const char *said = json_string_value(json_object_get(value, "checksum"));
    /* (2): without a checksum, "generation", which both kinds of file have, must do. */
    if (!said && !json_object_get(value, "sequence"))
        return json_integer_value(json_object_get(value, "generation")) > 0
                   ? OK
                   : err_set(err, E_CORRUPT, "%s names no generation", path);
    if (!said || !checksum_of(value, checksum) || strcmp(said, checksum) != 0)
        return err_set(err, E_CORRUPT, "%s: checksum mismatch", path);
    return OK;
}

must_use static enum code read_one(const char *path, json_t **out, struct err *err)
{
    AUTO(buf) struct buf text = {0};
    TRY(file_read(path, max_bytes, &text, err));
    json_error_t why;
    AUTO(json)
    json_t *value = json_loadb((const char *)text.ptr, text.len, JSON_REJECT_DUPLICATES, &why);
    if (!value)
        return err_set(err, E_CORRUPT, "%s: %s at byte %d", path, why.text, why.position);
    TRY(check(path, value, err));
    *out = json_incref(value);
    return OK;
}

/* Whether to believe `copy` rather than `main`, by (1) and (2); either may be NULL. */
static bool is_newer(const json_t *copy, const json_t *main)
{
    if (!copy || !main)
        return copy != NULL;
    return json_object_get(main, "sequence") && json_file_sequence(copy) > json_file_sequence(main);
}

enum code json_file_read(const char *path, json_t **out, struct err *err)
{
    char copy_path[PATH_CAP];
    struct err of_copy;
    AUTO(json) json_t *main = NULL;
    AUTO(json) json_t *copy = NULL;
    TRY(path_format(copy_path, err, "%s.copy", path));
    enum code rc = read_one(path, &main, err), rc_copy = read_one(copy_path, &copy, &of_copy);
    if (!main && !copy) {
        if (rc == E_NOTFOUND && rc_copy != E_NOTFOUND)
            return err_set(err, rc_copy, "%s", of_copy.msg);
        return rc;
    }
    *out = json_incref(is_newer(copy, main) ? copy : main);
    return OK;
}

bool json_file_is_doubled(const char *path)
{
    char copy_path[PATH_CAP];
    AUTO(json) json_t *main = NULL;
    AUTO(json) json_t *copy = NULL;
    return path_format(copy_path, NULL, "%s.copy", path) == OK &&
           read_one(path, &main, NULL) == OK && read_one(copy_path, &copy, NULL) == OK &&
           json_equal(main, copy);
}
