/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cages: what is in them, for the mirror. */
#ifndef FEATURES_SFP_SFP_H
#define FEATURES_SFP_SFP_H

#include "core/mirror.h"
#include "core/plan.h"
#include "features/features.h"
#include "features/sfp/module.h"

struct sfp_watch;

/* A mode between MAC and module: as asked for, or as it is. */
struct sfp_mode {
	uint8_t asked; /* of the kernel's: 0 (automatic) if it is the fastest that there is */
	uint8_t is;    /* of the kernel's: the one that it has chosen; 0: none */
};
extern const struct type type_sfp_mode, type_sfp_modes;
extern const struct word sfp_mode_words[];

/* What link modes say of a cage; see mode.c. */
struct sfp_link {
	struct sfp_mode mode;
	uint8_t inband, interface;
	uint16_t modes;	 /* that the module offers, a bit each */
	uint64_t can[2]; /* link modes, a bit each */
	bool known;	 /* they have been told */
	bool stale;	 /* of the module before */
};

struct sfp {
	struct object o;
	uint64_t interval; /* hundredths of a second */
	struct sfp_link link;
	uint8_t present;
	char *mismatch, *type, *vendor, *oui, *part, *revision, *serial, *date, *connector,
		*problem, *no_link;
	json_t *compliance, *reach, *temperature, *voltage, *bias, *tx_power, *rx_power, *limits,
		*alarms;
	uint32_t bit_rate, lanes;
	double wavelength, power;
	uint64_t read_usec;
};

/* Rows of the group "sfp". */
enum {
	SFP_INTERVAL, SFP_MODE, SFP_INBAND, SFP_PRESENT, SFP_INTERFACE, SFP_MODES, SFP_MISMATCH,
		SFP_TYPE,
	SFP_VENDOR, SFP_OUI, SFP_PART, SFP_REVISION, SFP_SERIAL, SFP_DATE, SFP_CONNECTOR,
	SFP_COMPLIANCE, SFP_BIT_RATE, SFP_LANES, SFP_WAVELENGTH, SFP_REACH, SFP_POWER, SFP_PROBLEM,
	SFP_NO_LINK, SFP_TEMPERATURE, SFP_VOLTAGE, SFP_BIAS, SFP_TX_POWER, SFP_RX_POWER, SFP_LIMITS,
	SFP_ALARMS, SFP_READ_USEC,
};

/* A bit each lane: limits that are exceeded. */
typedef uint8_t cage_bits[MODULE_QUANTITIES][MODULE_LIMITS];

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
	char *told, *mismatch; /* what has been told of it last */
	int error;	     /* of the last reading; 0: @module is what is there */
	uint64_t read_usec;  /* CLOCK_REALTIME of @module's values */
	uint64_t due;	     /* CLOCK_MONOTONIC of the next reading; UINT64_MAX: none */
	uint64_t interval;   /* us; 0: by itself */
	struct object *require, *thresholds; /* of the configuration, copies; NULL: none */
	bool follow;	     /* the link modes too: the kernel chooses them anew for each module */
	unsigned hints;	     /* looks that are to follow soon */
	unsigned settling;   /* looks until the kernel is done with another module */
	cage_bits exceeded, exceeded_told; /* with hysteresis */
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

/** sfp_watch_cage - of the interface; NULL: there is none, or it is not known yet */
const struct cage *sfp_watch_cage(struct sfp_watch *w, int ifindex);

/** sfp_watch_configured - look as often as the configuration says */
void sfp_watch_configured(struct sfp_watch *w, const struct model *want);

/** sfp_interval - how often to look into the cage of @want, us; 0: nobody says */
uint64_t sfp_interval(const struct iface *want);

/**
 * sfp_fill - put what is known of @c into the mirror's object
 * Return: more has changed than what is measured.
 */
bool sfp_fill(struct mirror *m, struct iface *i, const struct cage *c);

/** sfp_follows - is there a setting of link modes? */
bool sfp_follows(const struct iface *want);

/** sfp_mode_show - the rows that follow from s->link and the module's presence */
void sfp_mode_show(struct sfp *s);

extern const struct statistics_provider sfp_statistics[];

/** sfp_modes_of - the modes that it is made for, a bit each; 0: it cannot be said */
uint16_t sfp_modes_of(const struct module *m);

/** sfp_modes_text - "1000base-x, sgmii"; the caller frees it */
char *sfp_modes_text(uint16_t modes);

/* mode.c: as of struct feature */
extern const struct source sfp_mode_sources[];
int sfp_mode_observe(struct mirror *m, const struct nlmsghdr *n, bool add);
int sfp_mode_encode(struct encoder *e, const struct step *s, unsigned part);
char *sfp_mode_blocked(const struct planner *p, const struct iface *want);
void sfp_mode_check(const struct model *want, const struct iface *i, struct errors *e);

/**
 * sfp_why_no_link - one sentence, or NULL where there is a link; the caller frees it
 * @l: what the link modes say
 */
char *sfp_why_no_link(const struct cage *c, const struct sfp_link *l);

/* A number with a fraction, in the object a double. */
extern const struct type type_sfp_real;

/** sfp_tell_module - what is in the cage now, if it has not been told */
void sfp_tell_module(struct mirror *m, const struct iface *i, struct cage *c);

/** sfp_tell_limits - which limits are exceeded now and were not @before, and the other way round */
void sfp_tell_limits(struct mirror *m, const struct iface *i, const struct cage *c,
		     const cage_bits *before);

/** sfp_mismatch - what is not as @require (may be NULL) says; NULL: nothing; the caller frees it */
char *sfp_mismatch(const struct object *require, const struct sfp *s);

/** cage_limit - a limit, of the configuration or the module; false: there is none */
bool cage_limit(const struct cage *c, enum module_quantity q, enum module_limit l, double *ret);

/** cage_exceed - look which limits the values exceed; true: something changed */
bool cage_exceed(struct cage *c);

#endif
