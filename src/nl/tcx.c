// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Programs at tcx: where traffic control sees packets, but with links, as XDP
 * has them, and several at a hook in an order (kernel/bpf/mprog.c); or as
 * filters (tcx-filter.c), which are in the order of their turns.
 *
 * Another build takes the place of the one before by its link, one exchange in
 * the kernel (tcx_link_update()). A link cannot be moved: what is to stand
 * elsewhere is attached there first, as a new instance, and then goes from
 * where it was. So a packet may pass it twice in between, but never pass by it.
 *
 * What must stay true: an entry is put right behind its predecessor, or in
 * front of all of the daemon's; what stands behind all of its predecessors
 * stays. Entries taken in their order thus come into it, each moved once at
 * most. What is others' keeps its place.
 */
#include <stdio.h>

#include "nl/bpf.h"
#include "nl/xdp-internal.h"
#include "nl/xdp-store.h"

static bool has_tcx(struct xdp *x)
{
	const struct xdp_kernel *k = xdp_kernel(x);

	return !k || k->tcx;
}

/* Links see packets before filters do (sch_handle_ingress(), sch_handle_egress()). */
static int query_kernel(struct xdp *x, int ifindex, enum xdp_hook hook, struct tcx_program *ret,
			uint64_t *revision)
{
	uint32_t progs[TCX_MAX] = { 0 }, links[TCX_MAX] = { 0 };
	int n = !has_tcx(x) ? 0 :
		bpf_query_tcx(ifindex, hook == TCX_INGRESS ? BPF_TCX_IN : BPF_TCX_OUT, progs, links,
			      TCX_MAX, revision);
	int filters;

	if (n < 0)
		return n;
	for (int k = 0; k < n; k++)
		ret[k] = (struct tcx_program){ .prog_id = progs[k], .link_id = links[k] };
	filters = tcx_filters(x, ifindex, hook, ret + n, revision);
	return filters < 0 ? filters : n + filters;
}

static int query(struct xdp *x, int ifindex, enum xdp_hook hook, struct tcx_program *ret,
		 uint64_t *revision)
{
	*revision = 0;
	return (x->query ? x->query : query_kernel)(x, ifindex, hook, ret, revision);
}

int tcx_query(struct xdp *x, int ifindex, enum xdp_hook hook, struct tcx_program ret[TCX_ROOM])
{
	uint64_t revision;

	return query(x, ifindex, hook, ret, &revision);
}

static bool is_there(const struct tcx_program *p, const struct xdp_attached *a)
{
	return p->link_id ? p->link_id == a->link_id :
	       p->pref && p->pref == a->pref && p->prog_id == a->prog_id;
}

const struct xdp_attached *tcx_find(const struct xdp *x, int ifindex, enum xdp_hook hook,
				    const struct tcx_program *p)
{
	for (const struct xdp_attached *a = x->tcx; a; a = a->next)
		if (a->ifindex == ifindex && a->hook == hook && is_there(p, a))
			return a;
	return NULL;
}

const struct xdp_attached *tcx_next(const struct xdp *x, const struct xdp_attached *after)
{
	return after ? after->next : x->tcx;
}

static size_t key_length(const char *memory)
{
	const char *end = strrchr(memory, '\n');

	return end ? (size_t)(end - memory) : strlen(memory);
}

static bool has_key(const struct xdp_attached *a, const char *key, size_t length)
{
	return key_length(a->memory) == length && !strncmp(a->memory, key, length);
}

static struct xdp_attached *find_key(const struct xdp *x, const struct xdp_job *j, const char *key,
				     size_t length)
{
	for (struct xdp_attached *a = x->tcx; a; a = a->next)
		if (a->ifindex == j->ifindex && a->hook == j->hook && has_key(a, key, length))
			return a;
	return NULL;
}

static int place_of(const struct tcx_program *there, int n, const struct xdp_attached *a)
{
	for (int k = 0; k < n; k++)
		if (is_there(&there[k], a))
			return k;
	return -1;
}

