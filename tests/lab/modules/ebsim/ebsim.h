/* SPDX-License-Identifier: GPL-2.0-only */
/* A stand-in for the 88E6341 switch of an Espressobin: its parts and state. */

#ifndef EBSIM_H
#define EBSIM_H

#include <linux/bits.h>
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#define EBSIM_PORTS		6	/* of the chip; 0 is the CPU's, 5 a SERDES */
#define EBSIM_CPU_PORT		0
#define EBSIM_FIRST_USER	1	/* wan, lan0, lan1 */
#define EBSIM_LAST_USER		3
#define EBSIM_PHYS		5	/* PHY n belongs to port n */

/*
 * Registers, as far as something here reads them. Names and meanings are those
 * of drivers/net/dsa/mv88e6xxx, whose headers are not for modules outside.
 */
#define PORT_STS			0x00
#define PORT_STS_PHY_DETECT		0x1000
#define PORT_STS_LINK			0x0800
#define PORT_STS_DUPLEX			0x0400
#define PORT_STS_SPEED_100		0x0100
#define PORT_STS_SPEED_1000		0x0200
#define PORT_MAC_CTL			0x01
#define PORT_MAC_CTL_LINK_UP		0x0020
#define PORT_MAC_CTL_FORCE_LINK		0x0010
#define PORT_MAC_CTL_DUPLEX_FULL	0x0008
#define PORT_MAC_CTL_SPEED_MASK		0x0003
#define PORT_SWITCH_ID			0x03
#define PORT_CTL0			0x04
#define PORT_CTL0_SA_FILT_DROP_ON_LOCK	0x4000
#define PORT_CTL0_EGRESS_MODE_MASK	0x3000
#define PORT_CTL0_EGRESS_MODE_UNTAGGED	0x1000
#define PORT_CTL0_EGRESS_MODE_TAGGED	0x2000
#define PORT_CTL0_IGMP_MLD_SNOOP	0x0400
#define PORT_CTL0_FRAME_MODE_MASK	0x0300
#define PORT_CTL0_FRAME_MODE_DSA	0x0100
#define PORT_CTL0_FRAME_MODE_EDSA	0x0300
#define PORT_CTL0_EGRESS_FLOODS_MC	0x0008
#define PORT_CTL0_EGRESS_FLOODS_UC	0x0004
#define PORT_CTL0_STATE_MASK		0x0003
#define PORT_CTL1			0x05
#define PORT_CTL1_TRUNK_PORT		0x4000
#define PORT_CTL1_TRUNK_ID(ctl1)	(((ctl1) >> 8) & 0xf)
#define PORT_CTL1_FID_11_4_MASK		0x00ff
#define PORT_BASE_VLAN			0x06
#define PORT_BASE_VLAN_MAP_MASK		0x007f
#define PORT_DEFAULT_VLAN		0x07
#define PORT_CTL2			0x08
#define PORT_CTL2_8021Q_MASK		0x0c00
#define PORT_CTL2_8021Q_DISABLED	0x0000
#define PORT_CTL2_8021Q_FALLBACK	0x0400
#define PORT_CTL2_8021Q_CHECK		0x0800
#define PORT_CTL2_8021Q_SECURE		0x0c00
#define PORT_CTL2_DISCARD_TAGGED	0x0200
#define PORT_CTL2_DISCARD_UNTAGGED	0x0100
#define PORT_CTL2_MAP_DA		0x0080
#define PORT_ASSOC_VECTOR		0x0b
#define PORT_ASSOC_VECTOR_LOCKED	0x2000
#define PORT_ASSOC_VECTOR_PAV_MASK	0x007f
#define PORT_ETH_TYPE			0x0f
#define PORT_RESERVED_1A		0x1a

/* STP states, in PORT_CTL0 and in the STU (where DISABLED: ask PORT_CTL0). */
#define STATE_DISABLED			0
#define STATE_BLOCKING			1
#define STATE_LEARNING			2
#define STATE_FORWARDING		3

#define G1_STS				0x00
#define G1_STS_PPU_STATE		0x8000
#define G1_STS_INIT_READY		0x0800
#define G1_STS_IRQ_DEVICE		0x0080
#define G1_VTU_FID			0x02
#define G1_VTU_SID			0x03
#define G1_CTL1				0x04
#define G1_CTL1_SW_RESET		0x8000
#define G1_VTU_OP			0x05
#define G1_VTU_VID			0x06
#define G1_VTU_VID_VALID		0x1000
#define G1_VTU_DATA1			0x07
#define G1_ATU_CTL			0x0a
#define G1_ATU_OP			0x0b
#define G1_ATU_DATA			0x0c
#define G1_ATU_MAC01			0x0d
#define G1_MONITOR_MGMT_CTL		0x1a
#define G1_CTL2				0x1c
#define G1_CTL2_DEVICE_NUMBER_MASK	0x001f
#define G1_STATS_OP			0x1d
#define G1_STATS_COUNTER_32		0x1e
#define G1_STATS_COUNTER_01		0x1f

