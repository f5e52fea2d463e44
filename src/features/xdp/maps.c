// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What maps of object files hold, as one value: it is loaded with the program.
 *
 * What must stay true: entries are compared by what they say, and a list on
 * the heap owns the bytes of its cells.
 */
#include <stdio.h>
#include <linux/bpf.h>

#include "core/errors.h"
#include "features/xdp/xdp.h"
#include "nl/bpf.h"
#include "util/hash.h"
#include "util/text.h"

#define ENTRIES_MAX 1024
#define ENTRIES_SHOWN 8 /* of more, plans show only the number */
#define KERNEL_NAME 15 /* BPF_OBJ_NAME_LEN without the 0 at its end */

static int name_parse(struct parse *p, const config_setting_t *s, void *v)
{
	const char *text = NULL;
	int r = parse_string(p, s, &text);

	if (r < 0)
		return r;
	if (!*text || strlen(text) >= sizeof(((struct entry *)0)->map))
		return parse_refuse(p, "\"%s\" is no name of a map", text);
	memset(v, 0, sizeof(((struct entry *)0)->map));
	strcpy(v, text);
	return 0;
}

static json_t *name_json(const struct row *row _unused_, const void *v)
{
	return json_string(v);
}

static const struct type type_map_name = {
	.name = "name of a map", .signature = "s", .size = sizeof(((struct entry *)0)->map),
	.parse = name_parse, .json = name_json,
};

enum { MAP, KEY, CONTENT, INITIAL };

static const struct row entry_rows[] = {
	[MAP] = { .key = "map", .type = &type_map_name, VALUE(entry, map),
	  .help = "Its name in the object file" },
	[KEY] = { .key = "key", .type = &type_cell, VALUE(entry, key),
	  .help = "A number as long as the map's keys, or bytes: words of u8:, u16:, u32:, u64: "
		  "and be16:, be32:, be64: (most significant byte first), 01:0a:ff, IP addresses, "
		  "prefixes (as tries have them); ... at the end: zeros up to there" },
	[CONTENT] = { .key = "value", .type = &type_cell, VALUE(entry, value),
	  .help = "As key; of maps with a value for each CPU all get it" },
	[INITIAL] = { .key = "initial", .type = &type_bool, VALUE(entry, initial),
	  .help = "The program changes it: it is not compared later on" },
};

const struct feature entry_shape = {
	.name = "entry", .form = FORM_GROUP, .size = sizeof(struct entry), .rows = entry_rows,
	.n_rows = ARRAY_SIZE(entry_rows),
};

/* The list. */

static struct contents *contents_new(struct arena *a, unsigned n)
{
	struct contents *c = arena_alloc(a, sizeof(*c));

	c->refs = 1;
	c->n = n;
	c->items = arena_alloc(a, n * sizeof(*c->items) + 1);
	c->lines = arena_alloc(a, n * sizeof(*c->lines) + 1);
	return c;
}

static void entry_done(struct entry *e)
{
	type_cell.done(&e->key);
	type_cell.done(&e->value);
}

static void contents_done(void *v)
{
	struct contents *c = *(struct contents **)v;

	*(struct contents **)v = NULL;
	if (!c || --c->refs)
		return;
	for (unsigned n = 0; n < c->n; n++)
		entry_done(&c->items[n]);
	free(c->items);
	free(c->lines);
	free(c);
}

static int check_whole(struct parse *p, unsigned n, const struct entry *e)
{
	for (unsigned k = MAP; k <= CONTENT; k++)
		if (!(e->o.present & BIT64(k)))
			return parse_refuse(p, "entry %u: %s is missing", n + 1, entry_rows[k].key);
	return 0;
}

