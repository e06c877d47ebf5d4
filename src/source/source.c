#include "source/source.h"

#include "remote/store/local_store.h"
#include "remote/store/s3_store.h"

enum code source_open(const struct source_spec *spec, struct transfer_loop *loop,
                      struct object_store **out_store, struct err *err)
{
    if (spec->kind == SOURCE_S3)
        return s3_store_new(&spec->s3, loop, out_store, err);
    *out_store = local_store_new(spec->local.path);
    return OK;
}

unsigned source_requests(const struct source_spec *spec)
{
    return spec->kind == SOURCE_S3 ? spec->s3.requests_in_flight : 0;
}
