// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Messages about filters of BPF, asked and answered within a job of nl/tcx.c.
 *
 * What must stay true: nothing waits. The kernel has carried a request out, and
 * has made the first part of a dump, when sendmsg(2) returns.
 */
#include "nl/clsact.h"

#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "nl/rtnl.h"

#define ANSWER_SIZE (64 * 1024)
#define TRIES 4 /* of a dump that changes came between */

struct answer {
	int error;
	bool over, interrupted;
	char **why; /* NULL: not wanted */
	void (*fn)(void *data, const struct nlmsghdr *n);
	void *data;
};

static void take(struct answer *a, const struct nlmsghdr *n)
{
	const struct nlmsgerr *e = NLMSG_DATA(n);

	a->interrupted |= !!(n->nlmsg_flags & NLM_F_DUMP_INTR);
	if (n->nlmsg_type == NLMSG_ERROR) {
		a->over = true;
		a->error = e->error;
		if (e->error && a->why && !*a->why)
			*a->why = rtnl_extack_text(n);
	} else if (n->nlmsg_type == NLMSG_DONE) {
		a->over = true;
	} else if (a->fn) {
		a->fn(a->data, n);
	}
}

static int open_socket(int *sock)
{
	if (*sock >= 0)
		return *sock;
	*sock = rtnl_open_socket(NETLINK_ROUTE, ANSWER_SIZE);
	if (*sock >= 0)
		rtnl_make_strict(*sock);
	return *sock;
}

