/*
 * murr serve: load, poll and answer until SIGTERM or SIGINT. SIGHUP polls all sources now and reads
 * the settings again that can change while it serves.
 *
 * Shutdown: readiness fails at once; after server.drain_delay no connection is accepted; running
 * requests are answered; then pollers and running loads stop. A second signal ends the process at
 * once.
 */
#include "api/http/api.h"
#include "api/http/exposure.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "net/http1/server.h"

#include "base/file.h"
#include "base/mem.h"
#include "remote/identity/credentials.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

static const int64_t drain_max_ms = 30000;
static const uint64_t descriptors_of_others = 512;
static const struct timespec tick = {.tv_nsec = 200000000};

struct servers {
    char upload_dir[PATH_CAP];
    struct registry *registry;
    struct service *service;
    struct api *api;
    struct http_server *main;
    struct http_server *admin; /* NULL: not configured */
};

static void servers_done(struct servers *s)
{
    http_server_close(s->main);
    http_server_close(s->admin);
    registry_close(
        s->registry); /* it ends the waiting writes, which still use the service and the API */
    api_free(s->api);
    service_free(s->service);
    *s = (struct servers){0};
}

/*
 * A connection has one descriptor, and an upload has another one while it is received. Writes,
 * loads, polls and the log need descriptors too. We reserve those first and give clients the rest
 * of the limit, so that no number of clients can stop a load.
 */
static void share_descriptors(struct http_config *http)
{
    struct rlimit limit;
    unsigned wanted = http->max_connections;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    uint64_t all = limit.rlim_cur;
    uint64_t others = all / 2 < descriptors_of_others ? all / 2 : descriptors_of_others;
    uint64_t uploads = (all - others) / 4, rest = all - others - uploads;
    uint64_t connections = rest > HTTP_PROBES ? rest - HTTP_PROBES : 1;
    if (uploads < http->max_upload_files)
        http->max_upload_files = (unsigned)uploads;
    if (connections >= wanted)
        return;
    http->max_connections = (unsigned)connections;
    log_warn("max_connections was lowered to what the limit of open files allows",
             log_int("max_connections", http->max_connections), log_int("configured", wanted),
             log_int("open_files", all));
}

must_use static enum code open_admin(const struct server_config *c, struct servers *s,
                                     struct err *err)
{
    struct http_config http = {.host = c->host,
                               .port = c->admin_port,
                               .threads = 1,
                               .refuse = api_refuse,
                               .max_body_bytes = 4096,
                               .max_answer_bytes = SIZE_MAX,
                               .max_connections = 64,
                               .timeout_ms = c->request_timeout_ms,
                               .idle_timeout_ms = c->idle_timeout_ms};
    return http_server_open(&http, api_handle_admin, s->api, &s->admin, err);
}

must_use static enum code open_servers(const struct config *config, struct servers *s,
                                       struct err *err)
{
    const struct server_config *c = &config->server;
    struct registry_config registry = {c->data_dir, config->load, config->write, config->tables,
                                       config->n_tables};
    TRY(path_format(s->upload_dir, err, "%s/.uploads", c->data_dir));
    TRY(command_open_registry(&registry, &s->registry, err));
    s->service = service_new(&(struct service_config){.registry = s->registry,
                                                      .max_keys = c->max_keys,
                                                      .max_columns = c->max_columns,
                                                      .read_only = c->read_only});
    struct api_config api = {.service = s->service,
                             .max_body_bytes = c->max_body_bytes,
                             .max_write_bytes = c->max_write_bytes,
                             .version = murr_version_text(),
                             .host = c->host,
                             .allowed_hosts = c->allowed_hosts,
                             .cors_origins = c->cors_origins};
    s->api = api_new(&api);
    registry_start(s->registry); /* before anybody can write */
    struct http_config http = {.host = c->host,
                               .port = c->port,
                               .threads = c->threads,
                               .rule = api_rule,
                               .refuse = api_refuse,
                               .upload_dir = s->upload_dir,
                               .max_upload_bytes = c->max_upload_bytes,
                               .upload_memory_bytes = c->upload_memory_bytes,
                               .max_answer_bytes = c->max_answer_bytes,
                               .max_connections = c->max_connections,
                               .max_upload_files = c->max_connections,
                               .timeout_ms = c->request_timeout_ms,
                               .idle_timeout_ms = c->idle_timeout_ms};
    share_descriptors(&http);
    TRY(http_server_open(&http, api_handle, s->api, &s->main, err));
    api_set_exposed(s->api, !http_server_is_local(s->main));
    if (c->admin_port)
        TRY(open_admin(c, s, err));
    return OK;
}

