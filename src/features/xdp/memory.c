// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From the text that is kept beside a program back to the settings it was
 * made from. It was written by this daemon, or by an older one: what is not to
 * be understood means that the program is replaced.
 *
 * The text is read once for each program; the mirror gets copies.
 */
#include "features/xdp/xdp.h"

/* What was read: an object of each feature, on the heap; NULL: not there. */
struct recalled {
	struct object *own;
	struct object *inner[SHIPPED_MAX]; /* of shipped_nth() */
	uint64_t maps;			   /* xdp_maps_state() when it was told last */
};

static void recalled_free(void *cache)
{
	struct recalled *r = cache;

	if (r->own)
		object_free(&xdp_feature, r->own);
	for (unsigned n = 0; n < SHIPPED_MAX; n++)
		if (r->inner[n])
			object_free(shipped_nth(n)->feature, r->inner[n]);
	free(r);
}

static bool read_row(const struct feature *f, const struct row *row, struct object *o,
		     const config_setting_t *s)
{
	struct parse p = { .row = row };
	int r = row->type->parse(&p, s, row_value(row, o));

	free(p.why);
	if (r == 0)
		o->present |= row_bit(f, row);
	return r == 0;
}

static bool is_inner(const config_setting_t *s)
{
	const struct shipped *p = shipped_find(config_setting_name(s));

	return p && p->feature && config_setting_is_group(s);
}

/* NULL: there is something that cannot be understood. */
static struct object *read_object(const struct feature *f, const config_setting_t *group)
{
	struct object *o = object_new(f, NULL);

	for (int n = 0; n < config_setting_length(group); n++) {
		const config_setting_t *s = config_setting_get_elem(group, n);
		const struct row *row = row_find(f, config_setting_name(s));

		if (f == &xdp_feature && is_inner(s))
			continue;
		if (!row || !read_row(f, row, o, s)) {
			object_free(f, o);
			return NULL;
		}
	}
	return o;
}

static bool read_inner(struct recalled *r, const config_setting_t *group)
{
	const struct shipped *p;

	for (unsigned n = 0; n < SHIPPED_MAX && (p = shipped_nth(n)); n++) {
		const config_setting_t *s = config_setting_get_member(group, p->name);

		if (xdp_member_find((struct xdp_settings *)r->own, p->name) < 0 || !p->feature)
			continue;
		r->inner[n] = s ? read_object(p->feature, s) : NULL;
		if (!r->inner[n])
			return false;
	}
	return true;
}

static struct recalled *read_memory(const char *text)
{
	struct recalled *r = NULL;
	const config_setting_t *group;
	config_t cfg;

	config_init(&cfg);
	group = config_read_string(&cfg, text) == CONFIG_TRUE ? config_lookup(&cfg, "xdp") : NULL;
	if (group) {
		r = new0(struct recalled);
		r->own = read_object(&xdp_feature, group);
		if (!r->own || !read_inner(r, group)) {
			recalled_free(r);
			r = NULL;
		}
	}
	config_destroy(&cfg);
	return r;
}

static void copy_object(struct model *m, struct iface *i, const struct feature *f,
			const struct object *from)
{
	struct object *to = iface_get_object(m, i, f);

	FOREACH_ROW(f, r)
		if (row_has(f, r, from))
			row_copy(f, r, NULL, to, from);
}

const struct object *xdp_recalled(const struct xdp_attached *a)
{
	return a->cache ? ((const struct recalled *)a->cache)->own : NULL;
}

const struct object *xdp_recalled_of(const struct xdp_attached *a, const struct shipped *p)
{
	const struct recalled *r = a->cache;

	for (unsigned n = 0; r && n < SHIPPED_MAX; n++)
		if (shipped_nth(n) == p)
			return r->inner[n];
	return NULL;
}

static bool maps_changed(const struct xdp_attached *a)
{
	const struct recalled *r = a->cache;

	return xdp_maps_state((struct xdp_settings *)r->own, a) != r->maps;
}

bool xdp_recall(struct model *m, struct iface *i, struct xdp_attached *a)
{
	struct recalled *r = a->cache;

	if (!r) {
		r = read_memory(a->memory);
		if (!r)
			return false;
		a->cache = r;
		a->cache_free = recalled_free;
		a->changed = maps_changed;
	}
	copy_object(m, i, &xdp_feature, r->own);
	r->maps = xdp_maps_state((struct xdp_settings *)r->own, a);
	xdp_maps_see((struct xdp_settings *)iface_object(i, &xdp_feature), a);
	for (unsigned n = 0; n < SHIPPED_MAX; n++)
		if (r->inner[n])
			copy_object(m, i, shipped_nth(n)->feature, r->inner[n]);
	return true;
}
