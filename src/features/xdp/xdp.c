// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * XDP programs: which one an interface has, and how its settings become a job
 * for the kernel (nl/xdp.h).
 *
 * All of a program's settings are given when it is loaded, so every change of
 * one of them is a new instance put in the place of the old one. The steps of
 * the group and of the groups within it therefore all carry everything, and
 * the second one finds nothing left to do.
 *
 * What must stay true: a program that others attached is never taken away
 * unless the configuration says foreign = "remove".
 */
#include <stdio.h>

#include "core/errors.h"
#include "features/xdp/xdp.h"
#include "util/clock.h"
#include "util/hash.h"
#include "util/log.h"
#include "util/text.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

static const struct word mode_words[] = {
	{ "auto", XDP_AUTO }, { "native", XDP_NATIVE }, { "generic", XDP_GENERIC },
	{ "offload", XDP_OFFLOAD }, { NULL, 0 },
};

static const struct word unsupported_words[] = {
	{ "fail", XDP_FAIL }, { "generic", XDP_FALL_BACK }, { "skip", XDP_SKIP }, { NULL, 0 },
};

static const struct word foreign_words[] = {
	{ "keep", FOREIGN_KEEP }, { "remove", FOREIGN_REMOVE }, { NULL, 0 },
};

/* include/uapi/linux/if_link.h, XDP_ATTACHED_… */
static const struct word attached_words[] = {
	{ "none", XDP_ATTACHED_NONE }, { "native", XDP_ATTACHED_DRV },
	{ "generic", XDP_ATTACHED_SKB }, { "offload", XDP_ATTACHED_HW },
	{ "several", XDP_ATTACHED_MULTI }, { NULL, 0 },
};

enum { PROGRAM, SECTION, CHAIN, MAPS, MODE, UNSUPPORTED, FOREIGN, BUILD, ATTACHED, ID, TAG, TAGS,
       SINCE, NOTE };

static const struct row rows[] = {
	[PROGRAM] = { .key = "program", .type = &type_string, VALUE(xdp_settings, program),
	  .max = 255,
	  .phase = PHASE_XDP, .flags = ROW_OURS, .off = PHASE_DROP_XDP, .initial = "\"\"",
	  .help = "filter, stats, forward, cpumap, sample, or the path of an object file" },
	/* "" is none, and so it is written beside each program. */
	[SECTION] = { .key = "section", .type = &type_string, VALUE(xdp_settings, section),
	  .max = 63, .phase = PHASE_XDP, .flags = ROW_OURS,
	  .help = "Of an object file with several programs: which section or program" },
	[CHAIN] = { .key = "chain", .type = &type_chain, VALUE(xdp_settings, chain),
	  .phase = PHASE_XDP, .flags = ROW_OURS,
	  .help = "Programs behind the first, in order: each sees what the one before has passed; "
		  "PATH#SECTION of an object file with several" },
	[MAPS] = { .key = "maps", .type = &type_contents, VALUE(xdp_settings, maps),
	  .phase = PHASE_XDP, .flags = ROW_OURS,
	  .help = "What maps of object files hold besides; of each object file that has a map of "
		  "the name" },
	[MODE] = { .key = "mode", .type = &type_enum8, VALUE(xdp_settings, mode),
	  .data = mode_words, .phase = PHASE_XDP, .flags = ROW_OURS,
	  .help = "Where it runs; auto: native where the driver can, else generic" },
	[UNSUPPORTED] = { .key = "on_unsupported", .type = &type_enum8,
	  VALUE(xdp_settings, unsupported),
	  .data = unsupported_words, .phase = PHASE_XDP, .flags = ROW_OURS,
	  .help = "Where the device cannot have the mode: fail, run it generic, or leave it out" },
	[FOREIGN] = { .key = "foreign", .type = &type_enum8, VALUE(xdp_settings, foreign),
	  .data = foreign_words, .flags = ROW_POLICY,
	  .help = "What to do with a program that others attached" },
	[BUILD] = { .key = "build", .type = &type_string, VALUE(xdp_settings, build), .max = 16,
	  .flags = ROW_IMPLIED, .phase = PHASE_XDP, .help = "Hash of the object file" },
	[ATTACHED] = { .key = "attached", .type = &type_enum8, VALUE(xdp_settings, attached),
	  .data = attached_words, .flags = ROW_STATE, .help = "The mode it runs in" },
	[ID] = { .key = "id", .type = &type_u32, VALUE(xdp_settings, id), .flags = ROW_STATE,
	  .help = "The kernel's number of the program" },
	[TAG] = { .key = "tag", .type = &type_string, VALUE(xdp_settings, tag), .max = 16,
	  .flags = ROW_STATE, .help = "The kernel's hash of its instructions" },
	[TAGS] = { .key = "chain_tags", .type = &type_chain, VALUE(xdp_settings, tags),
	  .flags = ROW_STATE, .help = "The same of each program of the chain" },
	[SINCE] = { .key = "since", .type = &type_u64, VALUE(xdp_settings, since),
	  .flags = ROW_STATE | ROW_VOLATILE, .help = "When it was loaded, seconds since 1970" },
	[NOTE] = { .key = "note", .type = &type_string, VALUE(xdp_settings, note), .max = 255,
	  .flags = ROW_STATE, .help = "Why it does not run in the mode that was asked for first" },
};

