#include "engine/table/poll.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/table/commit.h"
#include "engine/table/damage.h"
#include "engine/table/guard.h"
#include "engine/table/reload.h"
#include "engine/table/restore.h"

#include <stdio.h>
#include <unistd.h>

/*
 * A poll asks the source for the newest publication, loads it if it is not the served one, and
 * decides when to look again. It runs every poll_interval a table, mostly to find that nothing
 * changed.
 *
 * (1) A partition that fails, or that a guard refuses, becomes a setback (engine/table/setbacks.h).
 *     If its data is at fault the next older one is tried, but never one older than the served
 *     partition. If it only could not be read, by a full disk or a dead network, nothing else is
 *     tried: an older partition must not take its place for that.
 * (2) If the served partition is gone from the source, the table waits rollback_after polls before
 *     it takes an older one: jobs replace a folder by removing it and writing it anew.
 * (3) A partition that changes while it is read is read again, at most RESTARTS_MAX times a poll.
 * (4) After a failure that may pass, the next poll comes soon and later ones double the time up to
 *     ten minutes. All times have jitter, so that many workers do not ask one bucket at the same
 *     moment.
 * (5) The poller also copies a mapped table to memory (table_settle), and falls back to an older
 *     generation when the served one is damaged and cannot be loaded again.
 */

static const int64_t backoff_first_ms = 1000;
static const int64_t backoff_max_ms = 10 * 60 * 1000;
enum { RESTARTS_MAX = 3, LOADS_MAX = 20 }; /* in one poll (3), (1) */

/* The state of one poll. */
struct poll {
    struct table *t;
    const struct poll_means *means;
    unsigned n_loads, n_restarts;
    enum code passed_rc; /* why the newest partition was passed over; OK: it was not */
    char *passed_label;  /* its label, owned; NULL */
    struct err passed_why;
    bool goes_back;  /* a partition older than the served one may be loaded (2) */
    bool is_patient; /* polling again soon would not help */
};

/* --------------------------------------------------------------------------- when to look again */

/* A time between `least` and `most` (4). */
static int64_t jittered_ms(const struct table *t, int64_t least, int64_t most)
{
    uint64_t seed = (clock_mono_ns() ^ (uint64_t)getpid() << 40 ^ (uint64_t)(uintptr_t)t);
    uint64_t spread = seed * 0x9E3779B97F4A7C15u >> 32;
    return least + (int64_t)(spread % (uint64_t)(most - least + 1));
}

/* Doubles with each failure, with jitter (4). */
static int64_t backoff_ms(const struct table *t, unsigned n_failed)
{
    int64_t most = backoff_first_ms << (n_failed < 16 ? n_failed : 16);
    most = most < backoff_max_ms ? most : backoff_max_ms;
    return jittered_ms(t, most / 2, most);
}

static void schedule(struct table *t, bool failed)
{
    int64_t interval = t->spec->poll_interval_ms;
    int64_t delay = jittered_ms(t, interval - interval / 5, interval);
    int64_t backoff = backoff_ms(t, t->n_failed_polls);
    if (failed && backoff < delay)
        delay = backoff;
    pthread_mutex_lock(&t->lock);
    t->polled_at_ms = clock_wall_ms();
    t->next_poll_at_ms = t->polled_at_ms + delay;
    t->next_poll_ns = t->is_poll_wanted ? 0 : clock_mono_ns() + (uint64_t)delay * 1000000u;
    pthread_mutex_unlock(&t->lock);
}

uint64_t table_next_poll_ns(struct table *t)
{
    pthread_mutex_lock(&t->lock);
    uint64_t at_ns = t->next_poll_ns;
    pthread_mutex_unlock(&t->lock);
    return at_ns;
}

void table_poll_soon(struct table *t)
{
    pthread_mutex_lock(&t->lock);
    t->is_poll_wanted = true;
    t->next_poll_ns = 0;
    pthread_mutex_unlock(&t->lock);
}

/* ------------------------------------------------------------------------------------- outcomes */

