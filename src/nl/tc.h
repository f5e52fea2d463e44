/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Actions of traffic control: what stands in a filter of any kind. */
#ifndef NL_TC_H
#define NL_TC_H

#include <linux/pkt_cls.h>
#include <linux/tc_act/tc_mirred.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>

/**
 * tc_action_begin - one more action, in the nest of the filter's actions
 * @n: its number in the order in which they are carried out, from 1
 * @options: where its attributes follow
 *
 * Return: the nest to end with tc_action_end(), or NULL: no room.
 */
struct nlattr *tc_action_begin(struct nl_msg *msg, int n, const char *kind,
			       struct nlattr **options);

/** tc_action_end - 0 */
int tc_action_end(struct nl_msg *msg, struct nlattr *action, struct nlattr *options);

/** tc_put_mirred - @eaction: TCA_EGRESS_MIRROR, …; as nla_put() */
int tc_put_mirred(struct nl_msg *msg, int n, int eaction, int ifindex);

/* What the kernel tells of an action. */
struct tc_action {
	const char *kind;
	struct nlattr *options;
};

/** tc_action_get - of one attribute of the nest of actions; false: it makes no sense */
bool tc_action_get(const struct nlattr *a, struct tc_action *ret);

/** tc_get_mirred - the same of a mirred's options */
bool tc_get_mirred(const struct tc_action *a, struct tc_mirred *ret);

#endif
