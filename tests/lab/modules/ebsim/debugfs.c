// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lab's hands and eyes: /sys/kernel/debug/ebsim/PORT/{cable,partner,temp,
 * fault} and /sys/kernel/debug/ebsim/{tables,blinks}.
 */

#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "ebsim.h"

/* cable: 1 plugged in, 0 pulled */
static int ebsim_cable_get(void *data, u64 *val)
{
	struct ebsim_phy *phy = data;

	*val = phy->cable;

	return 0;
}

static int ebsim_cable_set(void *data, u64 val)
{
	struct ebsim_phy *phy = data;

	if (val > 1)
		return -EINVAL;

	spin_lock_bh(&phy->eb->lock);
	if (phy->cable != val) {
		phy->cable = val;
		ebsim_phy_renegotiate(phy);
	}
	spin_unlock_bh(&phy->eb->lock);

	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(ebsim_cable_fops, ebsim_cable_get, ebsim_cable_set, "%llu\n");

/* partner: the fastest speed it can, in Mb/s */
static int ebsim_partner_get(void *data, u64 *val)
{
	struct ebsim_phy *phy = data;

	*val = phy->partner;

	return 0;
}

static int ebsim_partner_set(void *data, u64 val)
{
	struct ebsim_phy *phy = data;

	if (val != 10 && val != 100 && val != 1000)
		return -EINVAL;

	spin_lock_bh(&phy->eb->lock);
	if (phy->partner != val) {
		phy->partner = val;
		ebsim_phy_renegotiate(phy);
	}
	spin_unlock_bh(&phy->eb->lock);

	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(ebsim_partner_fops, ebsim_partner_get, ebsim_partner_set, "%llu\n");

/* temp: of the PHY, in degrees Celsius */
static int ebsim_temp_get(void *data, u64 *val)
{
	struct ebsim_phy *phy = data;

	*val = (s64)phy->temp;

	return 0;
}

static int ebsim_temp_set(void *data, u64 val)
{
	struct ebsim_phy *phy = data;
	s64 temp = val;

	/* What the register can say. */
	if (temp < -25 || temp > 230)
		return -ERANGE;

	phy->temp = temp;

	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE_SIGNED(ebsim_temp_fops, ebsim_temp_get, ebsim_temp_set, "%lld\n");

/* fault: of the cable: four pairs as VCT7_RESULTS has them, and centimetres above; 0: none */
static int ebsim_fault_get(void *data, u64 *val)
{
	struct ebsim_phy *phy = data;

	*val = phy->fault_cm << 16 | phy->fault;

	return 0;
}

static int ebsim_fault_set(void *data, u64 val)
{
	struct ebsim_phy *phy = data;

	if (val > U32_MAX)
		return -ERANGE;

	spin_lock_bh(&phy->eb->lock);
	phy->fault = val;
	phy->fault_cm = val >> 16;
	ebsim_phy_renegotiate(phy);
	spin_unlock_bh(&phy->eb->lock);

	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(ebsim_fault_fops, ebsim_fault_get, ebsim_fault_set, "0x%llx\n");

static void ebsim_show_ports(struct seq_file *m, struct ebsim *eb)
{
	int port, reg;

	seq_puts(m, "ports (status, then registers 01 to 0f)\n");
	for (port = 0; port < EBSIM_PORTS; port++) {
		seq_printf(m, "%d %-5s %04x ", port,
			   port == EBSIM_CPU_PORT ? "cpu" : eb->ports[port].name ?: "-",
			   ebsim_port_status(eb, port));
		for (reg = 1; reg <= 0x0f; reg++)
			seq_printf(m, " %04x", eb->ports[port].regs[reg]);
		seq_putc(m, '\n');
	}
}

static void ebsim_show_vtu(struct seq_file *m, struct ebsim *eb)
{
	static const char members[] = { 'm', 'u', 't', '-' };
	int vid, port;

	seq_puts(m, "vtu (vid, fid, sid; per port m unmodified, u untagged, t tagged)\n");
	for (vid = 0; vid < VLAN_N_VID; vid++) {
		const struct ebsim_vlan *vlan = &eb->vtu[vid];

		if (!vlan->valid)
			continue;
		seq_printf(m, "%4d %4x %2d ", vid, vlan->fid, vlan->sid);
		for (port = 0; port < EBSIM_PORTS; port++)
			seq_putc(m, members[vlan->member[port]]);
		seq_putc(m, '\n');
	}
}

static void ebsim_show_stu(struct seq_file *m, struct ebsim *eb)
{
	static const char states[] = { '.', 'b', 'l', 'f' };
	int sid, port;

	seq_puts(m, "stu (sid; per port . the port's own, blocking, learning, forwarding)\n");
	for (sid = 0; sid < ARRAY_SIZE(eb->stu); sid++) {
		if (!eb->stu[sid].valid)
			continue;
		seq_printf(m, "%4d ", sid);
		for (port = 0; port < EBSIM_PORTS; port++)
			seq_putc(m, states[eb->stu[sid].state[port]]);
		seq_putc(m, '\n');
	}
}

static void ebsim_show_atu(struct seq_file *m, struct ebsim *eb)
{
	unsigned int i;

	seq_puts(m, "atu (mac, fid, state, ports as a mask or a trunk)\n");
	for (i = 0; i < eb->atu_count; i++) {
		const struct ebsim_address *entry = &eb->atu[i];
		u8 mac[ETH_ALEN];

		u64_to_ether_addr(entry->mac, mac);
		seq_printf(m, "%pM %3u %x %s%02x\n", mac, entry->fid, entry->state,
			   entry->trunk ? "trunk " : "", entry->ports);
	}
}

static void ebsim_show_pvt(struct seq_file *m, struct ebsim *eb)
{
	int i;

	/* Rows of ones are what the driver starts with. */
	seq_puts(m, "pvt (device/port, ports it may reach as a mask)\n");
	for (i = 0; i < ARRAY_SIZE(eb->pvt); i++)
		if (eb->pvt[i] && eb->pvt[i] != 0x7f)
			seq_printf(m, "%d/%d %02x\n", i >> 4, i & 0xf, eb->pvt[i]);
}

static int ebsim_tables_show(struct seq_file *m, void *unused)
{
	struct ebsim *eb = m->private;

	spin_lock_bh(&eb->lock);
	ebsim_show_ports(m, eb);
	ebsim_show_vtu(m, eb);
	ebsim_show_stu(m, eb);
	ebsim_show_atu(m, eb);
	ebsim_show_pvt(m, eb);
	spin_unlock_bh(&eb->lock);

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(ebsim_tables);

void ebsim_debugfs_add(struct ebsim *eb)
{
	int port;

	eb->debugfs = debugfs_create_dir("ebsim", NULL);
	debugfs_create_file("tables", 0444, eb->debugfs, eb, &ebsim_tables_fops);
	debugfs_create_u32("blinks", 0444, eb->debugfs, &eb->blinks);

	for (port = EBSIM_FIRST_USER; port <= EBSIM_LAST_USER; port++) {
		struct ebsim_phy *phy = &eb->phys[port];
		struct dentry *dir = debugfs_create_dir(eb->ports[port].name, eb->debugfs);

		debugfs_create_file_unsafe("cable", 0644, dir, phy, &ebsim_cable_fops);
		debugfs_create_file_unsafe("partner", 0644, dir, phy, &ebsim_partner_fops);
		debugfs_create_file_unsafe("fault", 0644, dir, phy, &ebsim_fault_fops);
		debugfs_create_file_unsafe("temp", 0644, dir, phy, &ebsim_temp_fops);
	}
}

void ebsim_debugfs_remove(struct ebsim *eb)
{
	debugfs_remove_recursive(eb->debugfs);
}
