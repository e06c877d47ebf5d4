#include "config/s3_access.h"

#include "base/mem.h"
#include "remote/uri.h"

const char *const s3_addressing_words[] = {"auto", "path", "virtual", NULL};

_Static_assert(sizeof(enum s3_addressing) == sizeof(unsigned), "FIELD_ENUM stores an unsigned");

#define S3_AT(member) offsetof(struct s3_config, member)
static const struct config_field access_fields[] = {S3_ACCESS_FIELDS};
#undef S3_AT
const struct field_list s3_access_fields = FIELD_LIST(access_fields);

void s3_access_init(struct s3_config *c)
{
    c->bucket = mem_strdup("");
    c->prefix = mem_strdup("");
}

enum code config_check_url(const char *name, const char *url, struct err *err)
{
    struct uri parsed;
    enum code rc = url[0] ? uri_parse(url, &parsed, err) : OK;
    return rc ? err_in(err, rc, "%s: '%.200s'", name, url) : OK;
}

enum code s3_access_check(const struct s3_config *c, struct err *err)
{
    TRY(config_check_url("endpoint", c->endpoint, err));
    if (!c->access_key_id[0] != !c->secret_access_key[0])
        return err_set(err, E_INVALID,
                       "access_key_id and secret_access_key must be given together");
    if (c->anonymous && c->access_key_id[0])
        return err_set(err, E_INVALID, "anonymous: there is an access_key_id as well");
    return OK;
}
