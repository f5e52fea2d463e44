// SPDX-License-Identifier: LGPL-2.1-or-later
/* Jobs and attached programs as objects, and what their counters say. */
#include <stdio.h>
#include <unistd.h>

#include "nl/bpf.h"
#include "nl/xdp-internal.h"

#define COUNTERS_MAX (1u << 20)

const struct xdp_kernel *xdp_kernel(struct xdp *x)
{
	int r;

	if (!x || !x->kernel)
		return NULL;
	if (x->tried)
		return &x->facts;
	x->tried = true;
	r = bpf_try(&x->facts.jit);
	x->facts.btf = access("/sys/kernel/btf/vmlinux", F_OK) == 0;
	x->facts.tcx = bpf_has_tcx();
	if (r == -EPERM)
		x->facts.lacks = str_dup("CAP_BPF and CAP_NET_ADMIN");
	else if (r == -ENOSYS)
		x->facts.lacks = str_dup("a kernel with bpf(2) (CONFIG_BPF_SYSCALL)");
	else if (r < 0)
		x->facts.lacks = str_format("a kernel that loads XDP programs (%s)", strerror(-r));
	return &x->facts;
}

struct xdp_job *xdp_job_new(int ifindex)
{
	struct xdp_job *j = new0(struct xdp_job);

	j->ifindex = ifindex;
	j->chain_fd = -1;
	j->from = -1;
	j->program_fd = -1;
	return j;
}

struct xdp_job *xdp_job_free(struct xdp_job *j)
{
	if (!j)
		return NULL;
	for (unsigned n = 0; n < j->n_maps; n++) {
		free(j->maps[n].keys);
		free(j->maps[n].values);
	}
	for (unsigned n = 0; n < j->n_names; n++)
		free(j->names[n]);
	if (j->program_fd >= 0)
		close(j->program_fd);
	free(j->names);
	free(j->maps);
	free(j->file);
	free(j->section);
	free(j->settings);
	free(j->memory);
	free(j->keep);
	free(j->own);
	xdp_job_free(j->behind);
	free(j);
	return NULL;
}

struct xdp_map *xdp_job_map(struct xdp_job *j, const char *name, uint32_t max_entries, uint32_t n,
			    uint32_t key_size, uint32_t value_size)
{
	struct xdp_map *m;

	j->maps = array_reserve(j->maps, j->n_maps, sizeof(*j->maps));
	m = &j->maps[j->n_maps++];
	*m = (struct xdp_map){
		.name = name, .max_entries = max_entries, .n = n, .key_size = key_size,
		.value_size = value_size, .keys = mem_new((size_t)n * key_size + 1),
		.values = mem_new((size_t)n * value_size + 1),
	};
	return m;
}

struct xdp_attached *xdp_attached_free(struct xdp_attached *a)
{
	if (!a)
		return NULL;
	if (a->link_fd >= 0)
		close(a->link_fd);
	if (a->prog_fd >= 0)
		close(a->prog_fd);
	for (unsigned n = 0; n < a->n_maps; n++)
		close(a->maps[n].fd);
	free(a->maps);
	free(a->memory);
	free(a->note);
	xdp_attached_free(a->behind);
	if (a->cache)
		a->cache_free(a->cache);
	free(a);
	return NULL;
}

const struct xdp_attached *xdp_nth(const struct xdp_attached *a, unsigned n)
{
	while (a && n--)
		a = a->behind;
	return a;
}

const struct xdp_map_fd *xdp_map_of(const struct xdp_attached *a, const char *name)
{
	/* The daemon's own come last: object files may have maps of the same names. */
	for (unsigned n = a->n_maps; n; n--)
		if (!strncmp(a->maps[n - 1].name, name, sizeof(a->maps->name) - 1))
			return &a->maps[n - 1];
	return NULL;
}

/* Sums of all CPUs; entries that the map does not have are 0. */
static int sum_counters(const struct xdp_map_fd *m, uint64_t (*ret)[2], uint32_t n)
{
	unsigned cpus = bpf_cpus();
	size_t each = cpus * 2 * sizeof(uint64_t);
	uint32_t max = min_of(m->max_entries, COUNTERS_MAX);
	_cleanup_free_ uint32_t *keys = mem_new((size_t)max * sizeof(*keys) + 1);
	_cleanup_free_ uint64_t *values = mem_new(max * each + 1);
	int got;

	if (m->value_size != 2 * sizeof(uint64_t) || m->key_size != sizeof(*keys))
		return -EINVAL;
	got = bpf_map_get_all(m->fd, keys, sizeof(*keys), values, each, max);
	for (int i = 0; i < got; i++)
		for (unsigned cpu = 0; keys[i] < n && cpu < cpus; cpu++) {
			ret[keys[i]][0] += values[((size_t)i * cpus + cpu) * 2];
			ret[keys[i]][1] += values[((size_t)i * cpus + cpu) * 2 + 1];
		}
	return min_of(got, 0);
}

static int add_base(const struct xdp_map_fd *m, uint64_t (*ret)[2], uint32_t n)
{
	uint32_t max = min_of(m->max_entries, COUNTERS_MAX);
	_cleanup_free_ uint32_t *keys = mem_new((size_t)max * sizeof(*keys) + 1);
	_cleanup_free_ uint64_t(*values)[2] = mem_new((size_t)max * sizeof(*values) + 1);
	int got;

	if (m->value_size != sizeof(*values) || m->key_size != sizeof(*keys))
		return -EINVAL;
	got = bpf_map_get_all(m->fd, keys, sizeof(*keys), values, sizeof(*values), max);
	for (int i = 0; i < got; i++)
		for (unsigned k = 0; keys[i] < n && k < 2; k++)
			ret[keys[i]][k] += values[i][k];
	return min_of(got, 0);
}

int xdp_counters(const struct xdp_attached *a, uint64_t (*ret)[2], uint32_t n)
{
	const struct xdp_map_fd *counters = xdp_map_of(a, "counters"),
				*base = xdp_map_of(a, "base");
	int r;

	memset(ret, 0, n * sizeof(*ret));
	if (!counters)
		return -ENOENT;
	r = sum_counters(counters, ret, n);
	if (!r && base)
		r = add_base(base, ret, n);
	return r;
}

void xdp_carry(const struct xdp_attached *a, const struct xdp_attached *old,
	       const struct xdp_job *j)
{
	const struct xdp_map_fd *base = xdp_map_of(a, "base"), *from = xdp_map_of(old, "counters");
	uint32_t n = from ? min_of(from->max_entries, COUNTERS_MAX) : 0;
	_cleanup_free_ uint64_t(*was)[2] = mem_new((size_t)n * sizeof(*was) + 1);
	_cleanup_free_ uint64_t(*values)[2] = mem_new((size_t)j->n_keep * sizeof(*values) + 1);
	_cleanup_free_ uint32_t *keys = mem_new((size_t)j->n_keep * sizeof(*keys) + 1);

	if (!base || !n || !j->n_keep || xdp_counters(old, was, n) < 0)
		return;
	for (uint32_t i = 0; i < j->n_keep; i++) {
		keys[i] = i;
		if (j->keep[i] >= 0 && (uint32_t)j->keep[i] < n)
			memcpy(values[i], was[j->keep[i]], sizeof(values[i]));
	}
	(void)bpf_map_put_all(base->fd, keys, sizeof(*keys), values, sizeof(*values),
			      min_of(j->n_keep, base->max_entries));
}

