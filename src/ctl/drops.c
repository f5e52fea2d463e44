// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * netctl drops: what the kernel throws away, by interface, reason and place.
 *
 * The kernel tells by its drop monitor (generic netlink, net/core/drop_monitor.c,
 * packet mode since 5.4, reasons since 6.0), which costs something for each
 * packet that is dropped. So it is on only while somebody looks, and it is this
 * program that looks, as root: the daemon has no part in it.
 *
 * What must stay true: what was switched on here is switched off again; what
 * somebody else has switched on stays on.
 */
#include <net/if.h> /* before the kernel's headers, which then leave its names alone */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/net_dropmon.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "util/text.h"

/* include/uapi/linux/net_dropmon.h, since 6.0 */
#define ATTR_REASON 23
#define ATTR_LAST ATTR_REASON
#define VERSION 2 /* NET_DM_GENL_VERSION */

#define SECONDS 5
#define BUFFER (4 << 20) /* bytes: drops come in bursts */
#define TOLD 64		 /* bytes of each packet; none are needed */

struct drop {
	char *interface, *reason, *place;
	uint64_t packets, bytes;
};

struct watch {
	struct ctl *c;
	int fd;
	uint16_t family;
	bool others; /* somebody else has switched it on */
	bool over;
	uint64_t missed;
	struct drop *drops;
	unsigned n;
};

static int fail(const struct watch *w, int r)
{
	_cleanup_free_ char *text = NULL;

	if (r == -EPERM)
		return ctl_fail(w->c, EXIT_DENIED, SD_BUS_ERROR_ACCESS_DENIED,
				"the kernel's drop monitor is for root (CAP_NET_ADMIN)");
	if (r == -ENOENT)
		return ctl_fail(w->c, EXIT_FAILED, SD_BUS_ERROR_NOT_SUPPORTED,
				"this kernel has no drop monitor (CONFIG_NET_DROP_MONITOR, module "
				"drop_monitor)");
	text = str_format("the kernel's drop monitor: %s", strerror(-r));
	return ctl_fail(w->c, EXIT_FAILED, SD_BUS_ERROR_FAILED, text);
}

static struct nl_msg *message(uint16_t type, uint8_t cmd, uint8_t version)
{
	const struct genlmsghdr g = { .cmd = cmd, .version = version };
	struct nl_msg *m = nlmsg_alloc_simple(type, NLM_F_REQUEST | NLM_F_ACK);

	if (!m || nlmsg_append(m, (void *)&g, sizeof(g), NLMSG_ALIGNTO) < 0)
		abort();
	return m;
}

/* The kernel answers from within send(). Takes over @m; @answer: called with what is no error. */
static int ask(struct watch *w, struct nl_msg *m,
	       void (*answer)(struct watch *w, struct nlmsghdr *h))
{
	_cleanup_free_ char *bytes = mem_new(65536);
	int r = send(w->fd, nlmsg_hdr(m), nlmsg_hdr(m)->nlmsg_len, 0) < 0 ? -errno : 1;

	nlmsg_free(m);
	while (r > 0) {
		int len = recv(w->fd, bytes, 65536, 0);
		struct nlmsghdr *h = (struct nlmsghdr *)bytes;

		if (len < 0 && errno != ENOBUFS)
			return -errno;
		for (; len > 0 && nlmsg_ok(h, len); h = nlmsg_next(h, &len)) {
			if (h->nlmsg_type == NLMSG_ERROR)
				r = ((struct nlmsgerr *)nlmsg_data(h))->error;
			else if (answer)
				answer(w, h);
		}
	}
	return r;
}

static void take_family(struct watch *w, struct nlmsghdr *h)
{
	struct nlattr *tb[CTRL_ATTR_MAX + 1];

	if (h->nlmsg_type == GENL_ID_CTRL &&
	    nlmsg_parse(h, GENL_HDRLEN, tb, CTRL_ATTR_MAX, NULL) == 0 && tb[CTRL_ATTR_FAMILY_ID])
		w->family = nla_get_u16(tb[CTRL_ATTR_FAMILY_ID]);
}

