// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * netctl sfp: the modules in the cages. Each measured value stands on a scale
 * from its low to its high alarm; light on a scale of decibels, as its limits
 * are meant.
 */
#include <stdarg.h>

#include "ctl/ctl.h"
#include "util/clock.h"
#include "util/dbm.h"
#include "util/real.h"
#include "util/text.h"

#define SCALE 31
#define NAME_WIDTH 12

static const struct quantity {
	const char *key, *title, *unit;
	bool light;
} quantities[] = {
	{ "temperature", "temperature", "C", false }, { "voltage", "voltage", "V", false },
	{ "bias", "bias", "mA", false },	      { "tx_power", "sent", "mW", true },
	{ "rx_power", "received", "mW", true },
};

static double place_of(const struct quantity *q, double v)
{
	return q->light ? dbm_of(v) : v;
}

static double limit_of(const struct quantity *q, const json_t *limits, const char *name)
{
	return place_of(q, json_number_value(json_object_get(limits, name)));
}

static unsigned column_of(double v, double low, double high)
{
	double at = (v - low) / (high - low) * (SCALE - 1);

	return at < 0 ? 0 : at > SCALE - 1 ? SCALE - 1 : (unsigned)real_round(at);
}

static bool has_all(const json_t *limits)
{
	return json_object_get(limits, "low_alarm") && json_object_get(limits, "high_alarm") &&
	       json_object_get(limits, "low_warning") && json_object_get(limits, "high_warning");
}

/* Beyond the warnings the scale is thin, or of exclamation marks. */
static void print_scale(const struct ctl *c, const struct quantity *q, const json_t *limits,
			double v)
{
	double low = limit_of(q, limits, "low_alarm"), high = limit_of(q, limits, "high_alarm");
	double warn_low = limit_of(q, limits, "low_warning");
	double warn_high = limit_of(q, limits, "high_warning"), x = place_of(q, v);
	enum colour colour = x < low || x > high		 ? COLOUR_RED :
			     x < warn_low || x > warn_high ? COLOUR_YELLOW : COLOUR_GREEN;
	unsigned at, from, to;

	if (!(high > low))
		return;
	at = column_of(x, low, high);
	from = column_of(warn_low, low, high);
	to = column_of(warn_high, low, high);
	fputs(c->utf8 ? " ╟" : " |", stdout);
	for (unsigned n = 0; n < SCALE; n++) {
		bool calm = n >= from && n <= to;

		if (n == at)
			printf("%s%s%s", colour_on(c, colour), c->utf8 ? "●" : "O",
			       colour_off(c, colour));
		else if (c->utf8)
			fputs(calm ? "─" : "┄", stdout);
		else
			putchar(calm ? '-' : '!');
	}
	printf("%s %g %s %g%s", c->utf8 ? "╢" : "|", real_round(low * 100) / 100,
	       c->utf8 ? "…" : "...", real_round(high * 100) / 100, q->light ? " dBm" : "");
}

static void print_value(const struct ctl *c, const struct quantity *q, const json_t *limits,
			double v, unsigned lane, unsigned lanes)
{
	char number[48], title[32];

	snprintf(title, sizeof(title), lanes > 1 ? "%s %u" : "%s", q->title, lane + 1);
	if (q->light)
		snprintf(number, sizeof(number), "%.4f %s %6.2f dBm", v, q->unit, dbm_of(v));
	else
		snprintf(number, sizeof(number), "%.4g %s%s", v,
			 c->utf8 && *q->unit == 'C' ? "°" : "", q->unit);
	printf("    %-*s %*s%s", NAME_WIDTH, title, 22 - (int)text_width(number), "", number);
	if (has_all(limits))
		print_scale(c, q, limits, v);
	putchar('\n');
}

static void print_values(const struct ctl *c, const json_t *sfp)
{
	for (size_t n = 0; n < ARRAY_SIZE(quantities); n++) {
		const json_t *values = json_object_get(sfp, quantities[n].key);
		const json_t *limits =
			json_object_get(json_object_get(sfp, "limits"), quantities[n].key);
		const json_t *v;
		size_t lane;

		json_array_foreach(values, lane, v)
			print_value(c, &quantities[n], limits, json_number_value(v), lane,
				    json_array_size(values));
	}
}

