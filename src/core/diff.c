// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The difference of two configurations as a person means it: settings, not lines
 * of files. What the kernel has does not matter here, so that it is no plan.
 */
#include "core/diff.h"

#include "core/model.h"
#include "util/text.h"

/* Where lines go, and what they are about. */
struct diff {
	json_t *lines;
	const char *object;
};

static void add_line(struct diff *d, char *key, char *from, char *to)
{
	_cleanup_free_ char *object = text_utf8(str_dup(d->object));

	if (strcmp(from, to))
		json_array_append_new(d->lines, json_pack("{s:s, s:s, s:s, s:s}", "object", object,
							  "key", text_utf8(key), "from",
							  text_utf8(from), "to", text_utf8(to)));
	free(key);
	free(from);
	free(to);
}

/* @word: the entry of a list that they are of; NULL: they are of no list. */
static void diff_rows(struct diff *d, const struct feature *f, const char *word,
		      const struct object *a, const struct object *b)
{
	FOREACH_ROW(f, r) {
		bool in_a = a && row_has(f, r, a), in_b = b && row_has(f, r, b);
		char *key;

		if ((r->flags & (ROW_STATE | ROW_IMPLIED)) || (!in_a && !in_b) ||
		    (in_a && in_b && row_equal(r, a, b)))
			continue;
		if (word)
			key = str_format("%s %s: %s", f->name, word, r->key);
		else
			key = f->form == FORM_ROOT ? str_dup(r->key) :
						     str_format("%s.%s", f->name, r->key);
		add_line(d, key, in_a ? row_text(f, r, a) : str_dup("-"),
			 in_b ? row_text(f, r, b) : str_dup("-"));
	}
}

static void diff_lists(struct diff *d, const struct feature *f, const struct list *a,
		       const struct list *b)
{
	for (unsigned n = 0; a && n < a->n; n++)
		if (!list_find(f, b, a->items[n]))
			add_line(d, str_dup(f->name), f->format(a->items[n]), str_dup("-"));
	for (unsigned n = 0; b && n < b->n; n++) {
		const struct object *before = list_find(f, a, b->items[n]);
		_cleanup_free_ char *word = f->format(b->items[n]);

		if (before)
			diff_rows(d, f, word, before, b->items[n]);
		else
			add_line(d, str_dup(f->name), str_dup("-"), TAKE_PTR(word));
	}
}

static void diff_iface(struct diff *d, const struct iface *a, const struct iface *b)
{
	if (!a || !b) /* also one that has no settings at all */
		add_line(d, str_dup("interface"), str_dup(a ? "configured" : "-"),
			 str_dup(b ? "configured" : "-"));
	for (unsigned n = 0; n < n_features; n++) {
		const struct feature *f = features[n];

		if (f->form == FORM_LIST)
			diff_lists(d, f, iface_list(a, f), iface_list(b, f));
		else
			diff_rows(d, f, NULL, iface_object(a, f), iface_object(b, f));
	}
}

json_t *diff_generations(const struct generation *a, const struct generation *b)
{
	struct diff d = { json_array(), "netctld" };

	diff_rows(&d, &settings_feature, NULL, &a->settings.o, &b->settings.o);
	MODEL_FOREACH(b->want, i) {
		d.object = i->name;
		diff_iface(&d, model_find(a->want, i->name), i);
	}
	MODEL_FOREACH(a->want, i) {
		d.object = i->name;
		if (!model_find(b->want, i->name))
			diff_iface(&d, i, NULL);
	}
	return d.lines;
}
