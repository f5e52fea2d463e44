/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kinds of filter share with the list they are entries of. */
#ifndef QDISC_FILTER_H
#define QDISC_FILTER_H

#include "features/qdisc/kinds.h"
#include "features/qdisc/taprio.h" /* points in time */

/* Ours are told from others' by their handle: as NETCTL_ROUTE_PROTOCOL. */
#define FILTER_HANDLE 172
/*
 * Where filters stand: at an interface's way in or out (frames are sent to these, too), at its root
 * discipline; any other number is that of a discipline or a class.
 */
enum filter_place { FILTER_INGRESS, FILTER_EGRESS, FILTER_ROOT, FILTER_PLACES_ };

/* One line of a gate's schedule. */
struct filter_gate {
	uint8_t open;
	uint32_t interval; /* ns */
	int32_t priority, max_octets; /* -1: as it is; no limit */
};

struct filter_gates {
	struct filter_gate *v;
	unsigned n;
};

/* The start of every entry. */
struct filter {
	struct object o;
	char kind[IFNAMSIZ];
	uint32_t parent; /* enum filter_place, or a number of tc(8)'s */
	uint16_t pref, protocol;
	uint32_t classid;
	uint8_t skip_sw, skip_hw, in_hw;

	struct filter_gates gates;
	int64_t gate_base, gate_cycle, gate_extension;
	uint8_t gate_clock;
	int32_t gate_priority;

	uint64_t police_rate, police_peakrate, police_pkts_rate;
	uint32_t police_burst, police_mtu, police_pkts_burst;
	uint8_t police_conform, police_exceed;

	uint32_t skb_priority, skb_mark;
	uint16_t skb_queue;
	uint8_t skb_ptype;

	uint8_t vlan, vlan_priority;
	uint16_t vlan_id, vlan_protocol;

	struct ifref mirror, redirect;
	uint8_t mirror_at, redirect_at;
	uint8_t verdict, other;
};

/* Room for an entry of any kind; each asserts that it fits. */
#define FILTER_SIZE 640
#define FILTER_FITS(object) _Static_assert(sizeof(struct object) <= FILTER_SIZE, "FILTER_SIZE")

/* The rows that every kind begins with. */
enum {
	F_KIND, F_PARENT, F_PREF, F_PROTOCOL, F_CLASSID, F_SKIP_SW, F_SKIP_HW, F_IN_HW,
	F_GATES, F_GATE_BASE, F_GATE_CYCLE, F_GATE_EXTENSION, F_GATE_CLOCK, F_GATE_PRIORITY,
	F_POLICE_RATE, F_POLICE_BURST, F_POLICE_MTU, F_POLICE_PEAKRATE, F_POLICE_PKTS_RATE,
	F_POLICE_PKTS_BURST, F_POLICE_CONFORM, F_POLICE_EXCEED,
	F_SKB_PRIORITY, F_SKB_QUEUE, F_SKB_MARK, F_SKB_PTYPE,
	F_VLAN, F_VLAN_ID, F_VLAN_PROTOCOL, F_VLAN_PRIORITY,
	F_MIRROR, F_MIRROR_AT, F_REDIRECT, F_REDIRECT_AT, F_VERDICT, F_OTHER,
	F_OWN,
};

/* What a filter ends with, or a rate that is kept or exceeded. */
enum filter_verdict { VERDICT_NONE, VERDICT_PASS, VERDICT_DROP, VERDICT_CONTINUE, VERDICT_PIPE,
		      VERDICT_RECLASSIFY, VERDICT_TRAP };