/* Keep the outcome of the latest poll; an empty message means success. */
static void note_outcome(struct table *t, const struct err *err)
{
    pthread_mutex_lock(&t->lock);
    t->last_error = *err;
    t->last_error_at_ms = err->msg[0] ? clock_wall_ms() : 0;
    pthread_mutex_unlock(&t->lock);
}

static void note_poll(struct table *t, enum code rc)
{
    pthread_mutex_lock(&t->lock);
    ++*(rc ? &t->n_polls_failed : &t->n_polls_ok);
    t->source_ok_at_ms = rc ? t->source_ok_at_ms : clock_wall_ms();
    pthread_mutex_unlock(&t->lock);
}

/* Note a partition that is not served, and when it may be tried again. `is_early`: it is refused
 * only for its date, and becomes acceptable with time. */
static void note_setback(struct table *t, const struct publication *p, enum code rc, bool is_early,
                         const struct err *why)
{
    pthread_mutex_lock(&t->lock);
    struct setback *b = setbacks_note(&t->setbacks, p, rc, why);
    b->retry_ns = clock_mono_ns() + (uint64_t)backoff_ms(t, b->n_tries - 1) * 1000000u;
    b->is_early = is_early;
    bool is_news = rc == E_REFUSED && b->n_tries == 1;
    t->n_loads_refused += is_news;
    pthread_mutex_unlock(&t->lock);
    char fingerprint[17];
    snprintf(fingerprint, sizeof(fingerprint), "%016llx", (unsigned long long)p->fingerprint);
    if (is_news)
        log_warn("partition refused", log_str("table", t->spec->name),
                 log_str("partition", p->label), log_str("fingerprint", fingerprint),
                 log_str("why", why->msg));
}

static void note_load(struct table *t, const struct publication *p, enum code rc,
                      const struct err *why)
{
    pthread_mutex_lock(&t->lock);
    t->n_loads_ok += rc == OK;
    t->n_loads_failed += rc != OK && rc != E_REFUSED;
    if (rc == OK)
        setbacks_forget(&t->setbacks, p->fingerprint);
    pthread_mutex_unlock(&t->lock);
    if (rc)
        note_setback(t, p, rc, false, why);
}

enum code table_accept(struct table *t, uint64_t fingerprint, struct err *err)
{
    pthread_mutex_lock(&t->lock);
    const struct setback *b = setbacks_find(&t->setbacks, fingerprint);
    bool is_refused = b && b->code == E_REFUSED;
    if (is_refused) {
        setbacks_forget(&t->setbacks, fingerprint);
        t->accepted = fingerprint;
        t->next_poll_ns = 0;
        t->is_poll_wanted = true;
    }
    pthread_mutex_unlock(&t->lock);
    return is_refused ? OK
                      : err_set(err, E_NOTFOUND,
                                "table '%s' has not refused a partition with fingerprint %016llx",
                                t->spec->name, (unsigned long long)fingerprint);
}

/* -------------------------------------------------------------------------- what is passed over */

static bool is_served(struct table *t, const struct publication *p)
{
    AUTO(generation_info) struct generation_info info = {0};
    return !damage_wants_load(t) && table_live_info(t, &info) &&
           info.fingerprint == p->fingerprint && info.spec_hash == t->spec_hash;
}

/* Guards are skipped for a partition that was accepted by name, or that is already served and is
 * loaded again for another configuration or because of damage. */
static bool is_accepted(const struct poll *poll, const struct publication *p)
{
    struct table *t = poll->t;
    AUTO(generation_info) struct generation_info info = {0};
    pthread_mutex_lock(&t->lock);
    bool accepted = t->accepted == p->fingerprint;
    pthread_mutex_unlock(&t->lock);
    return poll->means->force || accepted ||
           (table_live_info(t, &info) && info.fingerprint == p->fingerprint);
}

/* OK if a partition may be tried, else why it is passed over (1). A setback for its date alone is
 * forgotten here, since the date has been checked again. */
