// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Programs at tcx, as a list: those of the configuration in the order they are
 * written in, among those that others attached, which stay where they are.
 *
 * They are links of tcx, or filters at clsact where the kernel has none or the
 * configuration says so; links see packets first.
 *
 * What must stay true: misplaced() and nl/tcx.c are of one opinion about what
 * stands at the wrong place, or a plan would never come to its end.
 */
#include <stdio.h>

#include "core/errors.h"
#include "features/xdp/xdp.h"
#include "util/clock.h"
#include "util/text.h"

struct tcx {
	struct object o;
	char *program, *section, *build, *tag;
	uint8_t direction, attach, attached;
	uint32_t id;
	uint64_t since;
};

static const struct word direction_words[] = {
	{ "ingress", TCX_INGRESS }, { "egress", TCX_EGRESS }, { NULL, 0 },
};

static const struct word attach_words[] = {
	{ "auto", TCX_BY_ANY }, { "tcx", TCX_BY_LINK }, { "clsact", TCX_BY_FILTER }, { NULL, 0 },
};

enum { DIRECTION, PROGRAM, SECTION, ATTACH, BUILD, ATTACHED, ID, TAG, SINCE };

static const struct row rows[] = {
	[DIRECTION] = { .key = "direction", .type = &type_enum8, VALUE(tcx, direction),
	  .data = direction_words, .flags = ROW_KEY, .phase = PHASE_XDP, .off = PHASE_XDP,
	  .help = "Packets that come in, or that go out" },
	[PROGRAM] = { .key = "program", .type = &type_string, VALUE(tcx, program), .min = 1,
	  .max = 255, .flags = ROW_KEY, .help = "Path of an object file" },
	[SECTION] = { .key = "section", .type = &type_string, VALUE(tcx, section), .min = 1,
	  .max = 63, .flags = ROW_KEY | ROW_OPTIONAL,
	  .help = "Of an object file with several programs: which section or program" },
	[ATTACH] = { .key = "attach", .type = &type_enum8, VALUE(tcx, attach), .data = attach_words,
	  .phase = PHASE_XDP, .initial = "\"auto\"",
	  .help = "By a link of tcx (Linux 6.6), or by a filter at clsact; auto: tcx where the "
		  "kernel has it" },
	[BUILD] = { .key = "build", .type = &type_string, VALUE(tcx, build), .max = 16,
	  .flags = ROW_IMPLIED, .help = "Hash of the object file" },
	[ATTACHED] = { .key = "attached", .type = &type_enum8, VALUE(tcx, attached),
	  .data = attach_words, .flags = ROW_STATE, .help = "By what it is attached" },
	[ID] = { .key = "id", .type = &type_u32, VALUE(tcx, id), .flags = ROW_STATE,
	  .help = "The kernel's number of the program" },
	[TAG] = { .key = "tag", .type = &type_string, VALUE(tcx, tag), .max = 16,
	  .flags = ROW_STATE, .help = "The kernel's hash of its instructions" },
	[SINCE] = { .key = "since", .type = &type_u64, VALUE(tcx, since),
	  .flags = ROW_STATE | ROW_VOLATILE, .help = "When it was loaded, seconds since 1970" },
};

static const struct tcx *nth(const struct list *l, unsigned n)
{
	return l && n < l->n ? (const struct tcx *)l->items[n] : NULL;
}

static bool is_ours(const struct object *o)
{
	return o->present & BIT64(PROGRAM);
}

/* A link of others can only be taken off by who may open it: CAP_SYS_ADMIN; their filters are
 * traffic control's. */
static bool is_foreign(const struct object *o _unused_)
{
	return false;
}

static char *format(const struct object *o)
{
	const struct tcx *t = (const struct tcx *)o;
	const char *word = t->direction == TCX_INGRESS ? "ingress" : "egress";

	if (!t->program)
		return str_format("%s program %u", word, t->id);
	return str_format("%s %s%s%s", word, t->program, t->section ? "#" : "",
			  t->section ? t->section : "");
}

/* What goes comes last: what the configuration has in its place is there by then. */
static unsigned rank(const struct iface *i _unused_, const struct object *o)
{
	return !o->where;
}

static char *key_of(const struct tcx *t)
{
	return str_format("%s\n%s\n%s", t->direction == TCX_INGRESS ? "ingress" : "egress",
			  t->program, t->section ? t->section : "");
}

/* Object files. */

