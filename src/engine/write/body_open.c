#include "engine/write/body_open.h"

#include "engine/write/body_forms.h"
#include "engine/write/body_priv.h"

must_use static enum code open_form(const struct body_config *config, struct body **out_body,
                                    struct err *err)
{
    switch (config->form) {
    case WRITE_JSON:
        return body_open_json(config, out_body, err);
    case WRITE_ARROW:
    case WRITE_BATCHES:
        return body_open_arrow(config, out_body, err);
    case WRITE_PARQUET:
        return body_open_parquet(config, out_body, err);
    }
    return err_set(err, E_INVALID, "there is no form %d of a body", (int)config->form);
}

enum code body_open(const struct body_config *config, struct body **out_body, struct err *err)
{
    TRY(body_blame_writer(open_form(config, out_body, err)));
    body_init_mask(*out_body);
    return OK;
}
