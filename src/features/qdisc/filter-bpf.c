// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bpf: frames go through a program, whose answer is what happens to them.
 *
 * What must stay true: what the kernel tells of a filter says what it was made
 * from (nl/tc-bpf.h), so that a start of the daemon finds nothing to do.
 */
#include <stdio.h>

#include "features/qdisc/filter.h"
#include "nl/tc-bpf.h"

struct bpf {
	struct filter f;
	char *program, *section, *build, *tag;
	uint32_t id;
};
FILTER_FITS(bpf);

enum { PROGRAM = F_OWN, SECTION, BUILD, ID, TAG };

static const struct row rows[] = {
	FILTER_ROWS(0),
	[PROGRAM] = { .key = "program", .type = &type_string, VALUE(bpf, program), .min = 1,
		      .max = 236, .help = "Path of an object file" },
	[SECTION] = { .key = "section", .type = &type_string, VALUE(bpf, section), .min = 1,
		      .max = 63,
		      .help = "Of an object file with several programs: which section or program" },
	[BUILD] = { .key = "build", .type = &type_string, VALUE(bpf, build), .max = 16,
		    .flags = ROW_IMPLIED, .help = "Hash of the object file" },
	[ID] = { .key = "id", .type = &type_u32, VALUE(bpf, id), .flags = ROW_STATE,
		 .help = "The kernel's number of the program" },
	[TAG] = { .key = "tag", .type = &type_string, VALUE(bpf, tag), .max = 16,
		  .flags = ROW_STATE, .help = "The kernel's hash of its instructions" },
};

static void complete(struct model *want, struct filter *f)
{
	struct bpf *b = (struct bpf *)f;
	char build[17];

	if (!b->program || tc_bpf_build(b->program, build) < 0)
		return; /* check() says so */
	b->build = arena_str(want->arena, build);
	b->f.o.present |= BIT64(BUILD);
}

static void check(const struct filter_check *c)
{
	const struct bpf *b = (const struct bpf *)c->filter;
	_cleanup_free_ char *why = NULL;

	if (!b->program) {
		filter_error(c, PROGRAM, "bpf-program", "must be given");
		return;
	}
	why = tc_bpf_check(b->program, b->section);
	if (why)
		filter_error(c, PROGRAM, "bpf-program", "%s %s", b->program, why);
	for (unsigned row = F_GATES; row <= F_VERDICT; row++)
		if (filter_has(&b->f, row))
			filter_error(c, row, "bpf-action",
				     "what happens to frames is the program's answer");
}

static int put(struct encoder *e, const struct step *s, const struct filter *f)
{
	const struct bpf *b = (const struct bpf *)f;
	int r = tc_bpf_job(s->ifindex, b->program, b->section, f->skip_sw, &e->request.program);

	return r < 0 ? r : tc_bpf_put(e->msg, e->request.program, &e->request.program_at);
}

static void set(struct bpf *b, unsigned row, char **at, char **from)
{
	*at = TAKE_PTR(*from);
	if (*at)
		b->f.o.present |= BIT64(row);
}

static void get(struct nlattr *const *tb, struct filter *f)
{
	struct bpf *b = (struct bpf *)f;
	struct tc_bpf told;
	char tag[2 * sizeof(told.tag) + 1], *text;

	tc_bpf_get(tb, &told);
	b->id = told.id;
	b->f.o.present |= BIT64(ID);
	for (unsigned n = 0; n < sizeof(told.tag); n++)
		sprintf(tag + 2 * n, "%02x", told.tag[n]);
	text = str_dup(tag);
	set(b, TAG, &b->tag, &text);
	if (told.direct) { /* else it is another hand's */
		set(b, PROGRAM, &b->program, &told.program);
		set(b, SECTION, &b->section, &told.section);
		set(b, BUILD, &b->build, &told.build);
	}
	tc_bpf_done(&told);
}

/* All of it is exchanged at once (cls_bpf_change()). */
static bool same_mask(const struct row *row _unused_, const struct object *to _unused_,
		      const struct object *from _unused_)
{
	return true;
}

const struct filter_kind bpf_kind = {
	FILTER_FEATURE("bpf", "Frames that a program decides about", rows),
	.classid = TCA_BPF_CLASSID, .flags = TCA_BPF_FLAGS_GEN, .max = TCA_BPF_MAX, .put = put,
	.get = get, .complete = complete, .check = check, .same_mask = same_mask,
	.flags_fixed = true,
};
