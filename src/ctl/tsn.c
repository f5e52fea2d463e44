// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * netctl tsn: gate schedules of taprio as time charts.
 *
 * One row a traffic class, one cycle from left to right: when its gate is
 * open, when it is closed, and the guard: the last part of a window, in which
 * the longest frame of the class would not end in time, so that it waits for
 * the next window. A frame waits longest if it comes when the guard before
 * the longest closed time begins.
 */
#include <inttypes.h>

#include "ctl/ctl.h"

#define CLASSES 16
#define CHART_MIN 20
#define CHART_MAX 64
/* What the wire carries beside a packet: header, FCS, preamble, gap (IEEE 802.3). */
#define FRAME_EXTRA (14 + 4 + 8 + 12)

struct window {
	double from, to; /* ns in the cycle; a window over its end goes beyond it */
};

struct class {
	struct window *windows;
	unsigned n;
	double open, alone; /* ns a cycle; and while no other gate is open */
	double closed;	    /* the longest time in a row */
	double guard;	    /* time of the longest frame; 0: the speed is not known */
	unsigned frame;	    /* bytes of a packet; the class's longest */
};

struct port {
	const json_t *iface, *qdisc;
	unsigned num_tc;
	double cycle, speed; /* ns; bit/ns, 0: not known */
	struct class classes[CLASSES];
};

