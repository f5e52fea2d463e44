// SPDX-License-Identifier: LGPL-2.1-or-later
/* What can be said of any row, object and feature without knowing which one it is. */
#include "core/schema.h"

#include <stdio.h>

#include "core/types.h"

static const char *const phase_names[PHASE_MAX_] = {
	[PHASE_NONE] = "none",	     [PHASE_DROP_QDISC] = "drop-qdisc",
	[PHASE_DROP_ROUTE] = "drop-route",
	[PHASE_DROP_ADDRESS] = "drop-address", [PHASE_DOWN] = "down",
	[PHASE_DROP_XDP] = "drop-xdp", [PHASE_XDP] = "xdp",
	[PHASE_DETACH] = "detach",   [PHASE_DELETE] = "delete",
	[PHASE_CREATE] = "create",   [PHASE_PHY] = "phy",
	[PHASE_LINK] = "link",	     [PHASE_ATTACH] = "attach",
	[PHASE_L2] = "l2",	     [PHASE_SYSCTL] = "sysctl",
	[PHASE_ADDRESS] = "address", [PHASE_QDISC] = "qdisc",
	[PHASE_UP] = "up",
	[PHASE_ROUTE] = "route",
};

static const char *const effect_names[EFFECT_MAX_] = {
	[EFFECT_LIVE] = "live",
	[EFFECT_BOUNCE] = "bounce",
	[EFFECT_RECREATE] = "recreate",
};

const char *phase_name(enum phase p)
{
	return phase_names[p];
}

const char *effect_name(enum effect e)
{
	return effect_names[e];
}

void features_init(void)
{
	if (n_features > 63) /* the bits of uint64_t */
		abort();
	for (unsigned i = 0; i < n_features; i++) {
		if (features[i]->n_rows > 64)
			abort();
		features[i]->id = i;
	}
}

const struct feature *feature_find(const char *name)
{
	for (unsigned i = 0; i < n_features; i++)
		if (*features[i]->name == *name && !strcmp(features[i]->name, name))
			return features[i];
	return NULL;
}

const struct row *row_find(const struct feature *f, const char *key)
{
	FOREACH_ROW(f, r)
		if (!strcmp(r->key, key))
			return r;
	return NULL;
}

bool row_equal(const struct row *r, const struct object *a, const struct object *b)
{
	const void *va = row_value(r, a), *vb = row_value(r, b);

	return r->type->equal ? r->type->equal(r, va, vb) : !memcmp(va, vb, r->type->size);
}

bool row_is_initial(const struct feature *f, const struct row *r, const struct object *o)
{
	_cleanup_free_ char *text = row_text(f, r, o);
	size_t n = strlen(text);

	if (!r->initial)
		return false;
	if (r->initial[0] == '"')
		return !strncmp(r->initial + 1, text, n) && r->initial[n + 1] == '"';
	return !strcmp(r->initial, text);
}

bool row_is_zero(const struct row *r, const struct object *o)
{
	const char *v = row_value(r, o);

	return !v[0] && !memcmp(v, v + 1, r->type->size - 1);
}

void row_copy(const struct feature *f, const struct row *r, struct arena *a, struct object *to,
	      const struct object *from)
{
	if (row_has(f, r, to) && !a && r->type->done)
		r->type->done(row_value(r, to));
	if (r->type->copy)
		r->type->copy(a, row_value(r, to), row_value(r, from));
	else
		memcpy(row_value(r, to), row_value(r, from), r->type->size);
	to->present |= row_bit(f, r);
	if (to->where && from->where)
		to->where[r - f->rows] = from->where[r - f->rows];
}

/* Groups, and what is not all alike, stand in a list ( … ); only plain values in an array. */
static bool is_list(const json_t *array)
{
	json_t *v;
	size_t i;

	json_array_foreach(array, i, v)
		if (json_is_object(v) || json_typeof(v) != json_typeof(json_array_get(array, 0)))
			return true;
	return false;
}

