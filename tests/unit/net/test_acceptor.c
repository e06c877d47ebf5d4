#include "net/acceptor.h"

#include "http_client.h"
#include "test.h"

#include <stdatomic.h>
#include <unistd.h>

struct server {
    struct listeners listeners;
    struct acceptor *acceptor;
    unsigned port;
    _Atomic bool has_room;
    _Atomic unsigned n_taken;
    bool makes_more; /* for each client that is taken another one comes */
};

static bool has_room(void *app)
{
    return atomic_load(&((struct server *)app)->has_room);
}

static void come_and_go(const struct server *s)
{
    int fd = http_dial(s->port);
    assert_true(fd >= 0);
    close(fd);
}

static void take(void *app, int fd)
{
    struct server *s = app;
    close(fd);
    if (s->makes_more)
        come_and_go(s);
    atomic_fetch_add(&s->n_taken, 1);
}

static void start(struct server *s)
{
    struct err err;
    assert_ok(listeners_open("127.0.0.1", 0, &s->listeners, &err));
    s->port = s->listeners.port;
    assert_ok(acceptor_start(&s->listeners, (struct acceptor_calls){has_room, take}, s,
                             &s->acceptor, &err));
}

static void acceptor_takes_clients_when_there_is_room(void **state)
{
    (void)state;
    struct server s = {0};
    start(&s);
    for (int i = 0; i < 3; i++)
        come_and_go(&s);
    assert_int_equal(atomic_load(&s.n_taken), 0);
    atomic_store(&s.has_room, true);
    while (atomic_load(&s.n_taken) < 3)
        usleep(1000);
    acceptor_stop(s.acceptor);
    assert_int_equal(http_dial(s.port), -1);
}

static void acceptor_takes_those_who_wait_when_it_stops(void **state)
{
    (void)state;
    struct server s = {0};
    start(&s);
    for (int i = 0; i < 5; i++)
        come_and_go(&s);
    acceptor_stop(s.acceptor);
    assert_int_equal(atomic_load(&s.n_taken), 5);
}

static void acceptor_stops_while_clients_come_without_end(void **state)
{
    (void)state;
    struct server s = {.makes_more = true};
    start(&s);
    come_and_go(&s);
    acceptor_stop(s.acceptor);
    assert_true(atomic_load(&s.n_taken) >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acceptor_takes_clients_when_there_is_room),
        cmocka_unit_test(acceptor_takes_those_who_wait_when_it_stops),
        cmocka_unit_test(acceptor_stops_while_clients_come_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
