// SPDX-License-Identifier: LGPL-2.1-or-later
/* The one text of a plan: `netctl plan`, the log, errors and the golden tests all use it. */
#include <stdio.h>

#include "core/errors.h"
#include "core/plan.h"
#include "util/hash.h"
#include "util/log.h"

static char *full_key(const struct feature *f, const struct row *r)
{
	return f->form == FORM_ROOT ? str_dup(r->key) : str_format("%s.%s", f->name, r->key);
}

static void send_line(const struct step *s, char *key, char *from, char *to,
		      void (*fn)(void *data, const struct plan_line *l), void *data)
{
	struct plan_line l = {
		.step = s, .phase = phase_name(s->phase), .object = s->name,
		.effect = effect_name(s->effect), .key = key, .from = from, .to = to,
	};

	fn(data, &l);
	free(key);
	free(from);
	free(to);
}

static void row_lines(const struct step *s, const struct feature *f, const struct object *to,
		      const struct object *from, uint64_t mask,
		      void (*fn)(void *data, const struct plan_line *l), void *data)
{
	FOREACH_ROW(f, r) {
		bool kept = row_has(f, r, from) && row_equal(r, to, from); /* plan-keep.c */

		if (mask & row_bit(f, r))
			send_line(s, full_key(f, r), kept ? str_dup("kept") : row_text(f, r, from),
				  row_text(f, r, to), fn, data);
	}
}

static void create_lines(const struct step *s,
			 void (*fn)(void *data, const struct plan_line *l), void *data)
{
	const char *kind = iface_kind(s->want);

	row_lines(s, s->feature, s->to, NULL, s->mask, fn, data);
	for (unsigned n = 0; n < n_features; n++) {
		const struct object *o = s->want->part[n];

		if (o && features[n]->kind && !strcmp(features[n]->kind, kind))
			row_lines(s, features[n], o, NULL, o->present, fn, data);
	}
}

/* Of an entry that stays: what does not, unless its one word says it. */
static void replace_lines(const struct step *s,
			  void (*fn)(void *data, const struct plan_line *l), void *data)
{
	const struct feature *f = s->feature;
	_cleanup_free_ char *word = f->format(s->to), *before = f->format(s->from);
	bool told = false;

	if (strcmp(word, before)) {
		send_line(s, str_dup(f->name), TAKE_PTR(before), TAKE_PTR(word), fn, data);
		return;
	}
	f = object_feature(f, s->to);
	FOREACH_ROW(f, r)
		if (entry_row_changes(s, r)) {
			send_line(s, str_format("%s %s: %s", s->feature->name, word, r->key),
				  row_text(f, r, s->from), row_text(f, r, s->to), fn, data);
			told = true;
		}
	if (!told) /* misplaced() */
		send_line(s, str_format("%s %s: place", s->feature->name, word), str_dup("another"),
			  str_dup("as listed"), fn, data);
}

/* Of a new entry: its one word, and what that does not say. */
static void add_lines(const struct step *s,
		      void (*fn)(void *data, const struct plan_line *l), void *data)
{
	const struct feature *f = object_feature(s->feature, s->to);
	_cleanup_free_ char *word = s->feature->format(s->to);

	send_line(s, str_dup(s->feature->name), str_dup("-"), str_dup(word), fn, data);
	FOREACH_ROW(f, r)
		if (s->feature->brief && row_has(f, r, s->to) && r - f->rows > 0 &&
		    !(r->flags & (ROW_KEY | ROW_IMPLIED)))
			send_line(s, str_format("%s %s: %s", s->feature->name, word, r->key),
				  str_dup("-"), row_text(f, r, s->to), fn, data);
}