void json_write_literal(FILE *out, const json_t *j)
{
	const char *key, *sep = "";
	json_t *v;
	size_t i;

	switch (json_typeof(j)) {
	case JSON_TRUE:
	case JSON_FALSE:
		fputs(json_is_true(j) ? "true" : "false", out);
		break;
	case JSON_INTEGER:
		fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(j));
		if (json_integer_value(j) != (int)json_integer_value(j))
			putc('L', out);
		break;
	case JSON_REAL:
		fprintf(out, "%g", json_real_value(j));
		break;
	case JSON_NULL:
		fputs("\"\"", out);
		break;
	case JSON_STRING:
		putc('"', out);
		for (const char *s = json_string_value(j); *s; s++) {
			if (*s == '"' || *s == '\\')
				putc('\\', out);
			if ((unsigned char)*s < 0x20 || *s == 0x7f)
				fprintf(out, "\\x%02x", (unsigned char)*s);
			else
				putc(*s, out);
		}
		putc('"', out);
		break;
	case JSON_ARRAY:
		putc(is_list(j) ? '(' : '[', out);
		json_array_foreach(j, i, v) {
			fprintf(out, "%s", i ? ", " : " ");
			json_write_literal(out, v);
		}
		fprintf(out, " %c", is_list(j) ? ')' : ']');
		break;
	case JSON_OBJECT:
		fputs("{", out);
		json_object_foreach((json_t *)j, key, v) {
			fprintf(out, "%s %s = ", sep, key);
			json_write_literal(out, v);
			sep = ";";
		}
		fprintf(out, "%s }", sep);
		break;
	}
}

char *json_literal(const json_t *j)
{
	char *s = NULL;
	size_t n;
	FILE *out = open_memstream(&s, &n);

	json_write_literal(out, j);
	fclose(out);
	return s;
}

char *row_text(const struct feature *f, const struct row *r, const struct object *o)
{
	json_t *j;
	char *s;

	if (!row_has(f, r, o))
		return str_dup("-");
	if (r->type->text)
		return r->type->text(r, row_value(r, o));
	j = r->type->json(r, row_value(r, o));
	if (json_is_string(j))
		s = str_dup(json_string_length(j) ? json_string_value(j) : "none");
	else
		s = json_literal(j);
	json_decref(j);
	return s;
}

struct object *object_new(const struct feature *f, struct arena *a)
{
	return arena_alloc(a, f->size);
}

void object_clear(const struct feature *f, struct object *o)
{
	const struct feature *v = object_feature(f, o);

	FOREACH_ROW(v, r)
		if (row_has(v, r, o) && r->type->done)
			r->type->done(row_value(r, o));
	memset(o, 0, f->size);
}

void object_free(const struct feature *f, struct object *o)
{
	if (!o)
		return;
	object_clear(f, o);
	free(o);
}

bool object_same_key(const struct feature *f, const struct object *a, const struct object *b)
{
	FOREACH_ROW(f, r)
		if ((r->flags & ROW_KEY) && !row_equal(r, a, b))
			return false;
	return true;
}

int object_decode(const struct feature *f, struct object *o, struct nlattr *const *tb, int max)
{
	int r;

	FOREACH_ROW(f, row) {
		if (!row->attr || row->attr > max || !tb[row->attr] || !row->type->get)
			continue;
		if (row_has(f, row, o) && row->type->done)
			row->type->done(row_value(row, o));
		o->present &= ~row_bit(f, row);
		r = row->type->get(row, tb[row->attr], row_value(row, o));
		if (r < 0)
			return r;
		o->present |= row_bit(f, row);
	}
	return 0;
}

uint64_t feature_policies(const struct feature *f)
{
	uint64_t rows = 0;

	FOREACH_ROW(f, r)
		rows |= r->flags & ROW_POLICY ? row_bit(f, r) : 0;
	return rows;
}

void group_set(json_t *iface, const struct feature *f, json_t *part)
{
	const char *name = f->name, *dot;
	json_t *at = iface, *inner;

	for (; (dot = strchr(name, '.')); name = dot + 1) {
		_cleanup_free_ char *key = str_format("%.*s", (int)(dot - name), name);

		inner = json_object_get(at, key);
		if (!inner)
			json_object_set_new(at, key, inner = json_object());
		at = inner;
	}
	inner = json_object_get(at, name);
	if (inner) { /* a group within it came first */
		json_object_update(inner, part);
		json_decref(part);
	} else {
		json_object_set_new(at, name, part);
	}
}

json_t *object_json(const struct feature *f, const struct object *o, unsigned skip)
{
	return object_json_of(object_feature(f, o), o, skip, UINT64_MAX);
}

void object_json_into(json_t *j, const struct feature *f, const struct object *o, unsigned skip,
		      uint64_t rows)
{
	FOREACH_ROW(f, r)
		if ((rows & row_bit(f, r)) && row_has(f, r, o) && !(r->flags & skip))
			json_object_set_new(j, r->key, r->type->secret && skip & JSON_SECRETS ?
						r->type->secret(r, row_value(r, o)) :
						r->type->json(r, row_value(r, o)));
}

json_t *object_json_of(const struct feature *f, const struct object *o, unsigned skip,
		       uint64_t rows)
{
	json_t *j = json_object();

	object_json_into(j, f, o, skip, rows);
	return j;
}
