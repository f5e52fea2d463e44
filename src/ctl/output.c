// SPDX-License-Identifier: LGPL-2.1-or-later
/* How netctl prints: data to stdout, messages to stderr, everything as JSON where that is asked. */
#include <errno.h>
#include <stdarg.h>

#include "ctl/ctl.h"
#include "util/text.h"

int output_flush(void)
{
	int r;

	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	r = errno == EPIPE && freopen("/dev/null", "w", stdout) ? -EPIPE : -EIO;
	return r;
}

int ctl_json(const struct ctl *c, json_t *j)
{
	json_dumpf(j, stdout, c->json == JSON_MODE_PRETTY ? JSON_INDENT(2) | JSON_DIGITS :
							  JSON_COMPACT | JSON_DIGITS);
	putchar('\n');
	json_decref(j);
	return EXIT_DONE;
}

int ctl_done(const struct ctl *c, const char *fmt, ...)
{
	va_list ap;

	if (c->json != JSON_MODE_OFF)
		return ctl_json(c, json_pack("{s:i}", "version", 1));
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	putc('\n', stderr);
	return EXIT_DONE;
}

static json_t *lines_json(const char *text)
{
	json_t *j = json_array();

	for (const char *s = text; *s;) {
		size_t n = strcspn(s, "\n");

		json_array_append_new(j, json_stringn(s, n));
		s += n + (s[n] == '\n');
	}
	return j;
}

int ctl_fail(const struct ctl *c, int status, const char *name, const char *text)
{
	if (c->quiet)
		return status;
	if (c->json != JSON_MODE_OFF) {
		_cleanup_free_ char *clean = text_utf8(str_dup(text));

		ctl_json(c, json_pack("{s:i, s:{s:s, s:s, s:i, s:o}}", "version", 1, "error",
				      "name", name, "message", clean, "status", status, "lines",
				      lines_json(clean)));
		return status;
	}
	/* Lines that begin with a place in a file stand by themselves, for editors. */
	if (status == EXIT_INVALID)
		fprintf(stderr, "%s\nnetctl: the configuration is invalid\n", text);
	else
		fprintf(stderr, "netctl: %s\n", text);
	return status;
}

int ctl_usage(const struct ctl *c, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = str_vformat(fmt, ap);
	va_end(ap);
	return ctl_fail(c, EXIT_USAGE, "org.netctl1.Error.Usage", text);
}

const char *colour_on(const struct ctl *c, enum colour colour)
{
	static const char *const escapes[] = {
		[COLOUR_NONE] = "",	      [COLOUR_DIM] = "\033[2m",
		[COLOUR_BOLD] = "\033[1m",    [COLOUR_GREEN] = "\033[32m",
		[COLOUR_YELLOW] = "\033[33m", [COLOUR_RED] = "\033[1;31m",
	};

	return c->colour ? escapes[colour] : "";
}

const char *colour_off(const struct ctl *c, enum colour colour)
{
	return c->colour && colour != COLOUR_NONE ? "\033[0m" : "";
}

/* The words are those of ManagementState; the marks those of systemctl. */
static const struct mark marks[] = {
	{ "ok", "●", "*", COLOUR_GREEN, NULL },
	{ "foreign", "○", "-", COLOUR_DIM, NULL },
	{ "absent", "○", "o", COLOUR_YELLOW, "there is no such device" },
	{ "waiting", "↻", "~", COLOUR_YELLOW, "waits for something that is not there" },
	{ "applying", "↻", "~", COLOUR_YELLOW, "is being changed" },
	{ "drifted", "●", "!", COLOUR_YELLOW, "is not as configured" },
	{ "held", "●", "=", COLOUR_YELLOW, "is left alone on request" },
	{ "failed", "×", "x", COLOUR_RED, "failed" },
	{ "", "?", "?", COLOUR_YELLOW, "is in a state that this netctl does not know" },
};

const struct mark *mark_of(const char *state)
{
	unsigned n = 0;

	while (n + 1 < ARRAY_SIZE(marks) && strcmp(marks[n].state, state))
		n++;
	return &marks[n];
}