static int contents_parse(struct parse *p, const config_setting_t *s, void *v)
{
	unsigned n = config_setting_is_list(s) ? config_setting_length(s) : 0;
	struct contents *c;
	int r = 0;

	if (!config_setting_is_list(s) &&
	    !(config_setting_is_array(s) && !config_setting_length(s)))
		return parse_refuse(p, "must be a list of groups: ( { map = \"ports\"; key = 80; "
				    "value = 1; }, … )");
	if (n > ENTRIES_MAX)
		return parse_refuse(p, "more than %u entries", ENTRIES_MAX);
	c = contents_new(p->arena, n);
	for (unsigned i = 0; !r && i < n; i++) {
		const config_setting_t *group = config_setting_get_elem(s, i);

		c->lines[i] = config_setting_source_line(group);
		r = xdp_parse_group(p, &entry_shape, i + 1, group, &c->items[i].o);
		if (!r)
			r = check_whole(p, i, &c->items[i]);
	}
	if (r < 0 && !p->arena)
		contents_done(&c);
	if (r < 0)
		return r;
	p->at = NULL;
	*(struct contents **)v = c;
	return 0;
}

static json_t *contents_json(const struct row *row _unused_, const void *v)
{
	const struct contents *c = *(struct contents *const *)v;
	json_t *j = json_array();

	for (unsigned n = 0; c && n < c->n; n++)
		json_array_append_new(j, object_json(&entry_shape, &c->items[n].o, 0));
	return j;
}

static bool entry_equal(const struct entry *a, const struct entry *b)
{
	return a->o.present == b->o.present && !strcmp(a->map, b->map) &&
	       a->initial == b->initial && type_cell.equal(NULL, &a->key, &b->key) &&
	       type_cell.equal(NULL, &a->value, &b->value);
}

static bool contents_equal(const struct row *row _unused_, const void *va, const void *vb)
{
	const struct contents *a = *(struct contents *const *)va,
			      *b = *(struct contents *const *)vb;
	unsigned n = a ? a->n : 0;

	if (n != (b ? b->n : 0))
		return false;
	while (n && entry_equal(&a->items[n - 1], &b->items[n - 1]))
		n--;
	return !n;
}

static struct contents *duplicate(struct arena *a, const struct contents *from)
{
	struct contents *c = contents_new(a, from->n);

	memcpy(c->items, from->items, from->n * sizeof(*c->items));
	memcpy(c->lines, from->lines, from->n * sizeof(*c->lines));
	for (unsigned n = 0; n < c->n; n++) {
		type_cell.copy(a, &c->items[n].key, &from->items[n].key);
		type_cell.copy(a, &c->items[n].value, &from->items[n].value);
	}
	return c;
}

/* On the heap they are shared, as the rules of the filter are. */
static void contents_copy(struct arena *a, void *to, const void *from)
{
	struct contents *c = *(struct contents *const *)from;

	if (c && !a)
		c->refs++;
	*(struct contents **)to = c && a ? duplicate(a, c) : c;
}

/* Of many: their number, and what tells them from as many others. */
static char *contents_text(const struct row *row, const void *v)
{
	const struct contents *c = *(struct contents *const *)v;
	json_t *j = contents_json(row, v);
	_cleanup_free_ char *text = json_literal(j);
	uint32_t h = UINT32_C(2166136261); /* FNV-1a */

	json_decref(j);
	if (!c || c->n <= ENTRIES_SHOWN)
		return TAKE_PTR(text);
	for (const char *at = text; *at; at++)
		h = (h ^ *(const uint8_t *)at) * UINT32_C(16777619);
	return str_format("%u entries (%08x)", c->n, h);
}

const struct type type_contents = {
	.name = "list of entries", .signature = "aa{sv}", .size = sizeof(struct contents *),
	.parse = contents_parse, .json = contents_json, .equal = contents_equal,
	.copy = contents_copy, .done = contents_done, .text = contents_text, .shape = &entry_shape,
};

/* Into a map, and back. */

static const struct xdp_image_map *find(const struct xdp_image_map *maps, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(maps[i].name, name))
			return &maps[i];
	return NULL;
}

static bool can_fill(uint32_t type)
{
	return type == BPF_MAP_TYPE_HASH || type == BPF_MAP_TYPE_ARRAY ||
	       type == BPF_MAP_TYPE_LRU_HASH || type == BPF_MAP_TYPE_LPM_TRIE ||
	       bpf_is_each_cpu(type);
}

/* What the daemon has beside a program is found by name. */
static bool is_taken(const char *name)
{
	return !strcmp(name, "memory") || !strcmp(name, "base") || !strcmp(name, "chain") ||
	       !strcmp(name, "counters");
}

