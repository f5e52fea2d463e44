// SPDX-License-Identifier: LGPL-2.1-or-later
/* The program cpumap. */
#include <stdio.h>

#include "bpf/cpumap.h"
#include "features/xdp/xdp.h"
#include "nl/bpf.h"

#include <linux/bpf.h>

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#include "bpf/cpumap.bpfeb.h"
#else
#include "bpf/cpumap.bpfel.h"
#endif

#define WORDS (CPUMAP_CPUS_MAX / 64)

struct cpus {
	uint64_t bits[WORDS];
};

struct spread {
	struct object o;
	struct cpus cpus;
	uint32_t queue;
};

enum { CPUS, QUEUE };

static bool has_cpu(const struct cpus *c, unsigned n)
{
	return c->bits[n / 64] >> n % 64 & 1;
}

static int cpus_parse(struct parse *p, const config_setting_t *s, void *v)
{
	struct cpus cpus = { 0 };
	bool any = false;

	if (!config_setting_is_array(s) && !config_setting_is_list(s))
		return parse_refuse(p, "must be an array of numbers: [ 0, 1 ]");
	for (int n = 0; n < config_setting_length(s); n++) {
		const config_setting_t *e = config_setting_get_elem(s, n);
		int64_t cpu = config_setting_get_int64(e);

		if (config_setting_type(e) != CONFIG_TYPE_INT || cpu < 0 || cpu >= CPUMAP_CPUS_MAX)
			return parse_refuse(p, "a CPU is a number from 0 to %u",
					    CPUMAP_CPUS_MAX - 1);
		cpus.bits[cpu / 64] |= BIT64(cpu % 64);
		any = true;
	}
	if (!any)
		return parse_refuse(p, "at least one CPU is needed");
	memcpy(v, &cpus, sizeof(cpus));
	return 0;
}

static json_t *cpus_json(const struct row *row _unused_, const void *v)
{
	json_t *j = json_array();

	for (unsigned n = 0; n < CPUMAP_CPUS_MAX; n++)
		if (has_cpu(v, n))
			json_array_append_new(j, json_integer(n));
	return j;
}

static const struct type type_cpus = {
	.name = "array of CPUs", .signature = "au", .size = sizeof(struct cpus),
	.parse = cpus_parse, .json = cpus_json,
};

static const struct row rows[] = {
	[CPUS] = { .key = "cpus", .type = &type_cpus, VALUE(spread, cpus), .phase = PHASE_XDP,
	  .flags = ROW_OURS,
	  .help = "CPUs that packets are spread over; by itself all that are online" },
	[QUEUE] = { .key = "queue_size", .type = &type_u32, VALUE(spread, queue), .min = 8,
	  .max = 16384, .phase = PHASE_XDP, .flags = ROW_OURS,
	  .help = "Packets that may wait for a CPU; by itself 2048" },
};

static const char *const reasons[] = { [CPUMAP_PASSED] = "passed" };

static void complete(struct object *o)
{
	struct spread *s = (struct spread *)o;

	if (!(o->present & BIT64(CPUS)) && !bpf_cpu_bits("online", s->cpus.bits, WORDS))
		s->cpus.bits[0] = BIT64(0);
	if (!(o->present & BIT64(QUEUE)))
		s->queue = 2048;
	o->present |= BIT64(CPUS) | BIT64(QUEUE);
}

/* cpu_map_update_elem() would say of it that there is no such device. */
static char *refused(const struct model *want _unused_, const struct model *have _unused_,
		     const struct iface *i, const struct origin **ret_where)
{
	const struct spread *s = (const struct spread *)iface_object(i, &xdp_cpumap_feature);
	struct cpus present;
	unsigned n = 0;

	if (!s || !bpf_cpu_bits("present", present.bits, WORDS))
		return NULL;
	while (n < CPUMAP_CPUS_MAX && (!has_cpu(&s->cpus, n) || has_cpu(&present, n)))
		n++;
	if (n == CPUMAP_CPUS_MAX)
		return NULL;
	*ret_where = xdp_place(i, &xdp_cpumap_feature, "cpus");
	return str_format("xdp.cpumap.cpus: this machine has no CPU %u", n);
}

static void fill(struct xdp_job *j, const struct object *o, const struct object *have)
{
	const struct spread *s = (const struct spread *)o, *before = (const struct spread *)have;
	struct cpumap_settings *settings = new0(struct cpumap_settings);
	struct xdp_map *m;

	for (unsigned n = 0; n < CPUMAP_CPUS_MAX; n++)
		if (has_cpu(&s->cpus, n))
			settings->cpus[settings->n++] = n;
	m = xdp_job_map(j, "cpus", settings->cpus[settings->n - 1] + 1, settings->n,
			sizeof(uint32_t), sizeof(struct bpf_cpumap_val));
	memcpy(m->keys, settings->cpus, settings->n * sizeof(uint32_t));
	for (unsigned n = 0; n < settings->n; n++)
		((struct bpf_cpumap_val *)m->values)[n].qsize = s->queue;
	j->settings = settings;
	j->settings_size = sizeof(*settings);
	xdp_job_map(j, "counters", CPUMAP_REASONS + settings->n, 0, 0, 0);
	xdp_keep(j, before && !memcmp(&before->cpus, &s->cpus, sizeof(s->cpus)) ?
			    CPUMAP_REASONS + settings->n : CPUMAP_REASONS);
}

/* The counters are of the CPUs that are named, in their order. */
static unsigned number(const struct object *o, unsigned n)
{
	const struct spread *s = (const struct spread *)o;

	for (unsigned cpu = 0; cpu < CPUMAP_CPUS_MAX; cpu++)
		if (has_cpu(&s->cpus, cpu) && !n--)
			return cpu;
	return CPUMAP_CPUS_MAX;
}

struct feature xdp_cpumap_feature = {
	.name = "xdp.cpumap", .help = "Spread flows over CPUs", .form = FORM_GROUP,
	.size = sizeof(struct spread), .rows = rows, .n_rows = ARRAY_SIZE(rows),
	.blocked = xdp_blocked, .encode = xdp_encode,
};

static const size_t image_size = sizeof(cpumap_image);

const struct shipped shipped_cpumap = {
	.name = "cpumap", .image = cpumap_image, .size = &image_size, .parts = true,
	.feature = &xdp_cpumap_feature, .reasons = reasons, .n_reasons = ARRAY_SIZE(reasons),
	.number = number, .complete = complete, .refused = refused, .fill = fill,
};