#define FILTER_ROWS(kind_flags)                                                                    \
	[F_KIND] = { .key = "kind", .type = &type_name, VALUE(filter, kind),                       \
		     .phase = PHASE_QDISC, .off = PHASE_DROP_QDISC, .flags = (kind_flags),         \
		     .help = "How frames are told apart: flower, matchall, bpf" },                 \
	[F_PARENT] = { .key = "parent", .type = &type_filter_place, VALUE(filter, parent),         \
		       .flags = ROW_KEY, .initial = "\"ingress\"",                                 \
		       .help = "Where it stands: at the interface's ingress or egress, "           \
			       "which needs a clsact (or ingress), at its root discipline, at "    \
			       "one below (\"10:\"), or at a class of htb that has classes "       \
			       "(\"1:1\")" },                                                      \
	[F_PREF] = { .key = "pref", .type = &type_u16, VALUE(filter, pref), .flags = ROW_KEY,      \
		     .min = 1, .max = 65535, .help = "Its turn: lower numbers are asked first" },  \
	[F_PROTOCOL] = { .key = "protocol", .type = &type_ethertype, VALUE(filter, protocol),      \
			 .effect = EFFECT_RECREATE, .initial = "\"all\"",                          \
			 .help = "Ethernet type of the frames (\"ip\", \"802.1Q\", \"0x88f7\")" }, \
	[F_CLASSID] = { .key = "classid", .type = &type_tc_class, VALUE(filter, classid),          \
			.help = "Class of the discipline that they are sent to" },                 \
	[F_SKIP_SW] = { .key = "skip_sw", .type = &type_bool, VALUE(filter, skip_sw),              \
			.initial = "false",                                                        \
			.help = "Only the hardware filters, or it is an error" },                  \
	[F_SKIP_HW] = { .key = "skip_hw", .type = &type_bool, VALUE(filter, skip_hw),              \
			.initial = "false", .help = "The hardware is not asked to filter" },       \
	[F_IN_HW] = { .key = "in_hw", .type = &type_bool, VALUE(filter, in_hw),                    \
		      .flags = ROW_STATE, .help = "Does the hardware filter?" },                   \
	[F_GATES] = { .key = "gate_schedule", .type = &type_filter_gates, VALUE(filter, gates),    \
		      .help = "When frames get through: lines of open, interval, and by choice "   \
			      "priority (in the switch) and max_octets" },                         \
	[F_GATE_BASE] = { .key = "gate_base_time", .type = &type_base_time,                        \
			  VALUE(filter, gate_base), .initial = "\"0\"",                            \
			  .help = "When the schedule begins, in the time of its clock" },          \
	[F_GATE_CYCLE] = { .key = "gate_cycle_time", .type = &type_time_ns64,                      \
			   VALUE(filter, gate_cycle), .min = 1, .max = INT64_MAX,                  \
			   .help = "When it begins again; by itself the sum of its intervals" },   \
	[F_GATE_EXTENSION] = { .key = "gate_cycle_time_extension", .type = &type_time_ns64,        \
			       VALUE(filter, gate_extension), .initial = "\"0ns\"",                \
			       .help = "How much longer the last cycle before another may be" },   \
	[F_GATE_CLOCK] = { .key = "gate_clock", .type = &type_enum8, VALUE(filter, gate_clock),    \
			   .data = filter_clocks, .initial = "\"TAI\"",                            \
			   .help = "Clock of the schedule" },                                      \
	[F_GATE_PRIORITY] = { .key = "gate_priority", .type = &type_s32,                           \
			      VALUE(filter, gate_priority), .initial = "-1", .min = -1,            \
			      .max = INT32_MAX, .help = "Priority of the gate in hardware" },      \
	[F_POLICE_RATE] = { .key = "police_rate", .type = &type_rate, VALUE(filter, police_rate),  \
			    .min = 8, .help = "Rate up to which frames conform" },                 \
	[F_POLICE_BURST] = { .key = "police_burst", .type = &type_size,                            \
			     VALUE(filter, police_burst), .min = 1,                                \
			     .help = "What may come at once after a silence" },                    \
	[F_POLICE_MTU] = { .key = "police_mtu", .type = &type_size, VALUE(filter, police_mtu),     \
			   .min = 1, .help = "Longer frames exceed the rate, whatever it is" },    \
	[F_POLICE_PEAKRATE] = { .key = "police_peakrate", .type = &type_rate,                      \
				VALUE(filter, police_peakrate), .min = 8,                          \
				.help = "Rate within a burst" },                                   \
	[F_POLICE_PKTS_RATE] = { .key = "police_pkts_rate", .type = &type_u64,                     \
				 VALUE(filter, police_pkts_rate), .min = 1, .max = 1000000000,     \
				 .help = "Packets a second up to which frames conform" },          \
	[F_POLICE_PKTS_BURST] = { .key = "police_pkts_burst", .type = &type_u32,                   \
				  VALUE(filter, police_pkts_burst), .min = 1, .max = UINT32_MAX,   \
				  .help = "Packets that may come at once after a silence" },       \
	[F_POLICE_CONFORM] = { .key = "police_conform", .type = &type_enum8,                       \
			       VALUE(filter, police_conform), .data = filter_conform,              \
			       .initial = "\"pipe\"",                                              \
			       .help = "What happens to frames that conform; pipe: the filter's "  \
				       "other actions" },                                          \
	[F_POLICE_EXCEED] = { .key = "police_exceed", .type = &type_enum8,                         \
			      VALUE(filter, police_exceed), .data = filter_conform,                \
			      .initial = "\"drop\"",                                               \
			      .help = "What happens to those that do not" },                       \
	[F_SKB_PRIORITY] = { .key = "skbedit_priority", .type = &type_skb_priority,                \
			     VALUE(filter, skb_priority),                                          \
			     .help = "Priority that they get: a number, or a class (\"1:10\")" },  \
	[F_SKB_QUEUE] = { .key = "skbedit_queue_mapping", .type = &type_u16,                       \
			  VALUE(filter, skb_queue), .max = 65535,                                  \
			  .help = "Transmit queue that they get" },                                \
	[F_SKB_MARK] = { .key = "skbedit_mark", .type = &type_u32, VALUE(filter, skb_mark),        \
			 .max = UINT32_MAX, .help = "Mark that they get" },                        \
	[F_SKB_PTYPE] = { .key = "skbedit_ptype", .type = &type_enum8, VALUE(filter, skb_ptype),   \
			  .data = filter_ptypes, .help = "For whom they are taken to be" },        \
	[F_VLAN] = { .key = "vlan_action", .type = &type_enum8, VALUE(filter, vlan),               \
		     .data = filter_vlans, .help = "What is done to the VLAN tag" },               \
	[F_VLAN_ID] = { .key = "vlan_action_id", .type = &type_u16, VALUE(filter, vlan_id),        \
			.max = 4094, .help = "VLAN of the tag that is pushed, or modified" },      \
	[F_VLAN_PROTOCOL] = { .key = "vlan_action_protocol", .type = &type_enum16,                 \
			      VALUE(filter, vlan_protocol), .data = filter_tags,                   \
			      .initial = "\"802.1Q\"", .help = "Protocol of the tag" },            \
	[F_VLAN_PRIORITY] = { .key = "vlan_action_priority", .type = &type_u8,                     \
			      VALUE(filter, vlan_priority), .max = 7,                              \
			      .help = "Priority of the tag" },                                     \
	[F_MIRROR] = { .key = "mirror", .type = &type_ifref, VALUE(filter, mirror),                \
		       .help = "Interface that gets a copy" },                                     \
	[F_MIRROR_AT] = { .key = "mirror_at", .type = &type_enum8, VALUE(filter, mirror_at),       \
			  .data = filter_ways, .initial = "\"egress\"",                            \
			  .help = "The copy goes out there, or comes in" },                        \
	[F_REDIRECT] = { .key = "redirect", .type = &type_ifref, VALUE(filter, redirect),          \
			 .help = "Interface that gets the frames" },                               \
	[F_REDIRECT_AT] = { .key = "redirect_at", .type = &type_enum8,                             \
			    VALUE(filter, redirect_at), .data = filter_ways,                       \
			    .initial = "\"egress\"", .help = "They go out there, or come in" },    \
	[F_VERDICT] = { .key = "action", .type = &type_enum8, VALUE(filter, verdict),              \
			.data = filter_verdicts, .initial = "\"none\"",                            \
			.help = "What it ends with; none: frames pass, and no other filter is "    \
				"asked; continue: the next one is" },                              \
	[F_OTHER] = { .key = "other_actions", .type = &type_bool, VALUE(filter, other),            \
		      .flags = ROW_IMPLIED, .initial = "false",                                    \
		      .help = "It has actions that are not written here" }

