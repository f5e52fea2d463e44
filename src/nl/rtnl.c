// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sockets and answers. Knows nothing of batches and dumps. */
#include "nl/rtnl.h"

#include <linux/dcbnl.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include "nl/uapi.h"

int rtnl_open_socket(int protocol, int rcvbuf)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);

	if (fd < 0)
		return -errno;
	/* Above the limit with CAP_NET_ADMIN, else up to it. */
	if (rcvbuf && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf, sizeof(rcvbuf)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	return fd;
}

void rtnl_make_strict(int fd)
{
	int on = 1, room = 2 * RTNL_BATCH_BYTES_MAX;

	/* netlink_sendmsg() refuses what is longer. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	/* All of these are older than the oldest kernel supported; without them less is told. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
}

uint32_t rtnl_port(int fd)
{
	struct sockaddr_nl own = { .nl_family = AF_NETLINK };
	socklen_t size = sizeof(own);

	if (bind(fd, (void *)&own, sizeof(own)) < 0 || getsockname(fd, (void *)&own, &size) < 0)
		return 0;
	return own.nl_pid;
}

char *rtnl_extack_text(const struct nlmsghdr *n)
{
	const struct nlmsgerr *e = NLMSG_DATA(n);
	struct nlattr *a;
	size_t off = sizeof(*e);
	int left;

	if (!(n->nlmsg_flags & NLM_F_ACK_TLVS))
		return NULL;
	if (!(n->nlmsg_flags & NLM_F_CAPPED))
		off += e->msg.nlmsg_len - sizeof(e->msg);
	off = NLMSG_ALIGN(off);
	left = (int)NLMSG_PAYLOAD(n, 0) - (int)off;
	for (a = (void *)((char *)e + off); nla_ok(a, left); a = nla_next(a, &left))
		if (nla_type(a) == NLMSGERR_ATTR_MSG && nla_len(a) > 0)
			return str_format("%.*s", nla_len(a), (const char *)nla_data(a));
	return NULL;
}

int rtnl_answer_error(const struct nlmsghdr *n)
{
	const struct nlattr *a;
	int8_t error;

	if (n->nlmsg_type != RTM_SETDCB)
		return 0;
	a = nlmsg_find_attr((struct nlmsghdr *)n, sizeof(struct dcbmsg), DCB_ATTR_IEEE);
	if (!a || nla_len(a) != 1)
		return 0;
	/* What does not fit in a byte is cut: a sign that is no error's tells that it was. */
	error = (int8_t)nla_get_u8(a);
	return error > 0 ? -EIO : error;
}

bool rtnl_is_slow(const struct nlmsghdr *n)
{
	const struct rtgenmsg *g = NLMSG_DATA(n);

	return n->nlmsg_type == RTM_DELLINK && g->rtgen_family == AF_UNSPEC;
}
