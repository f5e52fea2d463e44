// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Programs on interfaces.
 *
 * A change of whatever kind (another program, other settings, other rules,
 * another build) is the same thing: a new instance is loaded, with its maps
 * filled, beside the one that runs; then the link is told to run the new one,
 * which is one exchange of a pointer in the kernel (bpf_xdp_link_update()). No
 * packet sees half of a change, and none passes between two programs.
 *
 * Beside each program stand two maps that it does not know: "memory", which
 * says what the program was made from, so that a restarted daemon knows what
 * is there; and "base", what the counters of its predecessors had counted.
 *
 * What must stay true: what a restart needs is in the store before the link
 * points to it; links, programs and maps are told apart and matched by what
 * the kernel says of them.
 */
#include <netinet/in.h> /* before the kernel's headers */
#include <linux/if_link.h>
#include <netlink/socket.h>
#include <stdio.h>

#include "nl/bpf.h"
#include "nl/libbpf.h"
#include "nl/xdp-internal.h"
#include "nl/xdp-store.h"
#include "util/clock.h"
#include "util/log.h"

/* Nobody tells when another hand detaches a link or changes a map (bpftool link detach). */
#define LOOK_USEC (3 * UINT64_C(1000000))
#define MEMORY_MAX (16u << 20)

struct xdp_attached *xdp_find(const struct xdp *x, int ifindex)
{
	for (struct xdp_attached *a = x->list; a; a = a->next)
		if (a->ifindex == ifindex)
			return a;
	return NULL;
}

const struct xdp_attached *xdp_next(const struct xdp *x, const struct xdp_attached *after)
{
	return after ? after->next : x->list;
}

static char *store_name(int ifindex, uint32_t prog_id)
{
	return prog_id ? str_format("xdp-%d-p%u", ifindex, prog_id) :
			 str_format("xdp-%d-link", ifindex);
}

int xdp_keep_fd(struct xdp *x, const char *name, const char *part, int fd)
{
	int r = store_put(name, part, fd);

	if (r < 0 && !x->warned)
		log_warning("XDP programs end with the daemon: no service manager and no bpffs "
			    "keeps them (%s)", strerror(-r));
	x->warned |= r < 0;
	return r;
}

static void keep_one(struct xdp *x, const struct xdp_attached *a)
{
	_cleanup_free_ char *name = store_name(a->ifindex, a->prog_id);

	if (xdp_keep_fd(x, name, "prog", a->prog_fd) < 0)
		return;
	for (unsigned n = 0; n < a->n_maps; n++)
		(void)xdp_keep_fd(x, name, a->maps[n].name, a->maps[n].fd);
}

void xdp_keep_program(struct xdp *x, const struct xdp_attached *a)
{
	for (; a; a = a->behind)
		keep_one(x, a);
}

void xdp_forget_program(const struct xdp_attached *a)
{
	for (; a; a = a->behind) {
		_cleanup_free_ char *name = store_name(a->ifindex, a->prog_id);

		store_drop(name);
	}
}

int xdp_write_memory(const struct xdp_attached *a, enum xdp_mode mode)
{
	const struct xdp_map_fd *m = xdp_map_of(a, "memory");
	_cleanup_free_ struct memory *memory = mem_new(m->value_size);
	uint32_t zero = 0;

	memory->mode = mode;
	snprintf(memory->note, sizeof(memory->note), "%s", a->note ? a->note : "");
	strcpy(memory->text, a->memory);
	return bpf_map_put(m->fd, &zero, memory);
}

int xdp_read_memory(struct xdp_attached *a)
{
	const struct xdp_map_fd *m = xdp_map_of(a, "memory");
	_cleanup_free_ struct memory *memory = NULL;
	uint32_t zero = 0;
	int r;

	if (!m || m->value_size <= sizeof(*memory) || m->value_size > MEMORY_MAX)
		return -ENOENT;
	memory = mem_new(m->value_size + 1);
	r = bpf_map_get(m->fd, &zero, memory);
	if (r < 0)
		return r;
	free(a->memory);
	free(TAKE_PTR(a->note));
	a->memory = str_dup(memory->text);
	memory->note[sizeof(memory->note) - 1] = 0;
	if (memory->note[0])
		a->note = str_dup(memory->note);
	return memory->mode;
}

