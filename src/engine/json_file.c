#include "engine/json_file.h"

#include "base/file.h"
#include "base/mem.h"

#include <stdlib.h>

static const size_t max_bytes = 64u << 20; /* of table.json: tens of thousands of columns */

void json_done(json_t **j)
{
    json_decref(*j);
}

enum code json_file_save(const char *path, const json_t *value, struct err *err)
{
    char *text = json_dumps(value, JSON_INDENT(2));
    if (!text)
        return err_set(err, E_INVALID, "cannot write %s as JSON", path);
    enum code rc = file_replace(path, view_cstr(text), err);
    free(text);
    return rc;
}

enum code json_file_read(const char *path, json_t **out, struct err *err)
{
    AUTO(buf) struct buf text = {0};
    TRY(file_read(path, max_bytes, &text, err));
    json_error_t why;
    *out = json_loadb((const char *)text.ptr, text.len, JSON_REJECT_DUPLICATES, &why);
    if (!*out)
        return err_set(err, E_CORRUPT, "%s: %s at byte %d", path, why.text, why.position);
    return OK;
}
