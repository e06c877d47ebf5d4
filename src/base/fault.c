#include "base/fault.h"

#include "base/mem.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * A signal handler may neither take locks nor allocate, and it may interrupt a thread that is just
 * changing the list. So the list is made of atomics, and the order of stores matters:
 *
 *     1. An addition stores len and hit before start. The handler ignores slots whose start is 0,
 *        so it never sees a slot that is half filled in.
 *     2. A removal only sets start to 0. The memory of the slot stays, and a later addition uses it
 *        again.
 *     3. Additions and removals exclude each other by a mutex, which the handler does not take.
 *
 * A slot may be reused while a handler walks past it. That is harmless: the handler looks for an
 * address that its own thread reads at this moment, so the mapping with this address is not being
 * removed.
 */
/* Slots are added and reused but never freed, so the handler may walk the list while others change
 * it. */
enum { SLOTS_OF_CHUNK = 512 };

struct slot {
    _Atomic uintptr_t start; /* 0: free */
    _Atomic size_t len;
    _Atomic(_Atomic bool *) hit;
};

struct chunk {
    struct slot slots[SLOTS_OF_CHUNK];
    _Atomic(struct chunk *) next;
};

/* One list for the process, because signal handlers belong to the process. */
static struct chunk first_chunk;
static pthread_mutex_t writers = PTHREAD_MUTEX_INITIALIZER;
static _Atomic uint64_t n_faults;

uint64_t fault_count(void)
{
    return atomic_load_explicit(&n_faults, memory_order_acquire);
}

static struct slot *free_slot(void)
{
    for (struct chunk *c = &first_chunk;;) {
        for (size_t i = 0; i < SLOTS_OF_CHUNK; i++)
            if (atomic_load(&c->slots[i].start) == 0)
                return &c->slots[i];
        struct chunk *next = atomic_load(&c->next);
        if (!next) {
            next = mem_zalloc(sizeof(*next));
            atomic_store(&c->next, next);
        }
        c = next;
    }
}

static struct slot *slot_at(uintptr_t start)
{
    for (struct chunk *c = &first_chunk; c; c = atomic_load(&c->next))
        for (size_t i = 0; i < SLOTS_OF_CHUNK; i++)
            if (atomic_load(&c->slots[i].start) == start)
                return &c->slots[i];
    return NULL;
}

void fault_watch_add(const uint8_t *start, size_t len, _Atomic bool *hit)
{
    pthread_mutex_lock(&writers);
    struct slot *s = free_slot();
    atomic_store(&s->len, len);
    atomic_store(&s->hit, hit);
    atomic_store(&s->start, (uintptr_t)start);
    pthread_mutex_unlock(&writers);
}

void fault_watch_remove(const uint8_t *start)
{
    pthread_mutex_lock(&writers);
    struct slot *s = slot_at((uintptr_t)start);
    if (s)
        atomic_store(&s->start, 0);
    pthread_mutex_unlock(&writers);
}

static struct slot *slot_of(uintptr_t at)
{
    for (struct chunk *c = &first_chunk; c; c = atomic_load(&c->next))
        for (size_t i = 0; i < SLOTS_OF_CHUNK; i++) {
            uintptr_t start = atomic_load(&c->slots[i].start);
            if (start && at >= start && at - start < atomic_load(&c->slots[i].len))
                return &c->slots[i];
        }
    return NULL;
}

/* Runs on the thread that read the page. That thread is using the mapping, so the slot cannot go
 * away. */
static void on_sigbus(int number, siginfo_t *info, void *context)
{
    (void)context;
    uintptr_t page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE), at = (uintptr_t)info->si_addr;
    struct slot *s = slot_of(at);
    if (!s) {
        /* Not a watched mapping: with the default restored, the same read ends the process. */
        signal(number, SIG_DFL);
        return;
    }
    /* This order is step 1 of base/fault.h; readers depend on it. */
    atomic_store(atomic_load(&s->hit), true);
    atomic_fetch_add(&n_faults, 1);
    if (mmap((void *)(at & ~(page_bytes - 1)), page_bytes, PROT_READ,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
        signal(number, SIG_DFL);
}

void fault_catch(void)
{
    struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
}
