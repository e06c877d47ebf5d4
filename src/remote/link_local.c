#include "remote/link_local.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static bool is_v4(const uint8_t ip[static 4])
{
    return ip[0] == 169 && ip[1] == 254;
}

/* IPv4 addresses inside IPv6: mapped (::ffff:a.b.c.d), compatible (::a.b.c.d), and those of NAT64
 * (64:ff9b::a.b.c.d) and 6to4 (2002:aabb:ccdd::). */
static bool has_v4(const uint8_t ip[static 16])
{
    static const uint8_t zeros[12], mapped[12] = {[10] = 0xFF, [11] = 0xFF},
                                    nat64[12] = {0x00, 0x64, 0xFF, 0x9B};
    bool is_low =
        memcmp(ip, zeros, 12) == 0 || memcmp(ip, mapped, 12) == 0 || memcmp(ip, nat64, 12) == 0;
    return (is_low && is_v4(ip + 12)) || (ip[0] == 0x20 && ip[1] == 0x02 && is_v4(ip + 2));
}

static bool is_v6(const uint8_t ip[static 16])
{
    static const uint8_t aws[4] = {0xFD, 0x00, 0x0E, 0xC2};
    return (ip[0] == 0xFE && (ip[1] & 0xC0) == 0x80) || memcmp(ip, aws, sizeof(aws)) == 0 ||
           has_v4(ip);
}

bool addr_is_link_local(const struct sockaddr *addr)
{
    if (addr->sa_family == AF_INET)
        return is_v4((const uint8_t *)&((const struct sockaddr_in *)(const void *)addr)->sin_addr);
    if (addr->sa_family == AF_INET6)
        return is_v6(((const struct sockaddr_in6 *)(const void *)addr)->sin6_addr.s6_addr);
    return false;
}

bool host_is_link_local(struct view host)
{
    char text[80];
    struct in_addr v4;
    struct in6_addr v6;
    bool bracketed = host.len >= 2 && host.ptr[0] == '[';
    struct view bare = bracketed ? view_of(host.ptr + 1, host.len - 2) : host;
    if (bare.len >= sizeof(text))
        return false;
    memcpy(text, bare.ptr, bare.len);
    text[bare.len] = '\0';
    if (bracketed) {
        text[strcspn(text, "%")] = '\0'; /* a zone, as in fe80::1%eth0 */
        return inet_pton(AF_INET6, text, &v6) == 1 && is_v6(v6.s6_addr);
    }
    return inet_aton(text, &v4) && is_v4((const uint8_t *)&v4);
}
