// SPDX-License-Identifier: LGPL-2.1-or-later
/* Actions of traffic control, which filters of all kinds carry the same way. */
#include "nl/tc.h"

#include <string.h>

struct nlattr *tc_action_begin(struct nl_msg *msg, int n, const char *kind,
			       struct nlattr **options)
{
	struct nlattr *action = nla_nest_start(msg, n);

	if (!action || nla_put_string(msg, TCA_ACT_KIND, kind) < 0)
		return NULL;
	*options = nla_nest_start(msg, TCA_ACT_OPTIONS);
	return *options ? action : NULL;
}

int tc_action_end(struct nl_msg *msg, struct nlattr *action, struct nlattr *options)
{
	nla_nest_end(msg, options);
	nla_nest_end(msg, action);
	return 0;
}

int tc_put_mirred(struct nl_msg *msg, int n, int eaction, int ifindex)
{
	bool copies = eaction == TCA_EGRESS_MIRROR || eaction == TCA_INGRESS_MIRROR;
	const struct tc_mirred parms = {
		.action = copies ? TC_ACT_PIPE : TC_ACT_STOLEN, .eaction = eaction,
		.ifindex = ifindex,
	};
	struct nlattr *options, *action = tc_action_begin(msg, n, "mirred", &options);

	if (!action || nla_put(msg, TCA_MIRRED_PARMS, sizeof(parms), &parms) < 0)
		return -1;
	return tc_action_end(msg, action, options);
}

bool tc_action_get(const struct nlattr *a, struct tc_action *ret)
{
	struct nlattr *tb[TCA_ACT_MAX + 1];

	if (!a || nla_parse_nested(tb, TCA_ACT_MAX, (struct nlattr *)a, NULL) < 0 ||
	    !tb[TCA_ACT_KIND] || !tb[TCA_ACT_OPTIONS] ||
	    !memchr(nla_data(tb[TCA_ACT_KIND]), '\0', nla_len(tb[TCA_ACT_KIND])))
		return false;
	ret->kind = nla_data(tb[TCA_ACT_KIND]);
	ret->options = tb[TCA_ACT_OPTIONS];
	return true;
}

bool tc_get_mirred(const struct tc_action *a, struct tc_mirred *ret)
{
	struct nlattr *tb[TCA_MIRRED_MAX + 1];

	if (strcmp(a->kind, "mirred") ||
	    nla_parse_nested(tb, TCA_MIRRED_MAX, a->options, NULL) < 0 ||
	    !tb[TCA_MIRRED_PARMS] || nla_len(tb[TCA_MIRRED_PARMS]) < (int)sizeof(*ret))
		return false;
	memcpy(ret, nla_data(tb[TCA_MIRRED_PARMS]), sizeof(*ret));
	return true;
}