int xdp_read_program(struct xdp_attached *a)
{
	struct bpf_prog_info info = { 0 };
	int r = bpf_info(a->prog_fd, &info, sizeof(info));

	if (r < 0)
		return r;
	a->prog_id = info.id;
	memcpy(a->tag, info.tag, sizeof(a->tag));
	a->loaded = info.load_time;
	return 0;
}

/* 0: the interface has gone, or another hand has detached it. */
static int link_ifindex(const struct xdp_attached *a)
{
	struct bpf_link_info info = { 0 };

	if (a->link_fd < 0 || bpf_info(a->link_fd, &info, sizeof(info)) < 0)
		return 0;
	return info.xdp.ifindex;
}

/* Detached by another hand, or by us and not to be attached again; not: left out. */
static bool is_lost(const struct xdp_attached *a)
{
	return a->link_fd < 0 ? a->prog_fd >= 0 : link_ifindex(a) != a->ifindex;
}

static const char *reason(int r)
{
	switch (r) {
	case -EOPNOTSUPP:
	case -524: /* ENOTSUPP, which no header of user space has */
		return "the driver of this device does not have it";
	case -EINVAL:
	case -ERANGE:
	case -E2BIG:
		return "the driver refuses it as the device is set now: its MTU or features";
	case -EBUSY:
	case -EEXIST:
		return "another program is attached";
	}
	return NULL;
}

static bool is_unsupported(int r)
{
	const char *why = reason(r);

	return why && r != -EBUSY && r != -EEXIST;
}

static void set_note(struct xdp_attached *a, const char *what, int r)
{
	const char *why = reason(r);

	free(a->note);
	a->note = str_format("%s: %s", what, why ? why : strerror(-r));
}

static int create_link(struct xdp_attached *a, enum xdp_mode mode)
{
	static const uint32_t flags[] = {
		[XDP_AUTO] = 0, [XDP_NATIVE] = XDP_FLAGS_DRV_MODE,
		[XDP_GENERIC] = XDP_FLAGS_SKB_MODE, [XDP_OFFLOAD] = XDP_FLAGS_HW_MODE,
	};
	int r = mode < ARRAY_SIZE(flags) ? bpf_link_xdp(a->prog_fd, a->ifindex, flags[mode]) :
					   -EINVAL;

	if (r < 0)
		return r;
	a->link_fd = r;
	return 0;
}

/* Return: the mode it became, or a negative errno with @why. */
static int attach(struct xdp_attached *a, const struct xdp_job *j, char **why)
{
	bool two =
		j->mode == XDP_AUTO || (j->mode == XDP_NATIVE && j->unsupported == XDP_FALL_BACK);
	enum xdp_mode mode = j->mode == XDP_AUTO ? XDP_NATIVE : j->mode;
	int r = create_link(a, mode);

	if (r < 0 && two && is_unsupported(r)) {
		set_note(a, "not native", r);
		mode = XDP_GENERIC;
		r = create_link(a, mode);
	}
	if (r >= 0)
		return mode;
	if (is_unsupported(r) && j->unsupported == XDP_SKIP)
		set_note(a, "left out", r);
	else if (reason(r))
		*why = str_dup(reason(r));
	return r;
}

static void detach(struct xdp_attached *a)
{
	_cleanup_free_ char *name = store_name(a->ifindex, 0);

	/* Not only closed: the store has it too, and lets go of it when it comes to it. */
	(void)bpf_link_off(a->link_fd);
	store_drop(name);
	close(a->link_fd);
	a->link_fd = -1;
}

static void unlist(struct xdp *x, struct xdp_attached *a)
{
	for (struct xdp_attached **p = &x->list; *p; p = &(*p)->next)
		if (*p == a) {
			*p = a->next;
			break;
		}
}

