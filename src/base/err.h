/*
 * Errors: a code for the program, a sentence for the human.
 *
 * The code says what a caller can do (retry, answer 404 or 400, give up). The sentence says what
 * happened, with the offending value; outer circumstances are put in front as it travels up:
 * "table user_features: segment 00000003.seg: footer checksum mismatch".
 */
#ifndef MURR_BASE_ERR_H
#define MURR_BASE_ERR_H

enum code {
    OK = 0,
    E_INVALID,     /* the request, the config or the data says something wrong */
    E_NOTFOUND,    /* a named thing (table, column, file) does not exist */
    E_EXISTS,      /* a thing to be created is already there */
    E_CORRUPT,     /* bytes that are not what their format promises */
    E_LIMIT,       /* a configured limit would be exceeded */
    E_IO,          /* the operating system refused */
    E_TIMEOUT,     /* a deadline passed */
    E_CANCELLED,   /* somebody asked us to stop */
    E_UNSUPPORTED, /* well formed, but not something Murr does */
    E_NOMEM,       /* a table-sized allocation or mapping failed */
};

#define must_use          __attribute__((warn_unused_result))
#define printf_like(f, a) __attribute__((format(printf, f, a)))

/* The sentence. Lives on the caller's stack; pass NULL when nobody wants the text. */
struct err {
    char msg[512];
};

/* Start a message. Returns `code`, so that `return err_set(...)` reads as what it is. */
printf_like(3, 4) enum code err_set(struct err *err, enum code code, const char *fmt, ...);

/* As err_set, followed by ": " and what errno says. */
printf_like(3, 4) enum code err_errno(struct err *err, enum code code, const char *fmt, ...);

/* Put the outer circumstance and ": " in front of the message. Returns `code`. */
printf_like(3, 4) enum code err_in(struct err *err, enum code code, const char *fmt, ...);

/* A short constant name of a code, for logs: "E_CORRUPT". */
const char *code_name(enum code code);

/* Return the code of `expr` unless it is OK. The only macro in the tree that hides a return. */
#define TRY(expr)                   \
    do {                            \
        enum code try_rc_ = (expr); \
        if (try_rc_)                \
            return try_rc_;         \
    } while (0)

#endif
