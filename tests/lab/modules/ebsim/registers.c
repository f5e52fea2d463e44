// SPDX-License-Identifier: GPL-2.0-only
/*
 * The chip as its MDIO bus shows it: one address with a command and a data
 * register ("multi-chip mode"), behind which are the registers of the ports,
 * Global 1 and Global 2, behind some of which are tables with a command and a
 * data register of their own. No command ever takes time: busy reads as done.
 *
 * Registers that nothing below knows keep what was written to them.
 */

#include <linux/ktime.h>

#include "ebsim.h"

#define SMI_CMD			0
#define SMI_DATA		1
#define SMI_CMD_OP_MASK		0x0c00
#define SMI_CMD_OP_READ		0x0800
#define SMI_CMD_OP_WRITE	0x0400

#define ADDR_PORT0		0x10
#define ADDR_GLOBAL1		0x1b
#define ADDR_GLOBAL2		0x1c
#define ADDR_PHY0		0x10	/* behind G2_SMI_PHY_CMD */

#define PRODUCT_88E6341		0x3410

/* What a port is wired to, as PORT_STS shows it. */
#define CMODE_RGMII		0x07
#define CMODE_PHY		0x0f
#define CMODE_2500BASEX		0x0b

/* G1_STATS_OP */
#define STATS_OP_MASK		0x7000
#define STATS_OP_FLUSH_ALL	0x1000
#define STATS_OP_FLUSH_PORT	0x2000
#define STATS_OP_READ		0x4000
#define STATS_OP_CAPTURE	0x5000
#define STATS_OP_BANK1		0x0400

/* G2_PVT_ADDR */
#define PVT_OP_MASK		0x7000
#define PVT_OP_INIT_ONES	0x1000
#define PVT_OP_WRITE		0x3000
#define PVT_OP_READ		0x4000
#define PVT_PORTS		0x7f

/* G2_TRUNK_MASK, G2_TRUNK_MAPPING */
#define TRUNK_PORTS		0x7f

/* G2_AVB_CMD: operation, port, block, address */
#define AVB_OP_MASK		0x6000
#define AVB_OP_WRITE		0x6000
#define AVB_PORT_TAI		0x1e
#define TAI_CLOCK_PERIOD	0x01
#define TAI_TIME_LO		0x0e
#define TAI_TIME_HI		0x0f
#define TAI_PERIOD_PS		8000	/* without it the driver's probe fails */

/* G2_SMI_PHY_CMD */
#define SMI_PHY_CLAUSE_22	0x1000
#define SMI_PHY_OP_MASK		0x0c00
#define SMI_PHY_OP_WRITE	0x0400
#define SMI_PHY_OP_22_READ	0x0800

/* G2_EEPROM_CMD */
#define EEPROM_OP_MASK		0x7000
#define EEPROM_OP_WRITE		0x3000
#define EEPROM_OP_READ		0x4000
#define EEPROM_OP_SHIFT		8
#define EEPROM_RUNNING		0x0800

/* Of Global 2: those whose bit 15 says "update" and is never read as set. */
#define G2_UPDATE_REGISTERS	(BIT(0x06) | BIT(0x09) | BIT(0x0d) | BIT(0x0f) | \
				 BIT(0x1c))

/* --- ports --- */

static u16 ebsim_link_bits(u16 speed, bool full_duplex)
{
	u16 bits = PORT_STS_LINK;

	if (full_duplex)
		bits |= PORT_STS_DUPLEX;
	if (speed == 1000)
		bits |= PORT_STS_SPEED_1000;
	else if (speed == 100)
		bits |= PORT_STS_SPEED_100;

	return bits;
}

/* A MAC has the link that was forced upon it, else its PHY's. */
u16 ebsim_port_status(struct ebsim *eb, int port)
{
	static const u16 speeds[] = { 10, 100, 1000, 1000 };
	u16 ctl = eb->ports[port].regs[PORT_MAC_CTL];
	const struct ebsim_phy *phy;
	u16 sts;

	if (port == EBSIM_CPU_PORT)
		sts = CMODE_RGMII;
	else if (port < EBSIM_PHYS)
		sts = PORT_STS_PHY_DETECT | CMODE_PHY;
	else
		sts = CMODE_2500BASEX;

	if (ctl & PORT_MAC_CTL_FORCE_LINK) {
		if (ctl & PORT_MAC_CTL_LINK_UP)
			sts |= ebsim_link_bits(speeds[ctl & PORT_MAC_CTL_SPEED_MASK],
					       ctl & PORT_MAC_CTL_DUPLEX_FULL);
		return sts;
	}

	if (port < EBSIM_PHYS) {
		phy = &eb->phys[port];
		if (phy->link)
			sts |= ebsim_link_bits(phy->speed, phy->full_duplex);
	}

	return sts;
}

