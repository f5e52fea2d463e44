// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The BPF program that looks at each notification where the kernel sends it,
 * notes and drops it. What must stay true: it costs the command nothing that it
 * would not have cost without.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "bench/watch-notes.h"

#include <linux/bpf.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define INDEXES 16384 /* of links; addresses are noted behind them */

static int seen_map, notes_map;

static int bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static int new_map(unsigned entries)
{
	union bpf_attr a = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 8,
		.max_entries = entries,
	};
	int fd = bpf(BPF_MAP_CREATE, &a);

	if (fd < 0)
		die("BPF map");
	return fd;
}

uint64_t note(uint32_t key)
{
	uint64_t value = 0;
	union bpf_attr a = {
		.map_fd = notes_map,
		.key = (uintptr_t)&key,
		.value = (uintptr_t)&value,
	};

	if (bpf(BPF_MAP_LOOKUP_ELEM, &a) < 0)
		die("BPF map");
	return value;
}

#define INSN(c, d, s, o, i)                                                                        \
	{                                                                                          \
		.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)                \
	}
#define MOV(d, s) INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define MOVI(d, i) INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ADDI(d, i) INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define ANDI(d, i) INSN(BPF_ALU64 | BPF_AND | BPF_K, d, 0, 0, i)
#define LOAD(size, d, s, o) INSN(BPF_LDX | BPF_MEM | (size), d, s, o, 0)
#define STORE(size, d, o, s) INSN(BPF_STX | BPF_MEM | (size), d, s, o, 0)
#define CALL(f) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define JEQI(d, i, o) INSN(BPF_JMP | BPF_JEQ | BPF_K, d, 0, o, i)
#define JNEI(d, i, o) INSN(BPF_JMP | BPF_JNE | BPF_K, d, 0, o, i)
#define GOTO(o) INSN(BPF_JMP | BPF_JA, 0, 0, o, 0)
#define EXIT() INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define MAP(d, fd) INSN(BPF_LD | BPF_DW | BPF_IMM, d, BPF_PSEUDO_MAP_FD, 0, fd), INSN(0, 0, 0, 0, 0)
#define DROP() MOVI(BPF_REG_0, 0), EXIT()

/* The message's first 32 bytes lie at -40 of the stack, a key at -48. */
static int load_program(void)
{
	struct bpf_insn insns[] = {
		MOV(BPF_REG_6, BPF_REG_1),
		MOVI(BPF_REG_2, 0),
		MOV(BPF_REG_3, BPF_REG_10),
		ADDI(BPF_REG_3, -40),
		MOVI(BPF_REG_4, 32),
		CALL(BPF_FUNC_skb_load_bytes),
		JEQI(BPF_REG_0, 0, 2),
		DROP(),
		LOAD(BPF_H, BPF_REG_7, BPF_REG_10, -36), /* nlmsg_type */
		LOAD(BPF_B, BPF_REG_1, BPF_REG_10, -24), /* the family */
		LOAD(BPF_W, BPF_REG_8, BPF_REG_10, -20), /* the index, in both headers */
		JEQI(BPF_REG_7, RTM_NEWLINK, 6),
		JEQI(BPF_REG_7, RTM_NEWADDR, 14),
		JNEI(BPF_REG_7, RTM_NEWVLAN, 2),
		MOVI(BPF_REG_9, VLANS),
		GOTO(30),
		DROP(),
		/* link: not the bridge family's, up, not lo */
		JNEI(BPF_REG_1, AF_UNSPEC, 4),
		LOAD(BPF_W, BPF_REG_2, BPF_REG_10, -16),
		ANDI(BPF_REG_2, IFF_UP),
		JEQI(BPF_REG_2, 0, 1),
		JNEI(BPF_REG_8, 1, 2),
		DROP(),
		MOVI(BPF_REG_9, LINKS),
		GOTO(6),
		/* address */
		JNEI(BPF_REG_1, AF_INET, 1),
		JNEI(BPF_REG_8, 1, 2),
		DROP(),
		MOVI(BPF_REG_9, ADDRESSES),
		ADDI(BPF_REG_8, INDEXES),
		/* the first time? */
		STORE(BPF_W, BPF_REG_10, -48, BPF_REG_8),
		MAP(BPF_REG_1, seen_map),
		MOV(BPF_REG_2, BPF_REG_10),
		ADDI(BPF_REG_2, -48),
		CALL(BPF_FUNC_map_lookup_elem),
		JEQI(BPF_REG_0, 0, 2),
		LOAD(BPF_DW, BPF_REG_1, BPF_REG_0, 0),
		JEQI(BPF_REG_1, 0, 2),
		DROP(),
		MOVI(BPF_REG_1, 1),
		STORE(BPF_DW, BPF_REG_0, 0, BPF_REG_1),
		/* one more */
		STORE(BPF_W, BPF_REG_10, -48, BPF_REG_9),
		MAP(BPF_REG_1, notes_map),
		MOV(BPF_REG_2, BPF_REG_10),
		ADDI(BPF_REG_2, -48),
		CALL(BPF_FUNC_map_lookup_elem),
		JNEI(BPF_REG_0, 0, 2),
		DROP(),
		LOAD(BPF_DW, BPF_REG_1, BPF_REG_0, 0),
		ADDI(BPF_REG_1, 1),
		STORE(BPF_DW, BPF_REG_0, 0, BPF_REG_1),
		/* and when */
		ADDI(BPF_REG_9, 1),
		STORE(BPF_W, BPF_REG_10, -48, BPF_REG_9),
		MAP(BPF_REG_1, notes_map),
		MOV(BPF_REG_2, BPF_REG_10),
		ADDI(BPF_REG_2, -48),
		CALL(BPF_FUNC_map_lookup_elem),
		JNEI(BPF_REG_0, 0, 2),
		DROP(),
		MOV(BPF_REG_8, BPF_REG_0),
		CALL(BPF_FUNC_ktime_get_ns),
		STORE(BPF_DW, BPF_REG_8, 0, BPF_REG_0),
		DROP(),
	};
	static char log[65536];
	union bpf_attr a = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insns = (uintptr_t)insns,
		.insn_cnt = sizeof(insns) / sizeof(insns[0]),
		.license = (uintptr_t) "GPL",
		.log_buf = (uintptr_t)log,
		.log_size = sizeof(log),
		.log_level = 1,
	};
	int fd = bpf(BPF_PROG_LOAD, &a);

	if (fd < 0) {
		fputs(log, stderr);
		die("BPF program");
	}
	return fd;
}

void listen_with_program(void)
{
	static const int groups[] = { RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_BRVLAN };
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), program;

	if (fd < 0)
		die("netlink");
	seen_map = new_map(2 * INDEXES);
	notes_map = new_map(NOTES);
	program = load_program();
	/* Without an address of its own it is not told of what the kernel does. */
	if (bind(fd, (void *)&self, sizeof(self)) < 0)
		die("bind");
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &program, sizeof(program)) < 0)
		die("SO_ATTACH_BPF");
	for (unsigned n = 0; n < sizeof(groups) / sizeof(groups[0]); n++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[n],
			       sizeof(groups[n])) < 0)
			die("NETLINK_ADD_MEMBERSHIP");
}