static char *refuse_map(const struct xdp_image_map *m, const struct xdp_image_map *maps, int n)
{
	if (!can_fill(m->type))
		return str_format("is of a kind that cannot be filled from here (%u of enum "
				  "bpf_map_type; hash, array, lru_hash, also with a value for each "
				  "CPU, and lpm_trie can)", m->type);
	if (m->flags & (BPF_F_RDONLY | BPF_F_WRONLY))
		return str_dup(
			"is not for user space to read and to write (BPF_F_RDONLY, BPF_F_WRONLY)");
	if (is_taken(m->name))
		return str_dup("has a name that netctld uses itself");
	for (int i = 0; i < n; i++)
		if (&maps[i] != m && !strncmp(maps[i].name, m->name, KERNEL_NAME))
			return str_format("is not to be told from \"%s\": the kernel keeps "
					  "%u letters of a name", maps[i].name, KERNEL_NAME);
	return NULL;
}

static char *say_misfit(const char *what, uint32_t size, char kind, char *why)
{
	char *text = !why ? NULL : str_format("has %s of %u bytes%s: %s does not fit", what, size,
					      cell_kind_text(kind), why);

	free(why);
	return text;
}

static char *refuse_entry(const struct xdp_image_map *m, const struct entry *e)
{
	_cleanup_free_ uint8_t *bytes = NULL;
	uint32_t index = 0;
	char *why;

	if (m->key_size > CELL_MAX || m->value_size > CELL_MAX)
		return str_format("has keys of %u and values of %u bytes; more than %u cannot be "
				  "configured", m->key_size, m->value_size, CELL_MAX);
	bytes = mem_new(max_of(m->key_size, m->value_size) + sizeof(index));
	why = say_misfit("values", m->value_size, m->value_kind,
			 cell_fit(&e->value, m->value_size, m->value_kind, bytes));
	if (!why)
		why = say_misfit("keys", m->key_size, m->key_kind,
				 cell_fit(&e->key, m->key_size, m->key_kind, bytes));
	if (why)
		return why;
	memcpy(&index, bytes, sizeof(index));
	if ((m->type == BPF_MAP_TYPE_ARRAY || m->type == BPF_MAP_TYPE_PERCPU_ARRAY) &&
	    index >= m->max_entries)
		return str_format("has entries 0 to %u, no %u", m->max_entries - 1, index);
	return NULL;
}

/* Keys are compared as they come into the map: 1 and "u32:1" are the same. */
static bool same_key(const struct xdp_image_map *m, const struct entry *a, const struct entry *b)
{
	_cleanup_free_ uint8_t *x = mem_new(m->key_size + 1), *y = mem_new(m->key_size + 1);
	char *why = cell_fit(&a->key, m->key_size, m->key_kind, x);

	if (!why)
		why = cell_fit(&b->key, m->key_size, m->key_kind, y);
	if (why) {
		free(why);
		return false;
	}
	return !memcmp(x, y, m->key_size);
}

/* Of this map, up to and without the @n-th entry. Return: how many, or -1: the same is there. */
static int count_before(const struct xdp_image_map *m, const struct contents *c, unsigned n)
{
	int count = 0;

	for (unsigned i = 0; i < n; i++) {
		if (strcmp(c->items[i].map, m->name))
			continue;
		if (same_key(m, &c->items[i], &c->items[n]))
			return -1;
		count++;
	}
	return count;
}

static char *refuse(const struct xdp_image_map *maps, int n_maps, const struct contents *c,
		    unsigned n)
{
	const struct xdp_image_map *m = find(maps, n_maps, c->items[n].map);
	char *why = refuse_map(m, maps, n_maps);
	int before;

	if (!why)
		why = refuse_entry(m, &c->items[n]);
	if (why)
		return why;
	before = count_before(m, c, n);
	if (before < 0)
		return str_dup("has this key twice");
	return (uint32_t)before < m->max_entries ? NULL :
		str_format("has room for %u entries", m->max_entries);
}