static u16 ebsim_port_read(struct ebsim *eb, int port, int reg)
{
	switch (reg) {
	case PORT_STS:
		return ebsim_port_status(eb, port);
	case PORT_SWITCH_ID:
		return PRODUCT_88E6341;
	}

	return eb->ports[port].regs[reg];
}

static void ebsim_port_write(struct ebsim *eb, int port, int reg, u16 val)
{
	/* A command register, always done. */
	if (reg == PORT_RESERVED_1A)
		val &= ~BUSY;

	eb->ports[port].regs[reg] = val;
}

/* --- Global 1 --- */

static void ebsim_stats_capture(struct ebsim *eb, int port)
{
	const u64 *mib;
	int i;

	if (port < 0 || port >= EBSIM_PORTS)
		return;

	mib = eb->ports[port].mib;
	for (i = 0; i < MIB_COUNT; i++)
		eb->captured[i] = mib[i];
	/* These two are wide. */
	eb->captured[MIB_IN_OCTETS + 1] = mib[MIB_IN_OCTETS] >> 32;
	eb->captured[MIB_OUT_OCTETS + 1] = mib[MIB_OUT_OCTETS] >> 32;
}

static void ebsim_stats_flush(struct ebsim *eb, int first, int last)
{
	int i;

	for (i = max(first, 0); i <= min(last, EBSIM_PORTS - 1); i++)
		memset(eb->ports[i].mib, 0, sizeof(eb->ports[i].mib));
}

static void ebsim_stats_op(struct ebsim *eb, u16 op)
{
	int port = ((op >> 5) & 0x1f) - 1;
	int counter = op & 0x1f;

	switch (op & STATS_OP_MASK) {
	case STATS_OP_FLUSH_ALL:
		ebsim_stats_flush(eb, 0, EBSIM_PORTS - 1);
		break;
	case STATS_OP_FLUSH_PORT:
		ebsim_stats_flush(eb, port, port);
		break;
	case STATS_OP_CAPTURE:
		ebsim_stats_capture(eb, port);
		break;
	case STATS_OP_READ:
		if (op & STATS_OP_BANK1)
			counter += EBSIM_BANK1;
		eb->g1[G1_STATS_COUNTER_32] = eb->captured[counter] >> 16;
		eb->g1[G1_STATS_COUNTER_01] = eb->captured[counter];
		break;
	}
}

static u16 ebsim_g1_read(struct ebsim *eb, int reg)
{
	u16 val;

	switch (reg) {
	case G1_STS:
		val = G1_STS_PPU_STATE | G1_STS_INIT_READY;
		if (ebsim_phy_interrupts(eb) & eb->g2[G2_INT_MASK])
			val |= G1_STS_IRQ_DEVICE;
		return val;
	case G1_MONITOR_MGMT_CTL:
		return eb->g1[reg] | eb->monitor[eb->g1[reg] >> 8];
	}

	return eb->g1[reg];
}

static void ebsim_g1_write(struct ebsim *eb, int reg, u16 val)
{
	switch (reg) {
	case G1_STS:
		break;
	case G1_CTL1:
		eb->g1[reg] = val & ~G1_CTL1_SW_RESET;
		break;
	case G1_VTU_OP:
		eb->g1[reg] = val & ~BUSY;
		ebsim_vtu_op(eb, val);
		break;
	case G1_ATU_OP:
		eb->g1[reg] = val & ~BUSY;
		ebsim_atu_op(eb, val);
		break;
	case G1_STATS_OP:
		eb->g1[reg] = val & ~BUSY;
		ebsim_stats_op(eb, val);
		break;
	case G1_MONITOR_MGMT_CTL:
		eb->g1[reg] = val & 0x3f00;
		if (val & BUSY)
			eb->monitor[(val >> 8) & 0x3f] = val & 0xff;
		break;
	default:
		eb->g1[reg] = val;
	}
}

/* --- Global 2 --- */

