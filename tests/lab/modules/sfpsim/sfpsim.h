/* SPDX-License-Identifier: GPL-2.0-only */
/* A stand-in for SFP cages and the MACs behind them; main.c says what for. */
#ifndef SFPSIM_H
#define SFPSIM_H

#include <linux/debugfs.h>
#include <linux/gpio/driver.h>
#include <linux/i2c.h>
#include <linux/netdevice.h>
#include <linux/phylink.h>
#include <linux/platform_device.h>
#include <linux/property.h>
#include <linux/spinlock.h>

#define SFPSIM_MAX 64

/* Lines of a cage's GPIO chip, in the order of its references. */
enum sfpsim_pin {
	PIN_MOD_DEF0,	/* low: a module is in */
	PIN_LOS,
	PIN_TX_FAULT,
	PIN_TX_DISABLE,
	PIN_RATE_SELECT,
	PIN_COUNT,
};

/* A module's two-wire memory: A0h and A2h, 256 bytes each. */
#define SFPSIM_EEPROM 512

struct sfpsim_nodes {
	char names[4][24];
	struct property_entry mac[4], sfp[8];
	struct software_node_ref_args ref_sfp, ref_i2c, ref_pins[PIN_COUNT];
	struct software_node i2c_node, gpio_node, sfp_node, mac_node;
	const struct software_node *group[5];
};

struct sfpsim_cage {
	unsigned int index;
	struct sfpsim_cage *peer;	/* at the other end of the fibre */
	spinlock_t lock;

	/* The module. */
	u8 eeprom[SFPSIM_EEPROM];
	u8 offset[2];			/* where the next read begins, A0h and A2h */
	bool present, fibre, tx_fault, tx_disable, rate_select;
	u32 slow_ms;			/* that each transfer takes */
	u32 vanish;			/* pulled out by the transfer that makes this 0 */
	u64 transfers;
	u16 phy[32];			/* of a copper module */
	u8 phy_reg;

	struct sfpsim_nodes nodes;
	struct i2c_adapter i2c;
	struct gpio_chip gpio;
	struct platform_device *sfp, *parent;
	struct dentry *debugfs;

	/* The MAC. */
	struct net_device *dev;
	struct phylink *phylink;
	struct phylink_config config;
	struct phylink_pcs pcs;
	phy_interface_t interface;
	bool inband, mac_up;
};

/* QSFP and CMIS: no driver of the kernel's owns such a cage, the MAC's reads the module itself. */
#define SFPSIM_PAGES 256
struct sfpsim_qsfp {
	struct net_device *dev;
	struct dentry *debugfs;
	bool present;
	u8 power_policy;		/* enum ethtool_module_power_mode_policy */
	u32 slow_ms;
	u8 lower[128];
	u8 *upper;			/* SFPSIM_PAGES times 128 bytes, bank 0 */
};

/* cage.c */
int sfpsim_nodes_add(struct sfpsim_cage *c);
int sfpsim_cage_add(struct sfpsim_cage *c);
void sfpsim_cage_del(struct sfpsim_cage *c);
bool sfpsim_light(struct sfpsim_cage *c);
void sfpsim_changed(struct sfpsim_cage *c);

/* phy.c */
bool sfpsim_has_phy(const struct sfpsim_cage *c);
void sfpsim_phy_reset(struct sfpsim_cage *c);
u16 sfpsim_phy_read(struct sfpsim_cage *c, u8 reg);
void sfpsim_phy_write(struct sfpsim_cage *c, u8 reg, u16 val);

/* mac.c */
int sfpsim_mac_add(struct sfpsim_cage *c);
void sfpsim_mac_del(struct sfpsim_cage *c);

/* qsfp.c */
int sfpsim_qsfp_add(struct sfpsim_qsfp *q, unsigned int index);
void sfpsim_qsfp_del(struct sfpsim_qsfp *q);

/* main.c */
extern bool sfpsim_gigabit;

/* debugfs.c */
extern struct dentry *sfpsim_debugfs;
void sfpsim_debugfs_add(struct sfpsim_cage *c);
void sfpsim_debugfs_add_qsfp(struct sfpsim_qsfp *q, unsigned int index);

#endif
