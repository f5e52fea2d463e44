// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Programs where traffic control sees packets, as filters at clsact: for
 * kernels without tcx, and where the configuration wants it.
 *
 * A filter holds its program by itself, and has a name: what a restarted daemon
 * needs is written in there, and that it has not been replaced says the
 * program's tag. So filters outlive the daemon without anybody's help.
 *
 * What must stay true: what is not named as ours, and with its own tag, is
 * others', and neither replaced nor deleted.
 */
#include <stdio.h>

#include "nl/clsact.h"
#include "nl/xdp-internal.h"
#include "nl/xdp-store.h"
#include "util/hash.h"
#include "util/log.h"

#define HANDLE 1
#define STEP 16		/* between ours, so that others fit in */
#define FIRST 0x4000
#define LAST 0xffff
#define NAME_SIZE sizeof(((struct clsact_filter *)0)->name)

static const char *const direction[] = { [TCX_INGRESS] = "ingress", [TCX_EGRESS] = "egress" };

static void tag_text(const uint8_t tag[8], char ret[17])
{
	for (unsigned n = 0; n < 8; n++)
		sprintf(ret + 2 * n, "%02x", tag[n]);
}

/* The lines of @memory: direction, program, section, build. */
static int name_write(char ret[NAME_SIZE], const struct xdp_attached *a)
{
	char tag[17];
	_cleanup_free_ char *own = str_dup(a->memory);
	const char *line[4];
	char *at = own;
	int n;

	for (unsigned k = 0; k < ARRAY_SIZE(line); k++) {
		const char *next = strsep(&at, "\n");

		line[k] = next ? next : "";
	}
	tag_text(a->tag, tag);
	n = snprintf(ret, NAME_SIZE, "netctld %s %s%s %s\n%s\n%s", tag, line[0],
		     a->own_hook ? "+" : "", line[3], line[2], line[1]);
	return n < (int)NAME_SIZE ? 0 : -ENAMETOOLONG;
}

/* Return: @memory, or NULL: it is not ours (any more). */
static char *name_read(const struct clsact_filter *f, enum xdp_hook hook, bool *ret_own_hook)
{
	char tag[17], is[17], where[9], own[2] = "";
	const char *section, *path;
	int at = 0, n;

	n = sscanf(f->name, "netctld %16s %8[a-z]%1[+]", tag, where, own);
	if (n < 2)
		return NULL;
	tag_text(f->tag, is);
	section = strchr(f->name, '\n');
	path = section ? strchr(section + 1, '\n') : NULL;
	at = strlen("netctld ") + 16 + 1 + strlen(where) + (*own != 0) + 1;
	if (strcmp(tag, is) || strcmp(where, direction[hook]) || !path || f->name + at > section)
		return NULL;
	*ret_own_hook = *own;
	return str_format("%s\n%s\n%.*s\n%.*s", where, path + 1, (int)(path - section - 1),
			  section + 1, (int)(section - f->name) - at, f->name + at);
}

static struct xdp_attached *find(struct xdp *x, int ifindex, enum xdp_hook hook, uint16_t pref,
				 uint32_t prog_id)
{
	for (struct xdp_attached *a = x->tcx; a; a = a->next)
		if (a->ifindex == ifindex && a->hook == hook && a->pref == pref &&
		    a->prog_id == prog_id)
			return a;
	return NULL;
}

static void adopt(struct xdp *x, int ifindex, enum xdp_hook hook, const struct clsact_filter *f)
{
	bool own_hook = false;
	char *memory = find(x, ifindex, hook, f->pref, f->prog_id) ? NULL :
		       name_read(f, hook, &own_hook);
	struct xdp_attached *a;
	char tag[17];

	if (!memory)
		return;
	a = new0(struct xdp_attached);
	a->ifindex = ifindex;
	a->hook = hook;
	a->pref = f->pref;
	a->own_hook = own_hook;
	a->link_fd = a->prog_fd = -1;
	a->prog_id = f->prog_id;
	memcpy(a->tag, f->tag, sizeof(a->tag));
	a->memory = memory;
	a->next = x->tcx;
	x->tcx = a;
	tag_text(a->tag, tag);
	log_debug("interface %d: found the %s filter %u with program %u again, tag %s", ifindex,
		 direction[hook], a->pref, a->prog_id, tag);
	xdp_look_later(x);
}

int tcx_filters(struct xdp *x, int ifindex, enum xdp_hook hook, struct tcx_program *ret,
		uint64_t *revision)
{
	_cleanup_free_ struct clsact_filter *list = mem_new(CLSACT_MAX * sizeof(*list));
	int n = clsact_list(&x->rtnl, ifindex, hook == TCX_EGRESS, list), found = 0;

	for (int k = 0; k < n; k++) {
		if (!list[k].prog_id)
			continue;
		adopt(x, ifindex, hook, &list[k]);
		ret[found++] =
			(struct tcx_program){ .prog_id = list[k].prog_id, .pref = list[k].pref };
		*revision = hash_bytes(*revision, &list[k].prog_id, sizeof(list[k].prog_id));
		*revision = hash_bytes(*revision, &list[k].pref, sizeof(list[k].pref));
	}
	return n < 0 ? n : found;
}