static const struct shipped *const programs[] = {
	&shipped_filter, &shipped_stats, &shipped_forward, &shipped_cpumap, &shipped_sample,
};

const struct shipped *shipped_nth(unsigned n)
{
	return n < ARRAY_SIZE(programs) ? programs[n] : NULL;
}

const struct shipped *shipped_find(const char *name)
{
	for (unsigned n = 0; name && n < ARRAY_SIZE(programs); n++)
		if (!strcmp(programs[n]->name, name))
			return programs[n];
	return NULL;
}

static const struct xdp_settings *settings_of(const struct iface *i)
{
	return (const struct xdp_settings *)iface_object(i, &xdp_feature);
}

const struct origin *xdp_place(const struct iface *i, const struct feature *f, const char *key)
{
	const struct object *o = iface_object(i, f);
	const struct row *r = row_find(f, key);

	if (o && o->where && object_where(f, r, o)->file)
		return object_where(f, r, o);
	return object_where(&xdp_feature, &rows[PROGRAM], iface_object(i, &xdp_feature));
}

void xdp_keep(struct xdp_job *j, unsigned n)
{
	j->keep = mem_new(n * sizeof(*j->keep));
	j->n_keep = n;
	for (unsigned k = 0; k < n; k++)
		j->keep[k] = k;
}

/* Object files. */

/* Of what is loaded: the shipped image, or the file's contents (@own: to be freed). */
static int image_of(const char *program, const void **image, size_t *size, char **own)
{
	const struct shipped *s = shipped_find(program);

	*own = NULL;
	if (!s) {
		int r = file_read(program, XDP_IMAGE_MAX, own, size);

		*image = *own;
		return r;
	}
	*image = s->image;
	*size = *s->size;
	return 0;
}

static const struct object *inner_of(const struct iface *i, const struct shipped *s)
{
	return s && s->feature ? iface_object(i, s->feature) : NULL;
}

/* The group's objects have a place for each row, so that errors can name one. */
struct object *xdp_completed(struct model *want, struct iface *i, const struct feature *f)
{
	struct object *o = iface_get_object(want, i, f);

	if (!o->where)
		o->where = arena_alloc(want->arena, f->n_rows * sizeof(*o->where));
	return o;
}

static void complete(struct model *want, struct iface *i)
{
	struct xdp_settings *x = (struct xdp_settings *)iface_object(i, &xdp_feature);
	uint64_t hash = HASH_BEGIN;
	struct member m;
	char build[17];

	if (!x || !x->program)
		return;
	x->o.present |=
		BIT64(SECTION) | BIT64(CHAIN) | BIT64(MAPS) | BIT64(MODE) | BIT64(UNSUPPORTED);
	(void)xdp_completed(want, i, &xdp_device_feature); /* so that it is read */
	for (unsigned n = 0; xdp_member(x, n, &m); n++) {
		_cleanup_free_ char *own = NULL;
		const void *image;
		size_t size;

		if (m.shipped && m.shipped->feature && m.shipped->complete)
			m.shipped->complete(xdp_completed(want, i, m.shipped->feature));
		if (image_of(m.name, &image, &size, &own) < 0)
			return; /* check() says so */
		hash = hash_bytes(hash, image, size);
	}
	sprintf(build, "%016llx", (unsigned long long)hash);
	x->build = arena_str(want->arena, build);
	x->o.present |= BIT64(BUILD);
	if (x->o.where)
		x->o.where[BUILD] = x->o.where[PROGRAM];
}