void plan_lines(const struct step *s, void (*fn)(void *data, const struct plan_line *l), void *data)
{
	const struct feature *f = s->feature;

	switch (s->verb) {
	case VERB_SET:
		row_lines(s, f, s->to, s->from, s->mask, fn, data);
		break;
	case VERB_CREATE:
		create_lines(s, fn, data);
		break;
	case VERB_DELETE:
		send_line(s, str_dup("kind"), str_dup(iface_kind(s->have)), str_dup("-"), fn, data);
		break;
	case VERB_RENAME:
		send_line(s, str_dup("name"), str_dup(s->have->name), str_dup(s->name), fn, data);
		break;
	case VERB_REPLACE:
		replace_lines(s, fn, data);
		break;
	case VERB_ADD:
		add_lines(s, fn, data);
		break;
	case VERB_REMOVE:
		send_line(s, str_dup(f->name), f->format(s->from), str_dup("-"), fn, data);
		break;
	case VERB_MAX_:
		break;
	}
}

static void print_line(void *data, const struct plan_line *l)
{
	fprintf(data, "%-12s %s: %s: %s -> %s%s%s%s\n", l->phase, l->object, l->key, l->from, l->to,
		l->step->effect == EFFECT_LIVE ? "" : " (",
		l->step->effect == EFFECT_LIVE ? "" : l->effect,
		l->step->effect == EFFECT_LIVE ? "" : ")");
}

char *plan_text(const struct plan *p)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (unsigned n = 0; n < p->n; n++)
		plan_lines(&p->steps[n], print_line, out);
	fclose(out);
	return text;
}

static void print_what(void *data, const struct plan_line *l)
{
	FILE *out = data;

	if (ftell(out) == 0)
		fprintf(out, "%s: ", l->object);
	else
		fputs(", ", out);
	fprintf(out, "%s: %s -> %s", l->key, l->from, l->to);
}

char *step_what(const struct step *s)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (s->verb == VERB_ADD)
		send_line(s, str_dup(s->feature->name), str_dup("-"), s->feature->format(s->to),
			  print_what, out);
	else
		plan_lines(s, print_what, out);
	fclose(out);
	return text;
}

const struct origin *step_where(const struct step *s)
{
	static const struct origin nowhere;
	const struct feature *f = object_feature(s->feature, s->to);

	if (s->to)
		FOREACH_ROW(f, r)
			if ((!s->mask || (s->mask & row_bit(f, r))) &&
			    object_where(f, r, s->to)->file)
				return object_where(f, r, s->to);
	return s->want ? &s->want->where : &nowhere;
}

char *step_place(const struct step *s)
{
	const struct origin *at = step_where(s);

	return at->file ? str_format("%s:%u: ", at->file, at->line) : str_dup("");
}

uint64_t step_hash(const struct step *s)
{
	uint64_t h = hash_bytes(HASH_BEGIN, s->name, strlen(s->name));

	h = hash_bytes(h, &s->feature, sizeof(s->feature));
	h = hash_bytes(h, &s->verb, sizeof(s->verb));
	h = hash_bytes(h, &s->mask, sizeof(s->mask));
	if (s->feature->form == FORM_LIST) {
		_cleanup_free_ char *word = s->feature->format(s->to ? s->to : s->from);

		h = hash_bytes(h, word, strlen(word));
	}
	return h;
}

uint64_t plan_hash(const struct plan *plan)
{
	uint64_t h = HASH_BEGIN;

	for (unsigned n = 0; n < plan->n; n++) {
		uint64_t step = step_hash(&plan->steps[n]);

		h = hash_bytes(h, &step, sizeof(step));
	}
	return h;
}

void plan_log(const struct plan *plan, int level)
{
	if (log_get_level() < level)
		return;
	for (unsigned n = 0; n < plan->n; n++) {
		_cleanup_free_ char *what = step_what(&plan->steps[n]);

		log_write(level, "%s", what);
	}
}

bool step_is_untold(const struct step *s)
{
	const struct feature *f = object_feature(s->feature, s->to);
	bool entry = s->verb == VERB_ADD || s->verb == VERB_REPLACE;

	FOREACH_ROW(f, r)
		if ((r->flags & ROW_UNTOLD) && (entry || (s->mask & row_bit(f, r))))
			return true;
	return false;
}
