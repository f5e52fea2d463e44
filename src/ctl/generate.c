// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Writes what follows from the rows, the verbs and the options. Run while
 * building:
 *
 *	ctl-generate completion	  tables for shells, as functions of sh
 *	ctl-generate schema FILE  the JSON schema FILE, with the settings put in
 */
#include "core/config.h"
#include "core/schema.h"
#include "ctl/ctl.h"

static void put_case_of_options(const struct verb *v)
{
	printf("	%s) echo '", v->name);
	for (const struct option_row *o = options; o->name; o++)
		if (!o->use || (o->use & v->uses))
			printf("--%s%s ", o->name, o->value && !o->optional ? "=" : "");
	puts("' ;;");
}

/* What may stand behind a verb: names of interfaces, files, keys, or nothing. */
static const char *arguments_of(const struct verb *v)
{
	return strstr(v->args, "NAME") ? "names" : strstr(v->args, "FILE") ? "files" :
	       strstr(v->args, "KEY")  ? "keys"	 : "";
}

static void put_keys(const struct feature *f, const char *group)
{
	printf(" %s", group);
	FOREACH_ROW(f, r)
		printf(" %s%s%s", f->form == FORM_ROOT && f != &settings_feature ? "" : group,
		       f->form == FORM_ROOT && f != &settings_feature ? "" : ".", r->key);
}

static int completion(void)
{
	puts("# Made by ctl-generate from the tables of netctl.");
	fputs("_netctl_verbs='", stdout);
	for (const struct verb *v = verbs; v->name; v++)
		printf("%s ", v->name);
	puts("'\n_netctl_options() {\n	case $1 in");
	for (const struct verb *v = verbs; v->name; v++)
		put_case_of_options(v);
	fputs("	*) echo '", stdout);
	for (const struct option_row *o = options; o->name; o++)
		printf("--%s%s ", o->name, o->value && !o->optional ? "=" : "");
	puts("' ;;\n	esac\n}\n_netctl_arguments() {\n	case $1 in");
	for (const struct verb *v = verbs; v->name; v++)
		printf("	%s) echo '%s' ;;\n", v->name, arguments_of(v));
	puts("	esac\n}\n_netctl_words() {\n	case $1 in");
	for (const struct option_row *o = options; o->name; o++) {
		printf("	--%s) echo '", o->name);
		for (const char *const *w = o->words; w && *w; w++)
			printf("%s ", *w);
		puts("' ;;");
	}
	fputs("	esac\n}\n_netctl_keys='", stdout);
	for (unsigned n = 0; n < n_features; n++)
		put_keys(features[n], features[n]->name);
	put_keys(&settings_feature, "daemon");
	puts("'");
	return 0;
}

/* What the value of a type looks like in JSON follows from how it looks on the bus. */
static json_t *type_schema(const struct row *r)
{
	switch (*r->type->signature) {
	case 'b':
		return json_pack("{s:s}", "type", "boolean");
	case 'y':
	case 'n':
	case 'q':
	case 'i':
	case 'u':
	case 'x':
	case 't':
		return json_pack("{s:s}", "type", "integer");
	case 'd':
		return json_pack("{s:s}", "type", "number");
	case 's':
		return json_pack("{s:s}", "type", "string");
	case 'a':
		return json_pack("{s:s}", "type",
				 r->type->signature[1] == '{' ? "object" : "array");
	}
	return json_object();
}

static json_t *rows_schema(const struct feature *f)
{
	json_t *j = json_object();

	FOREACH_ROW(f, r) {
		json_t *row = type_schema(r);

		json_object_set_new(row, "description", json_string(r->help));
		json_object_set_new(j, r->key, row);
	}
	return j;
}

static json_t *group_schema(const struct feature *f)
{
	return json_pack("{s:s, s:s, s:b, s:o}", "type", "object", "description", f->help,
			 "additionalProperties", 0, "properties", rows_schema(f));
}

static json_t *list_schema(const struct feature *f)
{
	json_t *item = group_schema(f);

	if (f->nth_variant) {
		item = json_pack("{s:[o]}", "anyOf", item);
		for (unsigned n = 0; f->nth_variant(n); n++)
			json_array_append_new(json_object_get(item, "anyOf"),
					      group_schema(f->nth_variant(n)));
	}
	if (f->parse_entry)
		item = json_pack("{s:[{s:s}, o]}", "anyOf", "type", "string", item);
	return json_pack("{s:s, s:s, s:o}", "type", "array", "description", f->help, "items", item);
}

/* Into the properties of an object; outer groups are made where they are not there. */
static void put_group(json_t *properties, const char *path, json_t *schema)
{
	size_t n = strcspn(path, ".");
	_cleanup_free_ char *word = str_format("%.*s", (int)n, path);
	json_t *outer = json_object_get(properties, word);

	if (!path[n]) {
		if (outer) /* of its groups, one came first */
			json_object_update(json_object_get(schema, "properties"),
					   json_object_get(outer, "properties"));
		json_object_set_new(properties, word, schema);
		return;
	}
	if (!outer) {
		outer = json_pack("{s:s, s:b, s:{}}", "type", "object", "additionalProperties", 0,
				  "properties");
		json_object_set_new(properties, word, outer);
	}
	put_group(json_object_get(outer, "properties"), path + n + 1, schema);
}

/* The settings, and what stands in "state", go into the two places that FILE has for them. */
static int schema(const char *path)
{
	json_t *j = json_load_file(path, 0, NULL), *defs = json_object_get(j, "$defs");
	json_t *settings = json_object_get(json_object_get(defs, "interface"), "properties");
	json_t *state = json_object_get(json_object_get(settings, "state"), "properties");

	if (!state) {
		fprintf(stderr, "%s: is no such schema\n", path);
		return 1;
	}
	for (unsigned n = 0; n < n_features; n++) {
		const struct feature *f = features[n];

		if (f->form == FORM_ROOT)
			FOREACH_ROW(f, r) {
				json_t *row = type_schema(r);

				json_object_set_new(row, "description", json_string(r->help));
				json_object_set_new(r->flags & ROW_STATE ? state : settings, r->key,
						    row);
			}
		else
			put_group(settings, f->name,
				  f->form == FORM_LIST ? list_schema(f) : group_schema(f));
	}
	json_dumpf(j, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(j);
	return ferror(stdout) ? 1 : 0;
}

int main(int argc, char **argv)
{
	features_init();
	if (argc == 2 && !strcmp(argv[1], "completion"))
		return completion();
	if (argc == 3 && !strcmp(argv[1], "schema"))
		return schema(argv[2]);
	return EXIT_USAGE;
}
