/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cages: what is in them, for the mirror. */
#ifndef FEATURES_SFP_SFP_H
#define FEATURES_SFP_SFP_H

#include "core/mirror.h"
#include "features/sfp/module.h"

struct sfp_watch;

/* A cage as watch.c knows it. */
struct cage {
	struct sfp_watch *watch;
	int ifindex;
	bool known;   /* it was asked about, and there is one */
	bool none;    /* there is none: not asked again */
	bool empty;
	bool asking;  /* an answer is on its way */
	bool carrier, up;
	bool constant; /* @whole has what need not be read again */
	struct module_memory reading, whole;
	struct module module;
	struct module_part part; /* that was asked for last */
	char *told;	     /* what the log has last been told of it */
	int error;	     /* of the last reading; 0: @module is what is there */
	uint64_t read_usec;  /* CLOCK_REALTIME of @module's values */
	uint64_t due;	     /* CLOCK_MONOTONIC of the next reading; UINT64_MAX: none */
	uint64_t interval;   /* us; 0: by itself */
	unsigned hints;	     /* looks that are to follow soon */
	/* A bit each lane: limits that are exceeded, with hysteresis. */
	uint8_t exceeded[MODULE_QUANTITIES][MODULE_LIMITS];
	UT_hash_handle hh;
};

/** sfp_watch_new - nothing is read before an interface is noted */
struct sfp_watch *sfp_watch_new(struct mirror *m, sd_event *event);

/** sfp_watch_free - NULL is allowed; returns NULL */
struct sfp_watch *sfp_watch_free(struct sfp_watch *w);

/**
 * sfp_watch_note - an interface is there, or has changed: a hint to look into its cage
 * Return: its cage, or NULL where there is none, or it is not known yet.
 */
const struct cage *sfp_watch_note(struct sfp_watch *w, const struct iface *i);

/** sfp_watch_configured - look as often as the configuration says */
void sfp_watch_configured(struct sfp_watch *w, const struct model *want);

/** sfp_interval - how often to look into the cage of @want, us; 0: nobody says */
uint64_t sfp_interval(const struct iface *want);

/**
 * sfp_fill - put what is known of @c into the mirror's object
 * Return: more has changed than what is measured.
 */
bool sfp_fill(struct mirror *m, struct iface *i, const struct cage *c);

/** sfp_why_no_link - one sentence, or NULL where there is a link; the caller frees it */
char *sfp_why_no_link(const struct cage *c);

/** cage_exceed - look which limits the values exceed; true: something changed */
bool cage_exceed(struct cage *c);

#endif