/* SIGHUP: log settings and credentials are read again, and all sources are polled. */
static void reload(const struct arguments *args, struct registry *r)
{
    AUTO(config) struct config fresh = {0};
    struct err err;
    bool is_read = config_options_load(&args->config, &fresh, &err) == OK;
    if (!is_read)
        log_error("the configuration cannot be read again; nothing of it changes",
                  log_str("error", err.msg));
    credentials_reread();
    registry_poll_now(r);
    log_info("reloaded", log_str("what", is_read ? "log level and format, credentials, sources"
                                                 : "credentials, sources"));
}

/* All threads block the signals. This one takes them, and shows progress in between. */
static int wait_for_end(const struct arguments *args, const sigset_t *signals, struct registry *r)
{
    struct progress progress;
    progress_init(&progress, false);
    for (;;) {
        int sig = sigtimedwait(signals, NULL, &tick);
        if (sig == SIGHUP) {
            reload(args, r);
        } else if (sig > 0) {
            progress_clear(&progress);
            return sig;
        }
        progress_show(&progress, r);
    }
}

/* Let a second signal kill the process: unblock it in this thread. */
static void unblock_ends(void)
{
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_UNBLOCK, &ends, NULL);
}

static void stop(const struct config *config, struct servers *s)
{
    int64_t delay_ms = config->server.drain_delay_ms;
    unblock_ends();
    service_set_draining(s->service);
    nanosleep(&(struct timespec){delay_ms / 1000, delay_ms % 1000 * 1000000}, NULL);
    if (!http_server_drain(s->main, drain_max_ms))
        log_warn("some requests were cut off",
                 log_int("in_flight", http_server_in_flight(s->main)));
}

static int serve(const struct arguments *args, const struct config *config, const sigset_t *signals)
{
    AUTO(servers) struct servers s = {0};
    struct err err;
    if (open_servers(config, &s, &err))
        return command_failed(&err);
    log_info("serving", log_str("version", murr_version_text()),
             log_str("host", config->server.host), log_int("port", http_server_port(s.main)),
             log_int("admin_port", s.admin ? http_server_port(s.admin) : 0),
             log_int("tables", config->n_tables), log_str("data_dir", config->server.data_dir));
    if (!http_server_is_local(s.main))
        log_warn(api_exposed_warning(s.api), log_str("host", config->server.host));
    int sig = wait_for_end(args, signals, s.registry);
    log_info("stopping", log_str("signal", sigabbrev_np(sig)));
    stop(config, &s);
    log_info("stopped");
    return EXIT_DONE;
}

/* Block them before anything else: an early SIGHUP must not kill the process. */
static void block_signals(sigset_t *out)
{
    sigemptyset(out);
    sigaddset(out, SIGTERM);
    sigaddset(out, SIGINT);
    sigaddset(out, SIGHUP);
    pthread_sigmask(SIG_BLOCK, out, NULL);
}

static int run(int argc, char **argv)
{
    AUTO(arguments) struct arguments args = {0};
    if (arguments_parse(&args, argc, argv, "serve", NULL, 0) != EXIT_DONE)
        return EXIT_USAGE;
    if (args.n_positional)
        return command_misused("serve", "unexpected argument '%s'", args.positional[0]);
    AUTO(config) struct config config = {0};
    sigset_t signals;
    struct err err;
    block_signals(&signals);
    if (config_options_load(&args.config, &config, &err))
        return command_failed(&err);
    if (log_start(&err))
        return command_failed(&err);
    int exit_code = serve(&args, &config, &signals);
    log_stop();
    return exit_code;
}

const struct command serve_command = {
    .name = "serve",
    .arguments = "",
    .summary = "serve the configured tables over HTTP (the default command)",
    .help =
        "Loads what is new in the sources, polls them, and answers on server.host:server.port.\n"
        "SIGTERM or SIGINT: readiness fails, running requests finish, exit 0.\n"
        "SIGHUP: polls all sources now; log level and format, and credentials are read again.\n",
    .takes_config = true,
    .run = run,
};
