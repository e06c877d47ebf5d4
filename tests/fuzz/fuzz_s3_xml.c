/* Any bytes as an answer of S3 or STS: an error or a list, never a name outside of the prefix. */
#include "base/mem.h"
#include "remote/aws_xml.h"
#include "remote/store/s3_listing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_names(const struct object_list *list)
{
    for (size_t i = 0; i < list->n_objects; i++)
        if (!list->objects[i].name || !list->objects[i].name[0] || !list->objects[i].version)
            abort();
    for (size_t i = 0; i < list->n_folders; i++)
        if (!list->folders[i][0])
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"AccessKeyId", "Expiration"};
    struct view body = view_of(data, size);
    AUTO(object_list) struct object_list list = {0};
    struct s3_error error;
    char *token = NULL, *texts[2] = {NULL, NULL};
    struct err err;
    if (s3_listing_add(body, "p/", &list, &token, &err) && list.n_objects + list.n_folders > 0)
        abort();
    check_names(&list);
    aws_xml_error(body, &error);
    if (aws_xml_texts(body, names, 2, texts, &err) == OK && texts[1])
        iso_time_ms(view_cstr(texts[1]));
    free(token);
    free(texts[0]);
    free(texts[1]);
    return 0;
}