/* All of the hook's are told, so that tcx_look() sees only what others do. */
static int look(struct xdp *x, int ifindex, enum xdp_hook hook, struct tcx_program *ret)
{
	uint64_t revision;
	int n = query(x, ifindex, hook, ret, &revision);

	for (struct xdp_attached *a = x->tcx; a && n >= 0; a = a->next)
		if (a->ifindex == ifindex && a->hook == hook)
			a->revision = revision;
	return n;
}

static char *link_name(const struct xdp_attached *a)
{
	return str_format("xdp-%d-t%u", a->ifindex, a->link_id);
}

static void drop(struct xdp *x, struct xdp_attached *a, bool keep_hook)
{
	_cleanup_free_ char *name = link_name(a);

	for (struct xdp_attached **p = &x->tcx; *p; p = &(*p)->next)
		if (*p == a) {
			*p = a->next;
			break;
		}
	if (a->link_fd >= 0) {
		(void)bpf_link_off(a->link_fd);
		store_drop(name);
	} else if (a->pref) {
		tcx_filter_drop(x, a, keep_hook);
	}
	xdp_forget_program(a);
	xdp_attached_free(a);
	xdp_look_later(x);
}

/* What shall be there in front of the job's own, and is: calls @fn, until it returns false. */
static bool each_before(const struct xdp *x, const struct xdp_job *j,
			bool (*fn)(void *data, const struct xdp_attached *a), void *data)
{
	size_t own = key_length(j->memory);

	for (unsigned n = 0; n < j->n_names; n++) {
		const struct xdp_attached *a = find_key(x, j, j->names[n], strlen(j->names[n]));

		if (strlen(j->names[n]) == own && !strncmp(j->names[n], j->memory, own))
			break;
		if (a && !fn(data, a))
			return false;
	}
	return true;
}

struct hook {
	struct tcx_program there[TCX_ROOM];
	int n;
	int own;			   /* in_front(): the place that is looked at */
	const struct xdp_attached *behind; /* last(): the nearest in front */
};

static bool in_front(void *data, const struct xdp_attached *a)
{
	const struct hook *h = data;

	return place_of(h->there, h->n, a) < h->own;
}

static bool last(void *data, const struct xdp_attached *a)
{
	struct hook *h = data;

	h->behind = a;
	return true;
}

static const struct xdp_attached *first_of_ours(const struct xdp *x, int ifindex,
						enum xdp_hook hook, const struct hook *h)
{
	const struct xdp_attached *a = NULL;

	for (int k = 0; k < h->n && !a; k++)
		a = h->there[k].link_id ? tcx_find(x, ifindex, hook, &h->there[k]) : NULL;
	return a;
}

static int insert(struct xdp *x, struct xdp_attached *a, const struct xdp_job *j,
		  const struct hook *h)
{
	uint32_t type = j->hook == TCX_INGRESS ? BPF_TCX_IN : BPF_TCX_OUT;
	struct bpf_link_info info = { 0 };
	const struct xdp_attached *beside;
	_cleanup_free_ char *name = NULL;
	int r;

	beside = h->behind ? h->behind : first_of_ours(x, j->ifindex, j->hook, h);
	r = bpf_link_tcx(a->prog_fd, j->ifindex, type, beside ? beside->link_fd : -1, !h->behind);
	if (r < 0)
		return r;
	a->link_fd = r;
	r = bpf_info(a->link_fd, &info, sizeof(info));
	if (r < 0)
		return r;
	a->link_id = info.id;
	name = link_name(a);
	(void)xdp_keep_fd(x, name, "link", a->link_fd);
	return 0;
}

static int replace(struct xdp_attached *a, struct xdp_attached *old)
{
	int r = bpf_link_replace(old->link_fd, a->prog_fd, old->prog_fd);

	if (r < 0)
		return r;
	a->link_fd = old->link_fd;
	a->link_id = old->link_id;
	old->link_fd = -1;
	return 0;
}

static bool is_filter(struct xdp *x, const struct xdp_job *j)
{
	return j->attach == TCX_BY_FILTER || (j->attach == TCX_BY_ANY && !has_tcx(x));
}

