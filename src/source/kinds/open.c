#include "source/kinds/open.h"

#include "remote/store/local_store.h"
#include "remote/store/s3_store.h"
#include "source/dated.h"
#include "source/iceberg/iceberg.h"

must_use static enum code open_store(const struct source_spec *spec, struct transfer_loop *loop,
                                     struct object_store **out, struct err *err)
{
    if (spec->kind == SOURCE_S3)
        return s3_store_new(&spec->s3, NULL, loop, out, err);
    *out = local_store_new(spec->local.path);
    return OK;
}

enum code source_open(const struct source_spec *spec, struct transfer_loop *loop,
                      struct source **out_source, struct err *err)
{
    struct object_store *store;
    if (spec->kind == SOURCE_ICEBERG)
        return iceberg_open(&spec->iceberg, loop, out_source, err);
    TRY(open_store(spec, loop, &store, err));
    *out_source = dated_new(store, &spec->layout);
    return OK;
}

unsigned source_requests(const struct source_spec *spec)
{
    const struct catalog_spec *catalog = spec->iceberg.catalog_of;
    if (spec->kind == SOURCE_ICEBERG)
        return catalog ? catalog->s3.requests_in_flight + 1 : spec->iceberg.s3.requests_in_flight;
    return spec->kind == SOURCE_S3 ? spec->s3.requests_in_flight : 0;
}
