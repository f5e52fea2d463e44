// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sockets that ask. What must stay true: one that is not needed is not opened. */
#include "nl/outlet.h"

#include <netlink/netlink.h>
#include <sys/socket.h>

#include "nl/rtnl.h"

#define REQUEST_RCVBUF (4 << 20)

int outlet_open(struct outlet *o, sd_event *event, int protocol, sd_event_io_handler_t on_io,
		void *data)
{
	int r;

	if (o->sock)
		return 0;
	r = rtnl_open_socket(protocol, REQUEST_RCVBUF, &o->sock);
	if (r >= 0)
		r = sd_event_add_io(event, &o->source, nl_socket_get_fd(o->sock), EPOLLIN, on_io,
				    data);
	if (r < 0)
		outlet_close(o);
	return r < 0 ? r : 0;
}

void outlet_close(struct outlet *o)
{
	o->source = sd_event_source_disable_unref(o->source);
	nl_socket_free(o->sock);
	o->sock = NULL;
}

int outlet_receive(int fd, void *buffer, size_t size)
{
	struct sockaddr_nl from;
	socklen_t from_size = sizeof(from);
	ssize_t len = recvfrom(fd, buffer, size, MSG_DONTWAIT, (void *)&from, &from_size);

	if (len < 0)
		return errno == EINTR ? 0 : -errno;
	return from_size == sizeof(from) && !from.nl_pid ? len : 0;
}

int outlet_send(const struct outlet *o, const void *messages, size_t len)
{
	const struct sockaddr_nl to = { .nl_family = AF_NETLINK };

	return sendto(nl_socket_get_fd(o->sock), messages, len, 0, (const void *)&to,
		      sizeof(to)) < 0 ?
		       -errno : 0;
}