static int attach(struct xdp *x, struct xdp_job *j, struct xdp_attached *a,
		  struct xdp_attached *old, bool in_place, struct hook *h, char **why)
{
	if (in_place)
		return old->pref ? tcx_filter_replace(x, a, old, why) : replace(a, old);
	each_before(x, j, last, h);
	return is_filter(x, j) ? tcx_filter_insert(x, a, j, h->behind, why) : insert(x, a, j, h);
}

static int put_on(struct xdp *x, struct xdp_job *j, struct xdp_attached *old, bool in_place,
		  struct hook *h, char **why)
{
	struct xdp_attached *a;
	int r = xdp_load(j, &a, why);

	if (r < 0)
		return r;
	(void)xdp_write_memory(a, XDP_AUTO);
	xdp_keep_program(x, a);
	r = attach(x, j, a, old, in_place, h, why);
	if (r < 0) {
		xdp_forget_program(a);
		xdp_attached_free(a);
		return r;
	}
	a->next = x->tcx;
	x->tcx = a;
	if (old)
		drop(x, old, true);
	xdp_look_later(x);
	return 0;
}

static int run(struct xdp *x, struct xdp_job *j, struct hook *h, char **why)
{
	struct xdp_attached *old = find_key(x, j, j->memory, key_length(j->memory));
	bool in_place;

	if (old && place_of(h->there, h->n, old) < 0) { /* detached by another hand */
		drop(x, old, j->keep_hook);
		old = NULL;
	}
	if (!j->image) {
		if (old)
			drop(x, old, j->keep_hook);
		return 0;
	}
	h->own = old ? place_of(h->there, h->n, old) : -1;
	in_place = old && !!old->pref == is_filter(x, j) && each_before(x, j, in_front, h);
	if (in_place && !strcmp(old->memory, j->memory))
		return 0;
	return put_on(x, j, old, in_place, h, why);
}

int tcx_run(struct xdp *x, struct xdp_job *j, char **why)
{
	struct hook h = { .own = -1 };
	int r;

	if (j->image && j->attach == TCX_BY_LINK && !has_tcx(x)) {
		*why = str_dup("this kernel has no tcx (Linux 6.6, CONFIG_NET_XGRESS)");
		return -EOPNOTSUPP;
	}
	h.n = look(x, j->ifindex, j->hook, h.there);
	if (h.n < 0)
		return h.n;
	r = run(x, j, &h, why);
	(void)look(x, j->ifindex, j->hook, h.there);
	return r;
}

bool tcx_look(struct xdp *x)
{
	struct tcx_program there[TCX_ROOM];
	struct xdp_attached *next;
	bool untold = false;

	for (struct xdp_attached *a = x->tcx; a; a = next) {
		uint64_t revision;
		int n = query(x, a->ifindex, a->hook, there, &revision);

		next = a->next;
		if (n >= 0 && revision == a->revision && place_of(there, n, a) >= 0)
			continue;
		untold = true;
		a->revision = revision;
		if (n >= 0 ? place_of(there, n, a) < 0 : n == -ENODEV)
			drop(x, a, true);
	}
	return untold;
}

bool tcx_adopt(struct xdp *x, struct xdp_attached *a)
{
	struct tcx_program there[TCX_ROOM];
	int n = tcx_query(x, a->ifindex, a->hook, there);

	if (n < 0 || place_of(there, n, a) < 0)
		return false;
	a->next = x->tcx;
	x->tcx = a;
	(void)look(x, a->ifindex, a->hook, there);
	return true;
}

bool tcx_adopt_program(struct xdp *x, int ifindex, uint32_t prog_id, struct xdp_attached **ret)
{
	struct tcx_program there[TCX_ROOM];

	(void)tcx_query(x, ifindex, TCX_INGRESS, there);
	(void)tcx_query(x, ifindex, TCX_EGRESS, there);
	for (struct xdp_attached *a = x->tcx; a; a = a->next)
		if (a->ifindex == ifindex && a->pref && a->prog_id == prog_id && a->prog_fd < 0) {
			*ret = a;
			return true;
		}
	return false;
}
