// SPDX-License-Identifier: GPL-2.0-only
/*
 * Power over the cable: a controller with one port, which keeps what it is told. If there is a
 * link, the other end is a device of class 4 that takes 12.5 W.
 */

#include <linux/err.h>
#include <linux/moduleparam.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/pse-pd/pse.h>
#include <linux/regulator/driver.h>
#include <linux/regulator/machine.h>

#include "ethsim.h"

#define ETHSIM_PSE_UV		54000000
#define ETHSIM_PSE_CLASS	4
#define ETHSIM_PSE_MW		12500
#define ETHSIM_PSE_LIMIT	30000	/* mW, at first */

/* The overlay, made from ethsim.dtso by kbuild. */
extern const u8 __dtbo_ethsim_begin[], __dtbo_ethsim_end[];
static int ethsim_overlay;

/* Power over one pair (PoDL) and not over four (PoE); looked at when the driver is bound. */
static bool ethsim_podl;
module_param_named(podl, ethsim_podl, bool, 0644);

static bool ethsim_pse_on;
module_param_named(pse_on, ethsim_pse_on, bool, 0444);
static unsigned int ethsim_pse_limit;	/* mW */
module_param_named(pse_limit, ethsim_pse_limit, uint, 0444);

static int ethsim_pse_status(struct pse_controller_dev *pcdev, unsigned long id,
			     struct netlink_ext_ack *extack, struct pse_control_status *status)
{
	bool given = ethsim_pse_on && ethsim_link;

	if (pcdev->types == ETHTOOL_PSE_PODL) {
		status->podl_admin_state = ethsim_pse_on ? ETHTOOL_PODL_PSE_ADMIN_STATE_ENABLED :
							   ETHTOOL_PODL_PSE_ADMIN_STATE_DISABLED;
		status->podl_pw_status = given ? ETHTOOL_PODL_PSE_PW_D_STATUS_DELIVERING :
			ethsim_pse_on ? ETHTOOL_PODL_PSE_PW_D_STATUS_SEARCHING :
					ETHTOOL_PODL_PSE_PW_D_STATUS_DISABLED;
		return 0;
	}
	status->c33_admin_state = ethsim_pse_on ? ETHTOOL_C33_PSE_ADMIN_STATE_ENABLED :
						  ETHTOOL_C33_PSE_ADMIN_STATE_DISABLED;
	status->c33_pw_status = given ? ETHTOOL_C33_PSE_PW_D_STATUS_DELIVERING :
		ethsim_pse_on ? ETHTOOL_C33_PSE_PW_D_STATUS_SEARCHING :
				ETHTOOL_C33_PSE_PW_D_STATUS_DISABLED;
	status->c33_avail_pw_limit = ethsim_pse_limit;
	if (given) {
		status->c33_pw_class = ETHSIM_PSE_CLASS;
		status->c33_actual_pw = ETHSIM_PSE_MW;
	} else if (ethsim_pse_on) {
		status->c33_ext_state_info.c33_pse_ext_state =
			ETHTOOL_C33_PSE_EXT_STATE_MR_MPS_VALID;
	}

	return 0;
}

static int ethsim_pse_is_enabled(struct pse_controller_dev *pcdev, int id)
{
	return ethsim_pse_on;
}

static int ethsim_pse_enable(struct pse_controller_dev *pcdev, int id)
{
	ethsim_pse_on = true;

	return 0;
}

static int ethsim_pse_disable(struct pse_controller_dev *pcdev, int id)
{
	ethsim_pse_on = false;

	return 0;
}

static int ethsim_pse_voltage(struct pse_controller_dev *pcdev, int id)
{
	return ETHSIM_PSE_UV;
}

static int ethsim_pse_get_limit(struct pse_controller_dev *pcdev, int id)
{
	return ethsim_pse_limit;
}

static int ethsim_pse_set_limit(struct pse_controller_dev *pcdev, int id, int max_mW)
{
	ethsim_pse_limit = max_mW;

	return 0;
}

static const struct pse_controller_ops ethsim_pse_ops = {
	.ethtool_get_status	= ethsim_pse_status,
	.pi_is_enabled		= ethsim_pse_is_enabled,
	.pi_enable		= ethsim_pse_enable,
	.pi_disable		= ethsim_pse_disable,
	.pi_get_voltage		= ethsim_pse_voltage,
	.pi_get_pw_limit	= ethsim_pse_get_limit,
	.pi_set_pw_limit	= ethsim_pse_set_limit,
};

/*
 * Nobody owns the controller, so that the module can be taken out while the PHY holds it:
 * the PHY goes first.
 */
int ethsim_pse_add(struct ethsim *es, struct device *parent)
{
	struct pse_control *control;
	struct device_node *np;
	int err;

	es->pse.ops = &ethsim_pse_ops;
	es->pse.dev = parent;
	es->pse.types = ethsim_podl ? ETHTOOL_PSE_PODL : ETHTOOL_PSE_C33;
	ethsim_pse_on = false;
	ethsim_pse_limit = ETHSIM_PSE_LIMIT;

	np = of_find_node_by_path("/ethsim-power/pse");
	device_set_node(parent, of_fwnode_handle(np));
	err = devm_pse_controller_register(parent, &es->pse);
	if (err)
		goto out;

	/* Linux 6.12 takes a limit that nobody has given for 0 (regulator_check_current_limit()). */
	es->pse.pi[0].rdev->constraints->max_uA = MAX_PI_CURRENT;

	np = of_find_node_by_path("/ethsim-power/phy");
	control = of_pse_control_get(np);
	of_node_put(np);
	if (IS_ERR(control)) {
		err = PTR_ERR(control);
		goto out;
	}
	es->phy->psec = control;	/* phylib gives it back (phy_device_remove()) */

	return 0;

out:
	ethsim_pse_remove(parent);
	return err;
}

void ethsim_pse_remove(struct device *parent)
{
	struct device_node *np = parent->of_node;

	device_set_node(parent, NULL);
	of_node_put(np);
}

int ethsim_pse_register(void)
{
	/* What feeds the controller is described nowhere. */
	regulator_has_full_constraints();

	return of_overlay_fdt_apply(__dtbo_ethsim_begin, __dtbo_ethsim_end - __dtbo_ethsim_begin,
				    &ethsim_overlay, NULL);
}

void ethsim_pse_unregister(void)
{
	of_overlay_remove(&ethsim_overlay);
}
