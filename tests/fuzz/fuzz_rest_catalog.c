/* Any bytes as an answer of a REST catalog: an error, or texts that a header can hold and metadata
 * that is a part of the answer. */
#include "base/mem.h"
#include "source/iceberg/rest_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
    if (text && !rest_is_header_text(view_cstr(text)))
        abort();
}

static void check_answer(const struct catalog_answer *a)
{
    for (size_t i = 0; i < a->n_vended; i++) {
        const struct vended_credentials *v = &a->vended[i];
        check_text(v->access_key_id);
        check_text(v->secret_access_key);
        check_text(v->session_token);
        if (!v->prefix || (i && strlen(v->prefix) > strlen(a->vended[i - 1].prefix)))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view body = view_of(data, size);
    AUTO(rest_table) struct rest_table table = {0};
    AUTO(rest_config) struct rest_config config = {0};
    AUTO(catalog_answer) struct catalog_answer credentials = {0};
    struct rest_token token = {0};
    char refusal[REST_REFUSAL_CAP];
    struct err err;
    if (rest_table_parse(body, &table, &err) == OK) {
        const struct buf *m = &table.answer.metadata;
        if (m->len == 0 || !memmem(data, size, m->ptr, m->len))
            abort();
        check_text(table.token);
        check_answer(&table.answer);
    }
    if (rest_credentials_parse(body, &credentials, &err) == OK)
        check_answer(&credentials);
    if (rest_token_parse(body, &token, &err) == OK)
        check_text(token.text);
    if (rest_config_parse(body, &config, &err) && config.prefix)
        abort();
    rest_refusal(body, refusal);
    free(token.text);
    return 0;
}