void mark_print(const struct ctl *c, const struct mark *m)
{
	printf("%s%s%s", colour_on(c, m->colour), c->utf8 ? m->utf8 : m->ascii,
	       colour_off(c, m->colour));
}

unsigned text_width(const char *s)
{
	unsigned n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

struct table_row *table_add(struct table *t, const struct mark *mark)
{
	struct table_row *row;

	t->rows = array_reserve(t->rows, t->n, sizeof(*t->rows));
	row = &t->rows[t->n++];
	memset(row, 0, sizeof(*row));
	row->mark = mark;
	return row;
}

static void measure(const struct ctl *c, const struct table *t, unsigned *widths)
{
	for (unsigned k = 0; k < TABLE_COLUMNS && t->heads[k]; k++) {
		for (unsigned n = 0; n < t->n; n++)
			if (t->rows[n].cells[k] && !t->rows[n].instead)
				widths[k] = max_of(widths[k], text_width(t->rows[n].cells[k]));
		if (widths[k] && c->legend)
			widths[k] = max_of(widths[k], text_width(t->heads[k]));
	}
}

/* Spaces are printed before the next cell, so that no line ends with one. */
static void print_cells(const char *const *cells, const unsigned *widths, unsigned right)
{
	unsigned pad = 0, room;

	for (unsigned k = 0; k < TABLE_COLUMNS; k++) {
		const char *cell = cells[k] ? cells[k] : "";

		if (!widths[k])
			continue;
		room = widths[k] - text_width(cell);
		if (*cell && (right & BIT64(k)))
			pad += room;
		if (*cell) {
			printf("%*s%s", pad, "", cell);
			pad = 0;
		}
		pad += 2 + (*cell && (right & BIT64(k)) ? 0 : room);
	}
	putchar('\n');
}

void print_hanging(const char *text, int first, int indent, unsigned width)
{
	unsigned at = 0; /* the column reached */

	while (*text) {
		size_t n = strcspn(text, " \n");
		_cleanup_free_ char *word = mem_dup(text, n + 1);

		word[n] = 0;
		if (at && at + 1 + text_width(word) <= width) {
			printf(" %s", word);
			at += 1 + text_width(word);
		} else {
			printf("%s%*s%s", at ? "\n" : "", at ? indent : first, "", word);
			at = (at ? indent : first) + text_width(word);
		}
		text += n + !!text[n];
	}
	putchar('\n');
}

void print_wrapped(const char *text, int indent, unsigned width)
{
	print_hanging(text, indent, indent, width);
}

/* Of what stands below a row: something is wrong, even where the daemon has done all it can. */
static enum colour colour_below(const struct mark *m)
{
	return m->colour == COLOUR_GREEN ? COLOUR_YELLOW : m->colour;
}

static void print_row(const struct ctl *c, const struct table_row *row, const unsigned *widths,
		      unsigned right)
{
	if (row->mark) {
		mark_print(c, row->mark);
		putchar(' ');
	}
	if (row->instead)
		puts(row->instead);
	else
		print_cells((const char *const *)row->cells, widths, right);
	if (!row->below || !row->mark)
		return;
	fputs(colour_on(c, colour_below(row->mark)), stdout);
	print_wrapped(row->below, widths[0] + 4, c->width);
	fputs(colour_off(c, colour_below(row->mark)), stdout);
}

void table_print(const struct ctl *c, struct table *t)
{
	unsigned widths[TABLE_COLUMNS] = { 0 };

	measure(c, t, widths);
	if (c->legend) {
		fputs(colour_on(c, COLOUR_DIM), stdout);
		if (t->n && t->rows[0].mark)
			fputs("  ", stdout);
		print_cells(t->heads, widths, t->right);
		fputs(colour_off(c, COLOUR_DIM), stdout);
	}
	for (unsigned n = 0; n < t->n; n++) {
		print_row(c, &t->rows[n], widths, t->right);
		for (unsigned k = 0; k < TABLE_COLUMNS; k++)
			free(t->rows[n].cells[k]);
		free(t->rows[n].below);
		free(t->rows[n].instead);
	}
	free(t->rows);
	t->rows = NULL;
	t->n = 0;
}
