// SPDX-License-Identifier: GPL-2.0-only
/* The cage: a module's memory on I2C, its pins on a GPIO chip, and the kernel's sfp driver. */

#include <linux/delay.h>
#include <linux/gpio/machine.h>
#include <linux/gpio/property.h>

#include "sfpsim.h"

/* Light comes in: both modules are in, the fibre is whole, the other laser is on. */
bool sfpsim_light(struct sfpsim_cage *c)
{
	const struct sfpsim_cage *p = c->peer;

	return c->present && p->present && c->fibre && p->fibre && !p->tx_disable && !p->tx_fault;
}

/* Pins are polled by the sfp driver; a PCS would have an interrupt. */
void sfpsim_changed(struct sfpsim_cage *c)
{
	for (unsigned int n = 0; n < 2; n++, c = c->peer)
		if (c->phylink && netif_running(c->dev))
			phylink_pcs_change(&c->pcs, false);
}

static void sfpsim_pull(struct sfpsim_cage *c)
{
	c->present = false;
	sfpsim_phy_reset(c);
}

/* Return: the module answers this transfer. */
static bool sfpsim_begin_transfer(struct sfpsim_cage *c)
{
	if (c->slow_ms)
		msleep(c->slow_ms);
	c->transfers++;
	if (c->vanish && !--c->vanish)
		sfpsim_pull(c);
	return c->present;
}

/* Diagnostics that follow from what is around the module: SFF-8472, tables 9-11 and 9-14. */
static u8 sfpsim_byte(struct sfpsim_cage *c, unsigned int page, u8 at)
{
	u8 val = c->eeprom[256 * page + at];

	if (!page || !(c->eeprom[92] & 0x40))
		return val;
	if (at == 110)
		return val | (c->tx_disable ? 0x80 : 0) | (c->tx_fault ? 0x04 : 0) |
		       (sfpsim_light(c) ? 0 : 0x02);
	if ((at == 104 || at == 105) && !sfpsim_light(c))
		return 0;
	if ((at >= 100 && at <= 103) && c->tx_disable)
		return 0;
	return val;
}

static int sfpsim_memory(struct sfpsim_cage *c, struct i2c_msg *msg)
{
	unsigned int page = msg->addr - 0x50;
	u8 *memory = c->eeprom + 256 * page, *offset = &c->offset[page];
	u16 n = 0;

	if (!(msg->flags & I2C_M_RD) && msg->len)
		*offset = msg->buf[n++];
	for (; n < msg->len; n++, (*offset)++)
		if (msg->flags & I2C_M_RD)
			msg->buf[n] = sfpsim_byte(c, page, *offset);
		else
			memory[*offset] = msg->buf[n];
	return 0;
}

/* As mdio-i2c speaks to it: a register number, then 16 bits, the high byte first. */
static int sfpsim_phy(struct sfpsim_cage *c, struct i2c_msg *msg)
{
	if (!sfpsim_has_phy(c))
		return -ENXIO;
	if (msg->flags & I2C_M_RD) {
		u16 val = sfpsim_phy_read(c, c->phy_reg);

		for (u16 n = 0; n < msg->len; n++)
			msg->buf[n] = n % 2 ? val : val >> 8;
		return 0;
	}
	if (msg->len)
		c->phy_reg = msg->buf[0];
	if (msg->len == 3)
		sfpsim_phy_write(c, c->phy_reg, msg->buf[1] << 8 | msg->buf[2]);
	return 0;
}

static int sfpsim_xfer(struct i2c_adapter *adapter, struct i2c_msg *msgs, int n)
{
	struct sfpsim_cage *c = adapter->algo_data;
	int err = 0;

	if (!sfpsim_begin_transfer(c))
		return -ENXIO;
	for (int i = 0; i < n && !err; i++) {
		switch (msgs[i].addr) {
		case 0x50:
		case 0x51:
			err = sfpsim_memory(c, &msgs[i]);
			break;
		case 0x56:
			err = sfpsim_phy(c, &msgs[i]);
			break;
		default:
			err = -ENXIO;
		}
	}
	return err ?: n;
}

static u32 sfpsim_functionality(struct i2c_adapter *adapter)
{
	return I2C_FUNC_I2C;
}

static const struct i2c_algorithm sfpsim_i2c = {
	.xfer = sfpsim_xfer,
	.functionality = sfpsim_functionality,
};

static int sfpsim_pin_get(struct gpio_chip *chip, unsigned int pin)
{
	struct sfpsim_cage *c = gpiochip_get_data(chip);

	switch (pin) {
	case PIN_MOD_DEF0:
		return !c->present;
	case PIN_LOS:
		return !sfpsim_light(c);
	case PIN_TX_FAULT:
		return c->present && c->tx_fault;
	case PIN_TX_DISABLE:
		return c->tx_disable;
	default:
		return c->rate_select;
	}
}

static void sfpsim_pin_set(struct gpio_chip *chip, unsigned int pin, int value)
{
	struct sfpsim_cage *c = gpiochip_get_data(chip);

	if (pin == PIN_TX_DISABLE)
		c->tx_disable = value;
	else if (pin == PIN_RATE_SELECT)
		c->rate_select = value;
}

static int sfpsim_pin_output(struct gpio_chip *chip, unsigned int pin, int value)
{
	sfpsim_pin_set(chip, pin, value);
	return 0;
}

/*
 * The sfp driver lets go of its outputs when the module is out (sfp_gpio_set_state(): "let them
 * float to the pull-ups"): the next one's laser is off until it is told otherwise.
 */
