#include "remote/aws_xml.h"

#include "base/mem.h"

#include <stdio.h>
#include <time.h>

/* Document types are refused because they can define entities that expand to gigabytes. */
static void refuse(struct xml_walk *w)
{
    w->is_refused = true;
    XML_StopParser(w->parser, XML_FALSE);
}

static void start_element(void *owner, const XML_Char *name, const XML_Char **attributes)
{
    struct xml_walk *w = owner;
    (void)attributes;
    buf_reset(&w->text);
    if (w->depth == XML_MAX_DEPTH || strlen(name) >= XML_NAME_CAP) {
        refuse(w);
        return;
    }
    snprintf(w->names[w->depth++], XML_NAME_CAP, "%s", name);
}

static void end_element(void *owner, const XML_Char *name)
{
    struct xml_walk *w = owner;
    if (w->is_refused)
        return; /* expat still reports the end of an empty element after it was stopped in it */
    w->depth--;
    w->element(w, w->depth ? w->names[w->depth - 1] : "", name, buf_view(&w->text));
    buf_reset(&w->text);
}

static void text_arrived(void *owner, const XML_Char *text, int len)
{
    struct xml_walk *w = owner;
    buf_put(&w->text, text, (size_t)len);
}

static void doctype(void *owner, const XML_Char *name, const XML_Char *system_id,
                    const XML_Char *public_id, int has_internal_subset)
{
    (void)name, (void)system_id, (void)public_id, (void)has_internal_subset;
    refuse(owner);
}

enum code xml_walk_run(struct xml_walk *w, struct view body, struct err *err)
{
    w->parser = XML_ParserCreate("UTF-8");
    if (!w->parser || body.len > INT32_MAX)
        return err_set(err, E_LIMIT, "an XML document of %zu bytes is too long", body.len);
    buf_cstr(&w->text); /* so that an empty text is not NULL */
    XML_SetUserData(w->parser, w);
    XML_SetElementHandler(w->parser, start_element, end_element);
    XML_SetCharacterDataHandler(w->parser, text_arrived);
    XML_SetStartDoctypeDeclHandler(w->parser, doctype);
    enum XML_Status status = XML_Parse(w->parser, (const char *)body.ptr, (int)body.len, XML_TRUE);
    enum code rc = OK;
    if (w->is_refused)
        rc = err_set(err, E_CORRUPT,
                     "an XML document with a document type, a long name, or more than %d levels",
                     XML_MAX_DEPTH);
    else if (status != XML_STATUS_OK)
        rc = err_set(err, E_CORRUPT, "not well-formed XML in line %lu: %s",
                     XML_GetCurrentLineNumber(w->parser),
                     XML_ErrorString(XML_GetErrorCode(w->parser)));
    XML_ParserFree(w->parser);
    buf_done(&w->text);
    return rc;
}

/* -------------------------------------------------------------------------------------- error */

struct error_walk {
    struct xml_walk walk;
    struct s3_error *out;
};

static void cut_copy(char *out, size_t cap, struct view text)
{
    size_t n = text.len < cap ? text.len : cap - 1;
    memcpy(out, text.ptr, n);
    out[n] = '\0';
}

static void error_element(struct xml_walk *w, const char *parent, const char *name,
                          struct view text)
{
    struct s3_error *out = ((struct error_walk *)w)->out;
    if (strcmp(parent, "Error") != 0)
        return;
    if (strcmp(name, "Code") == 0)
        view_printable(text, out->code, sizeof(out->code));
    else if (strcmp(name, "Message") == 0)
        view_printable(text, out->message, sizeof(out->message));
    else if (strcmp(name, "Region") == 0)
        cut_copy(out->region, sizeof(out->region), text);
}

void aws_xml_error(struct view body, struct s3_error *out)
{
    struct err ignored;
    *out = (struct s3_error){0};
    struct error_walk w = {{.element = error_element}, out};
    if (body.len && xml_walk_run(&w.walk, body, &ignored))
        *out = (struct s3_error){0};
}

/* --------------------------------------------------------------------------------------- time */

/* How far "+02:00" or "+0200" is ahead of UTC; 0 for anything else. */
static int64_t zone_ms(const char *zone)
{
    int hours, minutes;
    bool has_zone = zone[0] == '+' || zone[0] == '-';
    if (!has_zone || (sscanf(zone + 1, "%2d:%2d", &hours, &minutes) != 2 &&
                      sscanf(zone + 1, "%2d%2d", &hours, &minutes) != 2))
        return 0;
    int64_t ms = (hours * 60 + minutes) * 60000ll;
    return zone[0] == '-' ? -ms : ms;
}

int64_t iso_time_ms(struct view text)
{
    char copy[40];
    struct tm tm = {0};
    unsigned ms = 0;
    cut_copy(copy, sizeof(copy), text);
    const char *rest = strptime(copy, "%Y-%m-%dT%H:%M:%S", &tm);
    if (!rest)
        return 0;
    if (rest[0] == '.')
        for (size_t i = 1, scale = 100; i <= 3 && rest[i] >= '0' && rest[i] <= '9';
             i++, scale /= 10)
            ms += (unsigned)((size_t)(rest[i] - '0') * scale);
    rest += strspn(rest, ".0123456789");
    return (int64_t)timegm(&tm) * 1000 + ms - zone_ms(rest);
}

/* -------------------------------------------------------------------------------------- texts */

struct texts_walk {
    struct xml_walk walk;
    const char *const *names;
    size_t n;
    char **out;
};

static void texts_element(struct xml_walk *walk, const char *parent, const char *name,
                          struct view text)
{
    struct texts_walk *w = (struct texts_walk *)walk;
    (void)parent;
    for (size_t i = 0; i < w->n; i++)
        if (strcmp(name, w->names[i]) == 0 && !w->out[i])
            w->out[i] = mem_strndup(text.ptr, text.len);
}

enum code aws_xml_texts(struct view body, const char *const *names, size_t n, char **out_texts,
                        struct err *err)
{
    struct texts_walk w = {{.element = texts_element}, names, n, out_texts};
    for (size_t i = 0; i < n; i++)
        out_texts[i] = NULL;
    return xml_walk_run(&w.walk, body, err);
}
