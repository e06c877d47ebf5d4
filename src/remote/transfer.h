/*
 * HTTP requests to elsewhere, many at once: one thread drives libcurl's multi interface for all tables of
 * the process.
 *
 *     transfer_start -> waits for its time and for one of `max_in_flight` places -> prepare (sign it: the
 *     signature has the time in it) -> on the wire -> ended (which may start it again, later)
 *
 * A ranged GET writes into memory of the caller's and nothing else does: a status other than 206, another
 * range than asked for, or another ETag leave that memory alone. What was received stays counted in
 * `n_received`, so that whoever starts the transfer again asks for the rest.
 *
 * Threads   `prepare` and `ended` run on the loop's thread and must not wait for another transfer.
 */
#ifndef MURR_REMOTE_TRANSFER_H
#define MURR_REMOTE_TRANSFER_H

#include "base/buf.h"
#include "remote/op.h"

struct transfer_loop;
struct transfer;

/* Connection matters that all requests of a store share. Strings are borrowed; "" is none. */
struct transfer_options {
    const char *ca_file;
    const char *proxy; /* "": as the environment says */
    int64_t connect_timeout_ms;
    int64_t stall_timeout_ms; /* a transfer that brings nearly nothing for so long is broken off */
    int64_t timeout_ms;       /* of the whole request; 0: none */
    bool no_proxy;            /* whatever the environment says */
};

/* What a store may have on its way at a time, so that a slow one leaves room for the others. Only the loop thread
 * counts. */
struct transfer_lane {
    unsigned max_in_flight; /* 0: no bound */
    unsigned n_running;
};

/* Called when the transfer's turn has come. A failure ends it with that code; with `wait_ms` set, it is called
 * again after that time. */
typedef enum code (*transfer_prepare_fn)(struct transfer *t, struct err *err);
/* Called once for each transfer_start, last. */
typedef void (*transfer_ended_fn)(struct transfer *t);

/* Which bytes are wanted. len 0: the whole body, into `body`. */
struct transfer_range {
    uint64_t offset, len;
    uint64_t object_bytes; /* size of the object, known from its listing */
    bool is_suffix;        /* ask for the last `len` bytes */
    uint8_t *out;          /* for byte `offset` */
    const char *etag;      /* the only version that will do; NULL: any */
};

/* What the answer's head said. */
struct transfer_head {
    int status; /* 0: no answer */
    uint64_t content_length;
    char etag[160];
    char region[64];    /* x-amz-bucket-region */
    char location[512]; /* where a redirect leads */
    int64_t date_s;     /* the server's clock; 0: not told */
    int64_t modified_s;
    int64_t retry_after_s;
};

/* Zeroed, then filled as marked, it is ready to start. Embedded in the struct of its owner. */
struct transfer {
    /* Set by the owner before transfer_start or in prepare. */
    const char *method;
    struct buf url;
    struct buf headers; /* "Name: value\n" each, without Range and If-Match */
    struct view body;   /* of a POST or PUT; borrowed */
    struct transfer_range range;
    const struct transfer_options *options;
    struct transfer_lane *lane; /* of its store; NULL: none */
    const struct remote_op *op;
    transfer_prepare_fn prepare; /* may be NULL */
    uint64_t wait_ms;            /* set by prepare */
    transfer_ended_fn ended;

    /* Set by the loop, for `ended`. */
    enum code
        code; /* OK: there was an answer, whatever its status; E_IO: broken; what `op` or prepare said */
    bool is_changed; /* the answer was of another version or size of the object */
    struct err err;
    struct transfer_head head;
    struct buf response; /* the body where no range was asked for, or of a refusal; at most 8 MiB */
    uint64_t n_received; /* bytes of the range that are in `out`; stays over restarts */

    /* Only the loop. */
    struct transfer_in_loop {
        struct transfer *next;
        void *easy, *header_list, *share; /* libcurl's */
        uint64_t start_at_ns;
        bool prepared;   /* it came as far as the wire */
        uint64_t n_skip; /* bytes of a whole body before those wanted */
        enum { BODY_UNKNOWN, BODY_RANGE, BODY_RESPONSE, BODY_DONE } sink;
        char fault[160]; /* why we broke it off; "": we did not */
    } loop;
};

/* Fails E_IO when the thread cannot be started. */
must_use enum code transfer_loop_open(unsigned max_in_flight, struct transfer_loop **out_loop,
                                      struct err *err);
/* No transfer may be left. */
void transfer_loop_close(struct transfer_loop *loop);

/* Begin, not before `delay_ms` have passed. Threads: any, also from `ended`. */
void transfer_start(struct transfer_loop *loop, struct transfer *t, uint64_t delay_ms);

/* Frees what the transfer owns. It must have ended. */
void transfer_done(struct transfer *t);

/*
 * One request in the calling thread, outside of any loop: for credentials, which transfers wait for.
 * Afterwards it has ended, also when its `op` is over; `prepare` and `ended` are not called.
 */
void transfer_run(struct transfer *t);

#endif