extern const struct word filter_clocks[], filter_conform[], filter_ptypes[],
	filter_vlans[], filter_tags[], filter_ways[], filter_verdicts[];

/* For the kinds' check functions. */
struct filter_check {
	const struct iface *iface;
	const struct filter *filter;
	const struct feature *feature;
	struct errors *errors;
};

void filter_error(const struct filter_check *c, unsigned row, const char *rule, const char *fmt,
		  ...) _printf_(4, 5);

struct filter_kind {
	struct feature f; /* name, kind, and rows of such an entry */

	/*
	 * Numbers of attributes in TCA_OPTIONS that kinds have in common, .actions 0: it has none;
	 * the highest of the kind's.
	 */
	uint16_t classid, actions, flags, max;
	/* What it matches, written and read. NULL: everything. */
	int (*put)(struct encoder *e, const struct step *s, const struct filter *f);
	void (*get)(struct nlattr *const *tb, struct filter *f);
	/* What it implies; NULL: nothing. */
	void (*complete)(struct model *want, struct filter *f);
	void (*check)(const struct filter_check *c);
	/* The kernel takes another value of this row for the filter that is there. */
	bool (*same_mask)(const struct row *row, const struct object *to,
			  const struct object *from);
	bool fixed; /* it takes no change: the filter goes, and another comes */
	bool flags_fixed; /* no change of skip_sw and skip_hw */
};

