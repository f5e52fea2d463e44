// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a device can do with programs, and what stands against one on it, as far as that is to
 * be known before anything is touched.
 *
 * What must stay true: a kernel that does not say (the family netdev is there since 6.3) is no
 * reason to refuse: then the attempt shows it.
 */
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/errors.h"
#include "features/xdp/xdp.h"
#include "nl/genl.h"
#include "util/text.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>

/* include/uapi/linux/netdev.h */
enum { NETDEV_A_DEV_IFINDEX = 1, NETDEV_A_DEV_XDP_FEATURES = 3, NETDEV_A_DEV_MAX = 3 };
enum { NETDEV_CMD_DEV_GET = 1, NETDEV_CMD_DEV_CHANGE_NTF = 4 };

/* enum netdev_xdp_act, by the names of Documentation/netlink/specs/netdev.yaml */
static const char *const words[] = {
	"basic", "redirect", "ndo-xmit", "xsk-zerocopy", "hw-offload", "rx-sg", "ndo-xmit-sg",
};

struct device {
	struct object o;
	uint64_t features;
	bool jit, btf, tcx;
	char *lacks;
};

enum { FEATURES, JIT, BTF, TCX, LACKS };

static int flags_parse(struct parse *p, const config_setting_t *s _unused_, void *v _unused_)
{
	return parse_refuse(p, "is the device's to say");
}

static json_t *flags_json(const struct row *row _unused_, const void *v)
{
	uint64_t flags = *(const uint64_t *)v;
	json_t *j = json_array();

	for (unsigned n = 0; n < ARRAY_SIZE(words); n++)
		if (flags & BIT64(n))
			json_array_append_new(j, json_string(words[n]));
	return j;
}

static const struct type type_flags = {
	.name = "array of words", .signature = "as", .size = sizeof(uint64_t),
	.parse = flags_parse, .json = flags_json,
};

static const struct row rows[] = {
	[FEATURES] = { .key = "features", .type = &type_flags, VALUE(device, features),
	  .flags = ROW_STATE, .since = "6.3",
	  .help = "What the driver can: basic (native programs), redirect, ndo-xmit (be redirected "
		  "to), rx-sg (packets of several pages)" },
	[JIT] = { .key = "jit", .type = &type_bool, VALUE(device, jit), .flags = ROW_STATE,
	  .help = "Programs become machine code; else they are interpreted, which is several times "
		  "slower" },
	[BTF] = { .key = "btf", .type = &type_bool, VALUE(device, btf), .flags = ROW_STATE,
	  .help = "The kernel tells its types (CONFIG_DEBUG_INFO_BTF), without which object files "
		  "with CO-RE relocations cannot be loaded" },
	[TCX] = { .key = "tcx", .type = &type_bool, VALUE(device, tcx), .flags = ROW_STATE,
	  .since = "6.6",
	  .help = "The kernel has links where traffic control sees packets" },
	[LACKS] = { .key = "lacks", .type = &type_string, VALUE(device, lacks), .max = 255,
	  .flags = ROW_STATE, .help = "What the daemon or the kernel lacks to load programs" },
};

static const struct device *device_of(const struct iface *i)
{
	return (const struct device *)iface_object(i, &xdp_device_feature);
}

static bool can(const struct device *d, enum xdp_ability what)
{
	return !d || !(d->o.present & BIT64(FEATURES)) || (d->features & BIT64(what));
}

bool xdp_device_can(const struct iface *have, enum xdp_ability what)
{
	return can(device_of(have), what);
}

static const char *driver_of(const struct iface *have)
{
	const struct link *l = iface_link(have);

	return l && l->driver ? l->driver : *iface_kind(have) ? iface_kind(have) : "the driver";
}

/* Observed. */

static int ask_all(struct nl_msg *msg _unused_, void *header _unused_)
{
	return 0;
}

static int ask_one(struct nl_msg *msg, void *header _unused_, int ifindex)
{
	return nla_put_u32(msg, NETDEV_A_DEV_IFINDEX, ifindex);
}

static int observe(struct mirror *m, const struct nlmsghdr *n, bool add)
{
	struct nlattr *tb[NETDEV_A_DEV_MAX + 1];
	struct iface *i;
	struct device *d;

	if (!add ||
	    nlmsg_parse((struct nlmsghdr *)n, GENL_HDRLEN, tb, NETDEV_A_DEV_MAX, NULL) < 0 ||
	    !tb[NETDEV_A_DEV_IFINDEX] || !tb[NETDEV_A_DEV_XDP_FEATURES])
		return 0;
	i = mirror_iface(m, nla_get_u32(tb[NETDEV_A_DEV_IFINDEX]));
	if (!i)
		return 0;
	d = (struct device *)iface_get_object(mirror_model(m), i, &xdp_device_feature);
	d->features = nla_get_u64(tb[NETDEV_A_DEV_XDP_FEATURES]);
	d->o.present |= BIT64(FEATURES);
	mirror_touch(m, i);
	return 0;
}

