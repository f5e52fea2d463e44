// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The lights of a port, where the kernel has them as LED devices: which of
 * them blink for what. The trigger "netdev" does it, in hardware if the PHY or
 * the switch can, else the processor switches them.
 *
 * A port's lights are those of its PHY (class/net/lan0/phydev/leds, or by the
 * device tree) and of itself (class/net/lan0/leds), by name; behind them come
 * others whose trigger is set to the port. They are files; no message tells of a change, so what is
 * changed by another hand is seen when a link comes, goes or changes.
 *
 * What must stay true: the files of a trigger are there as long as the trigger
 * is, so it is set first; and "link" excludes "link_100" and its like, so that
 * what is switched off is so before anything is switched on.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/config.h"
#include "core/mirror.h"
#include "core/plan.h"
#include "features/features.h"
#include "features/led/led.h"
#include "util/text.h"

#define NAMES_MAX 64   /* that are looked through, of a machine */
#define TRIGGERS 8192  /* bytes of the list of all triggers */
#define NAME_SIZE 64   /* LED_MAX_NAME_SIZE */

struct led {
	struct object o;
	char *name, *trigger;
	uint8_t on[13]; /* a row each, from LINK */
	uint32_t interval;
	uint8_t offloaded;
};

enum { NAME, TRIGGER, LINK, LINK_10, LINK_100, LINK_1000, LINK_2500, LINK_5000, LINK_10000,
       HALF_DUPLEX, FULL_DUPLEX, TX, RX, TX_ERR, RX_ERR, INTERVAL, OFFLOADED };

#define ON(row, word, text)                                                                        \
	[row] = { .key = word, .type = &type_bool, VALUE(led, on[row - LINK]), .phase = PHASE_PHY, \
		.flags = ROW_WITHIN, .initial = "false", .help = text }
#define SPEED(row, word, speed)                                                                    \
	ON(row, "link_" word, "Lit with a link of " speed "; not together with link")

static const struct row rows[] = {
	[NAME] = { .key = "name", .type = &type_string, VALUE(led, name), .flags = ROW_STATE,
		   .help = "What the kernel calls it, below /sys/class/leds" },
	[TRIGGER] = { .key = "trigger", .type = &type_string, VALUE(led, trigger), .min = 1,
		      .max = 63, .phase = PHASE_PHY,
		      .help = "What switches it: netdev, the port, as the other keys say and "
			      "unless told otherwise; none: it stays dark; or another of the "
			      "kernel's" },
	ON(LINK, "link", "Lit with a link of any speed"),
	SPEED(LINK_10, "10", "10 Mbit/s"),
	SPEED(LINK_100, "100", "100 Mbit/s"),
	SPEED(LINK_1000, "1000", "1 Gbit/s"),
	SPEED(LINK_2500, "2500", "2.5 Gbit/s"),
	SPEED(LINK_5000, "5000", "5 Gbit/s"),
	SPEED(LINK_10000, "10000", "10 Gbit/s"),
	ON(HALF_DUPLEX, "half_duplex", "Lit with a link in half duplex"),
	ON(FULL_DUPLEX, "full_duplex", "Lit with a link in full duplex"),
	ON(TX, "tx", "Blinks when something is sent"),
	ON(RX, "rx", "Blinks when something is received"),
	ON(TX_ERR, "tx_err", "Blinks when sending fails"),
	ON(RX_ERR, "rx_err", "Blinks when something broken is received"),
	[INTERVAL] = { .key = "interval", .type = &type_u32, VALUE(led, interval), .min = 5,
		       .max = 10000, .phase = PHASE_PHY, .flags = ROW_WITHIN,
		       .initial = "50", /* NETDEV_LED_DEFAULT_INTERVAL */
		       .help = "Of blinking, milliseconds; where the processor does it only" },
	[OFFLOADED] = { .key = "offloaded", .type = &type_bool, VALUE(led, offloaded),
			.flags = ROW_STATE,
			.help = "Does the hardware switch it by itself?" },
};

