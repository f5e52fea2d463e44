// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What modules measure, for collectors: in base units, with the age of the values,
 * as they were read last. Asking does not read a module: how often somebody asks
 * must make no difference to a slow one.
 */
#include <stdio.h>

#include "core/statistics.h"
#include "features/sfp/sfp.h"
#include "util/clock.h"

static const struct counter of_module[] = {
	{ "present", NULL, "There is a module in the cage", true },
	{ "age", "seconds", "How long ago the values were read", true },
	{ "temperature", "celsius", "Temperature of the module", true },
	{ "voltage", "volts", "Voltage of its supply", true },
	{ "alarms", NULL, "Limits that are exceeded, warnings included", true },
};

static const struct counter of_lane[] = {
	{ "bias", "amperes", "Current of the laser", true },
	{ "tx_power", "watts", "Light that is sent", true },
	{ "rx_power", "watts", "Light that is received", true },
};

static void put_first(struct counters *c, const char *name, const json_t *values)
{
	if (json_array_size(values))
		counters_put_real(c, name, json_number_value(json_array_get(values, 0)));
}

static void put_module(struct statistics *s, const struct statistics_provider *p,
		       const struct iface *i, const struct sfp *sfp)
{
	struct counters *c = statistics_counters(s, p, i->ifindex, NULL);
	uint64_t now = clock_usec(CLOCK_REALTIME);

	counters_put(c, "present", sfp->present);
	if (sfp->o.present & BIT64(SFP_READ_USEC))
		counters_put_real(c, "age",
				  now > sfp->read_usec ? (now - sfp->read_usec) / 1e6 : 0);
	if (!(sfp->o.present & BIT64(SFP_LANES)))
		return;
	put_first(c, "temperature", sfp->temperature);
	put_first(c, "voltage", sfp->voltage);
	counters_put(c, "alarms", json_array_size(sfp->alarms));
}

/* Milliamperes and milliwatts. */
static void put_lanes(struct statistics *s, const struct statistics_provider *p,
		      const struct iface *i, const struct sfp *sfp)
{
	const json_t *const values[] = { sfp->bias, sfp->tx_power, sfp->rx_power };

	for (unsigned lane = 0; lane < sfp->lanes; lane++)
		for (unsigned n = 0; n < ARRAY_SIZE(values); n++) {
			const json_t *v = json_array_get(values[n], lane);
			char name[12];

			if (!v)
				continue;
			snprintf(name, sizeof(name), "%u", lane + 1);
			counters_put_real(statistics_counters(s, p, i->ifindex, name),
					  of_lane[n].name, json_number_value(v) / 1e3);
		}
}

typedef void (*put_fn)(struct statistics *s, const struct statistics_provider *p,
		       const struct iface *i, const struct sfp *sfp);

static void put(struct statistics *s, const struct statistics_provider *p, int ifindex, put_fn fn)
{
	MODEL_FOREACH(statistics_seen(s), i) {
		const struct sfp *sfp = (const struct sfp *)iface_object(i, &sfp_feature);

		if (sfp && (sfp->o.present & BIT64(SFP_PRESENT)) &&
		    (!ifindex || i->ifindex == ifindex))
			fn(s, p, i, sfp);
	}
}

static void ask_module(struct statistics *s, const struct statistics_provider *p, int ifindex)
{
	put(s, p, ifindex, put_module);
}

static void ask_lanes(struct statistics *s, const struct statistics_provider *p, int ifindex)
{
	put(s, p, ifindex, put_lanes);
}

const struct statistics_provider sfp_statistics[] = {
	{ .group = "sfp", .help = "What the module in the cage measures", .counters = of_module,
	  .n_counters = ARRAY_SIZE(of_module), .ask = ask_module },
	{ .group = "sfp_lane", .help = "What it measures of each lane", .instance = "lane",
	  .counters = of_lane, .n_counters = ARRAY_SIZE(of_lane), .ask = ask_lanes },
	{ 0 },
};
