#include "catalog_world.h"

#include "base/mem.h"

#include "config_text.h"
#include "test.h"

struct catalog_world w;

int catalog_world_open(void **state)
{
    struct err err;
    unsetenv("http_proxy");
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    w.server = scripted_server_open();
    return config_text_enter(state) || transfer_loop_open(4, &w.loop, &err);
}

int catalog_world_close(void **state)
{
    transfer_loop_close(w.loop);
    scripted_server_close(w.server);
    return config_text_leave(state);
}

void catalog_world_catalog(const char *fields)
{
    AUTO(buf) struct buf yaml = {0};
    struct err err;
    buf_printf(&yaml,
               "catalogs:\n  lake:\n    uri: %s/\n    s3: { retry_delay: 1ms, max_attempts: 3 }\n",
               scripted_server_url(w.server));
    buf_puts(&yaml, fields);
    assert_ok(config_text_load(buf_cstr(&yaml), NULL, NULL, &w.config, &err));
    assert_ok(catalog_open(&w.config.catalogs[0], w.loop, &w.catalog, &err));
}

int catalog_world_close_catalog(void **state)
{
    (void)state;
    catalog_close(w.catalog);
    w.catalog = NULL;
    config_done(&w.config);
    return 0;
}