static int sfpsim_pin_input(struct gpio_chip *chip, unsigned int pin)
{
	if (pin == PIN_TX_DISABLE)
		sfpsim_pin_set(chip, pin, 1);
	return 0;
}

static int sfpsim_pin_direction(struct gpio_chip *chip, unsigned int pin)
{
	return pin < PIN_TX_DISABLE ? GPIO_LINE_DIRECTION_IN : GPIO_LINE_DIRECTION_OUT;
}

/*
 * What a device tree would say. References name their targets by address, so all
 * of it lives as long as the cage.
 */
int sfpsim_nodes_add(struct sfpsim_cage *c)
{
	static const char *const parts[] = { "i2c", "gpio", "sfp", "mac" };
	static const char *const pins[] = {
		"mod-def0-gpios", "los-gpios", "tx-fault-gpios", "tx-disable-gpios",
		"rate-select0-gpios",
	};
	struct sfpsim_nodes *n = &c->nodes;

	for (unsigned int i = 0; i < ARRAY_SIZE(parts); i++)
		snprintf(n->names[i], sizeof(n->names[i]), "sfpsim%u-%s", c->index, parts[i]);
	n->i2c_node = (struct software_node){ .name = n->names[0] };
	/* gpiolib-swnode looks the chip up by its label, which must be the node's name. */
	n->gpio_node = (struct software_node){ .name = n->names[1] };
	n->sfp_node = (struct software_node){ .name = n->names[2], .properties = n->sfp };
	n->mac_node = (struct software_node){ .name = n->names[3], .properties = n->mac };

	n->ref_i2c = SOFTWARE_NODE_REFERENCE(&n->i2c_node);
	n->sfp[0] = PROPERTY_ENTRY_REF_ARRAY_LEN("i2c-bus", &n->ref_i2c, 1);
	n->sfp[1] = PROPERTY_ENTRY_U32("maximum-power-milliwatt", 2000);
	for (unsigned int i = 0; i < PIN_COUNT; i++) {
		/* Present is told by a low pin. */
		u32 flags = i == PIN_MOD_DEF0 ? GPIO_ACTIVE_LOW : GPIO_ACTIVE_HIGH;

		n->ref_pins[i] = SOFTWARE_NODE_REFERENCE(&n->gpio_node, i, flags);
		n->sfp[2 + i] = PROPERTY_ENTRY_REF_ARRAY_LEN(pins[i], &n->ref_pins[i], 1);
	}
	n->ref_sfp = SOFTWARE_NODE_REFERENCE(&n->sfp_node);
	n->mac[0] = PROPERTY_ENTRY_REF_ARRAY_LEN("sfp", &n->ref_sfp, 1);
	n->mac[1] = PROPERTY_ENTRY_STRING("managed", "in-band-status");
	n->mac[2] = PROPERTY_ENTRY_STRING("phy-mode", "1000base-x");

	n->group[0] = &n->i2c_node;
	n->group[1] = &n->gpio_node;
	n->group[2] = &n->sfp_node;
	n->group[3] = &n->mac_node;
	return software_node_register_node_group(n->group);
}

static struct platform_device *sfpsim_platform_device(struct sfpsim_cage *c, const char *name,
						      const struct software_node *node)
{
	struct platform_device_info info = {
		.name = name, .id = c->index, .fwnode = software_node_fwnode(node),
	};

	return platform_device_register_full(&info);
}

int sfpsim_cage_add(struct sfpsim_cage *c)
{
	int err = sfpsim_nodes_add(c);

	if (err)
		return err;
	sfpsim_phy_reset(c);
	/* No owner: the sfp driver would hold it, and this module could never be unloaded. */
	c->i2c.algo = &sfpsim_i2c;
	c->i2c.algo_data = c;
	snprintf(c->i2c.name, sizeof(c->i2c.name), "sfpsim cage %u", c->index);
	device_set_node(&c->i2c.dev, software_node_fwnode(&c->nodes.i2c_node));
	err = i2c_add_adapter(&c->i2c);
	if (err)
		goto no_i2c;

	c->gpio = (struct gpio_chip){
		.label = c->nodes.names[1], .base = -1, .ngpio = PIN_COUNT,
		.get = sfpsim_pin_get, .set = sfpsim_pin_set,
		.direction_input = sfpsim_pin_input, .direction_output = sfpsim_pin_output,
		.get_direction = sfpsim_pin_direction,
	};
	err = gpiochip_add_data(&c->gpio, c);
	if (err)
		goto no_gpio;

	c->parent = sfpsim_platform_device(c, "sfpsim-mac", &c->nodes.mac_node);
	c->sfp = sfpsim_platform_device(c, "sfp", &c->nodes.sfp_node);
	if (!IS_ERR(c->parent) && !IS_ERR(c->sfp))
		return 0;

	err = IS_ERR(c->sfp) ? PTR_ERR(c->sfp) : PTR_ERR(c->parent);
	platform_device_unregister(IS_ERR(c->sfp) ? NULL : c->sfp);
	platform_device_unregister(IS_ERR(c->parent) ? NULL : c->parent);
	gpiochip_remove(&c->gpio);
no_gpio:
	i2c_del_adapter(&c->i2c);
no_i2c:
	software_node_unregister_node_group(c->nodes.group);
	return err;
}

void sfpsim_cage_del(struct sfpsim_cage *c)
{
	platform_device_unregister(c->sfp);
	platform_device_unregister(c->parent);
	gpiochip_remove(&c->gpio);
	i2c_del_adapter(&c->i2c);
	software_node_unregister_node_group(c->nodes.group);
}