/* "300us" to ns; the daemon writes whole numbers with a unit. */
static double nanoseconds(const char *text)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = { { "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 }, { "min", 6e10 } };
	char *end;
	double v = strtod(text, &end);

	for (unsigned n = 0; n < sizeof(units) / sizeof(*units); n++)
		if (!strcmp(end, units[n].unit))
			return v * units[n].ns;
	return v;
}

static char *time_of(double ns)
{
	if (ns >= 1e9)
		return str_format("%.4gs", ns / 1e9);
	if (ns >= 1e6)
		return str_format("%.4gms", ns / 1e6);
	if (ns >= 1e3)
		return str_format("%.4gus", ns / 1e3);
	return str_format("%.4gns", ns);
}

static void add_window(struct class *k, double from, double to)
{
	if (k->n && k->windows[k->n - 1].to == from) {
		k->windows[k->n - 1].to = to;
		return;
	}
	k->windows = array_reserve(k->windows, k->n, sizeof(*k->windows));
	k->windows[k->n++] = (struct window){ from, to };
}

/* One that ends with the cycle and one that begins with it are the same. */
static void join_ends(struct class *k, double cycle)
{
	if (k->n < 2 || k->windows[0].from > 0 || k->windows[k->n - 1].to < cycle)
		return;
	k->windows[k->n - 1].to += k->windows[0].to;
	memmove(k->windows, k->windows + 1, --k->n * sizeof(*k->windows));
}

static void longest_closed(struct class *k, double cycle)
{
	for (unsigned n = 0; n < k->n; n++) {
		double next = n + 1 < k->n ? k->windows[n + 1].from : k->windows[0].from + cycle;

		k->closed = max_of(k->closed, next - k->windows[n].to);
	}
}

static unsigned longest_frame(const struct port *p, unsigned class)
{
	unsigned mtu = get_number(p->iface, NULL, "mtu");
	unsigned sdu =
		json_integer_value(json_array_get(json_object_get(p->qdisc, "max_sdu"), class));

	return sdu && sdu < mtu ? sdu : mtu;
}

static void read_port(struct port *p)
{
	const json_t *schedule = json_object_get(p->qdisc, "schedule"), *line;
	double at = 0, mbit = get_number(p->iface, "ethernet", "link_speed");
	double cycle = nanoseconds(get_text(p->qdisc, NULL, "cycle_time"));
	size_t n;

	p->num_tc = json_integer_value(json_object_get(p->qdisc, "num_tc"));
	p->num_tc = p->num_tc > CLASSES ? CLASSES : p->num_tc;
	p->speed = mbit == UINT32_MAX ? 0 : mbit / 1e3; /* SPEED_UNKNOWN */
	json_array_foreach(schedule, n, line) {
		unsigned gates = json_integer_value(json_object_get(line, "gates"));
		double end = at + nanoseconds(get_text(line, NULL, "interval"));

		/* The last one goes on to the cycle's end (IEEE 802.1Q, ListExecute). */
		if (n + 1 == json_array_size(schedule) && cycle > end)
			end = cycle;
		for (unsigned k = 0; k < p->num_tc; k++) {
			if (!(gates >> k & 1))
				continue;
			p->classes[k].open += end - at;
			if (gates == 1u << k)
				p->classes[k].alone += end - at;
			add_window(&p->classes[k], at, end);
		}
		at = end;
	}
	p->cycle = at;
	for (unsigned k = 0; k < p->num_tc; k++) {
		struct class *c = &p->classes[k];

		c->frame = longest_frame(p, k);
		if (p->speed > 0)
			c->guard = (c->frame + FRAME_EXTRA) * 8 / p->speed;
		join_ends(c, p->cycle);
		longest_closed(c, p->cycle);
	}
}

static bool is_always_open(const struct class *c)
{
	return c->n && c->closed <= 0;
}

/* Of a class whose windows are all too short: it never sends what is that long. */
static bool fits(const struct class *c)
{
	for (unsigned n = 0; n < c->n; n++)
		if (c->windows[n].to - c->windows[n].from >= c->guard)
			return true;
	return is_always_open(c);
}

static double worst_wait(const struct class *c)
{
	return is_always_open(c) ? 0 : c->closed + c->guard;
}

enum at { AT_CLOSED, AT_GUARD, AT_OPEN };

/* What a class is doing at a point of the cycle. */
static enum at state_at(const struct class *c, double cycle, double t)
{
	for (unsigned n = 0; n < c->n; n++)
		for (double u = t; u <= t + cycle; u += cycle) {
			if (u < c->windows[n].from || u >= c->windows[n].to)
				continue;
			if (is_always_open(c))
				return AT_OPEN;
			return u >= c->windows[n].to - c->guard ? AT_GUARD : AT_OPEN;
		}
	return AT_CLOSED;
}

static void print_chart(const struct ctl *c, const struct port *p, const struct class *k,
			unsigned columns)
{
	static const struct {
		const char *utf8, *ascii;
		enum colour colour;
	} looks[] = {
		[AT_CLOSED] = { "·", ".", COLOUR_DIM },
		[AT_GUARD] = { "░", "-", COLOUR_YELLOW },
		[AT_OPEN] = { "█", "#", COLOUR_GREEN },
	};

	for (unsigned n = 0; n < columns; n++) {
		enum at at = state_at(k, p->cycle, (n + 0.5) * p->cycle / columns);

		printf("%s%s%s", colour_on(c, looks[at].colour),
		       c->utf8 ? looks[at].utf8 : looks[at].ascii, colour_off(c, looks[at].colour));
	}
}

static unsigned class_of(const json_t *map, unsigned priority)
{
	return json_integer_value(json_array_get(map, priority));
}

/* Priorities of a class: "0,3-7". */
static char *priorities(const struct port *p, unsigned class)
{
	const json_t *map = json_object_get(p->qdisc, "map");
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	const char *sep = "";
	unsigned n, end;

	for (n = 0; n < 16; n = end + 1) {
		for (end = n; end < 16 && class_of(map, end) == class; end++)
			;
		if (end == n)
			continue;
		fprintf(out,
			end - n > 2 ? "%s%u-%u" :
			end - n > 1 ? "%s%u,%u" :
				      "%s%u",
			sep, n, end - 1);
		sep = ",";
	}
	fclose(out);
	return text;
}

static void print_port(const struct ctl *c, const struct port *p)
{
	unsigned columns = c->width > 54 + CHART_MIN ? c->width - 54 : CHART_MIN;
	_cleanup_free_ char *cycle = time_of(p->cycle);
	const char *state = get_text(p->iface, "tsn", "state");
	const char *reason = get_text(p->iface, "tsn", "reason");
	bool good = !strcmp(state, "running");

	columns = columns > CHART_MAX ? CHART_MAX : columns;
	printf("%s%s%s  cycle %s, base time %s\n  clock %s, offload %s%s\n",
	       colour_on(c, COLOUR_BOLD), get_text(p->iface, NULL, "name"),
	       colour_off(c, COLOUR_BOLD), cycle, get_text(p->qdisc, NULL, "base_time"),
	       json_object_get(p->qdisc, "clock") ? get_text(p->qdisc, NULL, "clock") :
						    "of the device",
	       get_text(p->qdisc, NULL, "offload"),
	       get_bool(p->qdisc, NULL, "pending") && !*state ? ", waits for its base time" : "");
	if (*state)
		printf("  %s%s%s%s%s\n", colour_on(c, good ? COLOUR_GREEN : COLOUR_YELLOW), state,
		       colour_off(c, good ? COLOUR_GREEN : COLOUR_YELLOW), *reason ? ": " : "",
		       reason);
	for (unsigned k = 0; k < p->num_tc; k++) {
		const struct class *cl = &p->classes[k];
		_cleanup_free_ char *wait = time_of(worst_wait(cl)), *prio = priorities(p, k);

		printf("  %2u  ", k);
		print_chart(c, p, cl, columns);
		printf("  %3.0f%%", cl->open / p->cycle * 100);
		printf(" alone %3.0f%%", cl->alone / p->cycle * 100);
		if (!cl->n)
			printf("  never open");
		else if (!fits(cl))
			printf("  too short for %u bytes", cl->frame);
		else
			printf("  waits %s", wait);
		printf("  prio %s\n", prio);
	}
	printf("      0%*s%s\n", (int)(columns - text_width(cycle)), "", cycle);
	if (p->speed <= 0)
		puts("      the link's speed is not known: no guard");
}

static json_t *port_json(const struct port *p)
{
	json_t *j = json_pack("{s:s, s:O, s:O*, s:f, s:f, s:b, s:o}", "name",
			      get_text(p->iface, NULL, "name"), "qdisc", p->qdisc, "tsn",
			      json_object_get(p->iface, "tsn"), "cycle_ns", p->cycle, "speed_mbit",
			      p->speed * 1e3, "pending", get_bool(p->qdisc, NULL, "pending"),
			      "classes", json_array());

	for (unsigned k = 0; k < p->num_tc; k++) {
		const struct class *c = &p->classes[k];
		json_t *windows = json_array();

		for (unsigned n = 0; n < c->n; n++)
			json_array_append_new(windows, json_pack("[f, f]", c->windows[n].from,
								 c->windows[n].to));
		json_array_append_new(json_object_get(j, "classes"),
				      json_pack("{s:i, s:f, s:f, s:f, s:f, s:b, s:i, s:o}", "class",
						k, "open", c->open / p->cycle, "alone",
						c->alone / p->cycle, "guard_ns", c->guard,
						"worst_wait_ns", worst_wait(c), "fits", fits(c),
						"longest_frame", (int)c->frame, "windows",
						windows));
	}
	return j;
}

/* SVG: a class is a bar of 24 pixels, a cycle 800. */

#define SVG_WIDTH 800
#define SVG_LEFT 60
#define SVG_ROW 30

static void svg_part(const struct port *p, double from, double to, unsigned y, const char *colour)
{
	double scale = SVG_WIDTH / p->cycle;

	if (to > p->cycle) { /* over the end of the cycle */
		svg_part(p, 0, to - p->cycle, y, colour);
		to = p->cycle;
	}
	if (to > from)
		printf("<rect x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"24\" fill=\"%s\"/>\n",
		       SVG_LEFT + from * scale, y, (to - from) * scale, colour);
}

static void svg_class(const struct port *p, unsigned k, unsigned y)
{
	const struct class *c = &p->classes[k];

	printf("<text x=\"8\" y=\"%u\">class %u</text>\n", y + 17, k);
	printf("<rect x=\"%d\" y=\"%u\" width=\"%d\" height=\"24\" fill=\"#dddddd\"/>\n", SVG_LEFT,
	       y, SVG_WIDTH);
	for (unsigned n = 0; n < c->n; n++) {
		double from = c->windows[n].from, to = c->windows[n].to;
		double guard = is_always_open(c) ? to : max_of(from, to - c->guard);

		svg_part(p, from, guard, y, "#2e8b57");
		if (guard < p->cycle)
			svg_part(p, guard, to, y, "#e0b040");
		else
			svg_part(p, guard - p->cycle, to - p->cycle, y, "#e0b040");
	}
}

static void print_svg(const struct port *ports, unsigned n)
{
	unsigned height = 10, y = 10;

	for (unsigned i = 0; i < n; i++)
		height += 30 + SVG_ROW * ports[i].num_tc + 30;
	printf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" "
	       "font-family=\"sans-serif\" font-size=\"13\">\n", SVG_LEFT + SVG_WIDTH + 20, height);
	for (unsigned i = 0; i < n; i++) {
		_cleanup_free_ char *cycle = time_of(ports[i].cycle);

		/* Names of interfaces can have any character but '/' and spaces. */
		printf("<text x=\"8\" y=\"%u\" font-weight=\"bold\"><![CDATA[%s]]></text>\n",
		       y + 17, get_text(ports[i].iface, NULL, "name"));
		y += 30;
		for (unsigned k = 0; k < ports[i].num_tc; k++, y += SVG_ROW)
			svg_class(&ports[i], k, y);
		printf("<text x=\"%d\" y=\"%u\">0</text>\n"
		       "<text x=\"%d\" y=\"%u\" text-anchor=\"end\">%s</text>\n",
		       SVG_LEFT, y + 14, SVG_LEFT + SVG_WIDTH, y + 14, cycle);
		y += 30;
	}
	puts("</svg>");
}

