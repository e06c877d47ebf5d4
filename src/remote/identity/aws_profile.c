#include "remote/identity/aws_profile.h"

#include "base/file.h"
#include "base/mem.h"

/*
 * The format has no specification. This follows what the AWS SDKs do: nested settings (indented
 * lines, such as "s3 =") are ignored, as are sections of other kinds; a comment may begin a line or
 * follow a blank in a value; the files may come from Windows.
 */

static const size_t file_bytes_max = 4u << 20;

void aws_profiles_done(struct aws_profiles *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->settings[i].profile);
        free(p->settings[i].key);
        free(p->settings[i].value);
    }
    free(p->settings);
    *p = (struct aws_profiles){0};
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct view trim(struct view v)
{
    while (v.len && is_blank(v.ptr[0]))
        v = view_of(v.ptr + 1, v.len - 1);
    while (v.len && is_blank(v.ptr[v.len - 1]))
        v.len--;
    return v;
}

static void add(struct aws_profiles *p, struct view profile, struct view key, struct view value)
{
    p->settings = mem_realloc(p->settings, (p->n + 1) * sizeof(*p->settings));
    p->settings[p->n++] =
        (struct aws_setting){mem_strndup(profile.ptr, profile.len), mem_strndup(key.ptr, key.len),
                             mem_strndup(value.ptr, value.len)};
}

/* The profile that a line "[...]" begins; empty for other kinds of sections, such as [sso-session
 * x]. */
static struct view section_name(struct view line, bool is_config)
{
    static const char prefix[] = "profile";
    struct view name = view_of(line.ptr + 1, line.len - 1);
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] == ']')
            name.len = i;
    name = trim(name);
    if (!is_config || view_eq_cstr(name, "default"))
        return name;
    size_t len = strlen(prefix);
    if (name.len > len && memcmp(name.ptr, prefix, len) == 0 && is_blank(name.ptr[len]))
        return trim(view_of(name.ptr + len, name.len - len));
    return (struct view){0};
}

/* " # ..." or " ; ..." at the end of a value is a comment. */
static struct view without_comment(struct view v)
{
    for (size_t i = 1; i < v.len; i++)
        if ((v.ptr[i] == '#' || v.ptr[i] == ';') && is_blank(v.ptr[i - 1]))
            return view_of(v.ptr, i);
    return v;
}

static void parse_line(struct aws_profiles *p, struct view line, bool is_config,
                       struct view *profile)
{
    bool is_nested = line.len && is_blank(line.ptr[0]); /* belongs to the setting above */
    line = trim(line);
    if (line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == ';' || is_nested)
        return;
    if (line.ptr[0] == '[') {
        *profile = section_name(line, is_config);
        if (profile->len)
            add(p, *profile, (struct view){0}, (struct view){0}); /* an empty profile exists, too */
        return;
    }
    const uint8_t *equals = memchr(line.ptr, '=', line.len);
    if (!equals || profile->len == 0)
        return;
    size_t key_len = (size_t)(equals - line.ptr);
    struct view value = view_of(equals + 1, line.len - key_len - 1);
    add(p, *profile, trim(view_of(line.ptr, key_len)), trim(without_comment(value)));
}

void aws_profiles_parse(struct aws_profiles *p, struct view text, bool is_config)
{
    struct view profile = {0};
    if (text.len >= 3 && memcmp(text.ptr, "\xEF\xBB\xBF", 3) == 0) /* a byte order mark */
        text = view_of(text.ptr + 3, text.len - 3);
    while (text.len) {
        const uint8_t *newline = memchr(text.ptr, '\n', text.len);
        size_t len = newline ? (size_t)(newline - text.ptr) : text.len;
        parse_line(p, view_of(text.ptr, len), is_config, &profile);
        len += newline != NULL;
        text = view_of(text.ptr + len, text.len - len);
    }
}

must_use static enum code load_one(struct aws_profiles *p, const char *variable, const char *name,
                                   struct err *err)
{
    const char *path = getenv(variable), *home = getenv("HOME");
    char own[PATH_CAP];
    AUTO(buf) struct buf text = {0};
    if (!path || !path[0]) {
        if (!home || !home[0])
            return OK;
        TRY(path_format(own, err, "%s/.aws/%s", home, name));
        path = own;
    }
    if (strcmp(path, "/dev/null") == 0)
        return OK; /* the usual way to say that there is no such file */
    enum code rc = file_read(path, file_bytes_max, &text, err);
    if (rc == E_NOTFOUND)
        return OK;
    TRY(rc);
    aws_profiles_parse(p, buf_view(&text), strcmp(name, "config") == 0);
    return OK;
}

enum code aws_profiles_load(struct aws_profiles *out, struct err *err)
{
    TRY(load_one(out, "AWS_SHARED_CREDENTIALS_FILE", "credentials", err));
    return load_one(out, "AWS_CONFIG_FILE", "config", err);
}

bool aws_profiles_has(const struct aws_profiles *p, const char *profile)
{
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->settings[i].profile, profile) == 0)
            return true;
    return false;
}

const char *aws_profiles_get(const struct aws_profiles *p, const char *profile, const char *key)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct aws_setting *s = &p->settings[i];
        if (strcmp(s->profile, profile) == 0 && strcmp(s->key, key) == 0 && s->value[0])
            return s->value;
    }
    return NULL;
}

const char *aws_profile_name(const char *configured)
{
    const char *of_env = getenv("AWS_PROFILE");
    if (configured[0])
        return configured;
    return of_env && of_env[0] ? of_env : "default";
}
