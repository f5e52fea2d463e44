// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Several programs on one interface: the first is xdp.program, those behind it
 * xdp.chain, each of which sees what the one before has passed.
 */
#include <stdio.h>

#include "features/xdp/xdp.h"

static int chain_parse(struct parse *p, const config_setting_t *s, void *v)
{
	_cleanup_free_ char *text = NULL;
	int n = config_setting_length(s);

	if (!config_setting_is_array(s) && !config_setting_is_list(s))
		return parse_refuse(p, "must be an array: [ \"stats\", \"/usr/lib/bpf/own.o\" ]");
	if (n > CHAIN_MAX - 1)
		return parse_refuse(p, "more than %u programs behind the first", CHAIN_MAX - 1);
	for (int i = 0; i < n; i++) {
		const char *word = config_setting_get_string_elem(s, i);
		char *more;

		if (!word || !*word || strlen(word) > 255 || strchr(word, '\n'))
			return parse_refuse(p,
					    "each must be the name of a program, or the path of an "
					    "object file (with #SECTION where it has several)");
		more = str_format("%s%s%s", text ? text : "", text ? "\n" : "", word);
		free(text);
		text = more;
	}
	*(char **)v = !text ? NULL : p->arena ? arena_str(p->arena, text) : TAKE_PTR(text);
	return 0;
}

static const char *next_word(const char *at, size_t *length)
{
	*length = strcspn(at, "\n");
	return at[*length] ? at + *length + 1 : NULL;
}

static json_t *chain_json(const struct row *row _unused_, const void *v)
{
	json_t *j = json_array();
	size_t length;

	for (const char *at = *(char *const *)v, *next; at; at = next) {
		next = next_word(at, &length);
		json_array_append_new(j, json_stringn(at, length));
	}
	return j;
}

static bool chain_equal(const struct row *row _unused_, const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;

	return !strcmp(x ? x : "", y ? y : "");
}

static void chain_copy(struct arena *a, void *to, const void *from)
{
	const char *text = *(char *const *)from;

	*(char **)to = !text ? NULL : a ? arena_str(a, text) : str_dup(text);
}

static void chain_done(void *v)
{
	free(TAKE_PTR(*(char **)v));
}

const struct type type_chain = {
	.name = "array of programs", .signature = "as", .size = sizeof(char *),
	.parse = chain_parse, .json = chain_json, .equal = chain_equal, .copy = chain_copy,
	.done = chain_done,
};

static bool read_spec(const struct xdp_settings *x, unsigned n, char *ret, size_t size)
{
	const char *at = x->chain, *next = at;
	size_t length = 0;

	if (n == 0) {
		bool section = x->section && *x->section;

		snprintf(ret, size, "%s%s%s", x->program, section ? "#" : "",
			 section ? x->section : "");
		return true;
	}
	for (; n && next; n--) {
		at = next;
		next = next_word(at, &length);
	}
	if (n || !at)
		return false;
	snprintf(ret, size, "%.*s", (int)length, at);
	return true;
}

bool xdp_member(const struct xdp_settings *x, unsigned n, struct member *ret)
{
	char *hash;

	if (!x || !x->program || !read_spec(x, n, ret->spec, sizeof(ret->spec)))
		return false;
	snprintf(ret->name, sizeof(ret->name), "%s", n ? ret->spec : x->program);
	hash = n ? strchr(ret->name, '#') : NULL;
	if (hash)
		*hash = 0;
	hash = strchr(ret->spec + strlen(ret->name), '#');
	ret->section = hash ? hash + 1 : "";
	ret->shipped = shipped_find(ret->name);
	return true;
}

int xdp_member_find(const struct xdp_settings *x, const char *spec)
{
	struct member m;

	for (int n = 0; xdp_member(x, n, &m); n++)
		if (!strcmp(m.spec, spec))
			return n;
	return -1;
}