static int find_family(struct watch *w)
{
	struct nl_msg *m = message(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);

	nla_put_string(m, CTRL_ATTR_FAMILY_NAME, "NET_DM");
	return ask(w, m, take_family);
}

static int command(struct watch *w, uint8_t cmd)
{
	struct nl_msg *m = message(w->family, cmd, VERSION);

	if (cmd == NET_DM_CMD_CONFIG) {
		nla_put_u8(m, NET_DM_ATTR_ALERT_MODE, NET_DM_ALERT_MODE_PACKET);
		nla_put_u32(m, NET_DM_ATTR_TRUNC_LEN, TOLD);
	}
	return ask(w, m, NULL);
}

static void stop(struct watch *w)
{
	if (!w->others)
		(void)command(w, NET_DM_CMD_STOP);
}

static int start(struct watch *w)
{
	const int size = BUFFER, group = NET_DM_GRP_ALERT;
	int r = find_family(w);

	if (!r)
		r = command(w, NET_DM_CMD_CONFIG);
	if (!r)
		r = command(w, NET_DM_CMD_START);
	w->others = r == -EBUSY || r == -EAGAIN;
	if (w->others)
		fprintf(stderr,
			"netctl: the drop monitor was on already: somebody else's, and left so\n");
	else if (r)
		return r;
	if (setsockopt(w->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(w->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (setsockopt(w->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		r = -errno;
	else
		r = 0;
	if (r)
		stop(w);
	return r;
}

/* Of software drops only the index is told; its attribute has the number 0. */
static const char *interface_of(struct nlattr *port, char *buf)
{
	struct nlattr *a;
	int left;

	strcpy(buf, "-");
	if (!port)
		return buf;
	nla_for_each_nested(a, port, left)
		if (nla_type(a) == NET_DM_ATTR_PORT_NETDEV_IFINDEX && nla_len(a) >= 4 &&
		    !if_indextoname(nla_get_u32(a), buf))
			strcpy(buf, "-");
	return buf;
}

static bool is_wanted(const struct ctl *c, const char *interface)
{
	for (unsigned n = 0; n < c->n_names; n++)
		if (!strcmp(c->names[n], interface))
			return true;
	return !c->n_names;
}

static struct drop *drop_of(struct watch *w, const char *interface, const char *reason,
			    const char *place)
{
	struct drop *d;

	for (unsigned n = 0; n < w->n; n++) {
		d = &w->drops[n];
		if (!strcmp(d->interface, interface) && !strcmp(d->reason, reason) &&
		    !strcmp(d->place, place))
			return d;
	}
	w->drops = array_reserve(w->drops, w->n, sizeof(*w->drops));
	d = &w->drops[w->n++];
	*d = (struct drop){ .interface = str_dup(interface), .reason = str_dup(reason),
			    .place = str_dup(place) };
	return d;
}

static void take(struct watch *w, struct nlmsghdr *h)
{
	const struct genlmsghdr *g = nlmsg_data(h);
	struct nlattr *tb[ATTR_LAST + 1];
	_cleanup_free_ char *place = NULL;
	char buf[IF_NAMESIZE];
	const char *interface;
	struct drop *d;

	if (h->nlmsg_type != w->family || g->cmd != NET_DM_CMD_PACKET_ALERT ||
	    nlmsg_parse(h, GENL_HDRLEN, tb, ATTR_LAST, NULL) < 0)
		return;
	interface = interface_of(tb[NET_DM_ATTR_IN_PORT], buf);
	if (!is_wanted(w->c, interface))
		return;
	place = str_dup(tb[NET_DM_ATTR_SYMBOL] ? nla_get_string(tb[NET_DM_ATTR_SYMBOL]) : "-");
	place[strcspn(place, "+ ")] = 0; /* "ip_rcv_core+0x1b2/0x3f0" */
	d = drop_of(w, interface, tb[ATTR_REASON] ? nla_get_string(tb[ATTR_REASON]) : "-", place);
	d->packets++;
	d->bytes += tb[NET_DM_ATTR_ORIG_LEN] ? nla_get_u32(tb[NET_DM_ATTR_ORIG_LEN]) : 0;
}

static void read_all(struct watch *w)
{
	_cleanup_free_ char *bytes = mem_new(65536);

	for (;;) {
		int len = recv(w->fd, bytes, 65536, MSG_DONTWAIT);
		struct nlmsghdr *h = (struct nlmsghdr *)bytes;

		if (len < 0 && errno == ENOBUFS) {
			w->missed++;
			continue;
		}
		if (len <= 0)
			return;
		for (; nlmsg_ok(h, len); h = nlmsg_next(h, &len))
			take(w, h);
	}
}

static int compare(const void *a, const void *b)
{
	const struct drop *x = a, *y = b;

	return x->packets > y->packets ? -1 : x->packets < y->packets;
}

static void print_json(struct watch *w, double seconds)
{
	json_t *list = json_array();

	for (unsigned n = 0; n < w->n; n++) {
		_cleanup_free_ char *name = text_utf8(str_dup(w->drops[n].interface));

		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:I, s:I}", "interface",
						      name, "reason", w->drops[n].reason, "place",
						      w->drops[n].place, "packets",
						      (json_int_t)w->drops[n].packets, "bytes",
						      (json_int_t)w->drops[n].bytes));
	}
	ctl_json(w->c, json_pack("{s:i, s:f, s:b, s:o}", "version", 1, "seconds", seconds,
				 "complete", !w->missed, "drops", list));
}

static void print_text(struct watch *w, double seconds)
{
	struct table t = { .heads = { "INTERFACE", "PACKETS", "BYTES", "PACKETS/S", "REASON",
				      "WHERE" },
			   .right = 1 << 1 | 1 << 2 | 1 << 3 };

	for (unsigned n = 0; n < w->n; n++) {
		const struct drop *d = &w->drops[n];
		struct table_row *r = table_add(&t, NULL);

		r->cells[0] = str_dup(d->interface);
		r->cells[1] = str_format("%llu", (unsigned long long)d->packets);
		r->cells[2] = str_format("%llu", (unsigned long long)d->bytes);
		r->cells[3] = str_format("%.0f", d->packets / seconds);
		r->cells[4] = str_dup(d->reason);
		r->cells[5] = str_dup(d->place);
	}
	if (w->n)
		table_print(w->c, &t);
	else
		printf("nothing was dropped in %.0f s\n", seconds);
	if (w->missed)
		puts("and more: they came faster than they were read");
}

static void print(struct watch *w, double seconds)
{
	if (w->n)
		qsort(w->drops, w->n, sizeof(*w->drops), compare);
	if (w->c->json != JSON_MODE_OFF)
		print_json(w, seconds);
	else
		print_text(w, seconds);
	while (w->n--) {
		free(w->drops[w->n].interface);
		free(w->drops[w->n].reason);
		free(w->drops[w->n].place);
	}
	free(TAKE_PTR(w->drops));
	w->n = w->missed = 0;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void listen_for(struct watch *w, int signals, double seconds)
{
	struct pollfd fds[] = { { .fd = w->fd, .events = POLLIN },
				{ .fd = signals, .events = POLLIN } };
	double end = now() + seconds;

	while (!w->over && now() < end) {
		(void)poll(fds, ARRAY_SIZE(fds), (end - now()) * 1000 + 1);
		read_all(w);
		w->over = fds[1].revents & POLLIN;
	}
}

static int check_names(const struct ctl *c)
{
	for (unsigned n = 0; n < c->n_names; n++)
		if (!if_nametoindex(c->names[n])) {
			_cleanup_free_ char *text = str_format("no interface \"%s\"", c->names[n]);

			return ctl_fail(c, EXIT_NO_LINK, "org.netctl1.Error.NoSuchLink", text);
		}
	return EXIT_DONE;
}

int verb_drops(struct ctl *c)
{
	struct watch w = { .c = c };
	int signals, r = check_names(c);

	if (r)
		return r;
	signals = signals_watch();
	w.fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	r = w.fd < 0 ? -errno : start(&w);
	while (!r && !w.over) {
		double begin = now();

		listen_for(&w, signals, c->interval ? c->interval : SECONDS);
		print(&w, now() - begin);
		w.over |= !c->interval || output_flush() < 0;
	}
	if (!r)
		stop(&w);
	close(w.fd);
	close(signals);
	return r ? fail(&w, r) : EXIT_DONE;
}
