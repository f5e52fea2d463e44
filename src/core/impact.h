/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a plan does to traffic: which interfaces lose some, and why. */
#ifndef CORE_IMPACT_H
#define CORE_IMPACT_H

#include "core/plan.h"

/* An interface that loses traffic, for however short. */
struct lost {
	int ifindex;
	char name[IFNAMSIZ];
	enum loss loss;
	bool gone; /* the device is deleted */
	bool down;
	unsigned n_reasons;
	char *why; /* heap */
	UT_hash_handle hh;
};

struct impact {
	struct lost *lost; /* a hash by index, in the order found */
};

/**
 * impact_new - look through a plan
 * @have: the model that the plan was made with
 */
struct impact *impact_new(const struct plan *plan, const struct model *have);

/** impact_free - NULL is allowed; returns NULL */
struct impact *impact_free(struct impact *m);

static inline void impact_freep(struct impact **m)
{
	impact_free(*m);
}

/** impact_find - what @ifindex loses, or NULL */
const struct lost *impact_find(const struct impact *m, int ifindex);

/** impact_text - "loses traffic: wan (goes down), …" and a newline; ""; the caller frees it */
char *impact_text(const struct impact *m);

/** impact_json - {"loses": [{"name", "why", "all"}, …]} */
json_t *impact_json(const struct impact *m);

#endif
