// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The configuration that the machine seems to have.
 *
 * What must stay true: the result passes `netctl check`, and a plan for it is
 * empty on the machine that it came from.
 */
#include "core/export.h"

#include <stdio.h>

#include "core/config.h"

/* Per feature: an object with the values of a fresh interface, where they are known. */
static struct object **initials_new(void)
{
	struct object **initials = mem_new(n_features * sizeof(*initials));

	for (unsigned n = 0; n < n_features; n++)
		initials[n] = feature_initial(features[n]);
	return initials;
}

static void initials_free(struct object **initials)
{
	for (unsigned n = 0; n < n_features; n++)
		object_free(features[n], initials[n]);
	free(initials);
}

/* Would a configuration be the same without it? */
static bool is_implied(const struct feature *f, const struct row *r, const struct object *o,
		       const struct object *initial)
{
	if (!row_has(f, r, o) || (r->flags & (ROW_STATE | ROW_IMPLIED)) || r->type->secret)
		return true;
	if (r->flags & (ROW_KEY | ROW_CREATE))
		return false;
	if (row_has(f, r, initial))
		return row_equal(r, o, initial);
	if (!initial && row_is_initial(f, r, o))
		return true;
	return f->form == FORM_LIST && row_is_zero(r, o);
}

static json_t *export_object(const struct feature *f, const struct object *o,
			     const struct object *initial)
{
	json_t *j = json_object();

	FOREACH_ROW(f, r)
		if (!is_implied(f, r, o, initial))
			json_object_set_new(j, r->key, r->type->json(r, row_value(r, o)));
	return j;
}

/* An IPv4 address is labelled with the interface's name unless somebody wants it otherwise. */
static void drop_default_label(json_t *entry, const struct iface *i)
{
	const char *label = json_string_value(json_object_get(entry, "label"));

	if (label && !strcmp(label, i->name))
		json_object_del(entry, "label");
}

static json_t *export_list(const struct feature *f, const struct iface *i,
			   const struct object *initial)
{
	const struct list *l = iface_list(i, f);
	json_t *j = json_array(), *entry;

	for (unsigned n = 0; n < l->n; n++) {
		const struct object *o = l->items[n];

		if (f->is_ours && f->is_foreign && !f->is_ours(o) && !f->is_foreign(o))
			continue;
		/* Of several kinds there are no initial values at hand. */
		entry = export_object(object_feature(f, o), o, f->variant ? NULL : initial);
		drop_default_label(entry, i);
		if (f->parse_entry && json_object_size(entry) == 1) {
			json_t *word = json_object_iter_value(json_object_iter(entry));

			json_array_append(j, word);
			json_decref(entry);
		} else {
			json_array_append_new(j, entry);
		}
	}
	return j;
}

/* Some kinds the daemon cannot create, and of some the kernel does not tell how they were. */
static bool can_create(const struct iface *i)
{
	const char *kind = iface_kind(i);

	for (unsigned n = 0; n < n_features; n++)
		if (features[n]->kind && !strcmp(features[n]->kind, kind))
			return iface_object(i, features[n]) != NULL;
	return !strcmp(kind, "dummy");
}

/* "all" is no interface; of what the kernel tells about it only this can be set. */
static void keep_settable(json_t *j)
{
	const char *group;
	json_t *v;

	json_object_foreach(j, group, v) {
		json_t *forwarding = json_object_get(v, "forwarding");

		if (!json_is_object(v))
			continue;
		json_incref(forwarding);
		json_object_clear(v);
		json_object_set_new(v, "forwarding", forwarding);
	}
}

/* Of a pair one entry creates both: the end that has the lower index, as in reserve_index(). */
static bool is_companion(const struct model *seen, const struct iface *i)
{
	for (unsigned n = 0; n < n_features; n++) {
		const struct feature *f = features[n];
		const struct iface *other;

		if (!f->companions || !row_has(f, &f->rows[0], i->part[n]))
			continue;
		other = model_find(seen, row_value(&f->rows[0], i->part[n]));
		return other && other->ifindex < i->ifindex;
	}
	return false;
}

static json_t *export_iface(const struct model *seen, const struct iface *i,
			    struct object *const *initials)
{
	bool companion = is_companion(seen, i);

	json_t *j = json_pack("{s:s}", "name", i->name), *part;

	for (unsigned n = 0; n < n_features; n++) {
		const struct feature *f = features[n];

		if (!i->part[n] || (companion && f->companions))
			continue;
		if (f->form == FORM_LIST)
			part = export_list(f, i, initials[n]);
		else
			part = export_object(f, i->part[n], initials[n]);
		if (f->form == FORM_ROOT)
			json_object_update_missing(j, part);
		else if (json_array_size(part) || json_object_size(part))
			group_set(j, f, json_incref(part));
		json_decref(part);
	}
	FOREACH_ROW(features[FEATURE_LINK], r)
		if ((companion || !can_create(i)) && (r->flags & ROW_CREATE))
			json_object_del(j, r->key);
	if (i->ifindex < 0)
		keep_settable(j);
	return j;
}

json_t *export_model(const struct model *seen)
{
	struct object **initials = initials_new();
	json_t *j = json_array();

	MODEL_FOREACH(seen, i) {
		json_t *entry = export_iface(seen, i, initials);

		/* There is always an "all"; mostly it says nothing. */
		if (i->ifindex >= 0 || json_object_size(entry) > 1)
			json_array_append(j, entry);
		json_decref(entry);
	}
	initials_free(initials);
	return j;
}

static bool has_groups(const json_t *list)
{
	const json_t *entry;
	size_t n;

	json_array_foreach(list, n, entry)
		if (json_is_object(entry))
			return true;
	return false;
}

static void print_literal(FILE *out, const json_t *v)
{
	_cleanup_free_ char *literal = json_literal(v);

	fputs(literal, out);
}

static void print_members(FILE *out, const json_t *group, int indent);

static void print_entries(FILE *out, const json_t *list, int indent)
{
	const json_t *entry;
	size_t n;

	json_array_foreach(list, n, entry) {
		fprintf(out, "%s\n%*s", n ? "," : "", indent, "");
		if (json_is_object(entry)) {
			fputs("{\n", out);
			print_members(out, entry, indent + 2);
			fprintf(out, "%*s}", indent, "");
		} else {
			print_literal(out, entry);
		}
	}
}

static void print_members(FILE *out, const json_t *group, int indent)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)group, key, v) {
		fprintf(out, "%*s%s = ", indent, "", key);
		if (json_is_object(v)) {
			fputs("{\n", out);
			print_members(out, v, indent + 2);
			fprintf(out, "%*s};\n", indent, "");
		} else if (has_groups(v)) {
			fputc('(', out);
			print_entries(out, v, indent + 2);
			fprintf(out, "\n%*s);\n", indent, "");
		} else {
			print_literal(out, v);
			fputs(";\n", out);
		}
	}
}

char *export_text(const json_t *interfaces)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fputs("interfaces = (", out);
	print_entries(out, interfaces, 2);
	fputs("\n);\n", out);
	fclose(out);
	return text;
}
