// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the programs have counted: verdicts, rules, and what the program stats tells apart. */
#include <stdio.h>

#include "bpf/filter.h"
#include "bpf/stats.h"
#include "features/xdp/xdp.h"
#include "nl/bpf.h"
#include "nl/kernel.h"

#define RULES_ALL 256	 /* of more rules only those that have matched */
#define ENTRIES_MAX 65536

static const struct counter packets_bytes[] = {
	{ .name = "packets", .unit = "packets", .help = "Packets" },
	{ .name = "bytes", .unit = "bytes", .help = "Bytes of these, from the Ethernet header on" },
};

static const struct counter runs[] = {
	{ .name = "runs", .help = "How often the program ran, while kernel.bpf_stats_enabled was 1" },
	{ .name = "run_time", .unit = "seconds", .help = "How long it ran, of these" },
};

static void put(struct statistics *s, const struct statistics_provider *p,
		const struct xdp_attached *a, const char *instance, const uint64_t *value)
{
	struct counters *c = statistics_counters(s, p, a->ifindex, instance);

	counters_put(c, "packets", value[0]);
	counters_put(c, "bytes", value[1]);
}

static const struct shipped *program_of(const struct xdp_attached *a)
{
	const struct object *o = xdp_recalled(a);

	return o ? shipped_find(((const struct xdp_settings *)o)->program) : NULL;
}

static void put_verdicts(struct statistics *s, const struct statistics_provider *p,
			 const struct xdp_attached *a)
{
	const struct xdp_map_fd *m = xdp_map_of(a, "counters");
	const struct shipped *program = program_of(a);
	unsigned named = program ? program->n_reasons : 0;
	uint32_t n = m ? min_of(m->max_entries, (uint32_t)ENTRIES_MAX) : 0;
	_cleanup_free_ uint64_t(*values)[2] = mem_new(n * sizeof(*values) + 1);
	char instance[24];

	if (!n || xdp_counters(a, values, n) < 0)
		return;
	for (uint32_t k = 0; k < n; k++) {
		if (k >= named && n > RULES_ALL && !values[k][0])
			continue;
		snprintf(instance, sizeof(instance), "%s %u",
			 !program ? "counter" : program == &shipped_filter ? "rule" : "cpu",
			 k - named + (program == &shipped_filter));
		put(s, p, a, k < named ? program->reasons[k] : instance, values[k]);
	}
}

static void put_program(struct statistics *s, const struct statistics_provider *p,
			const struct xdp_attached *a)
{
	struct bpf_prog_info info = { 0 };
	struct counters *c;

	if (a->prog_fd < 0 || bpf_info(a->prog_fd, &info, sizeof(info)) < 0)
		return;
	c = statistics_counters(s, p, a->ifindex, NULL);
	counters_put(c, "runs", info.run_cnt);
	counters_put_real(c, "run_time", info.run_time_ns / 1e9);
}

/* A map of counters a CPU: those that are not zero. */
static void put_map(struct statistics *s, const struct statistics_provider *p,
		    const struct xdp_attached *a, const char *name,
		    const char *(*instance)(uint32_t key, char *buf))
{
	const struct xdp_map_fd *m = xdp_map_of(a, name);
	uint32_t n = m ? min_of(m->max_entries, (uint32_t)ENTRIES_MAX) : 0;
	size_t each = bpf_cpus() * 2 * sizeof(uint64_t);
	_cleanup_free_ uint32_t *keys = mem_new(n * sizeof(*keys) + 1);
	_cleanup_free_ uint64_t *values = mem_new(n * each + 1);
	char buf[24];
	int got;

	if (!n || m->key_size != sizeof(*keys) || m->value_size != 2 * sizeof(uint64_t))
		return;
	got = bpf_map_get_all(m->fd, keys, sizeof(*keys), values, each, n);
	for (int i = 0; i < got; i++) {
		uint64_t sum[2] = { 0 };

		for (unsigned cpu = 0; cpu < bpf_cpus(); cpu++)
			for (unsigned k = 0; k < 2; k++)
				sum[k] += values[((size_t)i * bpf_cpus() + cpu) * 2 + k];
		if (sum[0])
			put(s, p, a, instance(keys[i], buf), sum);
	}
}

static const char *number(uint32_t key, char *buf)
{
	sprintf(buf, "%u", key);
	return buf;
}

static const char *ethertype(uint32_t key, char *buf)
{
	sprintf(buf, "0x%04x", key);
	return buf;
}

static const char *size(uint32_t key, char *buf)
{
	static const uint32_t limits[STATS_SIZES] = STATS_SIZE_LIMITS;

	if (key + 1 < STATS_SIZES)
		sprintf(buf, "up to %u", limits[key]);
	else
		sprintf(buf, "more");
	return buf;
}

static void put_vlans(struct statistics *s, const struct statistics_provider *p,
		      const struct xdp_attached *a)
{
	put_map(s, p, a, "vlans", number);
}

static void put_protocols(struct statistics *s, const struct statistics_provider *p,
			  const struct xdp_attached *a)
{
	put_map(s, p, a, "protocols", number);
}

static void put_ethertypes(struct statistics *s, const struct statistics_provider *p,
			   const struct xdp_attached *a)
{
	put_map(s, p, a, "ethertypes", ethertype);
}

static void put_sizes(struct statistics *s, const struct statistics_provider *p,
		      const struct xdp_attached *a)
{
	put_map(s, p, a, "sizes", size);
}

static void each(struct statistics *s, const struct statistics_provider *p, int ifindex,
		 void (*fn)(struct statistics *s, const struct statistics_provider *p,
			    const struct xdp_attached *a))
{
	const struct xdp *x = statistics_kernel(s)->xdp;

	for (const struct xdp_attached *a = xdp_next(x, NULL); a; a = xdp_next(x, a))
		if (!ifindex || a->ifindex == ifindex)
			fn(s, p, a);
}

#define ASK(name, fn)                                                                              \
	static void name(struct statistics *s, const struct statistics_provider *p, int ifindex)   \
	{                                                                                          \
		each(s, p, ifindex, fn);                                                           \
	}
ASK(ask_verdicts, put_verdicts)
ASK(ask_program, put_program)
ASK(ask_vlans, put_vlans)
ASK(ask_protocols, put_protocols)
ASK(ask_ethertypes, put_ethertypes)
ASK(ask_sizes, put_sizes)

#define PROVIDER(name, text, what, fn)                                                             \
	{                                                                                          \
		.group = name, .help = text, .instance = what, .counters = packets_bytes,          \
		.n_counters = ARRAY_SIZE(packets_bytes), .ask = fn                                 \
	}

const struct statistics_provider xdp_statistics[] = {
	PROVIDER("xdp", "Verdicts of the XDP program, by reason", "reason", ask_verdicts),
	{ .group = "xdp_program", .help = "How the XDP program runs", .counters = runs,
	  .n_counters = ARRAY_SIZE(runs), .ask = ask_program },
	PROVIDER("xdp_vlan", "Packets by VLAN, as the XDP program stats saw them", "vlan", ask_vlans),
	PROVIDER("xdp_protocol", "Packets by protocol of IP", "protocol", ask_protocols),
	PROVIDER("xdp_ethertype", "Packets by Ethernet type", "ethertype", ask_ethertypes),
	PROVIDER("xdp_size", "Packets by size, bytes", "size", ask_sizes),
	{ .group = NULL },
};
