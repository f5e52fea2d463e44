// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packets as fast as they are taken: flood INTERFACE N TO-MAC FROM TO [answer].
 *
 * A program that redirects to the interface runs over one packet
 * N times (BPF_F_TEST_XDP_LIVE_FRAMES, Linux 5.18). The other end of a veth
 * receives in the same softirq, on the same CPU: nothing is queued, nothing
 * is lost, and the time for all is the time that sending and receiving takes.
 * Prints packets a second.
 */
#include <arpa/inet.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64

static int call(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/* r1, r2, r3 = context, data, end; 36 bytes of headers; return bpf_redirect(ifindex, 0) */
static int load(int ifindex, const uint8_t *frame)
{
	struct bpf_insn insns[32] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = 2, .src_reg = 1, .off = 0 },
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = 3, .src_reg = 1, .off = 4 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 4, .src_reg = 2 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 4, .imm = 36 },
		{ .code = BPF_JMP | BPF_JGT | BPF_X, .dst_reg = 4, .src_reg = 3, .off = 9 },
	};
	unsigned n = 5;
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_XDP, .insns = (uintptr_t)insns, .license = (uintptr_t)"GPL",
	};

	/* The pages come back, with what their receivers have written into them. */
	for (unsigned i = 0; i < 9; i++, n++) {
		insns[n] = (struct bpf_insn){
			.code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = 2, .off = 4 * i,
		};
		memcpy(&insns[n].imm, frame + 4 * i, 4);
	}
	insns[n++] = (struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 1, .imm = ifindex };
	insns[n++] = (struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2 };
	insns[n++] = (struct bpf_insn){ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect };
	insns[n++] = (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT };
	attr.insn_cnt = n;
	return call(BPF_PROG_LOAD, &attr);
}

static uint16_t checksum(const void *data, size_t n)
{
	const uint8_t *p = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i += 2)
		sum += p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

/* A frame of 64 bytes without FCS. Return: its size, or 0. */
static size_t make(uint8_t *frame, char **argv)
{
	const struct ether_addr *to = ether_aton(argv[3]);
	struct iphdr ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP };
	uint16_t ports[] = { htons(1000), htons(9) };
	struct udphdr udp = { .source = ports[!!argv[6]], .dest = ports[!argv[6]], .len = htons(30) };
	uint16_t type = htons(ETHERTYPE_IP);

	memset(frame, 0, 64);
	if (!to || inet_pton(AF_INET, argv[4], &ip.saddr) != 1 ||
	    inet_pton(AF_INET, argv[5], &ip.daddr) != 1)
		return 0;
	ip.tot_len = htons(50);
	ip.check = checksum(&ip, sizeof(ip));
	memcpy(frame, to, 6);
	memcpy(frame + 6, "\x02\0\0\0\0\x63", 6);
	memcpy(frame + 12, &type, 2);
	memcpy(frame + 14, &ip, sizeof(ip));
	memcpy(frame + 34, &udp, sizeof(udp));
	return 64;
}

int main(int argc, char **argv)
{
	uint8_t frame[64];
	size_t size = argc == 6 || argc == 7 ? make(frame, argv) : 0;
	unsigned n = size ? atoi(argv[2]) : 0;
	struct xdp_md md = { 0 };
	union bpf_attr attr = {
		.test = { .data_in = (uintptr_t)frame, .data_size_in = size, .repeat = n,
			  .ctx_in = (uintptr_t)&md, .ctx_size_in = sizeof(md),
			  .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = BATCH },
	};
	struct timespec begin, end;
	int fd;

	if (!size || !n || !if_nametoindex(argv[1])) {
		fprintf(stderr, "usage: flood INTERFACE N TO-MAC FROM TO [answer]\n");
		return 2;
	}
	md.data_end = size;
	fd = load(if_nametoindex(argv[1]), frame);
	if (fd < 0) {
		perror("flood: loading");
		return 1;
	}
	attr.test.prog_fd = fd;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	if (call(BPF_PROG_TEST_RUN, &attr) < 0) {
		perror("flood: running");
		return 1;
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%.0f\n", n / (end.tv_sec - begin.tv_sec + (end.tv_nsec - begin.tv_nsec) / 1e9));
	return 0;
}
