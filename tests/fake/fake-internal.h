/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the fake kernel share: its devices, its lists, how it tells of changes. */
#ifndef FAKE_INTERNAL_H
#define FAKE_INTERNAL_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netconf.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "core/types.h"
#include "fake/fake-kernel.h"
#include "nl/genl.h"
#include "nl/uapi.h"
#include "nl/xdp-internal.h"


/* Attributes by number, each held as a copy of the one in the message. */
struct attrs {
	struct nlattr **items;
	unsigned n;
};

void attrs_set(struct attrs *a, int type, const void *data, unsigned len);
void attrs_set_u32(struct attrs *a, int type, uint32_t value);
void attrs_drop(struct attrs *a, int type);
void attrs_merge(struct attrs *a, const void *stream, int len);
const struct nlattr *attrs_get(const struct attrs *a, int type);
uint32_t attrs_u32(const struct attrs *a, int type, uint32_t otherwise);
void attrs_put(struct nl_msg *msg, const struct attrs *a);
void attrs_done(struct attrs *a);

struct tc;
struct dcb;

#define VLAN_MEMBER 1
#define VLAN_UNTAGGED 2

#define LED_WORDS 10

struct fake_led {
	char name[64], trigger[16], device[IFNAMSIZ];
	bool on[LED_WORDS];
	unsigned interval;
};

struct device {
	struct device *next;
	char name[IFNAMSIZ], kind[IFNAMSIZ]; /* kind "": a NIC */
	int index, master, lower, peer;	     /* peer: of a veth */
	char driver[IFNAMSIZ];
	char tagging[IFNAMSIZ];		     /* of a switch's conduit */
	bool up, cable, carrier, address_set; /* by a request: dev->addr_assign_type */
	uint32_t carrier_changes;
	struct attrs link, data, port; /* of the message itself, INFO_DATA, INFO_SLAVE_DATA */
	uint8_t vlans[4096];
	uint16_t pvid;
	uint32_t xdp_id; /* of the program; 0: none */
	uint8_t xdp_mode;
	struct tc *tc; /* queueing disciplines and classes */
	struct ethtool *ethtool; /* of a NIC: fake-ethtool.c */
	struct dcb *dcb; /* of a NIC: fake-dcb.c */
	int32_t ipv4[IPV4_DEVCONF_MAX], ipv6[DEVCONF_MAX];
	struct fake_led leds[4]; /* of its PHY */
	unsigned n_leds;
};

/* An address or a route. */
struct entry {
	struct entry *next;
	uint16_t type; /* RTM_NEWADDR, RTM_NEWROUTE */
	int index;     /* of its device */
	union {
		struct rtgenmsg any;
		struct ifaddrmsg address;
		struct rtmsg route;
	} head;
	struct attrs attrs;
};

struct fault {
	unsigned nth;
	uint16_t type;
	bool always;
	int error;
	const char *text;
};

struct connection;

struct fake_kernel {
	sd_event *event;
	struct connection *connection;
	struct device *devices; /* by index */
	struct entry *entries;	/* in the order they were made */
	struct device all;	/* the settings for all interfaces */
	int last_index;
	struct xdp xdp; /* programs that the daemon attached */
	uint32_t last_program;
	struct fault *faults;
	unsigned n_faults, interrupts;
};

/* One message while it is carried out. */
struct call {
	struct fake_kernel *fk;
	const struct nlmsghdr *n;
	const char *text; /* extended ack */
};

#define FOREACH_DEVICE(fk, d) for (struct device *d = (fk)->devices; d; d = d->next)
#define FOREACH_ENTRY(fk, e)                                                                       \
	for (struct entry *e = (fk)->entries, *_e; e && (_e = e->next, true); e = _e)

/** fake_refuse - an error with the words that the kernel has for it */
static inline int fake_refuse(struct call *c, int error, const char *text)
{
	c->text = text;
	return error;
}

/* fake-kernel.c */

/** fake_tell - a notification; @msg is freed */
void fake_tell(struct fake_kernel *fk, uint32_t group, struct nl_msg *msg);