static struct feature *const leds[LEDS] = { &led_feature, &led1_feature, &led2_feature,
					    &led3_feature };

static bool has(const struct led *l, unsigned row)
{
	return l && (l->o.present & BIT64(row));
}

const struct feature *led_feature_of(unsigned number)
{
	return leds[number];
}

const char *led_name(const struct iface *i, unsigned number)
{
	const struct led *l = (const struct led *)iface_object(i, leds[number]);

	return has(l, NAME) ? l->name : NULL;
}

/* Reading. */

struct names {
	char name[NAMES_MAX][NAME_SIZE];
	unsigned n;
};

static void add_name(void *data, const char *name)
{
	struct names *all = data;

	for (unsigned n = 0; n < all->n; n++)
		if (!strcmp(all->name[n], name))
			return;
	if (all->n < NAMES_MAX && strlen(name) < NAME_SIZE)
		strcpy(all->name[all->n++], name);
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int read_led(struct kernel *k, const char *led, const char *file, char *buf, size_t size)
{
	_cleanup_free_ char *path = str_format("class/leds/%s/%s", led, file);

	return kernel_read_file(k, path, buf, size);
}

/* "none [netdev] timer": the one in brackets; false: the kernel does not say. */
static bool read_trigger(struct kernel *k, const char *led, char *ret, size_t size)
{
	_cleanup_free_ char *all = mem_new(TRIGGERS);
	const char *begin, *end;

	if (read_led(k, led, "trigger", all, TRIGGERS) <= 0)
		return false;
	begin = strchr(all, '[');
	end = begin ? strchr(begin, ']') : NULL;
	return end && (size_t)snprintf(ret, size, "%.*s", (int)(end - begin - 1), begin + 1) < size;
}

static bool is_set_to(struct kernel *k, const char *led, const char *interface)
{
	char buf[NAME_SIZE];

	return read_led(k, led, "device_name", buf, sizeof(buf)) > 0 && !strcmp(buf, interface);
}

/*
 * A switch's ports have no link to their PHYs (phy_sysfs_create_links() comes too early for
 * them), but the device tree knows: the port's phy-handle is the number of the PHY's node.
 */
static void add_phy_leds(struct kernel *k, const struct names *machine, const char *interface,
			 struct names *ret)
{
	unsigned before = ret->n;
	char path[64], handle[8], phandle[8];
	int size;

	snprintf(path, sizeof(path), "class/net/%s/of_node/phy-handle", interface);
	size = kernel_read_file(k, path, handle, sizeof(handle));
	for (unsigned n = 0; size > 0 && n < machine->n; n++)
		if (read_led(k, machine->name[n], "device/of_node/phandle", phandle,
			     sizeof(phandle)) == size && !memcmp(handle, phandle, size))
			add_name(ret, machine->name[n]);
	qsort(ret->name + before, ret->n - before, NAME_SIZE, compare);
}

static void find_leds(struct kernel *k, const struct names *machine, const char *interface,
		      struct names *ret)
{
	static const char *const folders[] = { "class/net/%s/phydev/leds", "class/net/%s/leds" };
	char path[64];

	ret->n = 0;
	for (unsigned n = 0; n < ARRAY_SIZE(folders); n++) {
		unsigned before = ret->n;

		snprintf(path, sizeof(path), folders[n], interface);
		kernel_read_folder(k, path, add_name, ret);
		qsort(ret->name + before, ret->n - before, NAME_SIZE, compare);
	}
	add_phy_leds(k, machine, interface, ret);
	for (unsigned n = 0; n < machine->n; n++)
		if (is_set_to(k, machine->name[n], interface))
			add_name(ret, machine->name[n]);
}

static void read_rows(struct kernel *k, struct led *l)
{
	char buf[NAME_SIZE];

	for (unsigned row = LINK; row <= OFFLOADED; row++) {
		if (read_led(k, l->name, rows[row].key, buf, sizeof(buf)) <= 0)
			continue;
		if (row == INTERVAL)
			l->interval = strtoul(buf, NULL, 10);
		else
			*(uint8_t *)row_value(&rows[row], &l->o) = *buf == '1';
		l->o.present |= BIT64(row);
	}
}

static struct led *read_one(struct kernel *k, const char *name)
{
	struct led *l = (struct led *)object_new(&led_feature, NULL);
	char trigger[NAME_SIZE];

	l->name = str_dup(name);
	l->o.present = BIT64(NAME);
	if (read_trigger(k, name, trigger, sizeof(trigger))) {
		l->trigger = str_dup(trigger);
		l->o.present |= BIT64(TRIGGER);
	}
	if (l->trigger && !strcmp(l->trigger, "netdev"))
		read_rows(k, l);
	return l;
}

static bool is_same(const struct led *a, const struct led *b)
{
	if (a->o.present != b->o.present)
		return false;
	FOREACH_ROW(&led_feature, r)
		if (row_has(&led_feature, r, &a->o) && !row_equal(r, &a->o, &b->o))
			return false;
	return true;
}

static void put_led(struct mirror *m, struct iface *i, const struct feature *f, struct led *l)
{
	struct model *model = mirror_model(m);
	const struct led *old = (const struct led *)iface_object(i, f);

	bool same = l && old ? is_same(l, old) : !l == !old;

	if (!same) {
		mirror_touch(m, i);
		iface_drop(model, i, f);
	}
	for (unsigned row = NAME; l && !same && row <= OFFLOADED; row++)
		if (has(l, row))
			row_copy(f, &rows[row], NULL, iface_get_object(model, i, f), &l->o);
	object_free(f, l ? &l->o : NULL);
}

static void look_at(struct mirror *m, struct iface *i, const struct names *machine)
{
	struct names mine;

	find_leds(m->kernel, machine, i->name, &mine);
	for (unsigned n = 0; n < LEDS; n++)
		put_led(m, i, leds[n], n < mine.n ? read_one(m->kernel, mine.name[n]) : NULL);
}

static void look(struct mirror *m)
{
	struct names machine = { .n = 0 };

	kernel_read_folder(m->kernel, "class/leds", add_name, &machine);
	MODEL_FOREACH(m->seen, i)
		if (machine.n || i->part[led_feature.id])
			look_at(m, i, &machine);
}

/* A PHY may come with the link's being up (phy_attach_direct()), and its lights with it. */
static int observe_link(struct mirror *m, struct iface *i, const struct link_message *lm _unused_)
{
	struct names machine = { .n = 0 };

	if (m->filling || !m->synced || *iface_link(i)->kind || i->part[led_feature.id])
		return 0;
	kernel_read_folder(m->kernel, "class/leds", add_name, &machine);
	if (machine.n)
		look_at(m, i, &machine);
	return 0;
}

/* Configuration. */

static bool says_when(const struct led *l)
{
	for (unsigned row = LINK; row <= INTERVAL; row++)
		if (has(l, row))
			return true;
	return false;
}

static bool is_on(const struct led *l, unsigned row)
{
	return has(l, row) && l->on[row - LINK];
}

static void imply(struct led *l, unsigned row, unsigned from)
{
	if (has(l, row))
		return;
	l->o.present |= BIT64(row);
	if (l->o.where)
		l->o.where[row] = l->o.where[from];
}

static void complete(struct model *want, struct iface *i)
{
	for (unsigned n = 0; n < LEDS; n++) {
		struct led *l = (struct led *)iface_object(i, leds[n]);

		if (!l || !says_when(l))
			continue;
		for (unsigned row = LINK; row <= INTERVAL; row++)
			if (has(l, row) && !has(l, TRIGGER)) {
				l->trigger = arena_str(want->arena, "netdev");
				imply(l, TRIGGER, row);
			}
		for (unsigned row = LINK_10; row <= LINK_10000; row++)
			if (is_on(l, row))
				imply(l, LINK, row);
	}
}

static void check_led(const struct iface *i, const struct feature *f, struct errors *e)
{
	const struct led *l = (const struct led *)iface_object(i, f);

	for (unsigned row = LINK; l && row <= INTERVAL; row++)
		if (has(l, row) && strcmp(l->trigger, "netdev")) {
			errors_add(e, object_where(f, &rows[row], &l->o),
				   "%s: %s.%s: needs trigger = \"netdev\"", i->name, f->name,
				   rows[row].key);
			return;
		}
	for (unsigned row = LINK_10; l && row <= LINK_10000; row++)
		if (is_on(l, row) && is_on(l, LINK))
			errors_add(e, object_where(f, &rows[row], &l->o),
				   "%s: %s.%s: link is on too, which stands for all speeds",
				   i->name, f->name, rows[row].key);
}

static void check(const struct model *want _unused_, const struct iface *i, struct errors *e)
{
	for (unsigned n = 0; n < LEDS; n++)
		check_led(i, leds[n], e);
}

static char *blocked(const struct planner *p, const struct iface *want)
{
	const struct iface *have = plan_have(p, want->name);

	for (unsigned n = 0; n < LEDS; n++) {
		const struct led *l = (const struct led *)iface_object(want, leds[n]);

		if (l && l->o.present &&
		    !has((const struct led *)iface_object(have, leds[n]), NAME))
			return str_format(
				"%s: waits for a port with so many lights: the kernel has %u of %s",
				leds[n]->name, n, want->name);
	}
	return NULL;
}

/* Writing: a file each; the trigger, what goes out, what is lit. */

static void write_file(struct encoder *e, const char *led, const char *file, const char *value)
{
	snprintf(e->path, sizeof(e->path), "class/leds/%s/%s", led, file);
	snprintf(e->value, sizeof(e->value), "%s", value);
	encoder_sysfs(e);
}

static void write_row(struct encoder *e, const struct step *s, unsigned row)
{
	const struct led *to = (const struct led *)s->to;
	const char *name = ((const struct led *)iface_object(s->have, s->feature))->name;
	char number[16];

	if (row == TRIGGER) {
		write_file(e, name, "trigger", to->trigger);
	} else if (row == NAME) {
		write_file(e, name, "device_name", s->name);
	} else if (row == INTERVAL) {
		snprintf(number, sizeof(number), "%u", to->interval);
		write_file(e, name, "interval", number);
	} else {
		write_file(e, name, rows[row].key, to->on[row - LINK] ? "1" : "0");
	}
}

static int encode(struct encoder *e, const struct step *s, unsigned part)
{
	const struct led *to = (const struct led *)s->to;
	unsigned order[OFFLOADED + 1], n = 0;
	bool netdev = true; /* the files of this trigger are there, or will be */

	if (s->mask & BIT64(TRIGGER)) {
		order[n++] = TRIGGER;
		netdev = !strcmp(to->trigger, "netdev");
		if (netdev) /* whose light it is says device_name */
			order[n++] = NAME;
	}
	for (int lit = 0; netdev && lit <= 1; lit++)
		for (unsigned row = LINK; row <= RX_ERR; row++)
			if ((s->mask & BIT64(row)) && !!to->on[row - LINK] == lit)
				order[n++] = row;
	if (netdev && (s->mask & BIT64(INTERVAL)))
		order[n++] = INTERVAL;
	if (part >= n)
		return -EINVAL;
	write_row(e, s, order[part]);
	return part + 1 < n;
}

#define LED(number, text)                                                                          \
	.name = "led" number, .help = text, .form = FORM_GROUP, .size = sizeof(struct led),        \
	.rows = rows, .n_rows = ARRAY_SIZE(rows), .encode = encode

/* The first does for all what is the port's. */
struct feature led_feature = {
	LED("0", "The first light of the port: of its PHY, by the kernel's names for them"),
	.look = look, .observe_link = observe_link, .complete = complete, .check = check,
	.blocked = blocked,
};
struct feature led1_feature = { LED("1", "The second light of the port"), .blocked = blocked };
struct feature led2_feature = { LED("2", "The third light of the port"), .blocked = blocked };
struct feature led3_feature = { LED("3", "The fourth light of the port"), .blocked = blocked };
