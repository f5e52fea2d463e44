// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a test has for hands. In sfpsim/N: eeprom (A0h, then A2h), present,
 * fibre, tx_fault, slow_ms, vanish, transfers, state. In sfpsim/qsfpN: lower,
 * pages (128 bytes each), present, slow_ms.
 *
 * To swap a module: 0 to present, write eeprom, 1 to present.
 */

#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "sfpsim.h"

struct dentry *sfpsim_debugfs;

static ssize_t sfpsim_eeprom_read(struct file *f, char __user *to, size_t n, loff_t *at)
{
	struct sfpsim_cage *c = f->private_data;

	return simple_read_from_buffer(to, n, at, c->eeprom, sizeof(c->eeprom));
}

static ssize_t sfpsim_eeprom_write(struct file *f, const char __user *from, size_t n, loff_t *at)
{
	struct sfpsim_cage *c = f->private_data;

	return simple_write_to_buffer(c->eeprom, sizeof(c->eeprom), at, from, n);
}

static const struct file_operations sfpsim_eeprom_fops = {
	.open = simple_open,
	.read = sfpsim_eeprom_read,
	.write = sfpsim_eeprom_write,
	.llseek = default_llseek,
};

static int sfpsim_present_get(void *data, u64 *val)
{
	*val = ((struct sfpsim_cage *)data)->present;
	return 0;
}

static int sfpsim_present_set(void *data, u64 val)
{
	struct sfpsim_cage *c = data;

	if (val && !c->present)
		sfpsim_phy_reset(c);
	c->present = val;
	sfpsim_changed(c);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(sfpsim_present_fops, sfpsim_present_get, sfpsim_present_set, "%llu\n");

static int sfpsim_fibre_get(void *data, u64 *val)
{
	*val = ((struct sfpsim_cage *)data)->fibre;
	return 0;
}

static int sfpsim_fibre_set(void *data, u64 val)
{
	struct sfpsim_cage *c = data;

	c->fibre = val;
	sfpsim_changed(c);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(sfpsim_fibre_fops, sfpsim_fibre_get, sfpsim_fibre_set, "%llu\n");

static int sfpsim_state_show(struct seq_file *s, void *unused)
{
	struct sfpsim_cage *c = s->private;

	seq_printf(s, "light: %d\ntx_disable: %d\ninterface: %s\ninband: %d\nmac_up: %d\n",
		   sfpsim_light(c), c->tx_disable, phy_modes(c->interface), c->inband, c->mac_up);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(sfpsim_state);

void sfpsim_debugfs_add(struct sfpsim_cage *c)
{
	char name[8];

	snprintf(name, sizeof(name), "%u", c->index);
	c->debugfs = debugfs_create_dir(name, sfpsim_debugfs);
	debugfs_create_file("eeprom", 0600, c->debugfs, c, &sfpsim_eeprom_fops);
	debugfs_create_file("present", 0600, c->debugfs, c, &sfpsim_present_fops);
	debugfs_create_file("fibre", 0600, c->debugfs, c, &sfpsim_fibre_fops);
	debugfs_create_file("state", 0400, c->debugfs, c, &sfpsim_state_fops);
	debugfs_create_bool("tx_fault", 0600, c->debugfs, &c->tx_fault);
	debugfs_create_u32("slow_ms", 0600, c->debugfs, &c->slow_ms);
	debugfs_create_u32("vanish", 0600, c->debugfs, &c->vanish);
	debugfs_create_u64("transfers", 0400, c->debugfs, &c->transfers);
}

static ssize_t sfpsim_lower_write(struct file *f, const char __user *from, size_t n, loff_t *at)
{
	struct sfpsim_qsfp *q = f->private_data;

	return simple_write_to_buffer(q->lower, sizeof(q->lower), at, from, n);
}

static const struct file_operations sfpsim_lower_fops = {
	.open = simple_open,
	.write = sfpsim_lower_write,
	.llseek = default_llseek,
};

static ssize_t sfpsim_pages_write(struct file *f, const char __user *from, size_t n, loff_t *at)
{
	struct sfpsim_qsfp *q = f->private_data;

	return simple_write_to_buffer(q->upper, SFPSIM_PAGES * 128, at, from, n);
}

static const struct file_operations sfpsim_pages_fops = {
	.open = simple_open,
	.write = sfpsim_pages_write,
	.llseek = default_llseek,
};

void sfpsim_debugfs_add_qsfp(struct sfpsim_qsfp *q, unsigned int index)
{
	char name[16];

	snprintf(name, sizeof(name), "qsfp%u", index);
	q->debugfs = debugfs_create_dir(name, sfpsim_debugfs);
	debugfs_create_file("lower", 0200, q->debugfs, q, &sfpsim_lower_fops);
	debugfs_create_file("pages", 0200, q->debugfs, q, &sfpsim_pages_fops);
	debugfs_create_bool("present", 0600, q->debugfs, &q->present);
	debugfs_create_u32("slow_ms", 0600, q->debugfs, &q->slow_ms);
}