static const json_t *find_taprio(const json_t *iface)
{
	const json_t *q;
	size_t n;

	json_array_foreach(json_object_get(iface, "qdisc"), n, q)
		if (!strcmp(get_text(q, NULL, "kind"), "taprio") &&
		    json_array_size(json_object_get(q, "schedule")))
			return q;
	return NULL;
}

static void free_ports(struct port *ports, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < CLASSES; k++)
			free(ports[i].classes[k].windows);
	free(ports);
}

int verb_tsn(struct ctl *c)
{
	json_auto_t *state = NULL, *picked = NULL;
	struct port *ports = NULL;
	json_t *list = json_array(), *j;
	unsigned count = 0;
	int status = ctl_describe_groups(c, (const char *const[]){ "qdisc", "tsn",
								    "ethernet.link_speed", NULL },
					 &state);
	size_t n;

	if (!status)
		status = pick_interfaces(c, json_object_get(state, "interfaces"), &picked);
	json_array_foreach(picked, n, j) {
		const json_t *q = find_taprio(j);

		if (!q)
			continue;
		ports = array_reserve(ports, count, sizeof(*ports));
		ports[count] = (struct port){ .iface = j, .qdisc = q };
		read_port(&ports[count++]);
	}
	for (unsigned i = 0; i < count && !status; i++) {
		if (c->json)
			json_array_append_new(list, port_json(&ports[i]));
		else if (!c->svg)
			print_port(c, &ports[i]);
	}
	if (!status && c->json)
		status = ctl_json(c, json_pack("{s:i, s:O}", "version", 1, "ports", list));
	else if (!status && c->svg)
		print_svg(ports, count);
	else if (!status && !count)
		fputs("no port has a gate schedule\n", stderr);
	json_decref(list);
	free_ports(ports, count);
	return status;
}
