// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Finding again what an earlier run of the daemon left: a bag of file
 * descriptors, of which the kernel says what they are and what belongs
 * together. A link says which program it runs, a program which maps it has.
 */
#include <stdio.h>

#include "nl/bpf.h"
#include "nl/xdp-internal.h"
#include "nl/xdp-store.h"
#include "util/log.h"

struct found {
	char *name;
	int fd;
	enum bpf_what what;
	uint32_t id;
	union {
		struct bpf_link_info link;
		struct bpf_prog_info prog;
		struct bpf_map_info map;
	} info;
};

struct bag {
	struct found *items;
	unsigned n;
};

static void add_found(void *data, const char *name, int fd)
{
	struct bag *b = data;
	struct found f = { .name = str_dup(name), .fd = fd, .what = bpf_what(fd) };
	size_t size = f.what == BPF_WHAT_LINK ? sizeof(f.info.link) :
		      f.what == BPF_WHAT_PROG ? sizeof(f.info.prog) : sizeof(f.info.map);

	if (f.what != BPF_WHAT_OTHER && bpf_info(fd, &f.info, size) == 0)
		f.id = f.what == BPF_WHAT_LINK ? f.info.link.id :
		       f.what == BPF_WHAT_PROG ? f.info.prog.id : f.info.map.id;
	b->items = array_reserve(b->items, b->n, sizeof(f));
	b->items[b->n++] = f;
}

/* Take it out of the bag: it is the caller's. */
static struct found *pick(struct bag *b, enum bpf_what what, uint32_t id)
{
	for (unsigned n = 0; n < b->n; n++)
		if (b->items[n].fd >= 0 && b->items[n].what == what && b->items[n].id == id)
			return &b->items[n];
	return NULL;
}

static int take_fd(struct found *f)
{
	int fd = f->fd;

	f->fd = -1;
	return fd;
}

static void adopt_maps(struct bag *b, struct xdp_attached *a)
{
	uint32_t ids[64];
	struct bpf_prog_info info = { .nr_map_ids = ARRAY_SIZE(ids), .map_ids = (uintptr_t)ids };

	if (bpf_info(a->prog_fd, &info, sizeof(info)) < 0)
		return;
	for (unsigned n = 0; n < min_of(info.nr_map_ids, (uint32_t)ARRAY_SIZE(ids)); n++) {
		struct found *f = pick(b, BPF_WHAT_MAP, ids[n]);
		struct xdp_map_fd *m;

		if (!f)
			continue;
		a->maps = array_reserve(a->maps, a->n_maps, sizeof(*a->maps));
		m = &a->maps[a->n_maps++];
		*m = (struct xdp_map_fd){
			.fd = take_fd(f), .id = f->id, .type = f->info.map.type,
			.max_entries = f->info.map.max_entries,
			.key_size = f->info.map.key_size, .value_size = f->info.map.value_size,
		};
		snprintf(m->name, sizeof(m->name), "%s", f->info.map.name);
	}
}

/* A chain's map says what is behind its first program. */
static int adopt_chain(struct bag *b, struct xdp_attached *a)
{
	const struct xdp_map_fd *chain = xdp_map_of(a, "chain");
	struct xdp_attached **end = &a->behind;
	int r = 0;

	for (uint32_t n = 1, id; !r && chain && n < chain->max_entries; n++) {
		struct found *prog = bpf_map_get(chain->fd, &n, &id) < 0 ? NULL :
				     pick(b, BPF_WHAT_PROG, id);

		if (!prog)
			return -ENOENT;
		*end = new0(struct xdp_attached);
		(*end)->ifindex = a->ifindex;
		(*end)->link_fd = -1;
		(*end)->prog_fd = take_fd(prog);
		adopt_maps(b, *end);
		r = xdp_read_program(*end);
		end = &(*end)->behind;
	}
	return r;
}

static bool list(struct xdp *x, struct xdp_attached *a)
{
	if (a->hook)
		return tcx_adopt(x, a);
	a->next = x->list;
	x->list = a;
	return true;
}