/* Of the kernel, with each interface that has or shall have a program. */
static int observe_link(struct mirror *m, struct iface *i, const struct link_message *lm _unused_)
{
	const struct xdp_kernel *k = NULL;
	struct device *d;

	/* What the kernel can do is tried with a program: not where nobody asks. */
	if (mirror_reads(m, &xdp_device_feature, xdp_device_feature.sources))
		k = xdp_kernel(m->kernel->xdp);
	if (!k)
		return 0;
	d = (struct device *)iface_get_object(mirror_model(m), i, &xdp_device_feature);
	d->jit = k->jit;
	d->btf = k->btf;
	d->tcx = k->tcx;
	d->o.present |= BIT64(JIT) | BIT64(BTF) | BIT64(TCX);
	if (k->lacks && !d->lacks) {
		d->lacks = str_dup(k->lacks);
		d->o.present |= BIT64(LACKS);
	}
	return 0;
}

/* What stands against it. */

/*
 * Bytes of a page that a driver keeps for itself, where a packet must fit into one. With struct
 * skb_shared_info (320) and XDP_PACKET_HEADROOM (256).
 */
static const struct {
	const char *driver;
	unsigned kept;
	bool parts; /* none is kept back from programs that take packets in parts */
	bool peer;  /* the other end's MTU is meant */
} limits[] = {
	{ "veth", 320 + 256 + 14, true, true }, /* 6.12 veth_xdp_set() */
	{ "mvneta", 320 + 256, true, false }, /* 6.12 mvneta_xdp_setup(), MVNETA_MAX_RX_BUF_SIZE */
	{ "mvpp2", 320 + 224, false, false },   /* 6.12 mvpp2_xdp_setup(), MVPP2_MAX_RX_BUF_SIZE */
};

static uint32_t mtu_of(const struct model *want, const struct model *have, const char *name)
{
	const struct feature *f = features[FEATURE_LINK];
	const struct iface *w = model_find(want, name), *h = model_find(have, name);

	if (w && row_has(f, row_find(f, "mtu"), &iface_link(w)->o))
		return iface_link(w)->mtu;
	return h ? iface_link(h)->mtu : 0;
}

const char *xdp_peer(const struct iface *h)
{
	const struct feature *veth = feature_find("veth");
	const struct object *o = h ? iface_object(h, veth) : NULL;

	return o && row_has(veth, &veth->rows[0], o) ? row_value(&veth->rows[0], o) : "";
}

/* Why the driver would not take the program; NULL: no reason is known. */
static char *mtu_too_large(const struct model *want, const struct model *have,
			   const struct iface *h, bool parts)
{
	for (unsigned n = 0; n < ARRAY_SIZE(limits); n++) {
		const char *name = limits[n].peer ? xdp_peer(h) : h->name;
		unsigned max = sysconf(_SC_PAGESIZE) - limits[n].kept;

		if (strcmp(driver_of(h), limits[n].driver) || (parts && limits[n].parts) ||
		    mtu_of(want, have, name) <= max)
			continue;
		return str_format("%s takes programs%s up to an MTU of %u, and %s%s has %u",
				  driver_of(h), parts ? "" : " that want packets whole", max,
				  limits[n].peer ? "the other end, " : "", name,
				  mtu_of(want, have, name));
	}
	return NULL;
}

static char *no_native(const struct iface *h)
{
	const struct feature *dsa = feature_find("dsa");

	if (xdp_device_can(h, XDP_CAN_BASIC))
		return NULL;
	return str_format("%s has no native XDP%s", driver_of(h), dsa && iface_object(h, dsa) ?
			  ", as no port of a switch has (its conduit may)" : "");
}

static char *no_offload(const struct iface *h)
{
	if (xdp_device_can(h, XDP_CAN_OFFLOAD))
		return NULL;
	return str_format("%s cannot run programs on the device itself", driver_of(h));
}

static bool takes_parts(const struct xdp_settings *x)
{
	bool parts = true;
	struct member m;

	for (unsigned n = 0; xdp_member(x, n, &m); n++)
		parts &= !m.shipped || m.shipped->parts;
	return parts;
}

/* Why the mode that is asked for first cannot be; NULL: no reason is known. */
static char *not_in_mode(const struct model *want, const struct model *have, const struct iface *i,
			 const struct iface *h)
{
	const struct xdp_settings *x =
		(const struct xdp_settings *)iface_object(i, &xdp_feature);
	char *why;

	if (x->mode == XDP_GENERIC)
		return NULL;
	why = x->mode == XDP_OFFLOAD ? no_offload(h) : no_native(h);
	if (!why && x->mode != XDP_OFFLOAD)
		why = mtu_too_large(want, have, h, takes_parts(x));
	return why;
}