static void ebsim_pvt_op(struct ebsim *eb, u16 op)
{
	u16 index = op & (ARRAY_SIZE(eb->pvt) - 1);
	int i;

	switch (op & PVT_OP_MASK) {
	case PVT_OP_INIT_ONES:
		for (i = 0; i < ARRAY_SIZE(eb->pvt); i++)
			eb->pvt[i] = PVT_PORTS;
		break;
	case PVT_OP_WRITE:
		eb->pvt[index] = eb->g2[G2_PVT_DATA] & PVT_PORTS;
		break;
	case PVT_OP_READ:
		eb->g2[G2_PVT_DATA] = eb->pvt[index];
		break;
	}
}

static void ebsim_eeprom_op(struct ebsim *eb, u16 op)
{
	u16 addr = eb->g2[G2_EEPROM_ADDR] % ARRAY_SIZE(eb->eeprom);
	u16 data = op & 0xff;

	switch (op & EEPROM_OP_MASK) {
	case EEPROM_OP_WRITE:
		eb->eeprom[addr] = data;
		break;
	case EEPROM_OP_READ:
		data = eb->eeprom[addr];
		break;
	}

	eb->g2[G2_EEPROM_CMD] = (op & ~(BUSY | EEPROM_RUNNING | 0xff)) | data;
}

static u16 ebsim_avb_read(struct ebsim *eb, u16 where)
{
	u16 port = (where >> 8) & 0x1f;
	u16 block = (where >> 5) & 0x7;
	u16 addr = where & 0x1f;

	if (port == AVB_PORT_TAI && block == 0) {
		switch (addr) {
		case TAI_CLOCK_PERIOD:
			return TAI_PERIOD_PS;
		case TAI_TIME_LO:
			return eb->avb_time;
		case TAI_TIME_HI:
			return eb->avb_time >> 16;
		}
	}

	return eb->avb[port][block][addr];
}

static void ebsim_avb_op(struct ebsim *eb, u16 op)
{
	eb->g2[G2_AVB_CMD] = op & ~BUSY;

	if ((op & AVB_OP_MASK) == AVB_OP_WRITE) {
		eb->avb[(op >> 8) & 0x1f][(op >> 5) & 0x7][op & 0x1f] = eb->g2[G2_AVB_DATA];
		return;
	}

	eb->avb_next = op & 0x1fff;
	eb->avb_time = div_u64(ktime_get_ns(), TAI_PERIOD_PS / 1000);
}

static void ebsim_smi_phy_op(struct ebsim *eb, u16 op)
{
	int phy = ((op >> 5) & 0x1f) - ADDR_PHY0;
	u16 *data = &eb->g2[G2_SMI_PHY_DATA];
	int reg = op & 0x1f;
	bool present = op & SMI_PHY_CLAUSE_22 && phy >= 0 && phy < EBSIM_PHYS;

	eb->g2[G2_SMI_PHY_CMD] = op & ~BUSY;

	if ((op & SMI_PHY_OP_MASK) == SMI_PHY_OP_WRITE) {
		if (present)
			ebsim_phy_write(&eb->phys[phy], reg, *data);
	} else if ((op & SMI_PHY_OP_MASK) >= SMI_PHY_OP_22_READ) {
		*data = present ? ebsim_phy_read(&eb->phys[phy], reg) : 0xffff;
	}
}

/* All addresses are counted in the first of the four bins of the hash. */
static u16 ebsim_atu_stats(struct ebsim *eb)
{
	u16 select = eb->g2[G2_ATU_STATS] & 0xf000;
	u16 bin = select >> 14;
	bool dynamic_only = select & 0x1000;
	bool one_fid = select & 0x2000;
	u16 fid = (eb->g1[G1_ATU_CTL] >> 8 & 0xf0) | (eb->g1[G1_ATU_OP] & 0xf);
	u16 count = 0;
	unsigned int i;

	for (i = 0; bin == 0 && i < eb->atu_count; i++) {
		if (dynamic_only && eb->atu[i].state >= ATU_STATE_UC_STATIC)
			continue;
		if (one_fid && eb->atu[i].fid != fid)
			continue;
		count++;
	}

	return select | count;
}

/* A register with a pointer in bits 14:8 and data in bits 7:0. */
static void ebsim_indirect_write(u16 *reg, u16 *table, u16 val)
{
	if (val & BUSY)
		table[(val >> 8) & 0x7f] = val & 0xff;
	*reg = val & 0x7f00;
}