#define G2_INT_SRC			0x00
#define G2_INT_MASK			0x01
#define G2_TRUNK_MASK			0x07
#define G2_TRUNK_MAPPING		0x08
#define G2_PVT_ADDR			0x0b
#define G2_PVT_DATA			0x0c
#define G2_ATU_STATS			0x0e
#define G2_EEPROM_CMD			0x14
#define G2_EEPROM_ADDR			0x15
#define G2_AVB_CMD			0x16
#define G2_AVB_DATA			0x17
#define G2_SMI_PHY_CMD			0x18
#define G2_SMI_PHY_DATA			0x19
#define G2_SCRATCH_MISC			0x1a
#define G2_WDOG_CTL			0x1b

/* Every busy or update bit is this one, and always reads as done. */
#define BUSY				0x8000

#define VTU_MEMBER_UNMODIFIED		0
#define VTU_MEMBER_UNTAGGED		1
#define VTU_MEMBER_TAGGED		2
#define VTU_MEMBER_NONE			3

#define ATU_STATE_AGE_NEWEST		0x7
#define ATU_STATE_UC_STATIC		0x8	/* and above: does not age or move */
#define ATU_SIZE			2048

/* Counters of the MIB: numbers in bank 0, and EBSIM_BANK1 + numbers in bank 1. */
enum ebsim_mib {
	MIB_IN_OCTETS		= 0x00,
	MIB_IN_UNICAST		= 0x04,
	MIB_IN_BROADCASTS	= 0x06,
	MIB_IN_MULTICASTS	= 0x07,
	MIB_HIST_64		= 0x08,
	MIB_HIST_65_127		= 0x09,
	MIB_HIST_128_255	= 0x0a,
	MIB_HIST_256_511	= 0x0b,
	MIB_HIST_512_1023	= 0x0c,
	MIB_HIST_1024_MAX	= 0x0d,
	MIB_OUT_OCTETS		= 0x0e,
	MIB_OUT_UNICAST		= 0x10,
	MIB_OUT_MULTICASTS	= 0x12,
	MIB_OUT_BROADCASTS	= 0x13,
	EBSIM_BANK1		= 0x20,
	MIB_IN_DISCARDS		= EBSIM_BANK1 + 0x00,
	MIB_IN_FILTERED		= EBSIM_BANK1 + 0x01,
	MIB_IN_ACCEPTED		= EBSIM_BANK1 + 0x02,
	MIB_IN_DA_UNKNOWN	= EBSIM_BANK1 + 0x0e,
	MIB_IN_MANAGEMENT	= EBSIM_BANK1 + 0x0f,
	MIB_OUT_QUEUE_0		= EBSIM_BANK1 + 0x10,
	MIB_OUT_MANAGEMENT	= EBSIM_BANK1 + 0x1f,
	MIB_COUNT		= EBSIM_BANK1 + 0x20,
};

struct ebsim;

struct ebsim_phy {
	u16 page;
	u16 regs[32][32];	/* page (its low five bits), register */
	u16 mmd_addr;		/* of the clause 45 register to be accessed */
	u16 eee_advertise;
	u16 events;		/* interrupt events not yet read */
	bool link;		/* what the wire says now */
	bool link_dropped;	/* since BMSR was last read */
	u16 speed;		/* Mb/s, valid with link */
	bool full_duplex;

	/* The lab's side of the cable. */
	bool cable;		/* is plugged in, the partner is switched on */
	u16 partner;		/* fastest speed the partner can, Mb/s */
	s16 temp;		/* degrees Celsius */
	u16 fault;		/* of the cable: as VCT7_RESULTS has it; 0: none */
	u16 fault_cm;		/* how far away */

	struct ebsim *eb;
	int port;
	struct delayed_work negotiation;
};

struct ebsim_port {
	const char *name;		/* NULL: not wired on this board */
	u16 regs[32];
	u64 mib[MIB_COUNT];
	struct net_device *far_end;	/* of the cable in this port */
};

struct ebsim_vlan {
	bool valid;
	u16 fid;
	u8 sid;
	u8 member[EBSIM_PORTS];
};

