/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Traffic classes on transmit queues, of mqprio and taprio. */
#ifndef QDISC_CLASSES_H
#define QDISC_CLASSES_H

#include "features/qdisc/kinds.h"

struct classes {
	uint8_t num_tc;
	struct numbers16 map;
	struct queues16 queues;
};

/* The rows of struct classes must be the first of a kind, in the order num_tc, map, queues. */

/** classes_to, classes_from - as the kernel has it */
void classes_to(struct tc_mqprio_qopt *opt, const struct classes *c);
void classes_from(struct classes *c, const struct tc_mqprio_qopt *opt);

/** classes_check - by themselves; false: errors were told */
bool classes_check(const struct qdisc_check *c, const struct classes *cl, bool may_overlap);

/** classes_refused - on the device that is there; as struct qdisc_kind's */
char *classes_refused(const struct iface *have, const struct qdisc *q, const struct classes *c);

extern const struct word fp_words[];

#endif