static u16 ebsim_g2_read(struct ebsim *eb, int reg)
{
	u16 val = eb->g2[reg];

	switch (reg) {
	case G2_INT_SRC:
		return ebsim_phy_interrupts(eb);
	case G2_ATU_STATS:
		return ebsim_atu_stats(eb);
	case G2_AVB_DATA:
		return ebsim_avb_read(eb, eb->avb_next++);
	case G2_SCRATCH_MISC:
		return val | eb->scratch[val >> 8];
	case G2_WDOG_CTL:
		return val | eb->watchdog[val >> 8];
	}

	return val;
}

static void ebsim_g2_write(struct ebsim *eb, int reg, u16 val)
{
	switch (reg) {
	case G2_INT_SRC:
		break;
	case G2_TRUNK_MASK:
		eb->g2[reg] = val & ~BUSY;
		eb->trunk_masks[(val >> 12) & 0x7] = val & TRUNK_PORTS;
		break;
	case G2_TRUNK_MAPPING:
		eb->g2[reg] = val & ~BUSY;
		eb->trunk_ports[(val >> 11) & 0xf] = val & TRUNK_PORTS;
		break;
	case G2_PVT_ADDR:
		eb->g2[reg] = val & ~BUSY;
		ebsim_pvt_op(eb, val);
		break;
	case G2_EEPROM_CMD:
		ebsim_eeprom_op(eb, val);
		break;
	case G2_AVB_CMD:
		ebsim_avb_op(eb, val);
		break;
	case G2_SMI_PHY_CMD:
		ebsim_smi_phy_op(eb, val);
		break;
	case G2_SCRATCH_MISC:
		ebsim_indirect_write(&eb->g2[reg], eb->scratch, val);
		break;
	case G2_WDOG_CTL:
		ebsim_indirect_write(&eb->g2[reg], eb->watchdog, val);
		break;
	default:
		if (BIT(reg) & G2_UPDATE_REGISTERS)
			val &= ~BUSY;
		eb->g2[reg] = val;
	}
}

/* --- the bus --- */

static u16 ebsim_device_read(struct ebsim *eb, int addr, int reg)
{
	if (addr >= ADDR_PORT0 && addr < ADDR_PORT0 + EBSIM_PORTS)
		return ebsim_port_read(eb, addr - ADDR_PORT0, reg);
	if (addr == ADDR_GLOBAL1)
		return ebsim_g1_read(eb, reg);
	if (addr == ADDR_GLOBAL2)
		return ebsim_g2_read(eb, reg);

	return 0xffff;
}

static void ebsim_device_write(struct ebsim *eb, int addr, int reg, u16 val)
{
	if (addr >= ADDR_PORT0 && addr < ADDR_PORT0 + EBSIM_PORTS)
		ebsim_port_write(eb, addr - ADDR_PORT0, reg, val);
	else if (addr == ADDR_GLOBAL1)
		ebsim_g1_write(eb, reg, val);
	else if (addr == ADDR_GLOBAL2)
		ebsim_g2_write(eb, reg, val);
}

u16 ebsim_smi_read(struct ebsim *eb, int reg)
{
	switch (reg) {
	case SMI_CMD:
		return eb->smi_command & ~BUSY;
	case SMI_DATA:
		return eb->smi_data;
	}

	return 0xffff;
}

void ebsim_smi_write(struct ebsim *eb, int reg, u16 val)
{
	int addr = (val >> 5) & 0x1f;

	if (reg == SMI_DATA)
		eb->smi_data = val;
	if (reg != SMI_CMD)
		return;

	eb->smi_command = val;
	if ((val & SMI_CMD_OP_MASK) == SMI_CMD_OP_READ)
		eb->smi_data = ebsim_device_read(eb, addr, val & 0x1f);
	else if ((val & SMI_CMD_OP_MASK) == SMI_CMD_OP_WRITE)
		ebsim_device_write(eb, addr, val & 0x1f, eb->smi_data);
}

void ebsim_registers_init(struct ebsim *eb)
{
	static const char * const names[EBSIM_PORTS] = { NULL, "wan", "lan0", "lan1" };
	int i;

	for (i = 0; i < EBSIM_PORTS; i++)
		eb->ports[i].name = names[i];

	memset(eb->eeprom, 0xff, sizeof(eb->eeprom));
}
