// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Instances of programs: loaded, with their maps filled, and attached nowhere.
 *
 * Programs behind each other are a chain: each ends what it passes with a tail
 * call to the next, through a map (BPF_MAP_TYPE_PROG_ARRAY) that all of them
 * share and that is as new as they are. So a chain is put in the place of
 * another like a single program: by the one link that leads to its first.
 *
 * What must stay true: the map's file descriptor is kept as long as the chain
 * runs, for when the last goes the kernel empties it (prog_array_map_clear()).
 */
#include <stdio.h>

#include "nl/bpf.h"
#include "nl/libbpf.h"
#include "nl/xdp-internal.h"

static void add_map(struct xdp_attached *a, const struct xdp_map_fd *m)
{
	a->maps = array_reserve(a->maps, a->n_maps, sizeof(*a->maps));
	a->maps[a->n_maps++] = *m;
}

static int own_map(struct xdp_attached *a, const char *name, uint32_t value_size, uint32_t n)
{
	struct xdp_map_fd m;
	struct bpf_map_info info = { 0 };
	int fd = bpf_map_new(BPF_MAP_TYPE_ARRAY, name, value_size, n), r;

	if (fd < 0)
		return fd;
	r = bpf_bind(a->prog_fd, fd);
	if (r == 0)
		r = bpf_info(fd, &info, sizeof(info));
	if (r < 0) {
		close(fd);
		return r;
	}
	m = (struct xdp_map_fd){ .fd = fd, .id = info.id, .max_entries = n, .key_size = 4,
				 .value_size = value_size };
	snprintf(m.name, sizeof(m.name), "%s", name);
	add_map(a, &m);
	return 0;
}

/* Maps that only the program reads need not be kept open. */
static bool is_input(const struct xdp_job *j, const char *name)
{
	for (unsigned n = 0; n < j->n_maps; n++)
		if (!strncmp(j->maps[n].name, name, sizeof(((struct xdp_map_fd *)0)->name) - 1) &&
		    strcmp(name, "counters"))
			return !j->maps[n].held;
	/* One is enough, and the first program's is it: load_chain(). */
	return !strcmp(name, "chain");
}

static void take_maps(struct xdp_attached *a, struct loaded *l, const struct xdp_job *j)
{
	for (unsigned n = 0; n < l->n_maps; n++) {
		if (is_input(j, l->maps[n].name)) {
			close(l->maps[n].fd);
			continue;
		}
		/* What the program does not use would not be found again. */
		if (j->file)
			(void)bpf_bind(a->prog_fd, l->maps[n].fd);
		add_map(a, &l->maps[n]);
	}
	l->n_maps = 0;
}

/* What stands beside a program: @memory, and what was counted before. */
static int add_own_maps(struct xdp_attached *a)
{
	const struct xdp_map_fd *m = xdp_map_of(a, "counters");
	uint32_t counters = m ? m->max_entries : 0;
	int r = 0;

	if (a->memory)
		r = own_map(a, "memory", sizeof(struct memory) + strlen(a->memory) + 1, 1);
	if (!r && counters)
		r = own_map(a, "base", 2 * sizeof(uint64_t), counters);
	return r ? r : xdp_read_program(a);
}

static int load_one(const struct xdp_job *j, struct xdp_attached **ret, char **why)
{
	_cleanup_(loaded_done) struct loaded l = { .prog_fd = -1 };
	struct xdp_attached *a;
	int r = libbpf_load(j, &l, why);

	if (r < 0)
		return r;
	a = new0(struct xdp_attached);
	a->ifindex = j->ifindex;
	a->hook = j->hook;
	a->link_fd = -1;
	a->prog_fd = l.prog_fd;
	l.prog_fd = -1;
	a->memory = j->memory ? str_dup(j->memory) : NULL;
	take_maps(a, &l, j);
	r = add_own_maps(a);
	if (r < 0) {
		xdp_attached_free(a);
		return r;
	}
	*ret = a;
	return 0;
}

/* Its place in the chain: the programs in front of it can go on to it from now on. */
static int enter(int chain_fd, uint32_t place, const struct xdp_attached *a, char **why)
{
	int r = bpf_map_put(chain_fd, &place, &a->prog_fd);

	if (r == -EINVAL) /* bpf_prog_map_compatible() */
		*why = str_dup("xdp.chain: all of its programs must be for packets in parts "
			       "(xdp.frags), or none, and all be compiled by the kernel, or none");
	return r;
}

/* All places but the first, which the link leads to. */
static int load_chain(struct xdp_job *j, struct xdp_attached **ret, char **why)
{
	struct xdp_attached **end = ret;
	struct xdp_map_fd chain = { .name = "chain", .key_size = 4, .value_size = 4 };
	struct bpf_map_info info = { 0 };
	uint32_t n = 0;
	int r;

	for (const struct xdp_job *k = j; k; k = k->behind)
		n++;
	chain.max_entries = n;
	chain.fd = bpf_map_new(BPF_MAP_TYPE_PROG_ARRAY, "chain", 4, n);
	r = chain.fd < 0 ? chain.fd : bpf_info(chain.fd, &info, sizeof(info));
	n = 0;
	for (struct xdp_job *k = j; !r && k; k = k->behind, n++) {
		k->chain_fd = k->behind ? chain.fd : -1;
		k->chain_next = k->behind ? n + 1 : 0;
		r = load_one(k, end, why);
		if (!r && n)
			r = enter(chain.fd, n, *end, why);
		if (*end)
			end = &(*end)->behind;
	}
	chain.id = info.id;
	if (!r)
		add_map(*ret, &chain);
	else if (chain.fd >= 0)
		close(chain.fd);
	return r;
}

int xdp_load_into(struct xdp_job *j, void *at, char **why)
{
	_cleanup_(loaded_done) struct loaded l = { .prog_fd = -1 };
	int r = j ? libbpf_load(j, &l, why) : 0;

	if (!j || r < 0)
		return r;
	j->program_fd = l.prog_fd;
	l.prog_fd = -1;
	memcpy(at, &j->program_fd, sizeof(uint32_t));
	return 0;
}

int xdp_load(struct xdp_job *j, struct xdp_attached **ret, char **why)
{
	struct xdp_attached *a = NULL;
	int r = j->behind ? load_chain(j, &a, why) : load_one(j, &a, why);

	if (r < 0) {
		xdp_attached_free(a);
		return r;
	}
	*ret = a;
	return 0;
}