static enum code known_setback(struct table *t, const struct publication *p, bool accepted,
                               struct err *why)
{
    enum code rc = OK;
    pthread_mutex_lock(&t->lock);
    struct setback *b = setbacks_find(&t->setbacks, p->fingerprint);
    if (b && b->is_early) {
        setbacks_forget(&t->setbacks, p->fingerprint);
    } else if (b) {
        bool waits = b->code == E_REFUSED ? !accepted : clock_mono_ns() < b->retry_ns;
        b->is_seen = true;
        *why = b->why;
        rc = waits && setback_is_of_data(b->code) ? b->code : OK;
    }
    pthread_mutex_unlock(&t->lock);
    return rc;
}

static bool passes_over(void *arg, const struct publication *p, struct err *why)
{
    struct poll *poll = arg;
    struct table *t = poll->t;
    char shown[LABEL_SHOWN_CAP];
    if (is_served(t, p))
        return false;
    bool accepted = is_accepted(poll, p);
    enum code rc = accepted ? OK : guard_check_day(&t->spec->guard, p, why);
    if (rc)
        note_setback(t, p, rc, true, why);
    else
        rc = known_setback(t, p, accepted, why);
    if (rc && !poll->passed_rc) {
        poll->passed_rc = rc;
        poll->passed_why = *why;
        free(poll->passed_label);
        poll->passed_label = mem_strdup(p->label);
        err_write_in(&poll->passed_why, "partition %s", label_shown(p->label, shown));
    }
    return rc != OK;
}

/* -------------------------------------------------------------------------------- look and load */

must_use static enum code passed(const struct poll *poll, struct err *err)
{
    return poll->passed_rc ? err_set(err, poll->passed_rc, "%s", poll->passed_why.msg) : OK;
}

must_use static enum code look(struct poll *poll, struct source_answer *out, struct err *err)
{
    poll->passed_rc = OK;
    free(poll->passed_label);
    poll->passed_label = NULL;
    const struct reload_wish wish = {passes_over, poll, poll->goes_back};
    enum code rc = reload_look(poll->t, &wish, out, err);
    note_poll(poll->t, rc == E_NOTFOUND && poll->passed_rc ? OK : rc);
    if (rc == E_NOTFOUND && poll->passed_rc)
        return passed(poll, err);
    TRY(rc);
    if (out->passed_label &&
        (!poll->passed_label || strcmp(out->passed_label, poll->passed_label) != 0)) {
        poll->passed_rc =
            E_INVALID; /* the source itself passed it over: complete, but not a valid partition */
        poll->passed_why = out->passed;
    }
    return OK;
}

/* The served partition is gone from the source (2). */
must_use static enum code wait_for_gone(struct poll *poll, struct err *err)
{
    struct table *t = poll->t;
    AUTO(generation_info) struct generation_info info = {0};
    char shown[LABEL_SHOWN_CAP];
    table_live_info(t, &info);
    poll->goes_back = poll->means->force || ++t->n_gone >= t->spec->rollback_after;
    if (!poll->goes_back) {
        poll->is_patient = true;
        return err_set(
            err, E_NOTFOUND,
            "partition %s is gone from %s; it is still served, and an older one is loaded "
            "if it is still gone after %u more polls",
            label_shown(info.label, shown), source_shown(t->source),
            t->spec->rollback_after - t->n_gone);
    }
    log_warn("the served partition is gone from its source; loading an older one",
             log_str("table", t->spec->name), log_str("partition", info.label),
             log_int("polls", t->n_gone));
    return OK;
}

/* A partition that could not be read is not tried before its time; the poll fails with the same
 * message as before. */
must_use static enum code check_due(struct table *t, const struct publication *p, struct err *err)
{
    pthread_mutex_lock(&t->lock);
    const struct setback *b = setbacks_find(&t->setbacks, p->fingerprint);
    bool waits = b && !setback_is_of_data(b->code) && clock_mono_ns() < b->retry_ns;
    enum code rc = waits ? err_set(err, b->code, "%s", b->why.msg) : OK;
    pthread_mutex_unlock(&t->lock);
    return rc;
}

