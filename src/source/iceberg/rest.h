/*
 * A catalog behind the REST protocol of Iceberg: that of Apache's specification, AWS Glue and
 * Amazon S3 Tables. catalog.h has the contracts.
 *
 *     GET {uri}/v1/config?warehouse=W                    once, and again after a failure
 *     GET {uri}/v1/{prefix}/namespaces/{ns}/tables/{t}   each question
 *     GET .../tables/{t}/credentials                     new credentials, where there is such a path
 */
#ifndef MURR_SOURCE_ICEBERG_REST_H
#define MURR_SOURCE_ICEBERG_REST_H

#include "remote/op.h"
#include "remote/transfer.h"
#include "source/iceberg/catalog_answer.h"

struct rest_catalog;

must_use enum code rest_open(const struct catalog_spec *spec, struct transfer_loop *loop,
                             struct rest_catalog **out_rest, struct err *err);
void rest_close(struct rest_catalog *r);

must_use enum code rest_ask(struct rest_catalog *r, const struct catalog_question *q,
                            const struct remote_op *op, struct catalog_answer *out,
                            bool *out_is_same, struct err *err);
must_use enum code rest_renew(struct rest_catalog *r, const char *table, const struct remote_op *op,
                              struct catalog_answer *out, struct err *err);

#endif
