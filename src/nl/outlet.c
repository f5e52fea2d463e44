// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sockets that ask. What must stay true: one that is not needed is not opened. */
#include "nl/outlet.h"

#include <sys/socket.h>

#include "nl/rtnl.h"

#define REQUEST_RCVBUF (4 << 20)

int outlet_open(struct outlet *o, sd_event *event, int protocol, sd_event_io_handler_t on_io,
		void *data)
{
	int r;

	if (o->source)
		return 0;
	o->fd = rtnl_open_socket(protocol, REQUEST_RCVBUF);
	if (o->fd < 0)
		return o->fd;
	rtnl_make_strict(o->fd);
	r = sd_event_add_io(event, &o->source, o->fd, EPOLLIN, on_io, data);
	if (r < 0)
		close(o->fd);
	return r < 0 ? r : 0;
}

void outlet_close(struct outlet *o)
{
	if (!o->source)
		return;
	o->source = sd_event_source_disable_unref(o->source);
	close(o->fd);
}

int outlet_receive(int fd, char *buffers, unsigned n, int *ret_lengths)
{
	struct mmsghdr msgs[OUTLET_VECTOR] = { 0 };
	struct sockaddr_nl from[OUTLET_VECTOR];
	struct iovec iov[OUTLET_VECTOR];
	int got;

	for (unsigned i = 0; i < n; i++) {
		iov[i] = (struct iovec){ buffers + i * OUTLET_BYTES, OUTLET_BYTES };
		msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &from[i], .msg_namelen = sizeof(from[i]),
			.msg_iov = &iov[i], .msg_iovlen = 1,
		};
	}
	got = recvmmsg(fd, msgs, n, MSG_DONTWAIT, NULL);
	if (got < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < got; i++) /* only the kernel is believed */
		ret_lengths[i] = msgs[i].msg_hdr.msg_namelen == sizeof(from[i]) && !from[i].nl_pid ?
					 msgs[i].msg_len : 0;
	return got;
}

int outlet_send(const struct outlet *o, const void *messages, size_t len)
{
	const struct sockaddr_nl to = { .nl_family = AF_NETLINK };

	return sendto(o->fd, messages, len, 0, (const void *)&to,
		      sizeof(to)) < 0 ?
		       -errno : 0;
}
