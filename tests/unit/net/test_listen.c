#include "net/listen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool accepts_v4(unsigned port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool connected = connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0;
    close(fd);
    return connected;
}

static void listen_takes_one_free_port_for_all_addresses(void **state)
{
    (void)state;
    const char *hosts[] = {"localhost", "127.0.0.1", "0.0.0.0", "::"};
    for (int i = 0; i < 4; i++) {
        struct listeners l;
        struct err err;
        if (listeners_open(hosts[i], 0, &l, &err)) {
            assert_string_equal(hosts[i], "::"); /* a machine without IPv6 */
            continue;
        }
        assert_true(l.n >= 1);
        assert_int_not_equal(l.port, 0);
        assert_true(accepts_v4(l.port));
        assert_int_equal(l.is_local, i < 2);
        listeners_close(&l);
        assert_int_equal(l.n, 0);
    }
}

static void listen_says_why_it_cannot(void **state)
{
    (void)state;
    struct listeners first, second;
    struct err err;
    assert_int_equal(listeners_open("127.0.0.1", 0, &first, &err), OK);
    assert_int_equal(listeners_open("127.0.0.1", first.port, &second, &err), E_EXISTS);
    assert_non_null(strstr(err.msg, "Address already in use"));
    assert_int_equal(listeners_open("localhost", first.port, &second, &err), E_EXISTS);
    listeners_close(&first);
    assert_int_equal(listeners_open("192.0.2.1", 0, &second, &err), E_IO);
    assert_string_equal(err.msg, "cannot listen on 192.0.2.1:0: Cannot assign requested address");
    assert_int_equal(listeners_open("no.such.host.invalid", 80, &second, &err), E_NOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listen_takes_one_free_port_for_all_addresses),
        cmocka_unit_test(listen_says_why_it_cannot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
