#include "engine/table/damage.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>

static const char *const meanings[] = {
    [DAMAGE_NONE] = "",
    [DAMAGE_OLDER] = "an older generation is served",
    [DAMAGE_ROWS] = "damaged data: reads that touch it fail",
    [DAMAGE_REFUSED] = "damaged data: the table is not served",
};

void damage_note(struct table *t, enum damage_kind kind, int64_t newest, const char *why)
{
    pthread_mutex_lock(&t->lock);
    bool is_news = kind > t->damage.kind || strcmp(t->damage.why.msg, why) != 0;
    t->damage.kind = kind;
    t->damage.newest = newest;
    err_write(&t->damage.why, "%s", why);
    t->damage.at_ms = is_news ? clock_wall_ms() : t->damage.at_ms;
    t->n_damages += is_news;
    if (is_news)
        t->next_poll_ns = 0;   /* poll now: a load may mend it */
    if (kind >= DAMAGE_ROWS) { /* nothing is merged, so writes must not wait for a merge */
        t->writes.merge_rc = E_CORRUPT;
        err_write(&t->writes.merge_err, "damaged segments are not merged: %s", why);
    }
    pthread_mutex_unlock(&t->lock);
    if (is_news)
        log_error(meanings[kind], log_str("table", t->spec->name), log_str("error", why));
}

void damage_clear(struct table *t)
{
    pthread_mutex_lock(&t->lock);
    bool was_damaged = t->damage.kind != DAMAGE_NONE;
    t->damage.kind = DAMAGE_NONE;
    t->damage.why.msg[0] = '\0';
    if (was_damaged) {
        t->writes.merge_rc = OK;
        t->writes.merge_err.msg[0] = '\0';
    }
    pthread_mutex_unlock(&t->lock);
    if (was_damaged)
        log_info("the table is whole again", log_str("table", t->spec->name));
}

enum damage_kind damage_kind_of(struct table *t)
{
    pthread_mutex_lock(&t->lock);
    enum damage_kind kind = t->damage.kind;
    pthread_mutex_unlock(&t->lock);
    return kind;
}

static bool is_hit(const struct seg_pages *pages)
{
    return pages && atomic_load_explicit(&pages->is_damaged, memory_order_relaxed);
}

/* Describe the first damaged segment or generation that is served; false if none is known. */
static bool find_damage(const struct table *t, const struct snapshot *s, char *out, size_t cap,
                        int64_t *out_newest)
{
    const struct overlay *o = snapshot_overlay(s);
    const struct base_generation *b = snapshot_base(s);
    *out_newest = INT64_MIN;
    for (size_t i = 0; i < o->n; i++)
        if (o->layers[i]->is_damaged || is_hit(o->layers[i]->set.pages)) {
            *out_newest = o->layers[i]->newest;
            snprintf(out, cap, "segment %s/%010llu.seg of writes is damaged (checksum mismatch)",
                     t->dir, (unsigned long long)o->layers[i]->number);
            return true;
        }
    if (!is_hit(b->set.pages))
        return false;
    snprintf(out, cap, "generation %s/%010llu is damaged (checksum mismatch)", t->dir,
             (unsigned long long)b->info.number);
    return true;
}

void damage_look(struct table *t)
{
    char why[PATH_CAP + 128];
    int64_t newest;
    pthread_mutex_lock(&t->lock);
    bool is_new = t->live && t->damage.kind < DAMAGE_ROWS &&
                  find_damage(t, t->live, why, sizeof(why), &newest);
    pthread_mutex_unlock(&t->lock);
    if (is_new)
        damage_note(t, DAMAGE_ROWS, newest, why);
}

void damage_heal(struct table *t)
{
    char why[PATH_CAP + 128];
    int64_t newest;
    pthread_mutex_lock(&t->lock);
    bool is_healed = t->live && t->damage.kind == DAMAGE_ROWS &&
                     !find_damage(t, t->live, why, sizeof(why), &newest);
    pthread_mutex_unlock(&t->lock);
    if (is_healed)
        damage_clear(t);
}

bool damage_is_in_rows(struct table *t)
{
    pthread_mutex_lock(&t->lock);
    bool is_in_rows = t->live && is_hit(snapshot_base(t->live)->set.pages);
    pthread_mutex_unlock(&t->lock);
    return is_in_rows;
}

bool damage_wants_load(struct table *t)
{
    pthread_mutex_lock(&t->lock);
    const struct base_generation *b = t->live ? snapshot_base(t->live) : NULL;
    bool wants = t->damage.kind == DAMAGE_OLDER ||
                 (b && (is_hit(b->set.pages) || t->scrub.bad_base == b->info.number));
    pthread_mutex_unlock(&t->lock);
    return wants;
}

enum code damage_allows_load(struct table *t, int64_t published_at_ms, struct err *err)
{
    enum code rc = OK;
    pthread_mutex_lock(&t->lock);
    if (t->damage.kind == DAMAGE_REFUSED &&
        seg_stamp(published_at_ms * 1000, true) < t->damage.newest)
        rc = err_set(err, E_CORRUPT,
                     "writes newer than this publication are lost (%s); publish a newer one, or "
                     "remove %s",
                     t->damage.why.msg, t->dir);
    pthread_mutex_unlock(&t->lock);
    return rc;
}

enum code damage_allows_merge(struct table *t, struct err *err)
{
    enum code rc = OK;
    pthread_mutex_lock(&t->lock);
    if (t->damage.kind >= DAMAGE_ROWS)
        rc = err_set(err, E_CORRUPT, "damaged segments are not merged: %s", t->damage.why.msg);
    pthread_mutex_unlock(&t->lock);
    return rc;
}
