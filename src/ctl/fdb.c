// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who is behind which port: the addresses and groups of bridges, and of the
 * hardware that forwards for them, each with whether the hardware has it.
 *
 * The kernel is asked here and not by the daemon: a switch's own table is read
 * from the chip meanwhile, entry by entry, which may take a second, and the
 * daemon has other things to do. Of VLANs and trunks the kernel does not say
 * whether the hardware has them.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "ctl/ctl.h"

#include <linux/if_bridge.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

struct answer {
	json_t *entries;
	int error;
};

static json_t *name_of(int ifindex)
{
	char name[IFNAMSIZ];

	return json_string(if_indextoname(ifindex, name) ? name : "");
}

static json_t *mac_json(const uint8_t *mac)
{
	_cleanup_free_ char *text = str_format("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
					       mac[3], mac[4], mac[5]);

	return json_string(text);
}

static void take_address(struct answer *a, struct nlmsghdr *n)
{
	const struct ndmsg *nd = NLMSG_DATA(n);
	struct nlattr *tb[NDA_MAX + 1];
	json_t *j;

	if (nlmsg_parse(n, sizeof(*nd), tb, NDA_MAX, NULL) < 0 || !tb[NDA_LLADDR] ||
	    nla_len(tb[NDA_LLADDR]) != 6)
		return;
	/* What a device that is nobody's port listens to (ndo_dflt_fdb_dump()). */
	if (!tb[NDA_MASTER] && (nd->ndm_state & NUD_PERMANENT))
		return;
	j = json_pack("{s:o, s:o, s:s, s:b}", "port", name_of(nd->ndm_ifindex), "address",
		      mac_json(nla_data(tb[NDA_LLADDR])), "state",
		      nd->ndm_state & NUD_PERMANENT ? "own" :
		      nd->ndm_state & NUD_NOARP	    ? "static" : "learnt",
		      "offloaded", !!(nd->ndm_flags & NTF_OFFLOADED) || !tb[NDA_MASTER]);
	if (tb[NDA_MASTER])
		json_object_set_new(j, "bridge", name_of(nla_get_u32(tb[NDA_MASTER])));
	if (tb[NDA_VLAN])
		json_object_set_new(j, "vlan", json_integer(nla_get_u16(tb[NDA_VLAN])));
	json_array_append_new(a->entries, j);
}

static json_t *group_json(const struct br_mdb_entry *e)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (!e->addr.proto)
		return mac_json(e->addr.u.mac_addr);
	inet_ntop(e->addr.proto == htons(ETH_P_IP) ? AF_INET : AF_INET6, &e->addr.u, text, sizeof(text));
	return json_string(text);
}

static void take_group(struct answer *a, int bridge, const struct nlattr *info)
{
	const struct br_mdb_entry *e = nla_data(info);
	json_t *j;

	if (nla_len(info) < (int)sizeof(*e))
		return;
	j = json_pack("{s:o, s:o, s:s, s:b, s:o}", "port", name_of(e->ifindex), "address", group_json(e),
		      "state", e->state == MDB_PERMANENT ? "static" : "learnt", "offloaded",
		      !!(e->flags & MDB_FLAGS_OFFLOAD), "bridge", name_of(bridge));
	if (e->vid)
		json_object_set_new(j, "vlan", json_integer(e->vid));
	json_array_append_new(a->entries, j);
}

static void take_groups(struct answer *a, struct nlmsghdr *n)
{
	const struct br_port_msg *head = NLMSG_DATA(n);
	struct nlattr *mdb = nlmsg_find_attr(n, sizeof(*head), MDBA_MDB), *entry, *info;
	int left, more;

	if (!mdb)
		return;
	nla_for_each_nested(entry, mdb, left)
		nla_for_each_nested(info, entry, more)
			if (nla_type(info) == MDBA_MDB_ENTRY_INFO)
				take_group(a, head->ifindex, info);
}

static int on_message(struct nl_msg *msg, void *data)
{
	struct nlmsghdr *n = nlmsg_hdr(msg);

	if (n->nlmsg_type == RTM_NEWNEIGH)
		take_address(data, n);
	else
		take_groups(data, n);
	return NL_OK;
}

/* Both are asked with the family of bridges, and a header of zeros otherwise. */
static int ask(struct nl_sock *s, int type, size_t header)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | NLM_F_DUMP);
	uint8_t *head = msg ? nlmsg_reserve(msg, header, NLMSG_ALIGNTO) : NULL;
	int r = -NLE_NOMEM;

	if (head) {
		memset(head, 0, header);
		*head = AF_BRIDGE;
		r = nl_send_auto(s, msg);
	}
	nlmsg_free(msg);
	return r < 0 ? r : nl_recvmsgs_default(s);
}

static int read_entries(struct answer *a)
{
	struct nl_sock *s = nl_socket_alloc();
	int r = s ? nl_connect(s, NETLINK_ROUTE) : -NLE_NOMEM;

	if (r >= 0)
		r = nl_socket_modify_cb(s, NL_CB_VALID, NL_CB_CUSTOM, on_message, a);
	if (r >= 0)
		r = ask(s, RTM_GETNEIGH, sizeof(struct ndmsg));
	if (r >= 0)
		r = ask(s, RTM_GETMDB, sizeof(struct br_port_msg));
	nl_socket_free(s);
	return r;
}

static bool is_asked(const struct ctl *c, const json_t *entry)
{
	for (unsigned n = 0; n < c->n_names; n++)
		if (!strcmp(c->names[n], get_text(entry, NULL, "port")) ||
		    !strcmp(c->names[n], get_text(entry, NULL, "bridge")))
			return true;
	return !c->n_names;
}

static void print_entry(struct table *t, const json_t *j)
{
	const char *bridge = get_text(j, NULL, "bridge");
	json_int_t vlan = get_number(j, NULL, "vlan");
	struct table_row *row = table_add(t, NULL);

	row->cells[0] = str_dup(get_text(j, NULL, "port"));
	row->cells[1] = str_dup(get_text(j, NULL, "address"));
	row->cells[2] = vlan ? str_format("%d", (int)vlan) : NULL;
	row->cells[3] = str_dup(*bridge ? bridge : "(hardware)");
	row->cells[4] = str_dup(get_text(j, NULL, "state"));
	row->cells[5] = get_bool(j, NULL, "offloaded") ? str_dup("yes") : NULL;
}

int verb_fdb(struct ctl *c)
{
	struct table t = { .heads = { "PORT", "ADDRESS", "VLAN", "IN", "STATE", "OFFLOADED" } };
	json_auto_t *all = json_array();
	struct answer a = { .entries = all };
	int r;

	for (unsigned n = 0; n < c->n_names; n++)
		if (!if_nametoindex(c->names[n])) {
			_cleanup_free_ char *text = str_format("no interface \"%s\"", c->names[n]);

			return ctl_fail(c, EXIT_NO_LINK, "org.netctl1.Error.NoSuchLink", text);
		}
	r = read_entries(&a);
	if (r < 0)
		return ctl_fail(c, EXIT_FAILED, "org.netctl1.Error.Failed", nl_geterror(r));
	for (size_t n = json_array_size(all); n-- > 0;)
		if (!is_asked(c, json_array_get(all, n)))
			json_array_remove(all, n);
	if (c->json != JSON_MODE_OFF)
		return ctl_json(c, json_pack("{s:i, s:O}", "version", 1, "entries", all));
	for (size_t n = 0; n < json_array_size(all); n++)
		print_entry(&t, json_array_get(all, n));
	table_print(c, &t);
	return EXIT_DONE;
}