extern const struct filter_kind bpf_kind, flower_kind, matchall_kind;

#define FILTER_FEATURE(id, help_, rows_)                                                          \
	.f = { .name = "filter", .kind = id, .help = help_, .form = FORM_LIST,                     \
	       .size = FILTER_SIZE, .rows = rows_, .n_rows = ARRAY_SIZE(rows_) }

static inline bool filter_has(const struct filter *f, unsigned row)
{
	return f->o.present & BIT64(row);
}

/* filter.c */

/** filter_parent - the kernel's number of a place; 0: the root discipline's, whatever it is */
uint32_t filter_parent(uint32_t place);

/** filter_place - the other way round */
uint32_t filter_place(const struct iface *i, uint32_t parent);

/** filter_actions - the attribute of TCA_OPTIONS that has a kind's actions; 0: not known */
uint16_t filter_actions(const char *kind);

/* filter-action.c */

/** filter_put_actions - of an entry with values in all rows that have an initial one */
int filter_put_actions(struct nl_msg *msg, unsigned attr, const struct filter *f);

/** filter_get_actions - what is no action of ours is noted as "other" */
void filter_get_actions(const struct nlattr *nest, struct filter *f);

/** filter_check_actions - contradictions among them */
void filter_check_actions(const struct filter_check *c);

/* filter-loop.c */

/** filter_check_loops - frames that go in a circle between interfaces, beginning at @i */
void filter_check_loops(const struct model *want, const struct iface *i, struct errors *e);

/* filter-types.c */

/* Where filters stand; uint32_t. */
extern const struct type type_filter_place;
/* An Ethernet type, by name or number; uint16_t. */
extern const struct type type_ethertype;
/* A priority of frames, by number or as a class; uint32_t. */
extern const struct type type_skb_priority;
/* struct filter_gates */
extern const struct type type_filter_gates;

/** filter_place_text - as it is written, in @buf of at least TC_TEXT_MAX bytes or static */
const char *filter_place_text(uint32_t place, char *buf);

/** ethertype_text - into @buf of at least TC_TEXT_MAX bytes */
const char *ethertype_text(uint16_t type, char *buf);

#endif