static char *load_image(const struct tcx *t, char **own, size_t *size)
{
	int r = file_read(t->program, XDP_IMAGE_MAX, own, size);

	return r < 0 ? str_dup(strerror(-r)) : xdp_image_refuse(*own, *size, t->section);
}

static void complete(struct model *want, struct iface *i)
{
	const struct list *l = iface_list(i, &tcx_feature);

	if (l && l->n)
		(void)xdp_completed(want, i, &xdp_device_feature); /* so that it is read */
	for (unsigned n = 0; l && n < l->n; n++) {
		struct tcx *t = (struct tcx *)l->items[n];
		_cleanup_free_ char *own = NULL, *why = NULL;
		size_t size = 0;
		char build[17];

		t->o.present |= BIT64(ATTACH);
		why = t->program ? load_image(t, &own, &size) : NULL;
		if (!t->program || why)
			continue; /* check() says so */
		xdp_build(own, size, build);
		t->build = arena_str(want->arena, build);
		t->o.present |= BIT64(BUILD);
	}
}

static void check_entry(const struct iface *i, const struct tcx *t, struct errors *e)
{
	const struct origin *at = object_where(&tcx_feature, &rows[PROGRAM], &t->o);
	_cleanup_free_ char *own = NULL, *why = NULL;
	size_t size = 0;

	if (*t->program != '/')
		why = str_dup("is not a whole path: a program is an object file");
	else if (strchr(t->program, '\n') || (t->section && strchr(t->section, '\n')))
		why = str_dup("has more than one line");
	else
		why = load_image(t, &own, &size);
	if (why)
		errors_add(e, at, "%s: tcx.program: %s %s", i->name, t->program, why);
}

/* sch_handle_ingress(), sch_handle_egress() */
static void check_turn(const struct iface *i, const struct tcx *t, bool *behind_filter,
		       struct errors *e)
{
	if (t->attach == TCX_BY_FILTER)
		behind_filter[t->direction] = true;
	else if (behind_filter[t->direction])
		errors_add(
			e, object_where(&tcx_feature, &rows[ATTACH], &t->o),
			"%s: tcx.attach: filters at clsact see packets behind all programs at tcx, "
			"so entries with attach = \"clsact\" must come last",
			i->name);
}

/* The configuration's own list of disciplines must have what the filters stand at. */
static bool has_clsact(const struct iface *i)
{
	const struct feature *f = feature_find("qdisc");
	const struct list *l = iface_list(i, f);
	const struct row *kind = row_find(f, "kind");

	for (unsigned n = 0; l && n < l->n; n++)
		if (row_has(f, kind, l->items[n]) &&
		    !strcmp(row_value(kind, l->items[n]), "clsact"))
			return true;
	return false;
}

static bool has_qdiscs(const struct iface *i)
{
	const struct list *l = iface_list(i, feature_find("qdisc"));

	return l && l->n;
}

static void check(const struct model *want _unused_, const struct iface *i, struct errors *e)
{
	const struct list *l = iface_list(i, &tcx_feature);
	unsigned count[TCX_EGRESS + 1] = { 0 };
	bool behind_filter[TCX_EGRESS + 1] = { false };
	const struct tcx *t;

	for (unsigned n = 0; (t = nth(l, n)); n++) {
		check_entry(i, t, e);
		check_turn(i, t, behind_filter, e);
		if (t->attach == TCX_BY_FILTER && has_qdiscs(i) && !has_clsact(i))
			errors_add(
				e, object_where(&tcx_feature, &rows[ATTACH], &t->o),
				"%s: tcx.attach: needs { kind = \"clsact\"; } among the entries of "
				"qdisc",
				i->name);
		/* kernel/bpf/mprog.c: bpf_mprog_attach(), ERANGE */
		if (++count[t->direction] == TCX_MAX)
			errors_add(e, object_where(&tcx_feature, &rows[DIRECTION], &t->o),
				   "%s: tcx.direction: more than %u programs", i->name,
				   TCX_MAX - 1);
	}
}

static const char *text(const struct row *r, const struct tcx *t)
{
	return word_of(r->data, *(const uint8_t *)row_value(r, &t->o));
}