bool xdp_kernel_can(const struct iface *have, const char *what)
{
	const struct row *r = row_find(&xdp_device_feature, what);
	const struct object *o = have ? iface_object(have, &xdp_device_feature) : NULL;

	return !row_has(&xdp_device_feature, r, o) || *(const bool *)row_value(r, o);
}

/* bpf_object__load() of libbpf: obj_needs_vmlinux_btf() */
static char *lacks_btf(const struct device *d, const char *path)
{
	_cleanup_free_ char *image = NULL;
	size_t size = 0;

	if (!d || !(d->o.present & BIT64(BTF)) || d->btf || *path != '/' ||
	    file_read(path, XDP_IMAGE_MAX, &image, &size) < 0 || !xdp_image_wants_btf(image, size))
		return NULL;
	return str_format("%s has CO-RE relocations, and this kernel does not tell its types "
			  "(CONFIG_DEBUG_INFO_BTF)", path);
}

char *xdp_cannot_load(const struct iface *have, const char *path)
{
	const struct device *d = device_of(have);

	if (d && (d->o.present & BIT64(LACKS)))
		return str_format("cannot be loaded without %s", d->lacks);
	return lacks_btf(d, path);
}

static char *refuse_program(const struct model *want, const struct model *have,
			    const struct iface *i, const struct iface *h,
			    const struct origin **ret_where)
{
	const struct xdp_settings *x =
		(const struct xdp_settings *)iface_object(i, &xdp_feature);
	_cleanup_free_ char *mode = x->mode == XDP_AUTO || x->unsupported != XDP_FAIL ? NULL :
				    not_in_mode(want, have, i, h);
	char *why = NULL;
	struct member m;

	if (mode)
		why = str_format("xdp.mode: %s%s", mode, x->mode != XDP_NATIVE ? "" :
				 "; mode = \"generic\" works, or on_unsupported = \"generic\"");
	for (unsigned n = 0; !why && xdp_member(x, n, &m); n++) {
		_cleanup_free_ char *not = xdp_cannot_load(h, m.name);

		if (not)
			why = str_format("xdp.%s: %s", n ? "chain" : "program", not);
		else if (m.shipped && m.shipped->refused)
			why = m.shipped->refused(want, have, i, ret_where);
	}
	return why;
}

char *xdp_refused(const struct model *want, const struct model *have, const struct iface *i,
		  const struct origin **ret_where)
{
	const struct xdp_settings *x =
		(const struct xdp_settings *)iface_object(i, &xdp_feature);
	const struct iface *h = model_find(have, i->name);
	const struct device *d = device_of(h);

	if (!x || !x->program || !h)
		return NULL;
	*ret_where = xdp_place(i, &xdp_feature, "mode");
	/* kernel/bpf/verifier.c: "mixing of tail_calls and bpf-to-bpf calls is not supported" */
	if (d && x->chain && (d->o.present & BIT64(JIT)) && !d->jit) {
		*ret_where = xdp_place(i, &xdp_feature, "chain");
		return str_dup(
			"xdp.chain: takes a kernel that makes machine code of programs "
			"(net.core.bpf_jit_enable): this one interprets them, and then programs "
			"with functions cannot go on to others");
	}
	return refuse_program(want, have, i, h, ret_where);
}

void xdp_warn(const struct model *want, const struct model *have, const struct iface *i,
	      struct errors *warnings)
{
	const struct xdp_settings *x =
		(const struct xdp_settings *)iface_object(i, &xdp_feature);
	const struct iface *h = model_find(have, i->name);
	const struct device *d = device_of(h);
	const struct origin *where = xdp_place(i, &xdp_feature, "mode");
	_cleanup_free_ char *why = NULL;

	if (!x || !x->program || !h)
		return;
	why = not_in_mode(want, have, i, h);
	if (why && x->unsupported == XDP_SKIP && x->mode != XDP_AUTO)
		errors_add(warnings, where, "%s: xdp.mode: the program will be left out: %s",
			   i->name, why);
	else if (why && (x->mode == XDP_AUTO || x->unsupported == XDP_FALL_BACK))
		errors_add(warnings, where, "%s: xdp.mode: will be generic, which is slower: %s",
			   i->name, why);
	if (d && (d->o.present & BIT64(JIT)) && !d->jit)
		errors_add(warnings, where,
			   "%s: xdp.program: will be interpreted, which is several times slower: "
			   "this kernel makes no machine code of programs "
			   "(net.core.bpf_jit_enable)",
			   i->name);
}