/* One of a line's parts; @count is of those before it. */
static void _printf_(2, 3) print_part(unsigned *count, const char *fmt, ...)
{
	va_list ap;

	if ((*count)++)
		fputs(", ", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
}

/* "LC, 850 nm, 10300 Mbit/s, om3 300 m": what there is of it. */
static void print_abilities(const json_t *sfp)
{
	const json_t *reach = json_object_get(sfp, "reach"), *v;
	double wavelength = json_number_value(json_object_get(sfp, "wavelength"));
	double power = json_number_value(json_object_get(sfp, "power"));
	const char *connector = get_text(sfp, NULL, "connector"), *fibre;
	json_int_t rate = get_number(sfp, NULL, "bit_rate");
	unsigned n = 0;

	fputs("    ", stdout);
	if (*connector)
		print_part(&n, "%s", connector);
	if (wavelength > 0)
		print_part(&n, "%g nm", wavelength);
	if (rate)
		print_part(&n, "%" JSON_INTEGER_FORMAT " Mbit/s", rate);
	json_object_foreach((json_t *)reach, fibre, v)
		print_part(&n, "%s %" JSON_INTEGER_FORMAT " m", fibre, json_integer_value(v));
	if (power > 0)
		print_part(&n, "at most %g W", power);
	putchar('\n');
}

static void print_codes(const json_t *sfp)
{
	const json_t *codes = json_object_get(sfp, "compliance"), *v;
	size_t n;

	json_array_foreach(codes, n, v)
		printf("%s%s", n ? ", " : " ", json_string_value(v));
}

static void print_alarms(const struct ctl *c, const json_t *sfp)
{
	const json_t *alarms = json_object_get(sfp, "alarms"), *v;
	size_t n;

	json_array_foreach(alarms, n, v)
		printf("    %s%s%s\n", colour_on(c, COLOUR_RED), json_string_value(v),
		       colour_off(c, COLOUR_RED));
}

static void print_cage(const struct ctl *c, const json_t *j)
{
	const json_t *sfp = json_object_get(j, "sfp");
	const char *no_link = get_text(sfp, NULL, "no_link"),
		   *problem = get_text(sfp, NULL, "problem");
	const char *date = get_text(sfp, NULL, "date");

	printf("%s%s%s:", colour_on(c, COLOUR_BOLD), get_text(j, NULL, "name"),
	       colour_off(c, COLOUR_BOLD));
	if (!get_bool(sfp, NULL, "present")) {
		puts(" empty");
		return;
	}
	printf(" %s", get_text(sfp, NULL, "type"));
	print_codes(sfp);
	if (*get_text(sfp, NULL, "vendor"))
		printf("\n    %s %s, revision %s, serial number %s%s%s",
		       get_text(sfp, NULL, "vendor"), get_text(sfp, NULL, "part"),
		       get_text(sfp, NULL, "revision"), get_text(sfp, NULL, "serial"),
		       *date ? ", made " : "", date);
	putchar('\n');
	if (*get_text(sfp, NULL, "vendor"))
		print_abilities(sfp);
	if (*get_text(sfp, NULL, "interface"))
		printf("    speaks %s%s\n", get_text(sfp, NULL, "interface"),
		       get_bool(sfp, NULL, "inband") ? "" : " without in-band autonegotiation");
	print_values(c, sfp);
	print_alarms(c, sfp);
	if (*get_text(sfp, NULL, "mismatch"))
		printf("    %snot the module that is required: %s%s\n", colour_on(c, COLOUR_YELLOW),
		       get_text(sfp, NULL, "mismatch"), colour_off(c, COLOUR_YELLOW));
	if (*problem)
		printf("    %sits memory: %s%s\n", colour_on(c, COLOUR_YELLOW), problem,
		       colour_off(c, COLOUR_YELLOW));
	if (*no_link)
		printf("    %sno link: %s%s\n", colour_on(c, COLOUR_YELLOW), no_link,
		       colour_off(c, COLOUR_YELLOW));
}

static double age_of(const json_t *sfp)
{
	json_int_t usec =
		(json_int_t)clock_usec(CLOCK_REALTIME) - get_number(sfp, NULL, "read_usec");

	return max_of(usec, (json_int_t)0) / 1e6; /* the clock may have been set back */
}

int verb_sfp(struct ctl *c)
{
	json_auto_t *state = NULL, *picked = NULL;
	json_t *cages = json_array(), *j;
	int status = ctl_describe_groups(c, (const char *const[]){ "sfp", NULL }, &state);
	size_t n;

	if (!status)
		status = pick_interfaces(c, json_object_get(state, "interfaces"), &picked);
	json_array_foreach(picked, n, j) {
		json_t *sfp = json_object_get(j, "sfp"), *cage;

		if (!json_object_get(sfp, "present"))
			continue;
		cage = json_pack("{s:s, s:o}", "name", get_text(j, NULL, "name"), "sfp",
				 json_copy(sfp));
		if (json_object_get(sfp, "read_usec"))
			json_object_set_new(cage, "age",
					    json_real(real_round(age_of(sfp) * 1e3) / 1e3));
		json_array_append_new(cages, cage);
	}
	if (!status && c->json)
		return ctl_json(c, json_pack("{s:i, s:o}", "version", 1, "cages", cages));
	json_array_foreach(cages, n, j)
		print_cage(c, j);
	if (!status && !json_array_size(cages))
		fputs("there are no cages of modules here\n", stderr);
	json_decref(cages);
	return status;
}