static int ask(int *sock, struct nl_msg *msg, struct answer *a)
{
	_cleanup_free_ char *buffer = mem_new(ANSWER_SIZE);
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct nlmsghdr *h = nlmsg_hdr(msg);
	int fd = open_socket(sock), r = 0;

	if (fd < 0)
		return fd;
	h->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	if (sendto(fd, h, h->nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	while (!a->over) {
		ssize_t got = recv(fd, buffer, ANSWER_SIZE, 0);
		int left = got;

		if (got < 0) { /* what is left of an answer must not be taken for the next one */
			r = -errno;
			close(*sock);
			*sock = -1;
			return r;
		}
		for (struct nlmsghdr *n = (void *)buffer; nlmsg_ok(n, left) && !a->over;
		     n = nlmsg_next(n, &left))
			take(a, n);
	}
	return a->interrupted ? -EINTR : a->error;
}

/* With the header of traffic control. */
static struct nl_msg *begin(uint16_t type, uint16_t flags, const struct tcmsg *tcm,
			    const char *kind)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	if (!msg || nlmsg_append(msg, (void *)tcm, sizeof(*tcm), NLMSG_ALIGNTO) < 0 ||
	    (kind && nla_put_string(msg, TCA_KIND, kind) < 0))
		abort();
	return msg;
}

static uint32_t parent_of(bool egress)
{
	return TC_H_MAKE(TC_H_CLSACT, egress ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS);
}

struct listing {
	struct clsact_filter *items;
	unsigned n;
};

static void read_options(struct clsact_filter *f, struct nlattr *options)
{
	struct nlattr *tb[TCA_BPF_MAX + 1];

	if (!options || nla_parse_nested(tb, TCA_BPF_MAX, options, NULL) < 0 || !tb[TCA_BPF_ID])
		return;
	f->prog_id = nla_get_u32(tb[TCA_BPF_ID]);
	if (tb[TCA_BPF_TAG])
		nla_memcpy(f->tag, tb[TCA_BPF_TAG], sizeof(f->tag));
	if (tb[TCA_BPF_NAME])
		(void)nla_strlcpy(f->name, tb[TCA_BPF_NAME], sizeof(f->name));
}

static void add(void *data, const struct nlmsghdr *n)
{
	struct listing *l = data;
	const struct tcmsg *tcm = NLMSG_DATA(n);
	struct clsact_filter f = { .handle = tcm->tcm_handle,
				   .pref = TC_H_MAJ(tcm->tcm_info) >> 16 };
	struct nlattr *tb[TCA_MAX + 1];
	unsigned at;

	if (n->nlmsg_type != RTM_NEWTFILTER ||
	    nlmsg_parse((struct nlmsghdr *)n, sizeof(*tcm), tb, TCA_MAX, NULL) < 0 ||
	    l->n == CLSACT_MAX || (tb[TCA_CHAIN] && nla_get_u32(tb[TCA_CHAIN])))
		return;
	if (tb[TCA_KIND] && !nla_strcmp(tb[TCA_KIND], "bpf"))
		read_options(&f, tb[TCA_OPTIONS]);
	/* Each turn is told without a handle, too (tcf_chain_dump()). */
	for (at = 0; at < l->n && l->items[at].pref != f.pref; at++)
		;
	if (at == l->n || (l->items[at].handle && f.handle))
		at = l->n++;
	l->items[at] = f;
}

int clsact_list(int *sock, int ifindex, bool egress,
		struct clsact_filter ret[CLSACT_MAX])
{
	const struct tcmsg tcm = { .tcm_ifindex = ifindex, .tcm_parent = parent_of(egress) };
	struct listing l = { .items = ret };
	int r = -EINTR;

	for (unsigned tries = 0; r == -EINTR && tries < TRIES; tries++) {
		struct answer a = { .fn = add, .data = &l };
		struct nl_msg *msg = begin(RTM_GETTFILTER, NLM_F_DUMP, &tcm, NULL);

		l.n = 0;
		r = ask(sock, msg, &a);
		nlmsg_free(msg);
	}
	return r < 0 ? r : (int)l.n;
}

static int change(int *sock, struct nl_msg *msg, char **why)
{
	struct answer a = { .why = why };
	int r = ask(sock, msg, &a);

	nlmsg_free(msg);
	return r;
}

static struct tcmsg place_of(int ifindex, bool egress, const struct clsact_filter *f)
{
	return (struct tcmsg){
		.tcm_ifindex = ifindex, .tcm_parent = parent_of(egress), .tcm_handle = f->handle,
		.tcm_info = TC_H_MAKE((uint32_t)f->pref << 16, htons(ETH_P_ALL)),
	};
}

int clsact_put(int *sock, int ifindex, bool egress, const struct clsact_filter *f,
	       int prog_fd, bool replace, char **why)
{
	const struct tcmsg tcm = place_of(ifindex, egress, f);
	struct nl_msg *msg =
		begin(RTM_NEWTFILTER, replace ? 0 : NLM_F_CREATE | NLM_F_EXCL, &tcm, "bpf");
	struct nlattr *options = nla_nest_start(msg, TCA_OPTIONS);

	if (!options || nla_put_u32(msg, TCA_BPF_FD, prog_fd) < 0 ||
	    nla_put_string(msg, TCA_BPF_NAME, f->name) < 0 ||
	    nla_put_u32(msg, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT) < 0)
		abort();
	nla_nest_end(msg, options);
	return change(sock, msg, why);
}

int clsact_drop(int *sock, int ifindex, bool egress, const struct clsact_filter *f)
{
	const struct tcmsg tcm = place_of(ifindex, egress, f);

	return change(sock, begin(RTM_DELTFILTER, 0, &tcm, "bpf"), NULL);
}

int clsact_begin(int *sock, int ifindex, char **why)
{
	const struct tcmsg tcm = { .tcm_ifindex = ifindex, .tcm_parent = TC_H_CLSACT,
				   .tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0) };
	int r = change(sock, begin(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &tcm, "clsact"), NULL);

	if (r != -EEXIST)
		return r < 0 ? r : 1;
	/* Of another kind ("ingress", where all filters are of the same hook)? tc_modify_qdisc() */
	return change(sock, begin(RTM_NEWQDISC, NLM_F_CREATE, &tcm, "clsact"), why);
}

int clsact_end(int *sock, int ifindex)
{
	const struct tcmsg tcm = { .tcm_ifindex = ifindex, .tcm_parent = TC_H_CLSACT };

	return change(sock, begin(RTM_DELQDISC, 0, &tcm, NULL), NULL);
}