/* Will it be able to, when this plan has been carried out? Some drivers can with a program only. */
static bool will_receive(const struct planner *p, const char *name)
{
	const struct iface *h = plan_have(p, name), *w = model_find(p->want, name), *peer;
	const struct feature *f = &xdp_feature;

	if (!h || xdp_device_can(h, XDP_CAN_XMIT) || (w && iface_object(w, f)))
		return true;
	peer = model_find(p->want, xdp_peer(h));
	return peer && iface_object(peer, f);
}

char *xdp_cannot_receive(const struct planner *p, const struct iface *want, const char *name)
{
	const struct iface *h = plan_have(p, want->name), *to = plan_have(p, name);
	const struct xdp_settings *x =
		(const struct xdp_settings *)iface_object(want, &xdp_feature);
	const struct ifref *lower = to && !strcmp(iface_kind(to), "vlan") ? iface_lower(to) : NULL;

	if (lower) /* its frames leave through what it stands on */
		name = lower->name;
	if (!h || x->mode == XDP_GENERIC || !xdp_device_can(h, XDP_CAN_BASIC) ||
	    will_receive(p, name))
		return NULL;
	return str_format(
		"xdp.forward.to: waits for %s to be able to receive what is redirected to it (%s: "
		"no ndo-xmit; a veth needs a program or GRO at its other end)",
		name, driver_of(plan_have(p, name)));
}

static const struct source sources[] = {
	{ .get = GENL_NETDEV, .header = GENL_HDRLEN, .lazy = true,
	  .commands = { .get = NETDEV_CMD_DEV_GET,
			.add = { NETDEV_CMD_DEV_GET, NETDEV_CMD_DEV_CHANGE_NTF } },
	  .groups = { GENL_NETDEV_MGMT }, .filter = ask_all, .narrow = ask_one },
	{ 0 },
};

struct feature xdp_device_feature = {
	.name = "xdp.device", .help = "What device and kernel can do with programs",
	.form = FORM_GROUP, .size = sizeof(struct device), .rows = rows,
	.n_rows = ARRAY_SIZE(rows), .sources = sources, .observe = observe,
	.observe_link = observe_link,
};

/* What does it call its features? Return: how many, or 0. */
static uint32_t feature_names(int fd, struct ifreq *r, struct ethtool_gstrings **ret)
{
	_cleanup_free_ struct ethtool_sset_info *set = mem_new(sizeof(*set) + sizeof(set->data[0]));
	uint32_t n;

	set->cmd = ETHTOOL_GSSET_INFO;
	set->sset_mask = BIT64(ETH_SS_FEATURES);
	r->ifr_data = (char *)set;
	if (ioctl(fd, SIOCETHTOOL, r) < 0 || !set->sset_mask)
		return 0;
	n = set->data[0];
	*ret = mem_new(sizeof(**ret) + (size_t)n * ETH_GSTRING_LEN);
	**ret = (struct ethtool_gstrings){ .cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_FEATURES,
					   .len = n };
	r->ifr_data = (char *)*ret;
	return ioctl(fd, SIOCETHTOOL, r) < 0 ? 0 : min_of((*ret)->len, n);
}

static bool is_on(const struct ethtool_gfeatures *f, uint32_t n)
{
	return n / 32 < f->size && f->features[n / 32].active & (1u << n % 32);
}

/* NETIF_F_HW_VLAN_CTAG_RX and _STAG_RX: net/ethtool/common.c, netdev_features_strings */
static const char *takes_tags(int fd, struct ifreq *r)
{
	static const char *const parse[] = { "rx-vlan-hw-parse", "rx-vlan-stag-hw-parse" };
	_cleanup_free_ struct ethtool_gstrings *names = NULL;
	_cleanup_free_ struct ethtool_gfeatures *on = NULL;
	uint32_t n = feature_names(fd, r, &names), blocks = (n + 31) / 32;

	on = mem_new(sizeof(*on) + blocks * sizeof(on->features[0]));
	*on = (struct ethtool_gfeatures){ .cmd = ETHTOOL_GFEATURES, .size = blocks };
	r->ifr_data = (char *)on;
	if (!n || ioctl(fd, SIOCETHTOOL, r) < 0)
		return NULL;
	for (uint32_t i = 0; i < n; i++)
		for (unsigned k = 0; is_on(on, i) && k < ARRAY_SIZE(parse); k++)
			if (!strncmp((char *)names->data + i * ETH_GSTRING_LEN, parse[k],
				     ETH_GSTRING_LEN))
				return parse[k];
	return NULL;
}

int xdp_sees_tags(int ifindex, char **why)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r = { 0 };
	const char *feature = NULL;

	/* A device that does not say takes off nothing. */
	if (fd >= 0 && if_indextoname(ifindex, r.ifr_name))
		feature = takes_tags(fd, &r);
	if (!feature)
		return 0;
	*why = str_format("the device takes VLAN tags off before a program sees them: switch its "
			  "feature %s off (ethernet.features)", feature);
	return -EOPNOTSUPP;
}
