// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Link objects: one for every interface that is configured or present, with
 * org.netctl1.Link and one D-Bus interface for each group of settings that
 * the link has.
 *
 * No property is written down here but the few that are the daemon's own: the
 * others are made from the feature table, named by one rule, so that a new
 * row is on the bus without a line of code. A value is what the kernel has,
 * not what somebody wishes; only where the kernel cannot say it (a policy of
 * the daemon's, the kind of a link that is still to be created) it is the
 * configuration's.
 */
#include <assert.h>
#include <stdio.h>

#include "bus/internal.h"
#include "bus/name.h"
#include "core/action.h"
#include "util/hash.h"

static json_t *clean_string(const char *s)
{
	_cleanup_free_ char *clean = text_utf8(str_dup(s));

	return json_string(clean);
}

static json_t *own_name(const struct subject *s)
{
	return clean_string(s->name);
}

static json_t *own_index(const struct subject *s)
{
	return json_integer(s->have ? s->have->ifindex : 0);
}

static json_t *own_management(const struct subject *s)
{
	return json_string(state_name(s->want ? s->want->state : STATE_FOREIGN));
}

static json_t *own_reason(const struct subject *s)
{
	return clean_string(s->want && s->want->reason ? s->want->reason : "");
}

static const struct property own_properties[] = {
	{ .name = "Name", .signature = "s", .own = own_name },
	{ .name = "IfIndex", .signature = "i", .own = own_index, .emits = true },
	{ .name = "ManagementState", .signature = "s", .own = own_management, .emits = true },
	{ .name = "Reason", .signature = "s", .own = own_reason, .emits = true },
};

struct subject object_subject(const struct bus *b, const char *link)
{
	const struct engine *e = b->engine;

	return (struct subject){
		.name = link,
		.have = model_find(e->mirror->seen, link),
		.want = e->current ? model_find(e->current->want, link) : NULL,
	};
}

static const struct object *property_object(const struct property *p, const struct subject *s)
{
	const struct object *o = iface_object(s->have, p->feature);

	if (row_has(p->feature, p->row, o) || !(p->row->flags & (ROW_POLICY | ROW_CREATE)))
		return o;
	return iface_object(s->want, p->feature);
}

static const struct list *property_list(const struct property *p, const struct subject *s)
{
	return iface_list(feature_is_policy(p->feature) ? s->want : s->have, p->feature);
}

/* A list's entries as dicts whose keys are those of the configuration. */
static int append_list(sd_bus_message *m, const struct feature *list, const struct list *l)
{
	int r = sd_bus_message_open_container(m, 'a', "a{sv}");

	for (unsigned n = 0; l && r >= 0 && n < l->n; n++) {
		const struct feature *f = object_feature(list, l->items[n]);

		r = sd_bus_message_open_container(m, 'a', "{sv}");
		FOREACH_ROW(f, row) {
			json_t *j;

			if (r < 0 || !row_has(f, row, l->items[n]))
				continue;
			j = row->type->json(row, row_value(row, l->items[n]));
			if (!j) /* for the record only */
				continue;
			r = value_entry(m, row->key, row->type->signature, j);
			json_decref(j);
		}
		if (r >= 0)
			r = sd_bus_message_close_container(m);
	}
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_property(sd_bus_message *m, const struct property *p, const struct subject *s)
{
	const struct object *o;
	json_t *j = NULL;
	int r;

	if (p->feature && !p->row)
		return append_list(m, p->feature, property_list(p, s));
	if (p->own) {
		j = p->own(s);
	} else {
		o = property_object(p, s);
		if (row_has(p->feature, p->row, o))
			j = p->row->type->json(p->row, row_value(p->row, o));
	}
	r = value_append(m, p->signature, j);
	json_decref(j);
	return r;
}

static uint64_t hash_text(uint64_t h, json_t *j)
{
	_cleanup_free_ char *text = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY | JSON_DIGITS);

	return text ? hash_bytes(h, text, strlen(text)) : h;
}

static uint64_t hash_json(uint64_t h, json_t *j)
{
	const json_int_t n = json_integer_value(j);

	if (json_is_string(j))
		h = hash_bytes(h, json_string_value(j), json_string_length(j));
	else if (json_is_integer(j))
		h = hash_bytes(h, &n, sizeof(n));
	else
		h = hash_text(h, j);
	json_decref(j);
	return h;
}

static uint64_t hash_row(uint64_t h, const struct feature *f, const struct row *r,
			 const struct object *o)
{
	if (!row_has(f, r, o))
		return hash_bytes(h, "-", 1);
	/* Values that own memory are pointers. */
	if (r->type->done)
		return hash_json(h, r->type->json(r, row_value(r, o)));
	return hash_bytes(h, row_value(r, o), r->type->size);
}

uint32_t property_hash(const struct property *p, const struct subject *s)
{
	const struct list *l;
	uint64_t h = HASH_BEGIN;

	if (p->own)
		return hash_json(h, p->own(s));
	if (p->row)
		return hash_row(h, p->feature, p->row, property_object(p, s));
	l = property_list(p, s);
	for (unsigned n = 0; l && n < l->n; n++) {
		const struct feature *f = object_feature(p->feature, l->items[n]);

		FOREACH_ROW(f, r)
			h = hash_row(h, f, r, l->items[n]);
	}
	return h;
}

static int append_entry(sd_bus_message *m, const struct property *p, const struct subject *s)
{
	int r = sd_bus_message_open_container(m, 'e', "sv");

	if (r >= 0)
		r = sd_bus_message_append_basic(m, 's', p->name);
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', p->signature);
	if (r >= 0)
		r = append_property(m, p, s);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int fill_changed(sd_bus_message *m, const struct group *g, const struct subject *s,
			const struct property **changed)
{
	int r = sd_bus_message_append_basic(m, 's', g->interface);

	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "{sv}");
	for (; r >= 0 && *changed; changed++)
		r = append_entry(m, *changed, s);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r < 0 ? r : sd_bus_message_append(m, "as", 0);
}

int object_emit_changed(const struct bus *b, const char *path, const struct group *g,
			const struct subject *s, const struct property **changed)
{
	sd_bus_message *m = NULL;
	int r = sd_bus_message_new_signal(b->bus, &m, path, "org.freedesktop.DBus.Properties",
					  "PropertiesChanged");

	if (r >= 0)
		r = fill_changed(m, g, s, changed);
	if (r >= 0)
		r = sd_bus_send(b->bus, m, NULL);
	sd_bus_message_unref(m);
	return r;
}

static const struct property *find_property(const struct group *g, const char *name)
{
	for (unsigned n = 0; n < g->n; n++)
		if (!strcmp(g->properties[n].name, name))
			return &g->properties[n];
	return NULL;
}

uint64_t object_groups(const struct bus *b, const struct subject *s)
{
	uint64_t groups = s->have || s->want;

	for (unsigned n = 1; s->have && n < b->n_groups; n++) {
		const struct feature *f = b->groups[n].feature;
		const struct object *o = iface_object(s->have, f);
		const struct object *policy = iface_object(s->want, f);

		if ((o && o->present) || (policy && policy->present & feature_policies(f)))
			groups |= BIT64(n);
	}
	return groups;
}

char *object_path(const char *link)
{
	char *path;

	if (sd_bus_path_encode(BUS_LINK_PATH, link, &path) < 0)
		abort();
	return path;
}

char *object_link(const char *path)
{
	char *name = NULL;

	return sd_bus_path_decode(path, BUS_LINK_PATH, &name) > 0 ? name : NULL;
}

/* Finds the name as a model has it, which stands until the handler has been called. */
static int find_object(sd_bus *bus _unused_, const char *path, const char *interface _unused_,
		       void *data, void **ret, sd_bus_error *error _unused_)
{
	_cleanup_free_ char *name = object_link(path);
	struct group *g = data;
	struct subject s;

	if (!name)
		return 0;
	s = object_subject(g->bus, name);
	if (!(object_groups(g->bus, &s) & BIT64(g - g->bus->groups)))
		return 0;
	*ret = (char *)(s.have ? s.have->name : s.want->name);
	return 1;
}

/* @data is what find_object() found; the group is the userdata of the vtable itself. */
static int get_property(sd_bus *bus, const char *path _unused_, const char *interface _unused_,
			const char *property, sd_bus_message *reply, void *data,
			sd_bus_error *error _unused_)
{
	const struct group *g = sd_bus_slot_get_userdata(sd_bus_get_current_slot(bus));
	const struct subject s = object_subject(g->bus, data);

	return append_property(reply, find_property(g, property), &s);
}

static int run_reconfigure(struct bus *b, sd_bus_message *m)
{
	_cleanup_free_ char *name = object_link(sd_bus_message_get_path(m));
	int r = -EBUSY;

	if (!b->waiter) {
		change_wait(b, m);
		r = engine_reconfigure(b->engine, name, change_waited, b);
		if (r < 0)
			change_wait_cancel(b);
	}
	if (r == -EBUSY)
		return call_fail(m, "Busy", "another change is under way");
	if (r == -ENODEV)
		return call_fail(m, "NotSupported", "%s is not in the configuration", name);
	return r;
}

static int method_reconfigure(sd_bus_message *m, void *data _unused_,
			      sd_bus_error *error _unused_)
{
	sd_bus_slot *slot = sd_bus_get_current_slot(sd_bus_message_get_bus(m));
	const struct group *g = sd_bus_slot_get_userdata(slot);

	return call_begin(g->bus, m, ACTION_CONTROL, CALL_IDLE, run_reconfigure);
}

static int method_action(sd_bus_message *m, void *data _unused_, sd_bus_error *error _unused_)
{
	sd_bus_slot *slot = sd_bus_get_current_slot(sd_bus_message_get_bus(m));
	const struct group *g = sd_bus_slot_get_userdata(slot);

	return call_begin(g->bus, m, ACTION_CONTROL, CALL_KNOWN, action_call);
}

static int enumerate(sd_bus *bus _unused_, const char *prefix _unused_, void *data, char ***ret,
		     sd_bus_error *error _unused_)
{
	struct bus *b = data;
	const struct engine *e = b->engine;
	unsigned n = 0, max = e->mirror->seen->n + (e->current ? e->current->want->n : 0);
	char **paths = mem_new((max + 1) * sizeof(*paths));

	MODEL_FOREACH(e->mirror->seen, i)
		paths[n++] = object_path(i->name);
	if (e->current)
		MODEL_FOREACH(e->current->want, i)
			if (!model_find(e->mirror->seen, i->name))
				paths[n++] = object_path(i->name);
	*ret = paths;
	return 0;
}

static const char *property_name(struct bus *b, const struct feature *f, const char *key)
{
	char name[64];

	return arena_str(b->names, bus_property_name(f, key, name, sizeof(name)));
}

static void add_property(struct group *g, struct property p)
{
	g->properties = array_reserve(g->properties, g->n, sizeof(p));
	g->properties[g->n++] = p;
}

static void add_rows(struct bus *b, struct group *g, const struct feature *f)
{
	FOREACH_ROW(f, r)
		add_property(g, (struct property){
				.name = property_name(b, f, r->key),
				.signature = r->type->signature, .feature = f, .row = r,
				.emits = !(r->flags & ROW_VOLATILE) });
}

static sd_bus_vtable *put_methods(sd_bus_vtable *v)
{
	*v++ = (sd_bus_vtable)SD_BUS_METHOD_WITH_ARGS("Reconfigure", SD_BUS_NO_ARGS,
			SD_BUS_NO_RESULT, method_reconfigure, SD_BUS_VTABLE_UNPRIVILEGED);
	/* The names must be as many as the arguments. */
	FOREACH_ACTION(a)
		*v++ = a->answers ?
			(sd_bus_vtable)SD_BUS_METHOD_WITH_NAMES(a->method, "a{sv}",
				SD_BUS_PARAM(options), "s", SD_BUS_PARAM(json), method_action,
				SD_BUS_VTABLE_UNPRIVILEGED) :
			(sd_bus_vtable)SD_BUS_METHOD_WITH_NAMES(a->method, "a{sv}",
				SD_BUS_PARAM(options), "", "", method_action,
				SD_BUS_VTABLE_UNPRIVILEGED);
	return v;
}

static unsigned count_methods(void)
{
	unsigned n = 1;

	FOREACH_ACTION(a)
		n++;
	return n;
}

static void make_vtable(struct group *g, bool root)
{
	sd_bus_vtable *v = mem_new((g->n + 2 + (root ? count_methods() : 0)) * sizeof(*v));

	g->vtable = v;
	*v++ = (sd_bus_vtable)SD_BUS_VTABLE_START(0);
	if (root)
		v = put_methods(v);
	for (unsigned n = 0; n < g->n; n++) {
		const struct property *p = &g->properties[n];
		uint64_t flags = p->emits ? SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE :
				 p->own ? SD_BUS_VTABLE_PROPERTY_CONST : 0;

		*v++ = (sd_bus_vtable)SD_BUS_PROPERTY(p->name, p->signature, get_property, 0,
						      flags);
	}
	*v = (sd_bus_vtable)SD_BUS_VTABLE_END;
}

static void make_root(struct bus *b, struct group *g)
{
	g->feature = features[FEATURE_LINK];
	bus_interface_name(g->feature, g->interface, sizeof(g->interface));
	for (unsigned n = 0; n < ARRAY_SIZE(own_properties); n++)
		add_property(g, own_properties[n]);
	add_rows(b, g, g->feature);
	for (unsigned n = 0; n < n_features; n++)
		if (features[n]->form == FORM_LIST)
			add_property(g, (struct property){
					.name = property_name(b, features[n], features[n]->name),
					.signature = "aa{sv}", .feature = features[n],
					.emits = true });
	make_vtable(g, true);
}

void objects_new(struct bus *b)
{
	b->names = arena_new();
	b->groups = mem_new((n_features + 1) * sizeof(*b->groups));
	make_root(b, &b->groups[b->n_groups++]);
	for (unsigned n = 0; n < n_features; n++) {
		struct group *g = &b->groups[b->n_groups];

		if (features[n]->form != FORM_GROUP)
			continue;
		g->feature = features[n];
		bus_interface_name(features[n], g->interface, sizeof(g->interface));
		add_rows(b, g, features[n]);
		make_vtable(g, false);
		b->n_groups++;
	}
	assert(b->n_groups <= GROUPS_MAX);
	for (unsigned n = 0; n < b->n_groups; n++)
		b->groups[n].bus = b;
}

void objects_free(struct bus *b)
{
	for (unsigned n = 0; n < b->n_groups; n++) {
		free(b->groups[n].properties);
		free(b->groups[n].vtable);
	}
	free(b->groups);
	arena_free(b->names);
}

int objects_add(struct bus *b)
{
	int r = sd_bus_add_object_manager(b->bus, NULL, BUS_PATH);

	if (r >= 0)
		r = sd_bus_add_node_enumerator(b->bus, NULL, BUS_LINK_PATH, enumerate, b);
	for (unsigned n = 0; r >= 0 && n < b->n_groups; n++)
		r = sd_bus_add_fallback_vtable(b->bus, NULL, BUS_LINK_PATH, b->groups[n].interface,
					       b->groups[n].vtable, find_object, &b->groups[n]);
	return r;
}
