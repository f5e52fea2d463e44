// SPDX-License-Identifier: LGPL-2.1-or-later
/* Lights of PHYs: the files of the LED class, with the triggers "none" and "netdev". */
#include "fake/fake-internal.h"

static const char *const words[LED_WORDS] = {
	"link", "link_10", "link_100", "link_1000", "half_duplex", "full_duplex", "tx", "rx",
	"tx_err", "rx_err",
};

void fake_add_leds(struct fake_kernel *fk, const char *name, unsigned n)
{
	struct device *d = device_named(fk, name);

	for (d->n_leds = 0; d->n_leds < n; d->n_leds++) {
		struct fake_led *l = &d->leds[d->n_leds];

		snprintf(l->name, sizeof(l->name), "phy-%s:green:lan-%u", name, d->n_leds);
		strcpy(l->trigger, "none");
	}
}

void led_folder(struct fake_kernel *fk, const char *path, name_fn fn, void *data)
{
	FOREACH_DEVICE(fk, d) {
		_cleanup_free_ char *own = str_format("class/net/%s/phydev/leds", d->name);

		for (unsigned n = 0; n < d->n_leds; n++)
			if (!strcmp(path, "class/leds") || !strcmp(path, own))
				fn(data, d->leds[n].name);
	}
}

static struct fake_led *find(struct fake_kernel *fk, const char *path, char file[static 32])
{
	char name[64];

	if (sscanf(path, "class/leds/%63[^/]/%31[^/]", name, file) != 2)
		return NULL;
	FOREACH_DEVICE(fk, d)
		for (unsigned n = 0; n < d->n_leds; n++)
			if (!strcmp(d->leds[n].name, name))
				return &d->leds[n];
	return NULL;
}

static int find_word(const struct fake_led *l, const char *file)
{
	for (unsigned n = 0; n < LED_WORDS && !strcmp(l->trigger, "netdev"); n++)
		if (!strcmp(file, words[n]))
			return n;
	return -1;
}

int led_read(struct fake_kernel *fk, const char *path, char *buf, size_t size)
{
	char file[32];
	const struct fake_led *l = find(fk, path, file);
	int word = l ? find_word(l, file) : -1;

	if (l && !strcmp(file, "trigger"))
		return snprintf(buf, size, strcmp(l->trigger, "none") ? "none [netdev]" : "[none] netdev");
	if (word >= 0)
		return snprintf(buf, size, "%d", l->on[word]);
	if (l && !strcmp(l->trigger, "netdev") && !strcmp(file, "device_name"))
		return snprintf(buf, size, "%s", l->device);
	if (l && !strcmp(l->trigger, "netdev") && !strcmp(file, "interval"))
		return snprintf(buf, size, "%u", l->interval);
	return -ENOENT;
}

/* netdev_led_attr_store(): "link" stands for all speeds. */
static int write_word(struct fake_led *l, int word, bool on)
{
	bool was = l->on[word];

	l->on[word] = on;
	if (!l->on[0] || (!l->on[1] && !l->on[2] && !l->on[3]))
		return 0;
	l->on[word] = was;
	return -EINVAL;
}

int led_write(struct fake_kernel *fk, const char *path, const char *value)
{
	char file[32];
	struct fake_led *l = find(fk, path, file);
	int word = l ? find_word(l, file) : -1;

	if (word >= 0)
		return write_word(l, word, *value == '1');
	if (l && !strcmp(file, "trigger")) {
		if (strcmp(value, "none") && strcmp(value, "netdev"))
			return -EINVAL;
		snprintf(l->trigger, sizeof(l->trigger), "%s", value);
		memset(l->on, 0, sizeof(l->on));
		l->interval = 50;
	} else if (l && !strcmp(file, "device_name")) {
		snprintf(l->device, sizeof(l->device), "%s", value);
	} else if (l && !strcmp(file, "interval")) {
		l->interval = strtoul(value, NULL, 10);
	} else {
		return -ENOENT;
	}
	return 0;
}
