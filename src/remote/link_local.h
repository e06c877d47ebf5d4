/* Addresses that only this machine and its neighbours reach: link-local ones, where clouds have the
 * services that give a machine its identity. */
#ifndef MURR_REMOTE_LINK_LOCAL_H
#define MURR_REMOTE_LINK_LOCAL_H

#include "base/view.h"

#include <sys/socket.h>

/* 169.254.0.0/16 and fe80::/10, also inside IPv6 (::ffff:169.254.0.1), and fd00:ec2::/32, where AWS
 * has its services. */
bool addr_is_link_local(const struct sockaddr *addr);

/* Whether the host of a URL is such an address, in any of its spellings: 169.254.1.1, 0xa9fe0101,
 * [fe80::1]. False for names, which are looked up later. */
bool host_is_link_local(struct view host);

#endif