static char *refused(const struct model *want _unused_, const struct model *have,
		     const struct iface *i, const struct origin **ret_where)
{
	const struct iface *h = model_find(have, i->name);
	const struct list *l = iface_list(i, &tcx_feature);
	const struct tcx *t;

	for (unsigned n = 0; h && (t = nth(l, n)); n++) {
		char *why = xdp_cannot_load(h, t->program);

		*ret_where = object_where(&tcx_feature, &rows[PROGRAM], &t->o);
		if (why)
			return str_format("tcx.program: %s", why);
		if (t->attach != TCX_BY_LINK || xdp_kernel_can(h, "tcx"))
			continue;
		*ret_where = object_where(&tcx_feature, &rows[ATTACH], &t->o);
		return str_dup("tcx.attach: this kernel has no tcx (Linux 6.6, CONFIG_NET_XGRESS); "
			       "attach = \"auto\" takes a filter at clsact instead");
	}
	return NULL;
}

static void warn(const struct model *want _unused_, const struct model *have,
		 const struct iface *i, struct errors *warnings)
{
	const struct iface *h = model_find(have, i->name);
	const struct list *l = iface_list(i, &tcx_feature);
	const struct tcx *t;

	for (unsigned n = 0; h && !xdp_kernel_can(h, "tcx") && (t = nth(l, n)); n++)
		if (t->attach == TCX_BY_ANY)
			errors_add(warnings, object_where(&tcx_feature, &rows[PROGRAM], &t->o),
				   "%s: tcx.attach: will be a filter at clsact: this kernel has no "
				   "tcx (Linux 6.6, CONFIG_NET_XGRESS)",
				   i->name);
	if (h && nth(l, 0) && !xdp_kernel_can(h, "jit"))
		errors_add(
			warnings, object_where(&tcx_feature, &rows[PROGRAM], &nth(l, 0)->o),
			"%s: tcx.program: will be interpreted, which is several times slower: this "
			"kernel makes no machine code of programs (net.core.bpf_jit_enable)",
			i->name);
}

/* In the order of @l: where @like stands among all; -1: it is not there. */
static int place_of(const struct list *l, const struct object *like)
{
	for (unsigned n = 0; l && n < l->n; n++)
		if (object_same_key(&tcx_feature, l->items[n], like))
			return n;
	return -1;
}

/* It stands in front of something that shall be in front of it. */
static bool misplaced(const struct object *to, const struct object *from,
		      const struct iface *want, const struct iface *have)
{
	const struct list *l = iface_list(want, &tcx_feature), *h = iface_list(have, &tcx_feature);
	const struct tcx *t;
	int own = place_of(h, from);

	for (unsigned n = 0; (t = nth(l, n)) && !object_same_key(&tcx_feature, &t->o, to); n++)
		if (t->direction == ((const struct tcx *)to)->direction && place_of(h, &t->o) > own)
			return true;
	return false;
}

/* To the kernel. */

static void name_order(struct xdp_job *j, const struct list *l, unsigned direction)
{
	const struct tcx *t;

	for (unsigned n = 0; (t = nth(l, n)); n++) {
		if (t->direction != direction)
			continue;
		j->names = array_reserve(j->names, j->n_names, sizeof(*j->names));
		j->names[j->n_names++] = key_of(t);
	}
}

static int fill_job(struct xdp_job *j, const struct step *s)
{
	const struct tcx *t = (const struct tcx *)s->to;
	_cleanup_free_ char *key = key_of(t);
	int r = file_read(t->program, XDP_IMAGE_MAX, (char **)&j->own, &j->size);
	char build[17];

	if (r < 0)
		return r;
	j->image = j->own;
	j->file = str_dup(t->program);
	j->section = t->section ? str_dup(t->section) : NULL;
	/* What is loaded now, which may be another file than was checked. */
	xdp_build(j->image, j->size, build);
	j->memory = str_format("%s\n%s%s%s", key, build, t->attach == TCX_BY_ANY ? "" : " ",
			       t->attach == TCX_BY_ANY ? "" : text(&rows[ATTACH], t));
	j->attach = t->attach;
	name_order(j, iface_list(s->want, &tcx_feature), t->direction);
	return 0;
}

static int encode(struct encoder *e, const struct step *s, unsigned part _unused_)
{
	const struct tcx *t = (const struct tcx *)(s->to ? s->to : s->from);
	struct xdp_job *j = xdp_job_new(s->ifindex);
	int r = 0;

	j->hook = t->direction;
	j->keep_hook = s->want && has_clsact(s->want);
	if (s->verb == VERB_REMOVE) {
		_cleanup_free_ char *key = key_of(t);

		j->memory = str_format("%s\n", key);
	} else {
		r = fill_job(j, s);
	}
	if (r < 0) {
		xdp_job_free(j);
		return r;
	}
	e->request = (struct request){ .channel = CHANNEL_XDP, .xdp = j };
	return 0;
}

