/*
 * Errors: a code for the program, a sentence for the human.
 *
 * The code says what a caller can do (retry, answer 404 or 400, give up). The sentence says what
 * happened, with the offending value; each caller puts its own circumstance in front on the way up:
 * "table user_features: segment 00000003.seg: footer checksum mismatch".
 */
#ifndef MURR_BASE_ERR_H
#define MURR_BASE_ERR_H

#include <errno.h>

enum code {
    OK = 0,
    E_INVALID,     /* the request, the config or the data says something wrong */
    E_NOTFOUND,    /* a named thing (table, column, file) does not exist */
    E_EXISTS,      /* a thing to be created is already there */
    E_CORRUPT,     /* bytes that are not what their format promises */
    E_LIMIT,       /* a configured limit would be exceeded */
    E_IO,          /* the operating system refused */
    E_TIMEOUT,     /* a deadline passed */
    E_CHANGED,     /* what is being read was replaced meanwhile: begin anew */
    E_CANCELLED,   /* the caller asked us to stop */
    E_UNSUPPORTED, /* well formed, but not something Murr does */
    E_NOMEM,       /* a table-sized allocation or mapping failed */
    E_BUSY,        /* a queue is full: try again later */
    E_NOSPACE,     /* the disk is full, or a quota is used up */
    E_REFUSED,     /* sound, but a guard wants a person to look at it first */
    E_READONLY,    /* the configuration forbids changes */
};

#define must_use          __attribute__((warn_unused_result))
#define printf_like(f, a) __attribute__((format(printf, f, a)))

/* The sentence. Lives on the caller's stack; pass NULL if you do not need the text. */
struct err {
    char msg[512];
};

/*
 * Start a message; start one and append what errno says; put the outer circumstance and ": " in
 * front. Each is an expression with the value `code`, so that `return err_set(err, E_INVALID,
 * "...")` works, and compilers and analyzers can see that a failure is returned.
 */
#define err_set(err, code, ...)   (err_write((err), __VA_ARGS__), (code))
#define err_errno(err, code, ...) (err_write_errno((err), __VA_ARGS__), (code))
#define err_in(err, code, ...)    (err_write_in((err), __VA_ARGS__), (code))

printf_like(2, 3) void err_write(struct err *err, const char *fmt, ...);
printf_like(2, 3) void err_write_errno(struct err *err, const char *fmt, ...);
printf_like(2, 3) void err_write_in(struct err *err, const char *fmt, ...);

/* The code for the errno of a failed call: E_NOTFOUND for a missing name, E_NOSPACE for a full disk
 * or quota, else E_IO. err_errno does not change errno, so this can be passed as its code. */
static inline enum code code_of_errno(void)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
        return E_NOTFOUND;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return E_NOSPACE;
    default:
        return E_IO;
    }
}

/* Return the code of `expr` unless it is OK. The only macro in the tree that hides a return. */
#define TRY(expr)                   \
    do {                            \
        enum code try_rc_ = (expr); \
        if (try_rc_)                \
            return try_rc_;         \
    } while (0)

#endif