static void adopt_program(struct xdp *x, struct bag *b, struct xdp_attached *a)
{
	char tag[17] = "";

	adopt_maps(b, a);
	if (xdp_read_program(a) < 0 || xdp_read_memory(a) < 0 || adopt_chain(b, a) < 0) {
		log_warning(
			"interface %d: an XDP program of an earlier run is not to be understood",
			a->ifindex);
		xdp_attached_free(a);
		return;
	}
	for (unsigned n = 0; n < sizeof(a->tag); n++)
		snprintf(tag + 2 * n, 3, "%02x", a->tag[n]);
	log_info("interface %d: found %s program %u again, tag %s", a->ifindex,
		 a->hook ? "tcx" : "XDP", a->prog_id, tag);
	if (!list(x, a))
		xdp_attached_free(a);
}

static enum xdp_hook hook_of(const struct bpf_link_info *info)
{
	if (info->type == BPF_LINK_TYPE_XDP)
		return XDP_HOOK;
	return bpf_link_info_tcx(info).attach_type == BPF_TCX_IN ? TCX_INGRESS : TCX_EGRESS;
}

static void adopt_link(struct xdp *x, struct bag *b, struct found *link)
{
	const struct bpf_link_info *info = &link->info.link;
	struct found *prog = pick(b, BPF_WHAT_PROG, info->prog_id);
	struct xdp_attached *a;

	/* Of both the interface is the first that is told. */
	if ((info->type != BPF_LINK_TYPE_XDP && info->type != BPF_LINK_TCX) || !info->xdp.ifindex ||
	    !prog || (info->type == BPF_LINK_TYPE_XDP && xdp_find(x, info->xdp.ifindex)))
		return;
	a = new0(struct xdp_attached);
	a->ifindex = info->xdp.ifindex;
	a->hook = hook_of(info);
	a->link_id = link->id;
	a->link_fd = take_fd(link);
	a->prog_fd = take_fd(prog);
	adopt_program(x, b, a);
}

/* Those of filters, which need nobody to hold them: only for what they say of themselves. */
static void adopt_filters(struct xdp *x, struct bag *b)
{
	for (unsigned n = 0; n < b->n; n++) {
		struct xdp_attached *a;
		uint32_t id;
		int ifindex;

		if (b->items[n].fd < 0 || b->items[n].what != BPF_WHAT_PROG ||
		    sscanf(b->items[n].name, "xdp-%d-p%u", &ifindex, &id) != 2 ||
		    id != b->items[n].id || !tcx_adopt_program(x, ifindex, id, &a))
			continue;
		a->prog_fd = take_fd(&b->items[n]);
		adopt_maps(b, a);
		(void)xdp_read_program(a);
	}
}

/* What nobody refers to any more: of a program that was replaced when the daemon was killed. */
static void drop_rest(struct bag *b)
{
	for (unsigned n = 0; n < b->n; n++) {
		struct found *f = &b->items[n];
		bool used = false;

		for (unsigned k = 0; k < b->n; k++)
			used |= b->items[k].fd < 0 && !strcmp(b->items[k].name, f->name);
		/* A link that is attached may be of another network namespace. */
		if (f->fd >= 0 && !used && !(f->what == BPF_WHAT_LINK && f->info.link.xdp.ifindex))
			store_drop(f->name);
	}
	for (unsigned n = 0; n < b->n; n++) {
		if (b->items[n].fd >= 0)
			close(b->items[n].fd);
		free(b->items[n].name);
	}
	free(b->items);
}

void xdp_adopt(struct xdp *x)
{
	struct bag b = { 0 };

	store_take(add_found, &b);
	for (unsigned n = 0; n < b.n; n++)
		if (b.items[n].what == BPF_WHAT_LINK)
			adopt_link(x, &b, &b.items[n]);
	adopt_filters(x, &b);
	drop_rest(&b);
}
