// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stand-in for SFP cages, so that the kernel's own sfp, sfp-bus, mdio-i2c
 * and phylink run without a board.
 *
 * A cage is an I2C adapter that has a module's memory, a GPIO chip that has its
 * pins, and a platform device "sfp" that refers to both by software nodes, as a
 * device tree would; the kernel's sfp driver binds to it. A MAC with a PCS of
 * its own (mac.c) is what phylink drives. Cages 0 and 1, 2 and 3, … are joined
 * by a fibre. Modules are put in and pulled out by debugfs (debugfs.c).
 *
 * What the sfp driver does not know, QSFP and CMIS modules, is read by the MAC's
 * driver itself on real boards; qsfp.c is such a MAC, without a link.
 */

#include <linux/module.h>
#include <linux/slab.h>

#include "sfpsim.h"

static unsigned int cages = 2;
module_param(cages, uint, 0444);
MODULE_PARM_DESC(cages, "SFP cages, an even number (default 2)");

static unsigned int qsfps;
module_param(qsfps, uint, 0444);
MODULE_PARM_DESC(qsfps, "QSFP cages (default 0)");

bool sfpsim_gigabit;
module_param_named(gigabit, sfpsim_gigabit, bool, 0444);
MODULE_PARM_DESC(gigabit, "MACs do SGMII and 1000base-x only");

static struct sfpsim_cage **cage;
static struct sfpsim_qsfp *qsfp;
static unsigned int n_cages, n_qsfps;

/* phylib asks for the driver of the MAC's parent (phy_attach_direct()), so there must be one. */
static int sfpsim_probe(struct platform_device *pdev)
{
	return 0;
}

static struct platform_driver sfpsim_driver = {
	.probe = sfpsim_probe,
	.driver = { .name = "sfpsim-mac" },
};

static int sfpsim_add_cages(void)
{
	int err;

	for (unsigned int i = 0; i < cages; i++) {
		cage[i] = kzalloc(sizeof(*cage[i]), GFP_KERNEL);
		if (!cage[i])
			return -ENOMEM;
		cage[i]->index = i;
		cage[i]->fibre = true;
		cage[i]->tx_disable = true;
		spin_lock_init(&cage[i]->lock);
	}
	for (unsigned int i = 0; i < cages; i++)
		cage[i]->peer = cage[i ^ 1];
	for (; n_cages < cages; n_cages++) {
		err = sfpsim_cage_add(cage[n_cages]);
		if (err)
			return err;
		err = sfpsim_mac_add(cage[n_cages]);
		if (err) {
			sfpsim_cage_del(cage[n_cages]);
			return err;
		}
		sfpsim_debugfs_add(cage[n_cages]);
	}
	for (; n_qsfps < qsfps; n_qsfps++) {
		err = sfpsim_qsfp_add(&qsfp[n_qsfps], n_qsfps);
		if (err)
			return err;
		sfpsim_debugfs_add_qsfp(&qsfp[n_qsfps], n_qsfps);
	}
	return 0;
}

static void sfpsim_exit(void)
{
	debugfs_remove_recursive(sfpsim_debugfs);
	while (n_qsfps)
		sfpsim_qsfp_del(&qsfp[--n_qsfps]);
	/* All MACs first: what one sends arrives at another. */
	for (unsigned int i = 0; i < n_cages; i++)
		sfpsim_mac_del(cage[i]);
	while (n_cages)
		sfpsim_cage_del(cage[--n_cages]);
	for (unsigned int i = 0; cage && i < cages; i++)
		kfree(cage[i]);
	kfree(cage);
	kfree(qsfp);
	platform_driver_unregister(&sfpsim_driver);
}

static int __init sfpsim_init(void)
{
	int err;

	if (cages % 2 || cages > SFPSIM_MAX || qsfps > SFPSIM_MAX)
		return -EINVAL;
	err = platform_driver_register(&sfpsim_driver);
	if (err)
		return err;
	err = -ENOMEM;
	cage = kcalloc(cages + 1, sizeof(*cage), GFP_KERNEL);
	qsfp = kcalloc(qsfps + 1, sizeof(*qsfp), GFP_KERNEL);
	sfpsim_debugfs = debugfs_create_dir("sfpsim", NULL);
	if (cage && qsfp)
		err = sfpsim_add_cages();
	if (err)
		sfpsim_exit();
	return err;
}

module_init(sfpsim_init);
module_exit(sfpsim_exit);
MODULE_DESCRIPTION("Stand-in for SFP cages and phylink MACs");
MODULE_LICENSE("GPL");