struct ebsim_stp {
	bool valid;
	u8 state[EBSIM_PORTS];
};

struct ebsim_address {
	u64 mac;
	u16 fid;
	u16 ports;	/* or a trunk */
	u8 state;
	bool trunk;
};

/**
 * struct ebsim - the board
 * @lock: protects everything below, registers and frames alike; taken with
 *	bottom halves off, never held while a frame is given to the stack
 */
struct ebsim {
	struct platform_device *pdev;
	struct mii_bus *bus;
	struct net_device *conduit;
	struct dentry *debugfs;
	u32 blinks;			/* how often the conduit's light went on */
	int overlay;

	spinlock_t lock;	/* see above */
	u16 smi_command;
	u16 smi_data;
	u16 g1[32];
	u16 g2[32];
	u16 monitor[64];		/* behind G1_MONITOR_MGMT_CTL */
	u16 scratch[128];		/* behind G2_SCRATCH_MISC */
	u16 watchdog[128];		/* behind G2_WDOG_CTL */
	u8 eeprom[1024];		/* behind G2_EEPROM_CMD */
	u16 avb[32][8][32];		/* port, block, address */
	u16 avb_next;			/* what G2_AVB_DATA reads next */
	u32 avb_time;			/* latched */
	u16 trunk_masks[8];		/* ports that may send, by hash */
	u16 trunk_ports[16];		/* members, by trunk */
	u16 pvt[512];			/* ports that (device << 4 | port) may reach */
	u32 captured[MIB_COUNT];	/* by G1_STATS_OP */
	struct ebsim_port ports[EBSIM_PORTS];
	struct ebsim_phy phys[EBSIM_PHYS];
	struct ebsim_vlan vtu[VLAN_N_VID];
	struct ebsim_stp stu[64];
	struct ebsim_address atu[ATU_SIZE];
	unsigned int atu_count;
};

/* Addresses are numbers here, the first byte on top. */
static inline bool ebsim_mac_is_multicast(u64 mac)
{
	return mac & BIT_ULL(40);
}

/* leds.c: lights of the PHYs, which come and go with them */
int ebsim_leds_init(void);
void ebsim_leds_exit(void);

/* registers.c: the chip as its MDIO bus shows it */
void ebsim_registers_init(struct ebsim *eb);
u16 ebsim_smi_read(struct ebsim *eb, int reg);
void ebsim_smi_write(struct ebsim *eb, int reg, u16 val);
u16 ebsim_port_status(struct ebsim *eb, int port);

/* tables.c: VLANs, spanning tree, addresses */
void ebsim_vtu_op(struct ebsim *eb, u16 op);
void ebsim_atu_op(struct ebsim *eb, u16 op);
struct ebsim_address *ebsim_atu_find(struct ebsim *eb, u64 mac, u16 fid);
void ebsim_atu_load(struct ebsim *eb, const struct ebsim_address *entry);

/* phy.c: the copper PHYs inside the chip, and the partners behind the cables */
void ebsim_phy_init(struct ebsim *eb);
void ebsim_phy_exit(struct ebsim *eb);
u16 ebsim_phy_read(struct ebsim_phy *phy, int reg);
void ebsim_phy_write(struct ebsim_phy *phy, int reg, u16 val);
bool ebsim_phy_is_looped(const struct ebsim_phy *phy);
u16 ebsim_phy_interrupts(struct ebsim *eb);
void ebsim_phy_renegotiate(struct ebsim_phy *phy);

/* fabric.c: where frames go */
void ebsim_fabric_from_cable(struct ebsim *eb, int port, struct sk_buff *skb,
			     struct sk_buff_head *out);
void ebsim_fabric_from_cpu(struct ebsim *eb, struct sk_buff *skb,
			   struct sk_buff_head *out);

/* mib.c: what a port counts */
void ebsim_count_in(struct ebsim *eb, int port, u64 da, unsigned int len);
void ebsim_count_out(struct ebsim *eb, int port, u64 da, unsigned int len);

/* netdev.c: the conduit and the far ends of the cables */
int ebsim_conduit_add(struct ebsim *eb, struct device_node *np);
void ebsim_conduit_remove(struct ebsim *eb);
int ebsim_cables_add(struct ebsim *eb);
void ebsim_cables_remove(struct ebsim *eb);

/* debugfs.c: what the lab turns, and looks at */
void ebsim_debugfs_add(struct ebsim *eb);
void ebsim_debugfs_remove(struct ebsim *eb);

#endif