static const char *nth_program(const void *data _unused_, unsigned n)
{
	return n < ARRAY_SIZE(programs) ? programs[n]->name : NULL;
}

static void check_file(const struct iface *i, const char *key, const struct member *m,
		       struct errors *e)
{
	const char *program = m->name, *section = *m->section ? m->section : NULL;
	const struct origin *at = xdp_place(i, &xdp_feature, key);
	_cleanup_free_ char *own = NULL, *why = NULL;
	const void *image;
	size_t size;
	int r;

	if (*program != '/') {
		_cleanup_free_ char *hint = text_hint(program, nth_program, NULL);

		errors_add(e, at, "%s: xdp.%s: no shipped program \"%s\"%s; an object file "
			   "is named by its whole path", i->name, key, program, hint);
		return;
	}
	r = image_of(program, &image, &size, &own);
	why = r < 0 ? str_dup(strerror(-r)) : xdp_image_refuse(image, size, section);
	if (why)
		errors_add(e, at, "%s: xdp.%s: %s %s", i->name, key, program, why);
}

/* Settings of a program that the interface does not have. */
static void check_inner(const struct iface *i, const struct xdp_settings *x, struct errors *e)
{
	for (unsigned n = 0; n < ARRAY_SIZE(programs); n++) {
		const struct feature *f = programs[n]->feature;

		if (f && iface_object(i, f) && xdp_member_find(x, programs[n]->name) < 0)
			errors_add(e, &i->where, "%s: %s: xdp.program is \"%s\"", i->name, f->name,
				   x && x->program ? x->program : "");
	}
}

static void check_member(const struct model *want, const struct iface *i,
			 const struct xdp_settings *x, unsigned n, struct errors *e)
{
	const char *key = n ? "chain" : "program";
	struct member m;

	xdp_member(x, n, &m);
	if (xdp_member_find(x, m.spec) < (int)n)
		errors_add(e, xdp_place(i, &xdp_feature, key), "%s: xdp.%s: \"%s\" twice", i->name,
			   key, m.spec);
	if (!m.shipped)
		check_file(i, key, &m, e);
	else if (*m.section)
		errors_add(e, xdp_place(i, &xdp_feature, n ? key : "section"),
			   "%s: xdp.%s: is for object files; \"%s\" has one program", i->name,
			   n ? "chain: a section" : "section", m.name);
	if (m.shipped && m.shipped->check)
		m.shipped->check(want, i, e);
}

static void check(const struct model *want, const struct iface *i, struct errors *e)
{
	const struct xdp_settings *x = settings_of(i);
	struct member m;

	check_inner(i, x, e);
	if (!x)
		return;
	if (!x->program) {
		FOREACH_ROW(&xdp_feature, r)
			if (row_has(&xdp_feature, r, &x->o) && r != &rows[PROGRAM]) {
				errors_add(e, object_where(&xdp_feature, r, &x->o),
					   "%s: xdp.%s: xdp.program is missing", i->name, r->key);
				return;
			}
		return;
	}
	for (unsigned n = 0; xdp_member(x, n, &m); n++)
		check_member(want, i, x, n, e);
	xdp_maps_check(i, x, e);
}

/* A program that is not the daemon's? */
static bool is_foreign(const struct xdp_settings *have)
{
	return have && (have->o.present & BIT64(ID)) && !(have->o.present & BIT64(PROGRAM));
}