/* From the kernel. */

/* One line of what was written down, as a string of its own. */
static char *take_line(const char **at)
{
	size_t n = strcspn(*at, "\n");
	char *line = str_format("%.*s", (int)n, *at);

	*at += n + ((*at)[n] == '\n');
	return line;
}

static void set(struct tcx *t, unsigned row, char **at, char *text)
{
	if (!*text) {
		free(text);
		return;
	}
	*at = text;
	t->o.present |= BIT64(row);
}

/* Behind the build it says how the configuration wanted it attached; or nothing: it did not say. */
static void tell_attach(struct tcx *t)
{
	char *word = t->build ? strchr(t->build, ' ') : NULL;

	t->o.present |= BIT64(ATTACH);
	t->attach = TCX_BY_ANY;
	for (const struct word *w = attach_words; word && w->word; w++)
		if (!strcmp(w->word, word + 1))
			t->attach = w->value;
	if (word)
		*word = 0;
}

static void tell(struct tcx *t, const struct xdp_attached *a)
{
	const char *at = a->memory;
	char tag[2 * sizeof(a->tag) + 1];

	free(take_line(&at)); /* the direction, which is known */
	set(t, PROGRAM, &t->program, take_line(&at));
	set(t, SECTION, &t->section, take_line(&at));
	set(t, BUILD, &t->build, take_line(&at));
	tell_attach(t);
	for (unsigned n = 0; n < sizeof(a->tag); n++)
		sprintf(tag + 2 * n, "%02x", a->tag[n]);
	set(t, TAG, &t->tag, str_dup(tag));
	if (a->loaded) {
		t->since = (clock_usec(CLOCK_REALTIME) - clock_usec(CLOCK_BOOTTIME) +
			    a->loaded / 1000) /
			   UINT64_C(1000000);
		t->o.present |= BIT64(SINCE);
	}
}

static void observe_hook(struct mirror *m, struct iface *i, enum xdp_hook hook)
{
	struct tcx_program there[TCX_ROOM];
	int n = tcx_query(m->kernel->xdp, i->ifindex, hook, there);

	for (int k = 0; k < n; k++) {
		const struct xdp_attached *a =
			tcx_find(m->kernel->xdp, i->ifindex, hook, &there[k]);
		struct tcx *t = (struct tcx *)object_new(&tcx_feature, NULL);

		t->direction = hook;
		t->id = there[k].prog_id;
		t->attached = there[k].pref ? TCX_BY_FILTER : TCX_BY_LINK;
		t->o.present |= BIT64(DIRECTION) | BIT64(ID) | BIT64(ATTACHED);
		if (a)
			tell(t, a);
		list_add(&tcx_feature, iface_get_list(mirror_model(m), i, &tcx_feature), &t->o);
	}
}

static int observe_link(struct mirror *m, struct iface *i, const struct link_message *lm _unused_)
{
	if (!m->kernel->xdp || !mirror_reads(m, &tcx_feature, tcx_feature.sources))
		return 0;
	iface_drop(mirror_model(m), i, &tcx_feature);
	observe_hook(m, i, TCX_INGRESS);
	observe_hook(m, i, TCX_EGRESS);
	return 0;
}

/*
 * No message tells of programs: this one, which is never asked for, says only who wants them read.
 */
static const struct source sources[] = {
	{ .get = RTM_GETLINK, .header = sizeof(struct ifinfomsg), .lazy = true, .no_dump = true },
	{ 0 },
};

static int observe(struct mirror *m _unused_, const struct nlmsghdr *n _unused_, bool add _unused_)
{
	return 0;
}

struct feature tcx_feature = {
	.name = "tcx", .help = "Programs that see packets where traffic control does",
	.form = FORM_LIST, .size = sizeof(struct tcx), .rows = rows, .n_rows = ARRAY_SIZE(rows),
	.sources = sources, .observe = observe, .observe_link = observe_link, .format = format,
	.rank = rank, .is_ours = is_ours, .is_foreign = is_foreign, .misplaced = misplaced,
	.complete = complete, .check = check, .refused = refused, .warn = warn, .encode = encode,
	.statistics = tcx_statistics,
};