/** fake_run - carry out one request as if anybody had sent it; 0 or a negative errno */
int fake_run(struct fake_kernel *fk, const struct request *r, const char **ret_text);

/** fake_message - an empty message with a fixed header */
struct nl_msg *fake_message(uint16_t type, const void *header, size_t size);

/* fake-link.c */

struct device *device_find(const struct fake_kernel *fk, int index);
struct device *device_named(const struct fake_kernel *fk, const char *name);
struct device *device_new(struct fake_kernel *fk, const char *name, const char *kind, int index);
void device_remove(struct fake_kernel *fk, struct device *d);
struct nl_msg *device_message(const struct fake_kernel *fk, const struct device *d, uint16_t type);
void device_tell(struct fake_kernel *fk, const struct device *d);
bool stats_wanted(const struct nlmsghdr *n, const struct device *d);
struct nl_msg *stats_message(const struct device *d);
void devices_settle(struct fake_kernel *fk);
int link_new(struct call *c);
int link_delete(struct call *c);

/* fake-bridge.c */

void bridge_init(struct device *br);
int bridge_change(struct call *c, struct device *br, const struct nlattr *data);
int bridge_attach(struct call *c, struct device *br, struct device *d);
void bridge_detach(struct fake_kernel *fk, struct device *d);
struct nl_msg *bridge_message(const struct device *d, uint16_t type);
int bridge_vlans(struct call *c);

/* fake-led.c */

int led_write(struct fake_kernel *fk, const char *path, const char *value);
int led_read(struct fake_kernel *fk, const char *path, char *buf, size_t size);
void led_folder(struct fake_kernel *fk, const char *path, name_fn fn, void *data);

/* fake-dsa.c */

int dsa_change(struct call *c, struct device *d, const struct nlattr *data);
void dsa_mtu(struct fake_kernel *fk, const struct device *port);
bool dsa_is_port(const struct device *d);
int dsa_write(struct fake_kernel *fk, const char *path, const char *value);
int dsa_read(struct fake_kernel *fk, const char *path, char *buf, size_t size);

/* fake-xdp.c */

int fake_xdp(struct fake_kernel *fk, const struct xdp_job *j, const char **text);
int fake_tcx(struct xdp *x, int ifindex, enum xdp_hook hook, struct tcx_program *ret,
	     uint64_t *revision);
int xdp_change(struct call *c, struct device *d, const struct nlattr *nest);
void xdp_put(struct nl_msg *msg, const struct device *d);
void xdp_gone(struct fake_kernel *fk, int index);

/* fake-ip.c */

void ip_init(struct device *d);
void ip_up(struct fake_kernel *fk, struct device *d);
void ip_down(struct fake_kernel *fk, struct device *d);
void ip_gone(struct fake_kernel *fk, struct device *d);
void ip_put(struct nl_msg *msg, const struct device *d);
struct nl_msg *netconf_message(const struct device *d, int family, int attr);
int ip_sysctl(struct fake_kernel *fk, const char *path, const char *value);
struct nl_msg *entry_message(const struct entry *e, uint16_t type);
void entry_free(struct entry *e);
int address_change(struct call *c, bool add);
int route_change(struct call *c, bool add);

/* fake-tc.c */

int tc_change(struct call *c);
void tc_gone(struct device *d);
void tc_dump(const struct device *d, uint16_t get, void (*fn)(void *data, struct nl_msg *msg),
	     void *data);

/* fake-dcb.c */

void dcb_init(struct device *d);
struct nl_msg *dcb_message(const struct fake_kernel *fk, const struct nlmsghdr *n);
int dcb_set(struct call *c);

/* fake-ethtool.c */

void ethtool_init(struct device *d);
void ethtool_done(struct device *d);
int ethtool_set(struct call *c);
bool ethtool_wanted(const struct nlmsghdr *n, const struct device *d);
struct nl_msg *ethtool_message(const struct device *d, const struct nlmsghdr *n);

#endif
