// SPDX-License-Identifier: LGPL-2.1-or-later
/* Prints the schema as JSON: every feature with its rows, for tests that make configurations. */
#include <stdio.h>

#include "core/types.h"

static json_t *row_json(const struct feature *f, const struct row *r)
{
	json_t *j = json_pack("{s:s s:s s:I s:I s:i s:b s:b s:b s:b s:b}", "key", r->key, "type",
			      r->type->name, "min", (json_int_t)r->min, "max", (json_int_t)r->max,
			      "size", (int)r->type->size, "state", r->flags & ROW_STATE, "policy",
			      r->flags & ROW_POLICY, "create", r->flags & ROW_CREATE, "entry_key",
			      r->flags & ROW_KEY, "list", f->form == FORM_LIST);
	const struct word *words = r->data;

	if (!strcmp(r->type->name, "word")) {
		json_t *list = json_array();

		for (; words->word; words++)
			json_array_append_new(list, json_string(words->word));
		json_object_set_new(j, "words", list);
	}
	if (r->initial)
		json_object_set_new(j, "initial", json_string(r->initial));
	return j;
}

int main(void)
{
	static const char *const forms[] = {
		[FORM_ROOT] = "root", [FORM_GROUP] = "group", [FORM_LIST] = "list",
	};
	json_t *all = json_array();

	features_init();
	for (unsigned n = 0; n < n_features; n++) {
		const struct feature *f = features[n];
		json_t *rows = json_array();

		FOREACH_ROW(f, r)
			json_array_append_new(rows, row_json(f, r));
		json_array_append_new(all, json_pack("{s:s s:s s:s? s:s? s:o}", "name", f->name, "form",
						     forms[f->form], "kind", f->kind, "slave_kind",
						     f->slave_kind, "rows", rows));
	}
	json_dumpf(all, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(all);
	return 0;
}
