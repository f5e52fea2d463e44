/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the features of the group "ethernet" share: ethtool's messages, and rows of them. */
#ifndef ETHERNET_H
#define ETHERNET_H

#include "core/action.h"
#include "core/mirror.h"
#include "core/plan.h"
#include "core/types.h"
#include "features/ethernet/uapi.h"
#include "features/features.h"
#include "nl/genl.h"
#include "nl/slow.h"

/* A row's attr: which message it is in, and its attribute there. */
#define IN(message, attribute) ((uint16_t)((message) << 8 | (attribute)))

enum eth_message {
	ETH_NONE,
	ETH_LINKINFO,
	ETH_LINKMODES,
	ETH_LINKSTATE,
	ETH_WOL,
	ETH_FEATURES,
	ETH_RINGS,
	ETH_CHANNELS,
	ETH_COALESCE,
	ETH_PAUSE,
	ETH_EEE,
	ETH_FEC,
	ETH_MODULE,
	ETH_PSE,
	ETH_PLCA,
	ETH_PLCA_STATUS,
	ETH_MM,
	ETH_DEBUG,
	ETH_FLAGS,
	ETH_RSS,
	ETH_PHY,
	ETH_TIMESTAMPS,
	ETH_CLOCK,
	ETH_MESSAGES_,
};

/* A source of a feature: one message, its answer, its notification (0: none). */
#define ETH_SOURCE(ask, answer, ntf, ...)                                                          \
	{                                                                                          \
		.get = GENL_ETHTOOL, .header = GENL_HDRLEN, .lazy = true,                          \
		.commands = { .get = (ask), .add = { (answer), (ntf) } },                          \
		.groups = { GENL_ETHTOOL_MONITOR }, .filter = ethernet_ask_all,                    \
		.narrow = ethernet_ask_one, __VA_ARGS__                                            \
	}

/* For struct source: bitsets compact, or with names. */
int ethernet_ask_all(struct nl_msg *msg, void *header);
int ethernet_ask_one(struct nl_msg *msg, void *header, int ifindex);
int ethernet_ask_all_names(struct nl_msg *msg, void *header);
int ethernet_ask_one_names(struct nl_msg *msg, void *header, int ifindex);

/** ethernet_ask_device - a request's header, and nothing in it but the device */
int ethernet_ask_device(struct nl_msg *msg, int ifindex);

/**
 * ethernet_ask_slowly - for actions: a request about one device, by its thread
 * @attribute: beside the header, 32 bits; 0: none
 */
int ethernet_ask_slowly(struct action_run *r, unsigned command, unsigned attribute, uint32_t value,
			slow_fn fn);

extern const struct action ethernet_actions[];

/** ethernet_begin - a request about one interface */
int ethernet_begin(struct encoder *e, unsigned command, int ifindex);

/** ethernet_parse - the attributes of a message, up to @max; returns the interface or NULL */
struct iface *ethernet_parse(struct mirror *m, const struct nlmsghdr *n, struct nlattr **tb,
			     int max);

/** ethernet_observe - decode the rows that are in this message; as struct feature's */
int ethernet_observe(struct mirror *m, const struct nlmsghdr *n, struct feature *f);

/** ethernet_encode - one message of the step's rows after the other; as struct feature's */
int ethernet_encode(struct encoder *e, const struct step *s, unsigned part);

/** ethernet_encode_rows - the same for other rows than the step's */
int ethernet_encode_rows(struct encoder *e, const struct step *s, uint64_t mask, unsigned part);

#define ETH_OBSERVER(feature)                                                                      \
	static int feature##_observe(struct mirror *m, const struct nlmsghdr *n,                   \
				     bool add _unused_)                                            \
	{                                                                                          \
		return ethernet_observe(m, n, &feature##_feature);                                 \
	}

/*
 * A bitset of which @on are set and @mask can be. Bits have the numbers of the kernel's
 * headers; row->data are their words. Shown and compared are those that have a word.
 */
struct bitset {
	uint64_t on[2], mask[2];
};
extern const struct type type_bitset;
extern const struct type type_bitset_plain; /* one that may be empty, and says nothing more */
extern const struct word link_mode_words[], fec_words[], wol_words[];

/** bitset_put - @to; of bits without it those are cleared that @from (may be NULL) could have */
int bitset_put(struct nl_msg *msg, const struct row *row, const struct bitset *to,
	       const struct bitset *from);

/* What is asked of all by ioctl: one device after the other. */
#define ETH_IOCTL_SOURCE(ask, answer)                                                              \
	{                                                                                          \
		.get = GENL_IOCTL, .header = GENL_HDRLEN, .lazy = true,                            \
		.commands = { .get = (ask), .add = { (answer) } }, .filter = ethernet_ask_all,     \
		.narrow = ethernet_ask_one, .follows_link = true, .each = true,                    \
	}

/* types-list.c: names that a driver makes up; numbers; bytes. Each is text on the heap. */
extern const struct type type_flags, type_all_flags, type_numbers, type_bytes;

/** bytes_parse - "00:11:22"; @max 0: any number of them. Return: how many, or -EINVAL */
int bytes_parse(struct parse *p, const config_setting_t *s, unsigned max, uint8_t *to, size_t size);

/* Numbers for which the kernel has a value that means "cannot be said". */
extern const struct type type_speed, type_known8;

#endif
