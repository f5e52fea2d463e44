// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who is behind which port: the addresses and groups of bridges, and of the
 * hardware that forwards for them, each with whether the hardware has it.
 *
 * They are no state that the mirror follows: nothing of them is configured, and
 * there may be tens of thousands. Read when somebody asks, and by a thread: a
 * switch's own table is read from the chip meanwhile, entry by entry, which may
 * take a second. Of VLANs and trunks the kernel does not say whether the hardware
 * has them.
 */
#include "core/fdb.h"

#include <arpa/inet.h>
#include <linux/if_bridge.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>

#include "nl/slow.h"
#include "util/text.h"

/* Tables that change all the time: then what was read last will do. */
#define ATTEMPTS 5

struct fdb {
	struct engine *engine;
	struct slow *slow;
	json_t *entries;
	unsigned attempts, left;
	int error;
	fdb_fn done;
	void *data;
};

static json_t *name_of(const struct fdb *f, int ifindex)
{
	const struct iface *i = model_find_index(f->engine->mirror->seen, ifindex);

	_cleanup_free_ char *clean = text_utf8(str_dup(i ? i->name : ""));

	return json_string(clean);
}

static json_t *mac_json(const uint8_t *mac)
{
	_cleanup_free_ char *text = str_format("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
					       mac[2], mac[3], mac[4], mac[5]);

	return json_string(text);
}

static void take_address(struct fdb *f, const struct nlmsghdr *n)
{
	const struct ndmsg *nd = NLMSG_DATA(n);
	struct nlattr *tb[NDA_MAX + 1];
	json_t *j;

	if (nlmsg_parse((struct nlmsghdr *)n, sizeof(*nd), tb, NDA_MAX, NULL) < 0 ||
	    !tb[NDA_LLADDR] || nla_len(tb[NDA_LLADDR]) != 6)
		return;
	/* What a device that is nobody's port listens to (ndo_dflt_fdb_dump()). */
	if (!tb[NDA_MASTER] && (nd->ndm_state & NUD_PERMANENT))
		return;
	j = json_pack("{s:o, s:o, s:s, s:b}", "port", name_of(f, nd->ndm_ifindex), "address",
		      mac_json(nla_data(tb[NDA_LLADDR])), "state",
		      nd->ndm_state & NUD_PERMANENT ? "own" :
		      nd->ndm_state & NUD_NOARP	    ? "static" : "learnt",
		      "offloaded", !!(nd->ndm_flags & NTF_OFFLOADED) || !tb[NDA_MASTER]);
	if (tb[NDA_MASTER])
		json_object_set_new(j, "bridge", name_of(f, nla_get_u32(tb[NDA_MASTER])));
	if (tb[NDA_VLAN])
		json_object_set_new(j, "vlan", json_integer(nla_get_u16(tb[NDA_VLAN])));
	json_array_append_new(f->entries, j);
}

static json_t *group_json(const struct br_mdb_entry *e)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (!e->addr.proto)
		return mac_json(e->addr.u.mac_addr);
	inet_ntop(e->addr.proto == htons(ETH_P_IP) ? AF_INET : AF_INET6, &e->addr.u, text,
		  sizeof(text));
	return json_string(text);
}

static void take_group(struct fdb *f, int bridge, const struct nlattr *info)
{
	const struct br_mdb_entry *e = nla_data(info);
	json_t *j;

	if (nla_len(info) < (int)sizeof(*e))
		return;
	j = json_pack("{s:o, s:o, s:s, s:b, s:o}", "port", name_of(f, e->ifindex), "address",
		      group_json(e), "state", e->state == MDB_PERMANENT ? "static" : "learnt",
		      "offloaded", !!(e->flags & MDB_FLAGS_OFFLOAD), "bridge", name_of(f, bridge));
	if (e->vid)
		json_object_set_new(j, "vlan", json_integer(e->vid));
	json_array_append_new(f->entries, j);
}

static void take_groups(struct fdb *f, const struct nlmsghdr *n)
{
	const struct br_port_msg *head = NLMSG_DATA(n);
	struct nlattr *mdb = nlmsg_find_attr((struct nlmsghdr *)n, sizeof(*head), MDBA_MDB), *entry,
		      *info;
	int left, more;

	if (!mdb)
		return;
	nla_for_each_nested(entry, mdb, left)
		nla_for_each_nested(info, entry, more)
			if (nla_type(info) == MDBA_MDB_ENTRY_INFO)
				take_group(f, head->ifindex, info);
}

static void on_message(void *data, const struct nlmsghdr *n)
{
	if (n->nlmsg_type == RTM_NEWNEIGH && NLMSG_PAYLOAD(n, 0) >= (int)sizeof(struct ndmsg))
		take_address(data, n);
	else if (n->nlmsg_type == RTM_NEWMDB || n->nlmsg_type == RTM_GETMDB)
		take_groups(data, n);
}

static void on_done(void *data, int error, const struct nlmsghdr *n);

/* Both are asked with the family of bridges, and a header of zeros otherwise. */
static void ask(struct fdb *f, int type, size_t header)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | NLM_F_DUMP);
	uint8_t *head = msg ? nlmsg_reserve(msg, header, NLMSG_ALIGNTO) : NULL;
	int r;

	if (!head)
		abort();
	memset(head, 0, header);
	*head = AF_BRIDGE;
	r = slow_dump(f->slow, nlmsg_hdr(msg), on_message, on_done, f);
	nlmsg_free(msg);
	if (r < 0)
		f->error = r;
	else
		f->left++;
}

static void ask_all(struct fdb *f)
{
	json_array_clear(f->entries);
	f->error = 0;
	f->attempts++;
	ask(f, RTM_GETNEIGH, sizeof(struct ndmsg));
	ask(f, RTM_GETMDB, sizeof(struct br_port_msg));
}

void fdb_cancel(struct fdb *f)
{
	if (!f)
		return;
	slow_free(f->slow);
	json_decref(f->entries);
	free(f);
}

static void on_done(void *data, int error, const struct nlmsghdr *n _unused_)
{
	struct fdb *f = data;

	/* A kernel without bridges has no groups of them. */
	if (error && error != -EOPNOTSUPP && !(f->error && error == -EINTR))
		f->error = error;
	if (--f->left)
		return;
	if (f->error == -EINTR && f->attempts < ATTEMPTS) {
		ask_all(f);
		if (f->left)
			return;
	}
	f->done(f->data, f->error == -EINTR ? 0 : f->error, f->entries);
	fdb_cancel(f);
}

struct fdb *fdb_start(struct engine *e, fdb_fn done, void *data)
{
	struct fdb *f = new0(struct fdb);

	*f = (struct fdb){ .engine = e, .done = done, .data = data, .entries = json_array() };
	f->slow = slow_new(e->event, NULL);
	ask_all(f);
	if (f->left)
		return f;
	fdb_cancel(f);
	return NULL;
}