must_use static enum code load(struct poll *poll, const struct source_answer *found,
                               struct err *err)
{
    struct table *t = poll->t;
    const struct publication *p = &found->publication;
    TRY(damage_allows_load(t, p->published_at_ms, err));
    TRY(check_due(t, p, err));
    poll->n_loads++;
    enum code rc = reload_run(t, found, poll->means->shares, is_accepted(poll, p), err);
    if (rc == E_CHANGED && poll->n_restarts++ < RESTARTS_MAX) {
        log_info("the partition changed while it was read; reading it again",
                 log_str("table", t->spec->name), log_str("partition", p->label),
                 log_str("error", err->msg));
        return rc;
    }
    if (rc != E_CANCELLED)
        note_load(t, p, rc, err);
    return rc;
}

/* Look and load until something was loaded or nothing is left to try. */
must_use static enum code look_and_load(struct poll *poll, struct err *err)
{
    struct table *t = poll->t;
    char shown[LABEL_SHOWN_CAP];
    for (;;) {
        AUTO(source_answer) struct source_answer found = {0};
        TRY(look(poll, &found, err));
        if (found.what == FOUND_GONE) {
            TRY(wait_for_gone(poll, err));
            continue;
        }
        if (!poll->goes_back)
            t->n_gone = 0;
        const struct publication *p = &found.publication;
        if (found.what == FOUND_STAY || is_served(t, p))
            return passed(poll, err);
        enum code rc = load(poll, &found, err);
        if (rc == OK) {
            t->n_gone = 0;
            return passed(poll, err);
        }
        bool again = (rc == E_CHANGED && poll->n_restarts <= RESTARTS_MAX) ||
                     (setback_is_of_data(rc) && poll->n_loads < LOADS_MAX);
        if (!again)
            return rc == E_CANCELLED
                       ? rc
                       : err_in(err, rc, "partition %s", label_shown(p->label, shown));
    }
}

static void forget_old_setbacks(struct table *t)
{
    pthread_mutex_lock(&t->lock);
    setbacks_forget_unseen(&t->setbacks);
    pthread_mutex_unlock(&t->lock);
}

/* The base has damaged rows and could not be loaded again (5). */
static void fall_back(struct table *t)
{
    struct err err;
    if (commit_older(t, &err) == OK)
        log_warn("an older generation is served", log_str("table", t->spec->name));
}

/* A poll that somebody asked for also tries again what failed before. */
static void answer_wish(struct table *t)
{
    pthread_mutex_lock(&t->lock);
    if (t->is_poll_wanted)
        setbacks_retry(&t->setbacks);
    t->is_poll_wanted = false;
    pthread_mutex_unlock(&t->lock);
}

enum code table_poll(struct table *t, const struct poll_means *means, struct err *err)
{
    struct err own = {0};
    struct poll poll = {.t = t, .means = means};
    answer_wish(t);
    table_settle(t);
    damage_look(t);
    enum code rc = look_and_load(&poll, &own);
    free(poll.passed_label);
    if (rc == E_CANCELLED)
        return err_set(err, rc, "%s", own.msg);
    forget_old_setbacks(t);
    if (damage_kind_of(t) == DAMAGE_ROWS && damage_is_in_rows(t))
        fall_back(t);
    AUTO(generation_info) struct generation_info live = {0};
    bool is_news = rc && strcmp(own.msg, t->last_error.msg) != 0;
    if (is_news)
        log_warn(table_live_info(t, &live) ? "poll failed; the data loaded before is still served"
                                           : "poll failed",
                 log_str("table", t->spec->name), log_str("error", own.msg));
    if (!rc)
        own.msg[0] = '\0';
    note_outcome(t, &own);
    bool is_urgent = rc && rc != E_REFUSED && !poll.is_patient;
    t->n_failed_polls = is_urgent ? t->n_failed_polls + 1 : 0;
    schedule(t, is_urgent);
    return rc ? err_set(err, rc, "table %s: %s", t->spec->name, own.msg) : OK;
}
