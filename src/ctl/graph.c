// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * netctl graph: what stands on what.
 *
 * A tree from the top of each stack down: below an interface is what it stands
 * on, below a bridge its ports. What several stand on is written out once, and
 * referred to after that. The two ends of a veth stand side by side, and are
 * joined only in the drawing for graphviz.
 */
#include "ctl/ctl.h"
#include "util/text.h"

/* Deeper stacks do not exist; loops are broken before by the names seen. */
#define DEPTH_MAX 64

enum edge { EDGE_PORT, EDGE_LOWER, EDGE_PEER };

static const char *const edge_names[] = { "port", "lower", "peer" };

/* From what carries to what stands on it: { name: [ { upper, type } ] } turned round. */
struct graph {
	const struct ctl *c;
	json_t *nodes;	/* sorted */
	json_t *below;	/* name: [names of what it stands on, and of its ports] */
	json_t *above;	/* name: true, for what carries something */
	json_t *edges;
	json_t *shown;
};

static void add_edge(struct graph *g, const char *lower, const char *upper, enum edge type)
{
	json_t *list;

	json_array_append_new(g->edges, json_pack("{s:s, s:s, s:s}", "from", lower, "to", upper,
						  "type", edge_names[type]));
	if (type == EDGE_PEER)
		return;
	list = json_object_get(g->below, upper);
	if (!list) {
		list = json_array();
		json_object_set_new(g->below, upper, list);
	}
	json_array_append_new(list, json_string(lower));
	json_object_set_new(g->above, lower, json_true());
}

static void add_node(struct graph *g, const json_t *by_name, const json_t *j)
{
	const char *name = get_text(j, NULL, "name"), *master = get_text(j, NULL, "master");
	const char *lower = get_text(j, "state", "lower"), *peer = get_text(j, "veth", "peer");

	if (json_object_get(by_name, master))
		add_edge(g, name, master, EDGE_PORT);
	if (json_object_get(by_name, lower))
		add_edge(g, lower, name, EDGE_LOWER);
	/* Both ends tell of each other: one edge. */
	if (json_object_get(by_name, peer) && strcmp(name, peer) < 0)
		add_edge(g, name, peer, EDGE_PEER);
}

static void build(struct graph *g, const json_t *all)
{
	json_auto_t *sorted = json_sorted(all), *by_name = json_index(all);
	const json_t *j;
	size_t n;

	g->nodes = json_array();
	json_array_foreach(sorted, n, j)
		if (get_number(j, "state", "ifindex") >= 0) /* not what stands for all */
			json_array_append(g->nodes, (json_t *)j);
	json_array_foreach(g->nodes, n, j)
		add_node(g, by_name, j);
}

static void print_label(const struct ctl *c, const json_t *j)
{
	const char *kind = get_text(j, NULL, "kind");
	const struct mark *m = mark_of(get_text(j, "state", "management"));

	mark_print(c, m);
	printf(" %s", get_text(j, NULL, "name"));
	if (*kind)
		printf("  %s%s%s", colour_on(c, COLOUR_DIM), kind, colour_off(c, COLOUR_DIM));
	if (!strcmp(kind, "vlan"))
		printf(" %d", (int)get_number(j, "vlan", "id"));
	if (!get_number(j, "state", "ifindex"))
		fputs("  absent", stdout);
	else if (!get_bool(j, NULL, "up"))
		fputs("  down", stdout);
	else if (!get_bool(j, "state", "carrier"))
		fputs("  no carrier", stdout);
}

/* @path: the bars of the levels above; */
static void print_tree(struct graph *g, const json_t *by_name, const char *name, const char *path,
		       unsigned depth)
{
	const json_t *list = json_object_get(g->below, name), *lower;
	bool again = json_object_get(g->shown, name) && json_array_size(list);
	size_t n;

	print_label(g->c, json_object_get(by_name, name));
	puts(!again ? "" : g->c->utf8 ? "  …" : "  ...");
	json_object_set_new(g->shown, name, json_true());
	if (again || depth == DEPTH_MAX)
		return;
	json_array_foreach(list, n, lower) {
		bool last = n + 1 == json_array_size(list), utf8 = g->c->utf8;
		_cleanup_free_ char *deeper = str_format("%s%s", path,
							 last ? "   " :
							 utf8 ? "│  " :
								"|  ");

		printf("%s%s", path, utf8 ? (last ? "└─ " : "├─ ") : last ? "`- " : "|- ");
		print_tree(g, by_name, json_string_value(lower), deeper, depth + 1);
	}
}

static void print_trees(struct graph *g)
{
	json_auto_t *by_name = json_index(g->nodes);
	const json_t *j;
	size_t n;

	json_array_foreach(g->nodes, n, j)
		if (!json_object_get(g->above, get_text(j, NULL, "name")))
			print_tree(g, by_name, get_text(j, NULL, "name"), "", 0);
}

/* A quoted ID of the dot language. */
static void print_id(const char *s)
{
	putchar('"');
	for (; *s; s++)
		printf(*s == '"' || *s == '\\' ? "\\%c" : "%c", *s);
	putchar('"');
}

static void print_dot(const struct graph *g)
{
	static const char *const colours[] = {
		[COLOUR_NONE] = "black",   [COLOUR_DIM] = "gray",   [COLOUR_BOLD] = "black",
		[COLOUR_GREEN] = "green4", [COLOUR_YELLOW] = "orange", [COLOUR_RED] = "red",
	};
	const json_t *j;
	size_t n;

	puts("digraph netctl {\n\trankdir = BT;\n\tnode [ shape = box ];");
	json_array_foreach(g->nodes, n, j) {
		const char *kind = get_text(j, NULL, "kind");
		const struct mark *m = mark_of(get_text(j, "state", "management"));

		putchar('\t');
		print_id(get_text(j, NULL, "name"));
		printf(" [ color = %s", colours[m->colour]);
		if (*kind)
			printf(", xlabel = \"%s\"", kind);
		puts(" ];");
	}
	json_array_foreach(g->edges, n, j) {
		bool peer = !strcmp(get_text(j, NULL, "type"), edge_names[EDGE_PEER]);

		putchar('\t');
		print_id(get_text(j, NULL, "from"));
		fputs(" -> ", stdout);
		print_id(get_text(j, NULL, "to"));
		puts(peer ? " [ dir = none, style = dashed, constraint = false ];" : ";");
	}
	puts("}");
}

static json_t *nodes_json(const json_t *nodes)
{
	json_t *list = json_array(), *j;
	size_t n;

	json_array_foreach(nodes, n, j)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name",
						      get_text(j, NULL, "name"), "kind",
						      get_text(j, NULL, "kind"), "management",
						      get_text(j, "state", "management")));
	return list;
}

int verb_graph(struct ctl *c)
{
	json_auto_t *d = NULL;
	struct graph g;
	int r = ctl_describe_groups(c, (const char *const[]){ "vlan", "veth", NULL }, &d);

	if (r)
		return r;
	g = (struct graph){ .c = c, .below = json_object(), .above = json_object(),
			    .edges = json_array(), .shown = json_object() };
	build(&g, json_object_get(d, "interfaces"));
	if (c->json != JSON_MODE_OFF)
		ctl_json(c, json_pack("{s:i, s:o, s:O}", "version", 1, "nodes", nodes_json(g.nodes),
				      "edges", g.edges));
	else if (c->dot)
		print_dot(&g);
	else
		print_trees(&g);
	json_decref(g.nodes);
	json_decref(g.below);
	json_decref(g.above);
	json_decref(g.edges);
	json_decref(g.shown);
	return EXIT_DONE;
}