static void check_file(const struct iface *i, const struct contents *c, const char *path,
		       bool *known, struct errors *e)
{
	_cleanup_free_ struct xdp_image_map *maps = NULL;
	_cleanup_free_ char *image = NULL, *why = NULL;
	struct origin at = *xdp_place(i, &xdp_feature, "maps");
	size_t size;
	int n;

	/* What is wrong with the file itself is said elsewhere. */
	if (file_read(path, 8u << 20, &image, &size) < 0 || xdp_image_check(image, size))
		return;
	n = xdp_image_maps(image, size, &maps, &why);
	if (n < 0)
		errors_add(e, &at, "%s: xdp.maps: %s: %s", i->name, path, why ? why : strerror(-n));
	for (unsigned k = 0; k < c->n; k++) {
		_cleanup_free_ char *bad = NULL;

		known[k] |= n < 0 || find(maps, n, c->items[k].map);
		if (n < 0 || !find(maps, n, c->items[k].map))
			continue;
		bad = refuse(maps, n, c, k);
		at.line = c->lines[k];
		if (bad)
			errors_add(e, &at, "%s: xdp.maps: entry %u: the map \"%s\" of %s %s",
				   i->name, k + 1, c->items[k].map, path, bad);
	}
}

void xdp_maps_check(const struct iface *i, const struct xdp_settings *x, struct errors *e)
{
	const struct contents *c = x->maps;
	_cleanup_free_ bool *known = mem_new((c ? c->n : 0) * sizeof(*known) + 1);
	struct origin at = *xdp_place(i, &xdp_feature, "maps");
	bool own = false;
	struct member m;

	if (!c || !c->n)
		return;
	for (unsigned n = 0; xdp_member(x, n, &m); n++)
		if (!m.shipped) {
			own = true;
			check_file(i, c, m.name, known, e);
		}
	if (!own) {
		errors_add(e, &at,
			   "%s: xdp.maps: is for object files; \"%s\" has settings of its own",
			   i->name, x->program);
		return;
	}
	for (unsigned k = 0; k < c->n; k++) {
		at.line = c->lines[k];
		if (!known[k])
			errors_add(e, &at,
				   "%s: xdp.maps: entry %u: no object file of the interface has a "
				   "map \"%s\"",
				   i->name, k + 1, c->items[k].map);
	}
}

/* First those that are held, then those that the program changes. */
static int put_entries(struct xdp_map *to, const struct xdp_image_map *m, const struct contents *c)
{
	uint32_t at = 0;

	for (unsigned initial = 0; initial < 2; initial++) {
		for (unsigned n = 0; n < c->n; n++) {
			const struct entry *e = &c->items[n];
			char *why;

			if (strcmp(e->map, m->name) || e->initial != initial)
				continue;
			why = cell_fit(&e->key, m->key_size, m->key_kind,
				       (uint8_t *)to->keys + (size_t)at * m->key_size);
			if (!why)
				why = cell_fit(&e->value, m->value_size, m->value_kind,
					       (uint8_t *)to->values + (size_t)at * m->value_size);
			if (why) {
				free(why);
				return -EINVAL;
			}
			at++;
		}
		if (!initial)
			to->n_held = at;
	}
	return 0;
}

static unsigned count(const struct contents *c, const char *name)
{
	unsigned count = 0;

	for (unsigned n = 0; n < c->n; n++)
		count += !strcmp(c->items[n].map, name);
	return count;
}

int xdp_maps_fill(struct xdp_job *j, const struct contents *c)
{
	_cleanup_free_ struct xdp_image_map *maps = NULL;
	_cleanup_free_ char *why = NULL;
	int n, r = 0;

	if (!c || !c->n)
		return 0;
	n = xdp_image_maps(j->image, j->size, &maps, &why);
	for (int i = 0; !r && i < n; i++) {
		unsigned entries = count(c, maps[i].name);
		struct xdp_map *m;

		if (!entries)
			continue;
		j->names = array_reserve(j->names, j->n_names, sizeof(*j->names));
		j->names[j->n_names] = str_dup(maps[i].name);
		m = xdp_job_map(j, j->names[j->n_names++], 0, entries, maps[i].key_size,
				maps[i].value_size);
		m->held = true;
		r = put_entries(m, &maps[i], c);
	}
	return n < 0 ? n : r;
}