void xdp_look_later(struct xdp *x)
{
	if (!x->timer)
		return;
	(void)sd_event_source_set_time_relative(x->timer, LOOK_USEC);
	(void)sd_event_source_set_enabled(x->timer,
					  x->list || x->tcx ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static void drop(struct xdp *x, struct xdp_attached *a)
{
	if (a->link_fd >= 0)
		detach(a);
	if (a->prog_fd >= 0)
		xdp_forget_program(a);
	unlist(x, a);
	xdp_attached_free(a);
	xdp_look_later(x);
}

/* Another mode needs another link, and the kernel has only one at a time. */
static bool mode_fits(const struct xdp_job *j, int mode)
{
	/* XDP_AUTO: killed before it was written down, which is no reason to detach. */
	if (j->mode == XDP_AUTO)
		return mode == XDP_NATIVE || mode == XDP_GENERIC || mode == XDP_AUTO;
	return mode == (int)j->mode ||
	       (j->mode == XDP_NATIVE && j->unsupported == XDP_FALL_BACK && mode == XDP_GENERIC);
}

static int replace(struct xdp_attached *a, struct xdp_attached *old, int mode, char **why)
{
	int r = bpf_link_replace(old->link_fd, a->prog_fd, old->prog_fd);

	if (r < 0) {
		*why = str_dup("the program that is attached cannot be replaced");
		return r;
	}
	a->link_fd = old->link_fd;
	old->link_fd = -1;
	if (!a->note && old->note && mode == XDP_GENERIC)
		a->note = str_dup(old->note);
	return mode;
}

/* Detach, attach; and if that fails, attach as it was. */
static int reattach(struct xdp *x, struct xdp_attached *a, struct xdp_attached *old, int mode,
		    const struct xdp_job *j, char **why)
{
	_cleanup_free_ char *name = store_name(a->ifindex, 0);
	int r;

	detach(old);
	r = attach(a, j, why);
	if (r < 0 && create_link(old, mode) == 0)
		(void)xdp_keep_fd(x, name, "link", old->link_fd);
	return r;
}

static int put_on(struct xdp *x, struct xdp_attached *a, struct xdp_attached *old,
		  const struct xdp_job *j, char **why)
{
	_cleanup_free_ char *name = store_name(a->ifindex, 0);
	int mode = old ? xdp_read_memory(old) : 0, r;

	if (old && mode_fits(j, mode))
		return replace(a, old, mode, why);
	r = old ? reattach(x, a, old, mode, j, why) : attach(a, j, why);
	if (r >= 0)
		(void)xdp_keep_fd(x, name, "link", a->link_fd);
	return r;
}

/* It is not there, and that is what the configuration says to do then. */
static void skip(struct xdp *x, struct xdp_attached *a, struct xdp_attached *old)
{
	log_warning("interface %d: XDP program %s", a->ifindex, a->note);
	if (old)
		drop(x, old);
	xdp_forget_program(a);
	close(a->prog_fd);
	a->prog_fd = -1;
	a->prog_id = 0;
	for (unsigned n = 0; n < a->n_maps; n++)
		close(a->maps[n].fd);
	a->n_maps = 0;
	a->behind = xdp_attached_free(a->behind);
	a->next = x->list;
	x->list = a;
}

/* Each program of a chain goes on counting where the same one stood before. */
static void carry(const struct xdp_attached *a, const struct xdp_attached *old,
		  const struct xdp_job *j)
{
	for (; a && j; a = a->behind, j = j->behind) {
		const struct xdp_attached *was = j->from < 0 ? NULL : xdp_nth(old, j->from);

		if (was)
			xdp_carry(a, was, j);
	}
}

/* Programs for a device's own memory are other programs than those for the CPU. */
static int load(struct xdp_job *j, struct xdp_attached **ret, char **why)
{
	int r = xdp_load(j, ret, why), offload = r;

	if (r >= 0 || j->mode != XDP_OFFLOAD || j->unsupported == XDP_FAIL || !is_unsupported(r))
		return r;
	free(TAKE_PTR(*why));
	for (struct xdp_job *k = j; k; k = k->behind)
		k->mode = XDP_GENERIC;
	r = xdp_load(j, ret, why);
	if (!r)
		set_note(*ret, j->unsupported == XDP_SKIP ? "left out" : "not offloaded", offload);
	return r;
}

static int run_attach(struct xdp *x, struct xdp_job *j, struct xdp_attached *old, char **why)
{
	struct xdp_attached *a;
	int r = 0, mode;

	for (struct xdp_job *k = j; !r && k; k = k->behind)
		r = k->prepare ? k->prepare(k, why) : 0;
	if (!r)
		r = load(j, &a, why);
	if (r < 0)
		return r;
	if (a->note && j->unsupported == XDP_SKIP) {
		skip(x, a, old);
		return 0;
	}
	/* As it will be, for whoever comes if the daemon is killed behind the exchange. */
	mode = old ? xdp_read_memory(old) : XDP_AUTO;
	(void)xdp_write_memory(a, mode > 0 && mode_fits(j, mode) ? mode : XDP_AUTO);
	xdp_keep_program(x, a);
	r = put_on(x, a, old, j, why);
	if (a->note && is_unsupported(r) && j->unsupported == XDP_SKIP) {
		skip(x, a, old);
		return 0;
	}
	if (r < 0) {
		xdp_forget_program(a);
		xdp_attached_free(a);
		return r;
	}
	(void)xdp_write_memory(a, r);
	if (a->note)
		log_notice("interface %d: XDP %s", a->ifindex, a->note);
	if (old) {
		carry(a, old, j);
		xdp_forget_program(old);
		unlist(x, old);
		xdp_attached_free(old);
	}
	a->next = x->list;
	x->list = a;
	xdp_look_later(x);
	return 0;
}

/* What another hand has changed, without a new instance: what the program counts stays. */
static int put_back(const struct xdp_attached *a, const struct xdp_job *j)
{
	int r = 0;

	for (; a && j; a = a->behind, j = j->behind)
		for (unsigned n = 0; n < j->n_maps; n++) {
			const struct xdp_map *want = &j->maps[n];
			const struct xdp_map_fd *m = want->held ? xdp_map_of(a, want->name) : NULL;

			if (!r && m && want->n_held && m->key_size == want->key_size &&
			    m->value_size == want->value_size)
				r = bpf_map_put_values(m->fd, m->type, want->keys, want->key_size,
						       want->values, want->value_size,
						       want->n_held);
		}
	return r;
}

static int run(struct xdp *x, struct xdp_job *j, char **why)
{
	struct xdp_attached *old = xdp_find(x, j->ifindex);

	if (old && is_lost(old)) {
		drop(x, old);
		old = NULL;
	}
	if (old && j->image && !strcmp(old->memory, j->memory))
		return put_back(old, j);
	if (old && old->link_fd < 0) { /* it was left out */
		drop(x, old);
		old = NULL;
	}
	if (j->image)
		return run_attach(x, j, old, why);
	if (old)
		drop(x, old);
	return 0;
}

int xdp_run(struct xdp *x, struct xdp_job *j, char **why)
{
	uint64_t begin = clock_usec(CLOCK_MONOTONIC);
	int r = j->hook ? tcx_run(x, j, why) : run(x, j, why);

	log_debug("interface %d: XDP took %.1f ms", j->ifindex,
		  (clock_usec(CLOCK_MONOTONIC) - begin) / 1e3);
	return r;
}

static int on_timer(sd_event_source *s _unused_, uint64_t usec _unused_, void *data)
{
	struct xdp *x = data;
	struct xdp_attached *next;
	bool lost = tcx_look(x);

	for (struct xdp_attached *a = x->list; a; a = next) {
		next = a->next;
		if (!is_lost(a)) {
			lost |= a->link_fd >= 0 && a->changed && a->changed(a);
			continue;
		}
		drop(x, a);
		lost = true;
	}
	xdp_look_later(x);
	if (lost)
		x->kernel->on_untold(x->kernel->data);
	return 0;
}

struct xdp *xdp_new(sd_event *event, struct kernel *k)
{
	struct xdp *x = new0(struct xdp);
	x->kernel = k;
	x->rtnl = -1;
	xdp_adopt(x);
	if (sd_event_add_time(event, &x->timer, CLOCK_MONOTONIC, 0, LOOK_USEC / 4, on_timer, x) < 0)
		abort();
	xdp_look_later(x);
	return x;
}

struct xdp *xdp_free(struct xdp *x)
{
	struct xdp_attached *a;

	if (!x)
		return NULL;
	while ((a = x->list)) {
		x->list = a->next;
		xdp_attached_free(a);
	}
	while ((a = x->tcx)) {
		x->tcx = a->next;
		xdp_attached_free(a);
	}
	closep(&x->rtnl);
	sd_event_source_disable_unref(x->timer);
	free(x->facts.lacks);
	free(x);
	return NULL;
}

void xdp_set_pin_dir(const char *dir)
{
	store_set_dir(dir);
}
