// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the programs have counted: verdicts, rules, and what the program stats tells apart. */
#include <stdio.h>

#include "bpf/filter.h"
#include "bpf/stats.h"
#include "features/xdp/xdp.h"
#include "nl/bpf.h"
#include "nl/kernel.h"

#define RULES_ALL 256	 /* of more rules only those that have matched */
#define ENTRIES_MAX (FILTER_REASONS + FILTER_RULES_MAX)

static const struct counter packets_bytes[] = {
	COUNTER("packets", "packets", "Packets"),
	COUNTER("bytes", "bytes", "Bytes of these, from the Ethernet header on"),
};

static const struct counter runs[] = {
	COUNTER("runs", NULL, "How often the program ran, while kernel.bpf_stats_enabled was 1"),
	COUNTER("run_time", "seconds", "How long it ran, of these"),
};

/* One program of an interface. */
struct counted {
	const struct xdp_attached *a;
	struct member m; /* "": not known */
	bool chain;	 /* there are others */
	const struct object *settings; /* of a shipped program; NULL: none, or not known */
};

static void put(struct statistics *s, const struct statistics_provider *p,
		const struct counted *of, const char *instance, const uint64_t *value)
{
	struct counters *c = statistics_counters(s, p, of->a->ifindex, instance);

	counters_put(c, "packets", value[0]);
	counters_put(c, "bytes", value[1]);
}

static char *reason_of(const struct counted *c, const char *reason, uint32_t n)
{
	const char *before = c->chain ? c->m.name : "", *colon = c->chain ? ": " : "";
	bool cpu = c->m.shipped && c->m.shipped->number;

	if (reason)
		return str_format("%s%s%s", before, colon, reason);
	if (cpu && c->settings)
		n = c->m.shipped->number(c->settings, n);
	return str_format("%s%s%s %u", before, colon, !c->m.shipped ? "counter" :
			  cpu ? "cpu" : "rule", n + (c->m.shipped && !cpu));
}

static void put_verdicts(struct statistics *s, const struct statistics_provider *p,
			 const struct counted *c)
{
	const struct xdp_map_fd *m = xdp_map_of(c->a, "counters");
	const struct shipped *program = c->m.shipped;
	unsigned named = program ? program->n_reasons : 0;
	uint32_t n = m ? min_of(m->max_entries, (uint32_t)ENTRIES_MAX) : 0;
	_cleanup_free_ uint64_t(*values)[2] = mem_new(n * sizeof(*values) + 1);

	if (!n || xdp_counters(c->a, values, n) < 0)
		return;
	for (uint32_t k = 0; k < n; k++) {
		_cleanup_free_ char *instance = NULL;

		if (k >= named && n > RULES_ALL && !values[k][0])
			continue;
		instance = reason_of(c, k < named ? program->reasons[k] : NULL, k - named);
		put(s, p, c, instance, values[k]);
	}
}

static void put_runs(struct statistics *s, const struct statistics_provider *p,
		     const struct xdp_attached *a, const char *instance)
{
	struct bpf_prog_info info = { 0 };
	struct counters *c;

	if (a->prog_fd < 0 || bpf_info(a->prog_fd, &info, sizeof(info)) < 0)
		return;
	c = statistics_counters(s, p, a->ifindex, instance);
	counters_put(c, "runs", info.run_cnt);
	counters_put_real(c, "run_time", info.run_time_ns / 1e9);
}

static void put_program(struct statistics *s, const struct statistics_provider *p,
			const struct counted *of)
{
	put_runs(s, p, of->a, *of->m.name ? of->m.spec : "unknown");
}

/* A map of counters a CPU: those that are not zero. */
static void put_map(struct statistics *s, const struct statistics_provider *p,
		    const struct counted *c, const char *name,
		    const char *(*instance)(uint32_t key, char *buf))
{
	const struct xdp_map_fd *m = xdp_map_of(c->a, name);
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
			put(s, p, c, instance(keys[i], buf), sum);
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
		      const struct counted *c)
{
	put_map(s, p, c, "vlans", number);
}

static void put_protocols(struct statistics *s, const struct statistics_provider *p,
			  const struct counted *c)
{
	put_map(s, p, c, "protocols", number);
}

static void put_ethertypes(struct statistics *s, const struct statistics_provider *p,
			   const struct counted *c)
{
	put_map(s, p, c, "ethertypes", ethertype);
}

static void put_sizes(struct statistics *s, const struct statistics_provider *p,
		      const struct counted *c)
{
	put_map(s, p, c, "sizes", size);
}

typedef void (*put_fn)(struct statistics *s, const struct statistics_provider *p,
		       const struct counted *c);

static void each(struct statistics *s, const struct statistics_provider *p, int ifindex, put_fn fn)
{
	const struct xdp *x = statistics_kernel(s)->xdp;

	for (const struct xdp_attached *a = xdp_next(x, NULL); a; a = xdp_next(x, a)) {
		const struct object *o = xdp_recalled(a);

		for (unsigned n = 0; !ifindex || a->ifindex == ifindex; n++) {
			struct counted c = { .a = xdp_nth(a, n), .chain = a->behind };

			if (!c.a)
				break;
			(void)xdp_member((const struct xdp_settings *)o, n, &c.m);
			c.settings = c.m.shipped ? xdp_recalled_of(a, c.m.shipped) : NULL;
			fn(s, p, &c);
		}
	}
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

/* A line each: direction, program, section. */
static void ask_tcx(struct statistics *s, const struct statistics_provider *p, int ifindex)
{
	const struct xdp *x = statistics_kernel(s)->xdp;

	for (const struct xdp_attached *a = x ? tcx_next(x, NULL) : NULL; a; a = tcx_next(x, a)) {
		_cleanup_free_ char *own = str_dup(a->memory), *instance = NULL;
		char *at = own, *direction = strsep(&at, "\n"), *program = strsep(&at, "\n"),
		     *section = strsep(&at, "\n");

		if (ifindex && a->ifindex != ifindex)
			continue;
		instance = str_format("%s %s%s%s", direction, program ? program : "",
				      section && *section ? "#" : "", section ? section : "");
		put_runs(s, p, a, instance);
	}
}

#define PROVIDER(name, text, what, fn)                                                             \
	{                                                                                          \
		.group = name, .help = text, .instance = what, .counters = packets_bytes,          \
		.n_counters = ARRAY_SIZE(packets_bytes), .ask = fn                                 \
	}

const struct statistics_provider xdp_statistics[] = {
	PROVIDER("xdp", "Verdicts of the XDP program, by reason", "reason", ask_verdicts),
	{ .group = "xdp_program",
	  .help = "How the XDP program runs", .instance = "program", .counters = runs,
	  .n_counters = ARRAY_SIZE(runs), .ask = ask_program },
	PROVIDER("xdp_vlan", "Packets by VLAN, as the XDP program stats saw them", "vlan",
		 ask_vlans),
	PROVIDER("xdp_protocol", "Packets by protocol of IP", "protocol", ask_protocols),
	PROVIDER("xdp_ethertype", "Packets by Ethernet type", "ethertype", ask_ethertypes),
	PROVIDER("xdp_size", "Packets by size, bytes", "size", ask_sizes),
	{ .group = NULL },
};

const struct statistics_provider tcx_statistics[] = {
	{ .group = "tcx_program",
	  .help = "How programs at tcx or clsact run", .instance = "program",
	  .counters = runs, .n_counters = ARRAY_SIZE(runs), .ask = ask_tcx },
	{ .group = NULL },
};
