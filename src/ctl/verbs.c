// SPDX-License-Identifier: LGPL-2.1-or-later
/* The table of verbs, in the order of the help. */
#include "ctl/ctl.h"

const struct verb verbs[] = {
	{ "status", "[NAME...]", 0, -1u, USES_BUS | USES_LEGEND | USES_ALL, verb_status,
	  "Every interface, its link and what is wrong (default)" },
	{ "show", "NAME", 1, 1, USES_BUS, verb_show, "Everything known of one interface" },
	{ "check", "[FILE|DIR...]", 0, -1u, 0, verb_check,
	  "Validate a configuration; the daemon is not needed" },
	{ "plan", "", 0, 0, USES_BUS, verb_plan, "What apply would do, step by step" },
	{ "apply", "[OPTION...]", 0, 0, USES_BUS | USES_DRY_RUN | USES_CONFIRM, verb_apply,
	  "Make the machine as the configuration on disk says" },
	{ "confirm", "[N]", 0, 1, USES_BUS, verb_confirm,
	  "Keep generation N, which waits to be reverted" },
	{ "rollback", "[N]", 0, 1, USES_BUS, verb_rollback,
	  "Go back to generation N, or to the one before" },
	{ "history", "", 0, 0, USES_BUS | USES_LEGEND, verb_history,
	  "The last generations: when, who, what came of them" },
	{ "hold", "NAME", 1, 1, USES_BUS | USES_FOR, verb_hold,
	  "Leave an interface alone for a while" },
	{ "release", "NAME", 1, 1, USES_BUS, verb_release, "Look after it again" },
	{ "reload", "", 0, 0, USES_BUS, verb_reload, "The same, as service managers call it" },
	{ "export", "[NAME...]", 0, -1u, USES_BUS, verb_export,
	  "The running state of the machine as a configuration" },
	{ "stats", "[NAME...]", 0, -1u, USES_BUS | USES_LEGEND | USES_ALL | USES_INTERVAL, verb_stats,
	  "Counters, and rates with --interval" },
	{ "metrics", "[NAME...]", 0, -1u, USES_BUS, verb_metrics,
	  "Counters and states as OpenMetrics text" },
	{ 0 },
};