/* Of the turns that are taken, the next one behind @pref. */
static unsigned next_used(const struct clsact_filter *list, int n, unsigned pref)
{
	unsigned next = LAST + 1;

	for (int k = 0; k < n; k++)
		if (list[k].pref > pref)
			next = min_of(next, (unsigned)list[k].pref);
	return next;
}

static unsigned last_used(const struct clsact_filter *list, int n, unsigned below)
{
	unsigned last = 0;

	for (int k = 0; k < n; k++)
		if (list[k].pref < below)
			last = max_of(last, (unsigned)list[k].pref);
	return last;
}

/*
 * A turn right behind @behind; 0: in front of all of ours, or of all others. Where there is no
 * room it is the last: what was behind is moved by the plan that follows.
 */
static unsigned choose(const struct xdp *x, const struct xdp_job *j,
		       const struct clsact_filter *list, int n, unsigned behind)
{
	unsigned low = behind, high = LAST + 1, last = last_used(list, n, LAST + 1);

	if (!behind) {
		for (const struct xdp_attached *a = x->tcx; a; a = a->next)
			if (a->ifindex == j->ifindex && a->hook == j->hook && a->pref)
				high = min_of(high, (unsigned)a->pref);
		low = last_used(list, n, high);
		if (high > LAST) { /* none of ours is there */
			high = next_used(list, n, 0);
			low = 0;
		}
	} else {
		high = next_used(list, n, low);
	}
	if (high - low < 2)
		return last + STEP <= LAST ? last + STEP : last + 1;
	if (!low && high > FIRST)
		return behind || high > LAST ? FIRST : min_of(high - 1, (unsigned)FIRST);
	if (!behind && high <= LAST && high - low > STEP)
		return high - STEP;
	return low + min_of((high - low) / 2, (unsigned)STEP);
}

static int put(struct xdp *x, struct xdp_attached *a, bool replace, char **why)
{
	struct clsact_filter f = { .pref = a->pref, .handle = HANDLE };
	int r = name_write(f.name, a);

	if (r < 0) {
		*why = str_format(
			"tcx.program: path and section are too long for the name of a filter");
		return r;
	}
	return clsact_put(&x->rtnl, a->ifindex, a->hook == TCX_EGRESS, &f, a->prog_fd, replace,
			  why);
}

static bool hook_is_ours(const struct xdp *x, int ifindex)
{
	for (const struct xdp_attached *a = x->tcx; a; a = a->next)
		if (a->ifindex == ifindex && a->own_hook)
			return true;
	return false;
}

int tcx_filter_insert(struct xdp *x, struct xdp_attached *a, const struct xdp_job *j,
		      const struct xdp_attached *behind, char **why)
{
	_cleanup_free_ struct clsact_filter *list = mem_new(CLSACT_MAX * sizeof(*list));
	int r = clsact_begin(&x->rtnl, a->ifindex, why), n;
	unsigned pref;

	if (r == -EINVAL) {
		free(*why);
		*why = str_dup(
			"there is a qdisc ingress, and filters of programs are at clsact, which "
			"would be in its place");
	}
	if (r < 0)
		return r;
	a->own_hook = r || hook_is_ours(x, a->ifindex);
	n = clsact_list(&x->rtnl, a->ifindex, a->hook == TCX_EGRESS, list);
	if (n < 0)
		return n;
	pref = choose(x, j, list, n, behind ? behind->pref : 0);
	if (pref > LAST)
		return -ENOSPC;
	a->pref = pref;
	return put(x, a, false, why);
}

int tcx_filter_replace(struct xdp *x, struct xdp_attached *a, struct xdp_attached *old, char **why)
{
	int r;

	a->pref = old->pref;
	a->own_hook = old->own_hook;
	r = put(x, a, true, why);
	if (!r)
		old->pref = 0;
	return r;
}

/* The discipline goes with the last filter, whosever it is, if it came for our first. */
static void end_hook(struct xdp *x, const struct xdp_attached *a)
{
	_cleanup_free_ struct clsact_filter *list = mem_new(CLSACT_MAX * sizeof(*list));

	if (a->own_hook && clsact_list(&x->rtnl, a->ifindex, false, list) == 0 &&
	    clsact_list(&x->rtnl, a->ifindex, true, list) == 0)
		(void)clsact_end(&x->rtnl, a->ifindex);
}

void tcx_filter_drop(struct xdp *x, const struct xdp_attached *a, bool keep_hook)
{
	_cleanup_free_ struct clsact_filter *list = mem_new(CLSACT_MAX * sizeof(*list));
	int n = clsact_list(&x->rtnl, a->ifindex, a->hook == TCX_EGRESS, list);

	for (int k = 0; k < n; k++)
		if (list[k].pref == a->pref && list[k].prog_id == a->prog_id)
			(void)clsact_drop(&x->rtnl, a->ifindex, a->hook == TCX_EGRESS, &list[k]);
	if (n >= 0 && !keep_hook)
		end_hook(x, a);
}
