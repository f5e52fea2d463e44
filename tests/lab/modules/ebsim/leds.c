// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lights of the ports. The PHYs of an 88E6341 have two each, which the
 * kernel's driver leaves alone; here they are LED devices below the PHYs, as
 * phylib makes them of those that it knows: the first can show a link of any
 * speed and traffic by itself, the second links of one speed only. What the
 * hardware cannot show the processor has to. Other boards have more lights:
 * those (lights=4) the processor does.
 *
 * They come and go with the PHYs, whoever registers and removes these.
 */
#include <linux/leds.h>
#include <linux/moduleparam.h>
#include <linux/of.h>
#include <linux/phy.h>
#include <linux/slab.h>

#include "ebsim.h"

#define EBSIM_LEDS 4

static unsigned int lights = 2;
module_param(lights, uint, 0444);
MODULE_PARM_DESC(lights, "LED devices of each PHY, at most 4");

struct ebsim_led {
	struct led_classdev cdev;
	struct phy_device *phydev;
	unsigned long supported, flags;
	char name[64];
};

struct ebsim_leds {
	struct list_head node;
	struct phy_device *phydev;
	int n;
	struct ebsim_led leds[EBSIM_LEDS];
};

static LIST_HEAD(ebsim_all_leds);
static DEFINE_MUTEX(ebsim_leds_lock);

static struct ebsim_led *to_led(struct led_classdev *cdev)
{
	return container_of(cdev, struct ebsim_led, cdev);
}

static int ebsim_led_set(struct led_classdev *cdev, enum led_brightness brightness)
{
	return 0;
}

static int ebsim_led_is_supported(struct led_classdev *cdev, unsigned long flags)
{
	return flags & ~to_led(cdev)->supported ? -EOPNOTSUPP : 0;
}

static int ebsim_led_control_set(struct led_classdev *cdev, unsigned long flags)
{
	to_led(cdev)->flags = flags;
	return 0;
}

static int ebsim_led_control_get(struct led_classdev *cdev, unsigned long *flags)
{
	*flags = to_led(cdev)->flags;
	return 0;
}

static struct device *ebsim_led_device(struct led_classdev *cdev)
{
	struct net_device *dev = to_led(cdev)->phydev->attached_dev;

	return dev ? &dev->dev : NULL;
}

static int ebsim_led_add(struct ebsim_led *led, struct phy_device *phydev, int index)
{
	static const unsigned long supported[EBSIM_LEDS] = {
		BIT(TRIGGER_NETDEV_LINK) | BIT(TRIGGER_NETDEV_TX) | BIT(TRIGGER_NETDEV_RX),
		BIT(TRIGGER_NETDEV_LINK_10) | BIT(TRIGGER_NETDEV_LINK_100) |
			BIT(TRIGGER_NETDEV_LINK_1000),
	};
	static const char *const colours[EBSIM_LEDS] = { "green", "yellow", "red", "blue" };

	snprintf(led->name, sizeof(led->name), "ebsim-%02x:%s:lan", phydev->mdio.addr,
		 colours[index]);
	led->phydev = phydev;
	led->supported = supported[index];
	led->cdev.name = led->name;
	led->cdev.max_brightness = 1;
	led->cdev.brightness_set_blocking = ebsim_led_set;
	led->cdev.hw_control_trigger = "netdev";
	led->cdev.hw_control_is_supported = ebsim_led_is_supported;
	led->cdev.hw_control_set = ebsim_led_control_set;
	led->cdev.hw_control_get = ebsim_led_control_get;
	led->cdev.hw_control_get_device = ebsim_led_device;
	return led_classdev_register(&phydev->mdio.dev, &led->cdev);
}

static void ebsim_leds_of(struct phy_device *phydev)
{
	struct ebsim_leds *all = kzalloc(sizeof(*all), GFP_KERNEL);
	int i;

	if (!all)
		return;
	all->phydev = phydev;
	all->n = min_t(int, lights, EBSIM_LEDS);
	for (i = 0; i < all->n; i++)
		if (ebsim_led_add(&all->leds[i], phydev, i))
			break;
	if (i < all->n) {
		while (i--)
			led_classdev_unregister(&all->leds[i].cdev);
		kfree(all);
		return;
	}
	mutex_lock(&ebsim_leds_lock);
	list_add(&all->node, &ebsim_all_leds);
	mutex_unlock(&ebsim_leds_lock);
}

static void ebsim_leds_drop(struct phy_device *phydev)
{
	struct ebsim_leds *all, *next;
	int i;

	mutex_lock(&ebsim_leds_lock);
	list_for_each_entry_safe(all, next, &ebsim_all_leds, node) {
		if (phydev && all->phydev != phydev)
			continue;
		for (i = 0; i < all->n; i++)
			led_classdev_unregister(&all->leds[i].cdev);
		list_del(&all->node);
		kfree(all);
	}
	mutex_unlock(&ebsim_leds_lock);
}

/* A PHY of the switch's, by its place in the device tree. */
static bool ebsim_is_phy(struct device *dev)
{
	return dev->of_node && of_node_name_eq(dev->of_node, "ethernet-phy") &&
	       dev_name(dev)[0] == '!' && strstr(dev_name(dev), "!ebsim!mdio!");
}

static int ebsim_leds_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct device *dev = data;

	if (!ebsim_is_phy(dev))
		return NOTIFY_DONE;
	if (action == BUS_NOTIFY_BOUND_DRIVER)
		ebsim_leds_of(to_phy_device(dev));
	else if (action == BUS_NOTIFY_UNBIND_DRIVER || action == BUS_NOTIFY_DEL_DEVICE)
		ebsim_leds_drop(to_phy_device(dev));
	return NOTIFY_DONE;
}

static struct notifier_block ebsim_leds_notifier = { .notifier_call = ebsim_leds_notify };

int ebsim_leds_init(void)
{
	return bus_register_notifier(&mdio_bus_type, &ebsim_leds_notifier);
}

void ebsim_leds_exit(void)
{
	bus_unregister_notifier(&mdio_bus_type, &ebsim_leds_notifier);
	ebsim_leds_drop(NULL);
}