char *xdp_blocked(const struct planner *p, const struct iface *want)
{
	const struct xdp_settings *x = settings_of(want);
	const struct xdp_settings *have = settings_of(model_find(p->have, want->name));
	struct member m;

	for (unsigned n = 0; xdp_member(x, n, &m); n++) {
		char *why = m.shipped && m.shipped->blocked ? m.shipped->blocked(p, want) : NULL;

		if (why)
			return why;
	}
	if (!x || !x->program || x->foreign == FOREIGN_REMOVE || !is_foreign(have))
		return NULL;
	return str_format("XDP program %u is attached by another hand; xdp.foreign = \"remove\" "
			  "would replace it", have->id);
}

const struct object *xdp_object(const struct step *s, const struct shipped *p)
{
	return p && p->feature && s->feature == p->feature ? s->to : inner_of(s->want, p);
}

/* What is kept beside the program: the settings as the configuration has them. */
char *xdp_memory(const struct xdp_settings *x, const struct step *s)
{
	json_t *j = object_json(&xdp_feature, &x->o, ROW_STATE | ROW_POLICY);
	_cleanup_free_ char *group = NULL;
	struct member m;

	for (unsigned n = 0; xdp_member(x, n, &m); n++) {
		const struct object *inner = xdp_object(s, m.shipped);

		if (inner)
			json_object_set_new(j, m.name,
					    object_json(m.shipped->feature, inner, ROW_STATE));
	}
	group = json_literal(j);
	json_decref(j);
	return str_format("xdp = %s;", group);
}

static int encode_removal(struct encoder *e, const struct step *s, const struct xdp_settings *have)
{
	struct ifinfomsg *info = encoder_begin(e, RTM_NEWLINK, 0, sizeof(*info));
	uint32_t flags = have->attached == XDP_ATTACHED_DRV ? XDP_FLAGS_DRV_MODE :
			 have->attached == XDP_ATTACHED_SKB ? XDP_FLAGS_SKB_MODE :
			 have->attached == XDP_ATTACHED_HW  ? XDP_FLAGS_HW_MODE : 0;
	struct nlattr *nest;
	int bad;

	info->ifi_index = s->ifindex;
	nest = nla_nest_start(e->msg, IFLA_XDP);
	if (!nest)
		return -EMSGSIZE;
	bad = nla_put_s32(e->msg, IFLA_XDP_FD, -1) < 0;
	bad |= nla_put_u32(e->msg, IFLA_XDP_FLAGS, flags) < 0;
	nla_nest_end(e->msg, nest);
	return bad ? -EMSGSIZE : 1;
}

static int fill_member(struct xdp_job *j, const struct xdp_settings *x, const struct member *m,
		       const struct step *s)
{
	const struct xdp_settings *have = settings_of(s->have);
	int r = image_of(m->name, &j->image, &j->size, (char **)&j->own);

	if (r < 0)
		return r;
	j->mode = x->mode;
	j->unsupported = x->unsupported;
	j->section = *m->section ? str_dup(m->section) : NULL;
	j->file = m->shipped ? NULL : str_dup(m->name);
	j->from = have && have->program ? xdp_member_find(have, m->spec) : -1;
	if (m->shipped)
		m->shipped->fill(j, xdp_object(s, m->shipped),
				 j->from < 0 ? NULL : inner_of(s->have, m->shipped));
	return m->shipped ? 0 : xdp_maps_fill(j, x->maps);
}

static int fill_job(struct xdp_job *j, const struct xdp_settings *x, const struct step *s)
{
	struct xdp_job *first = j;
	bool parts = true; /* object files say it themselves: SEC("xdp.frags") */
	struct member m;
	int r = 0;

	for (unsigned n = 0; !r && xdp_member(x, n, &m); n++) {
		if (n)
			j = j->behind = xdp_job_new(s->ifindex);
		parts &= m.shipped && m.shipped->parts;
		r = fill_member(j, x, &m, s);
	}
	for (j = first; j; j = j->behind)
		j->parts = parts;
	first->memory = xdp_memory(x, s);
	return r;
}

