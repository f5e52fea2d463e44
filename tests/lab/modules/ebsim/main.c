// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stand-in for an Espressobin's switch, so that the kernel's own mv88e6xxx
 * driver, its DSA tagging, PHY driver, phylink and devlink run without a board.
 *
 * The driver finds the switch in a device tree (an overlay of ours), talks to
 * it over an MDIO bus (of ours), and uses a conduit (of ours). Behind those is
 * a model of the chip's registers (registers.c, tables.c, phy.c), a switching
 * fabric that obeys them (fabric.c), and for every port the far end of a cable
 * as a network device (netdev.c). What the registers mean was taken from the
 * driver: what it never checks is not checked here either.
 *
 * This file sets it up. The order matters: the driver probes while the MDIO
 * bus is being registered and needs everything else to be there.
 */

#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_mdio.h>
#include <linux/phy.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include "ebsim.h"

#define EBSIM_ADDRESS	1	/* of the switch on the MDIO bus */

/* The overlay, made from espressobin.dtso by kbuild. */
extern const u8 __dtbo_espressobin_begin[], __dtbo_espressobin_end[];

static struct ebsim *ebsim;

static int ebsim_mdio_read(struct mii_bus *bus, int addr, int reg)
{
	struct ebsim *eb = bus->priv;
	u16 val;

	if (addr != EBSIM_ADDRESS)
		return 0xffff;

	spin_lock_bh(&eb->lock);
	val = ebsim_smi_read(eb, reg);
	spin_unlock_bh(&eb->lock);

	return val;
}

static int ebsim_mdio_write(struct mii_bus *bus, int addr, int reg, u16 val)
{
	struct ebsim *eb = bus->priv;

	if (addr != EBSIM_ADDRESS)
		return 0;

	spin_lock_bh(&eb->lock);
	ebsim_smi_write(eb, reg, val);
	spin_unlock_bh(&eb->lock);

	return 0;
}

static int ebsim_mdio_add(struct ebsim *eb, struct device_node *np)
{
	int err;

	eb->bus = mdiobus_alloc();
	if (!eb->bus)
		return -ENOMEM;

	eb->bus->name = "Espressobin stand-in";
	strscpy(eb->bus->id, "ebsim", sizeof(eb->bus->id));
	eb->bus->priv = eb;
	eb->bus->parent = &eb->pdev->dev;
	eb->bus->read = ebsim_mdio_read;
	eb->bus->write = ebsim_mdio_write;

	err = of_mdiobus_register(eb->bus, np);
	if (err)
		mdiobus_free(eb->bus);

	return err;
}

static void ebsim_mdio_remove(struct ebsim *eb)
{
	mdiobus_unregister(eb->bus);
	mdiobus_free(eb->bus);
}

/* A device that a driver is bound to: DSA warns of a conduit whose is not. */
static int ebsim_probe(struct platform_device *pdev)
{
	return 0;
}

/*
 * Not "ebsim": that is the name of the device which the OF core makes from the
 * overlay's node.
 */
static struct platform_driver ebsim_driver = {
	.driver.name	= "ebsim-board",
	.probe		= ebsim_probe,
};

/* The overlay keeps no node that we still hold when it is removed. */
static int ebsim_add_at(struct ebsim *eb, const char *path,
			int (*add)(struct ebsim *eb, struct device_node *np))
{
	struct device_node *np = of_find_node_by_path(path);
	int err;

	if (!np)
		return -ENODEV;

	err = add(eb, np);
	of_node_put(np);

	return err;
}

static int __init ebsim_init(void)
{
	struct ebsim *eb;
	int err;

	eb = kvzalloc(sizeof(*eb), GFP_KERNEL);
	if (!eb)
		return -ENOMEM;

	spin_lock_init(&eb->lock);
	ebsim_registers_init(eb);
	ebsim_phy_init(eb);

	err = platform_driver_register(&ebsim_driver);
	if (err)
		goto out_free;

	eb->pdev = platform_device_register_simple("ebsim-board", PLATFORM_DEVID_NONE,
						   NULL, 0);
	if (IS_ERR(eb->pdev)) {
		err = PTR_ERR(eb->pdev);
		goto out_driver;
	}

	err = of_overlay_fdt_apply(__dtbo_espressobin_begin,
				   __dtbo_espressobin_end - __dtbo_espressobin_begin,
				   &eb->overlay, NULL);
	if (err)
		goto out_overlay;

	err = ebsim_add_at(eb, "/ebsim/ethernet", ebsim_conduit_add);
	if (err)
		goto out_overlay;

	err = ebsim_cables_add(eb);
	if (err)
		goto out_conduit;

	ebsim_debugfs_add(eb);

	err = ebsim_leds_init();
	if (err)
		goto out_debugfs;

	err = ebsim_add_at(eb, "/ebsim/mdio", ebsim_mdio_add);
	if (err)
		goto out_leds;

	ebsim = eb;
	return 0;

out_leds:
	ebsim_leds_exit();
out_debugfs:
	ebsim_debugfs_remove(eb);
	ebsim_cables_remove(eb);
out_conduit:
	ebsim_conduit_remove(eb);
out_overlay:
	of_overlay_remove(&eb->overlay);
	platform_device_unregister(eb->pdev);
out_driver:
	platform_driver_unregister(&ebsim_driver);
out_free:
	ebsim_phy_exit(eb);
	kvfree(eb);
	return err;
}
module_init(ebsim_init);

static void __exit ebsim_exit(void)
{
	struct ebsim *eb = ebsim;

	/* With the bus goes the driver, and with it the ports. */
	ebsim_mdio_remove(eb);
	ebsim_leds_exit();
	ebsim_debugfs_remove(eb);
	ebsim_cables_remove(eb);
	ebsim_conduit_remove(eb);
	of_overlay_remove(&eb->overlay);
	platform_device_unregister(eb->pdev);
	platform_driver_unregister(&ebsim_driver);
	ebsim_phy_exit(eb);
	kvfree(eb);
}
module_exit(ebsim_exit);

MODULE_DESCRIPTION("Stand-in for the 88E6341 switch of an Espressobin");
MODULE_LICENSE("GPL");
MODULE_SOFTDEP("pre: mv88e6xxx");
