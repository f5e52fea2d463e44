// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The front panel of a hardware switch, as it is printed on its lid: the ports
 * in their order, with what their lights would say.
 */
#include "ctl/panel.h"

struct line {
	const struct ctl *c;
	unsigned used;
};

static void put_word(struct line *l, enum colour colour, const char *text)
{
	unsigned width = text_width(text);

	if (l->used && l->used + 2 + width > l->c->width) {
		printf("\n ");
		l->used = 1;
	}
	printf("%s%s%s%s", l->used ? "  " : "", colour_on(l->c, colour), text,
	       colour_off(l->c, colour));
	l->used += width + (l->used ? 2 : 0);
}

static void put_port(struct line *l, const json_t *port, const char *name)
{
	const char *word = link_word(port);
	_cleanup_free_ char *text = str_format("%s %s", name, word);

	put_word(l, !strcmp(word, "up") ? COLOUR_GREEN : COLOUR_YELLOW, text);
}

/* "switch on eth0 (edsa):"; of a switch that is no DSA its id. */
static char *title(const json_t *all, const json_t *sw)
{
	const char *conduit = json_string_value(json_array_get(json_object_get(sw, "conduits"), 0));
	const char *tagging;

	if (!conduit)
		return str_format("switch %s:", get_text(sw, NULL, "id"));
	tagging = get_text(json_object_get(all, conduit), "dsa", "tagging");
	return str_format("switch on %s%s%s%s:", conduit, *tagging ? " (" : "", tagging,
			  *tagging ? ")" : "");
}

void print_switches(const struct ctl *c, const json_t *d)
{
	json_auto_t *all = json_index(json_object_get(d, "interfaces"));
	const json_t *sw, *name;
	size_t n, k;

	json_array_foreach(json_object_get(d, "switches"), n, sw) {
		_cleanup_free_ char *head = title(all, sw);
		struct line l = { .c = c };

		put_word(&l, COLOUR_NONE, head);
		json_array_foreach(json_object_get(sw, "ports"), k, name)
			put_port(&l, json_object_get(all, json_string_value(name)),
				 json_string_value(name));
		putchar('\n');
	}
}