int xdp_encode(struct encoder *e, const struct step *s, unsigned part)
{
	const struct xdp_settings *have = settings_of(s->have);
	const struct xdp_settings *x = s->feature == &xdp_feature ?
					       (const struct xdp_settings *)s->to :
					       settings_of(s->want);
	struct xdp_job *j;
	int r = 0;

	if (part == 0 && x && x->program && is_foreign(have))
		return encode_removal(e, s, have);
	j = xdp_job_new(s->ifindex);
	if (x && x->program)
		r = fill_job(j, x, s);
	if (r < 0) {
		xdp_job_free(j);
		return r;
	}
	e->request = (struct request){ .channel = CHANNEL_XDP, .xdp = j };
	return 0;
}

static void forget(struct mirror *m, struct iface *i)
{
	iface_drop(mirror_model(m), i, &xdp_feature);
	for (unsigned n = 0; n < ARRAY_SIZE(programs); n++)
		if (programs[n]->feature)
			iface_drop(mirror_model(m), i, programs[n]->feature);
}

static void set_string(struct xdp_settings *x, unsigned row, char **at, char *text)
{
	*at = text;
	x->o.present |= BIT64(row);
}

static void tag_text(const struct xdp_attached *a, char ret[2 * sizeof(a->tag) + 1])
{
	for (unsigned n = 0; n < sizeof(a->tag); n++)
		sprintf(ret + 2 * n, "%02x", a->tag[n]);
}

static void tell_tags(struct xdp_settings *x, const struct xdp_attached *a)
{
	char tag[2 * sizeof(a->tag) + 1];
	char *tags = NULL;

	for (a = a->behind; a; a = a->behind) {
		char *before = tags;

		tag_text(a, tag);
		tags = str_format("%s%s%s", before ? before : "", before ? "\n" : "", tag);
		free(before);
	}
	if (tags)
		set_string(x, TAGS, &x->tags, tags);
}

static void tell(struct xdp_settings *x, uint32_t id, unsigned attached,
		 const struct xdp_attached *a)
{
	char tag[2 * sizeof(a->tag) + 1];

	x->attached = attached;
	x->o.present |= BIT64(ATTACHED);
	if (id) {
		x->id = id;
		x->o.present |= BIT64(ID);
	}
	if (!a)
		return;
	if (a->loaded) {
		x->since = (clock_usec(CLOCK_REALTIME) - clock_usec(CLOCK_BOOTTIME) +
			    a->loaded / 1000) /
			   UINT64_C(1000000);
		x->o.present |= BIT64(SINCE);
	}
	tag_text(a, tag);
	if (a->prog_id)
		set_string(x, TAG, &x->tag, str_dup(tag));
	tell_tags(x, a);
	if (a->note)
		set_string(x, NOTE, &x->note, str_dup(a->note));
}

/* IFLA_XDP: rtnl_xdp_fill(). */
static int observe_link(struct mirror *m, struct iface *i, const struct link_message *lm)
{
	struct nlattr *tb[IFLA_XDP_MAX + 1];
	struct xdp_attached *a = xdp_find(m->kernel->xdp, i->ifindex);
	unsigned attached = XDP_ATTACHED_NONE;
	uint32_t id = 0;

	if (lm->tb[IFLA_XDP] && nla_parse_nested(tb, IFLA_XDP_MAX, lm->tb[IFLA_XDP], NULL) == 0) {
		attached = tb[IFLA_XDP_ATTACHED] ? nla_get_u8(tb[IFLA_XDP_ATTACHED]) : 0;
		id = tb[IFLA_XDP_PROG_ID] ? nla_get_u32(tb[IFLA_XDP_PROG_ID]) : 0;
	}
	forget(m, i);
	if (a && (a->prog_id != id || !xdp_recall(mirror_model(m), i, a)))
		a = NULL;
	if (attached != XDP_ATTACHED_NONE || a)
		tell((struct xdp_settings *)iface_get_object(mirror_model(m), i, &xdp_feature), id,
		     attached, a);
	return 0;
}

struct feature xdp_feature = {
	.name = "xdp", .help = "A program that sees each packet before the stack does",
	.form = FORM_GROUP, .size = sizeof(struct xdp_settings), .rows = rows,
	.n_rows = ARRAY_SIZE(rows), .observe_link = observe_link, .complete = complete,
	.check = check, .refused = xdp_refused, .warn = xdp_warn, .blocked = xdp_blocked,
	.encode = xdp_encode, .statistics = xdp_statistics,
};
