/*
 * A transfer: an HTTP request that Murr sends. Many run at the same time on one thread, which
 * drives libcurl's multi interface for all tables of the process.
 *
 *     transfer_start -> waits for its time and for a free place
 *         -> prepare (signs it now, since the signature has the time in it)
 *         -> on the wire
 *         -> ended (which may start it again, later)
 *
 * Only the bytes of the wanted range and version are written to the caller's memory. Another
 * status, range or ETag leaves it untouched. `n_received` counts what has arrived, and a transfer
 * that is started again asks for the rest.
 *
 * Threads   `prepare` and `ended` run on the loop's thread, and must not wait for anything.
 */
#ifndef MURR_REMOTE_TRANSFER_H
#define MURR_REMOTE_TRANSFER_H

#include "base/buf.h"
#include "remote/op.h"

struct transfer_loop;
struct transfer;

/* Options of the connection, shared by all requests of a store. Strings are borrowed; "" means
 * none. */
struct transfer_options {
    const char *ca_file;
    const char *proxy; /* "": from the environment */
    int64_t connect_timeout_ms;
    int64_t stall_timeout_ms; /* abort after this time below 1 KiB/s */
    int64_t timeout_ms;       /* of the whole request; 0: none */
    uint64_t response_max;    /* longest body that goes to `response`; 0: 8 MiB */
    bool no_proxy;            /* ignore the proxies of the environment */
    /* Do not connect to link-local addresses, whatever name leads there: the URL comes from a
     * machine that may want to reach the metadata service of ours. */
    bool no_link_local;
};

/* A lane: how many transfers one store may have running, so that a slow store leaves room for
 * others. Only the loop's thread changes it. */
struct transfer_lane {
    unsigned max_in_flight; /* 0: no limit */
    unsigned n_running;
};

/* Called just before the transfer is sent. A failure ends the transfer with that code. If it sets
 * `wait_ms`, it is called again after that time. */
typedef enum code (*transfer_prepare_fn)(struct transfer *t, struct err *err);
/* Called once for each transfer_start, last. */
typedef void (*transfer_ended_fn)(struct transfer *t);

/* Which bytes are wanted. With len 0 the whole body goes to `response`. */
struct transfer_range {
    uint64_t offset, len;
    uint64_t object_bytes; /* size of the object, from its listing */
    bool is_suffix;        /* ask for it as "the last len bytes" */
    uint8_t *out;          /* where byte `offset` goes */
    const char *etag;      /* the wanted version; NULL: any */
};

/* The head of the answer. */
struct transfer_head {
    int status; /* 0: no answer */
    uint64_t content_length;
    char etag[160];
    char region[64];    /* x-amz-bucket-region */
    char location[512]; /* the target of a redirect */
    int64_t date_s;     /* the server's clock; 0: not sent */
    int64_t modified_s;
    int64_t retry_after_s;
};

/* Embedded in the struct of its owner. Zeroed and filled as marked, it is ready to start. */
struct transfer {
    /* Set by the owner before transfer_start or in prepare. */
    const char *method;
    struct buf url;
    struct buf headers; /* "Name: value\n" each, without Range and If-Match */
    struct view body;   /* of a POST or PUT; borrowed */
    struct transfer_range range;
    const struct transfer_options *options;
    struct transfer_lane *lane; /* its store's; NULL: none */
    const struct remote_op *op;
    transfer_prepare_fn prepare; /* may be NULL */
    uint64_t wait_ms;            /* set by prepare */
    transfer_ended_fn ended;

    /* Set by the loop, for `ended`. */
    /* OK: there was an answer, with any status. E_IO: the connection broke. E_LIMIT: the answer is
     * too long. Else what `op` or prepare failed with. */
    enum code code;
    bool is_changed; /* the object has another version or size than listed */
    struct err err;
    struct transfer_head head;
    struct buf response; /* the body, unless it went to the range's `out` */
    uint64_t n_received; /* bytes of the range in `out`; kept when it is started again */

    /* Only the loop. */
    struct transfer_in_loop {
        struct transfer *next;
        void *easy, *header_list, *share; /* libcurl's */
        uint64_t start_at_ns;
        bool prepared;   /* `prepare` succeeded, so it was sent */
        uint64_t n_skip; /* bytes of a whole body to skip before the wanted ones */
        enum { BODY_UNKNOWN, BODY_RANGE, BODY_RESPONSE, BODY_DONE } sink; /* where the body goes */
        char fault[160]; /* why we aborted it; "" if we did not */
        enum code fault_code;
        struct transfer_waiter *waiter; /* of transfer_call; NULL: none */
    } loop;
};

/* At most max_in_flight transfers run at a time, over all lanes. Fails E_IO if the thread cannot be
 * started. */
must_use enum code transfer_loop_open(unsigned max_in_flight, struct transfer_loop **out_loop,
                                      struct err *err);
/* All transfers must have ended. NULL is fine. */
void transfer_loop_close(struct transfer_loop *loop);

/* Start after `delay_ms`. Threads: any; also from `ended`. */
void transfer_start(struct transfer_loop *loop, struct transfer *t, uint64_t delay_ms);

/* Start after `delay_ms`, and return when the transfer has ended. `ended` is not called. Threads: any
 * but the loop's. */
void transfer_call(struct transfer_loop *loop, struct transfer *t, uint64_t delay_ms);

/* Free what the transfer owns. It must have ended. */
void transfer_done(struct transfer *t);

/*
 * Do one request on the calling thread, outside the loop: for credentials, which transfers in the
 * loop wait for. `prepare` and `ended` are not called. Returns when the request has ended, or soon
 * after its `op` has.
 */
void transfer_run(struct transfer *t);

#endif