/* What the kernel has of an entry: of maps with a value for each CPU all of them. */
struct seen {
	const struct xdp_map_fd *map; /* NULL: there is none that can be asked */
	bool there;
	uint32_t stride;
	unsigned copies;
	uint8_t *values; /* heap */
};

static void seen_done(struct seen *s)
{
	free(s->values);
}

static struct seen ask(const struct xdp_attached *a, const struct entry *e)
{
	const struct xdp_map_fd *m = e->initial ? NULL : xdp_map_of(a, e->map);
	struct seen s = { .map = m };
	_cleanup_free_ uint8_t *key = NULL;
	char *why;

	if (!m || m->key_size > CELL_MAX || m->value_size > CELL_MAX) {
		s.map = NULL;
		return s;
	}
	key = mem_new(m->key_size + 1);
	s.copies = bpf_value_copies(m->type, m->value_size, &s.stride);
	s.values = mem_new((size_t)s.copies * s.stride + 1);
	why = cell_fit(&e->key, m->key_size, 0, key);
	s.there = !why && bpf_map_get(m->fd, key, s.values) == 0;
	free(why);
	return s;
}

/* The next object file's program that is loaded, from place @n of the chain on; NULL: no more. */
static const struct xdp_attached *next_own(const struct xdp_settings *x,
					   const struct xdp_attached *first, unsigned *n)
{
	struct member m;

	while (xdp_member(x, *n, &m)) {
		const struct xdp_attached *a = xdp_nth(first, (*n)++);

		if (a && !m.shipped && a->prog_fd >= 0)
			return a;
	}
	return NULL;
}

static uint64_t hash_entries(uint64_t h, const struct contents *c, const struct xdp_attached *a)
{
	for (unsigned n = 0; n < c->n; n++) {
		_cleanup_(seen_done) struct seen s = ask(a, &c->items[n]);

		h = hash_bytes(h, &s.there, sizeof(s.there));
		if (s.there)
			h = hash_bytes(h, s.values, (size_t)s.copies * s.stride);
	}
	return h;
}

uint64_t xdp_maps_state(const struct xdp_settings *x, const struct xdp_attached *first)
{
	uint64_t h = HASH_BEGIN;
	const struct xdp_attached *a;

	for (unsigned n = 0; x->maps && (a = next_own(x, first, &n));)
		h = hash_entries(h, x->maps, a);
	return h;
}

/* Of several CPUs' values the first that is another one is told. */
static bool see_entry(struct entry *e, const struct xdp_attached *a)
{
	_cleanup_(seen_done) struct seen s = ask(a, e);
	_cleanup_free_ uint8_t *want = NULL;
	uint32_t size = s.map ? s.map->value_size : 0;
	char *why = NULL;

	if (!s.map || !s.there)
		return !s.map;
	want = mem_new(size + 1);
	why = cell_fit(&e->value, size, 0, want);
	for (unsigned n = 0; !why && n < s.copies; n++)
		if (memcmp(s.values + (size_t)n * s.stride, want, size)) {
			cell_read(&e->value, s.values + (size_t)n * s.stride, size);
			break;
		}
	if (!why)
		return true;
	free(why);
	return false;
}

static void see_entries(struct contents *c, const struct xdp_attached *a)
{
	unsigned to = 0;

	for (unsigned n = 0; n < c->n; n++)
		if (see_entry(&c->items[n], a))
			c->items[to++] = c->items[n];
		else
			entry_done(&c->items[n]);
	c->n = to;
}

void xdp_maps_see(struct xdp_settings *x, const struct xdp_attached *first)
{
	struct contents *seen = x->maps ? duplicate(NULL, x->maps) : NULL, *was = x->maps;
	const struct xdp_attached *a;

	for (unsigned n = 0; seen && (a = next_own(x, first, &n));)
		see_entries(seen, a);
	if (seen && !contents_equal(NULL, &seen, &was)) {
		x->maps = seen;
		seen = was;
	}
	contents_done(&seen);
}
