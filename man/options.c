// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Puts what the rows say into a manual page, so that no setting can be missing
 * from it or be described as it once was. Copies standard input; of the lines
 *
 *	.\" @SETTINGS@	  becomes every setting, as netctld.conf(5) has it
 *	.\" @DAEMON@	  the settings of the daemon itself
 *	.\" @PROPERTIES@  every property of every link object, as org.netctl1(5) has it
 *
 * Run while building.
 */
#include <stdio.h>

#include "bus/name.h"
#include "core/config.h"
#include "util/text.h"

/* Text as roff: nothing in it is a request or an escape. */
static void put_text(const char *s)
{
	if (*s == '.' || *s == '\'')
		fputs("\\&", stdout);
	for (; *s; s++)
		if (*s == '\\')
			fputs("\\e", stdout);
		else if (*s == '-')
			fputs("\\-", stdout);
		else
			putchar(*s);
}

static void put_sentence(const char *s)
{
	size_t n = strlen(s);

	put_text(s);
	puts(n && s[n - 1] == '.' ? "" : ".");
}

static void put_bold(const char *s)
{
	fputs("\\fB", stdout);
	put_text(s);
	fputs("\\fR", stdout);
}

/* "number, 68 to 65535" */
static void put_type(const struct row *r)
{
	_cleanup_free_ char *range = r->type->range ? r->type->range(r) : NULL;

	put_text(r->type->name);
	if (range) {
		fputs(", ", stdout);
		put_text(range);
	}
}

static void put_facts(const struct row *r)
{
	if (r->initial) {
		puts(r->flags & ROW_POLICY ? "The default is" : "A fresh device has");
		put_bold(r->initial);
		puts(".");
	}
	if (r->flags & ROW_CREATE)
		puts("Given when the interface is created: a change makes the interface anew.");
	else if (r->effect == EFFECT_RECREATE)
		puts("A change makes it anew.");
	else if (r->effect == EFFECT_BOUNCE)
		puts("A change takes the link down and up again.");
	if (r->since) {
		fputs("Since Linux ", stdout);
		put_text(r->since);
		puts(".");
	}
}

static void put_row(const struct row *r)
{
	puts(".TP");
	put_bold(r->key);
	fputs(" (", stdout);
	put_type(r);
	puts(")");
	put_sentence(r->help);
	put_facts(r);
	if (!r->type->shape)
		return;
	puts("In each group may stand");
	puts(".RS");
	FOREACH_ROW(r->type->shape, member)
		put_row(member);
	puts(".RE");
}

static bool can_be_set(const struct row *r)
{
	return !(r->flags & ROW_STATE);
}

static void put_kinds(void)
{
	const char *before = "Kinds are\n";

	puts(".PP");
	fputs(before, stdout);
	put_bold("dummy"); /* has no settings of its own */
	before = ", ";
	for (unsigned n = 0; n < n_features; n++)
		if (features[n]->kind) {
			fputs(before, stdout);
			put_bold(features[n]->kind);
			before = ", ";
		}
	puts(".");
}

/* One kind of a list's entries: what it has beside what all have. */
static void put_variant(const struct feature *list, const struct feature *f)
{
	fputs(".SS \"", stdout);
	put_text(list->name);
	fputs(" = ( { kind = \\(dq", stdout);
	put_text(f->kind);
	puts("\\(dq; } )\"");
	put_sentence(f->help);
	FOREACH_ROW(f, r)
		if (r - f->rows >= list->n_rows && can_be_set(r))
			put_row(r);
}

static void put_feature(const struct feature *f)
{
	bool any = false;

	FOREACH_ROW(f, r)
		any |= can_be_set(r);
	if (!any)
		return;
	fputs(".SS \"", stdout);
	if (f->form == FORM_ROOT)
		fputs("In the entry itself", stdout);
	else
		put_text(f->name);
	puts(f->form == FORM_GROUP ? " = { }\"" : f->form == FORM_LIST ? " = ( { }, { } )\"" : "\"");
	put_sentence(f->help);
	if (f->kind) {
		fputs("For interfaces whose\n.B kind\nis \"", stdout);
		put_text(f->kind);
		puts("\".");
	}
	if (f->slave_kind) {
		fputs("For interfaces whose master is of kind \"", stdout);
		put_text(f->slave_kind);
		puts("\".");
	}
	if (f->parse_entry)
		puts("An entry that needs no more than its first setting may be that alone.");
	FOREACH_ROW(f, r)
		if (can_be_set(r))
			put_row(r);
	if (f->form == FORM_ROOT)
		put_kinds();
	for (unsigned n = 0; f->nth_variant && f->nth_variant(n); n++)
		put_variant(f, f->nth_variant(n));
}

static void put_settings(void)
{
	for (unsigned n = 0; n < n_features; n++)
		put_feature(features[n]);
}

static void put_daemon(void)
{
	FOREACH_ROW(&settings_feature, r)
		put_row(r);
}

static void put_property(const struct feature *f, const struct row *r)
{
	char name[64];

	puts(".TP");
	put_bold(bus_property_name(f, r->key, name, sizeof(name)));
	fputs(" (", stdout);
	put_text(r->type->signature);
	puts(r->flags & ROW_VOLATILE ? ", changes are not told)" : ")");
	put_sentence(r->help);
	if (r->flags & ROW_STATE)
		puts("What the kernel says; it cannot be configured.");
}

static void put_properties(void)
{
	char name[64];

	for (unsigned n = 0; n < n_features; n++) {
		const struct feature *f = features[n];

		if (f->form == FORM_LIST)
			continue;
		printf(".SS %s\n", bus_interface_name(f, name, sizeof(name)));
		put_sentence(f->help);
		FOREACH_ROW(f, r)
			put_property(f, r);
		for (unsigned k = 0; f->form == FORM_ROOT && k < n_features; k++) {
			if (features[k]->form != FORM_LIST)
				continue;
			puts(".TP");
			put_bold(bus_property_name(features[k], features[k]->name, name, sizeof(name)));
			puts(" (aa{sv})");
			put_sentence(features[k]->help);
		}
	}
}

int main(void)
{
	static const struct {
		const char *line;
		void (*put)(void);
	} marks[] = {
		{ ".\\\" @SETTINGS@\n", put_settings },
		{ ".\\\" @DAEMON@\n", put_daemon },
		{ ".\\\" @PROPERTIES@\n", put_properties },
	};
	char line[1024];

	features_init();
	while (fgets(line, sizeof(line), stdin)) {
		void (*put)(void) = NULL;

		for (unsigned n = 0; n < ARRAY_SIZE(marks); n++)
			if (!strcmp(line, marks[n].line))
				put = marks[n].put;
		if (put)
			put();
		else
			fputs(line, stdout);
	}
	return ferror(stdout) ? 1 : 0;
}
