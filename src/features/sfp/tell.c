// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What happens in cages, as events: a module comes or goes, is not the one that
 * is required, or measures something beyond a limit. What must stay true: nothing
 * is told twice; what was there when the daemon started is no event.
 */
#include <stdio.h>

#include "core/event.h"
#include "features/sfp/sfp.h"
#include "util/dbm.h"

static void tell(struct mirror *m, const struct iface *i, enum log_event id, int level,
		 const char *name, const char *text, const struct log_field *fields, unsigned n)
{
	const struct event v = {
		.id = id, .level = level, .name = name, .link = i->name, .text = text,
		.fields = fields, .n = n,
	};

	event_tell(m, &v);
}

static const char *or_null(const char *s)
{
	return *s ? s : NULL;
}

static void tell_in(struct mirror *m, const struct iface *i, const struct module *is,
		    const char *text)
{
	const struct log_field fields[] = {
		{ "NETCTL_VENDOR", or_null(is->vendor) }, { "NETCTL_PART", or_null(is->part) },
		{ "NETCTL_SERIAL", or_null(is->serial) }, { "NETCTL_PROBLEM", is->problem },
	};

	tell(m, i, LOG_EVENT_MODULE_IN, LOG_NOTICE, "module-inserted", text, fields,
	     ARRAY_SIZE(fields));
}

static char *cage_text(const struct cage *c)
{
	const struct module *m = &c->module;

	if (c->empty)
		return str_dup("the cage is empty");
	if (c->error)
		return str_format("the module cannot be read: %s", strerror(-c->error));
	return str_format("module %s %s, serial number %s%s%s", m->vendor, m->part, m->serial,
			  m->problem ? ": " : "", m->problem ? m->problem : "");
}

static void tell_mismatch(struct mirror *m, const struct iface *i, struct cage *c)
{
	const struct sfp *s = (const struct sfp *)iface_object(i, &sfp_feature);
	char *why = s && s->mismatch ? str_dup(s->mismatch) : NULL;
	_cleanup_free_ char *text = str_format("another module is required: %s", why ? why : "");
	const struct log_field field = { "NETCTL_REASON", why };

	if (why && (!c->mismatch || strcmp(c->mismatch, why)))
		tell(m, i, LOG_EVENT_MODULE_MISMATCH, LOG_WARNING, "module-mismatch", text, &field,
		     1);
	free(c->mismatch);
	c->mismatch = why;
}

void sfp_tell_module(struct mirror *m, const struct iface *i, struct cage *c)
{
	_cleanup_free_ char *text = cage_text(c);
	bool first = !c->told;

	if (first || strcmp(c->told, text)) {
		if (c->error && !c->empty)
			log_warning("%s: %s", i->name, text);
		else if (first)
			log_info("%s: %s", i->name, text);
		else if (c->empty)
			tell(m, i, LOG_EVENT_MODULE_OUT, LOG_NOTICE, "module-removed",
			     "the module was taken out", NULL, 0);
		else
			tell_in(m, i, &c->module, text);
		free(c->told);
		c->told = TAKE_PTR(text);
	}
	tell_mismatch(m, i, c);
}

static void value_text(char *buf, size_t size, enum module_quantity q, double v)
{
	if (q == MODULE_TX_POWER || q == MODULE_RX_POWER)
		snprintf(buf, size, "%.2f dBm", dbm_of(v));
	else
		snprintf(buf, size, "%.4g %s", v, module_quantity_unit(q));
}

static void tell_limit(struct mirror *m, const struct iface *i, const struct cage *c,
		       enum module_quantity q, enum module_limit l, unsigned lane)
{
	bool over = c->exceeded[q][l] & 1 << lane, alarm = l == MODULE_HIGH_ALARM ||
							   l == MODULE_LOW_ALARM;
	char value[32], threshold[32], number[12], of[24] = "";
	_cleanup_free_ char *text = NULL;
	double limit = 0;

	(void)cage_limit(c, q, l, &limit);
	value_text(value, sizeof(value), q, c->module.values[q][lane]);
	value_text(threshold, sizeof(threshold), q, limit);
	snprintf(number, sizeof(number), "%u", lane + 1);
	if (module_lanes(&c->module, q) > 1)
		snprintf(of, sizeof(of), " of lane %s", number);
	text = str_format("%s%s is %s: the %s of %s is %s", module_quantity_name(q), of, value,
			  module_limit_name(l), threshold, over ? "exceeded" : "kept again");
	tell(m, i, LOG_EVENT_MODULE_LIMIT, over && alarm ? LOG_WARNING : LOG_NOTICE, "module-limit",
	     text, (const struct log_field[]){
			{ "NETCTL_QUANTITY", module_quantity_name(q) },
			{ "NETCTL_LIMIT", module_limit_name(l) },
			{ "NETCTL_STATE", over ? "exceeded" : "normal" },
			{ "NETCTL_VALUE", value }, { "NETCTL_THRESHOLD", threshold },
			{ "NETCTL_LANE", *of ? number : NULL } }, 6);
}

void sfp_tell_limits(struct mirror *m, const struct iface *i, const struct cage *c,
		     const cage_bits *before)
{
	for (enum module_quantity q = 0; q < MODULE_QUANTITIES; q++)
		for (enum module_limit l = 0; l < MODULE_LIMITS; l++)
			for (unsigned n = 0; n < module_lanes(&c->module, q); n++)
				if ((c->exceeded[q][l] ^ (*before)[q][l]) & 1 << n)
					tell_limit(m, i, c, q, l, n);
}
