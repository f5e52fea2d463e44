/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system call bpf(2): what is needed of programs, maps and links once they are loaded. */
#ifndef NL_BPF_H
#define NL_BPF_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* All that return int: 0 (or a file descriptor) or a negative errno. */

/* What a file descriptor of bpf(2) stands for. */
enum bpf_what { BPF_WHAT_OTHER, BPF_WHAT_LINK, BPF_WHAT_PROG, BPF_WHAT_MAP };

/** bpf_what - by its name in /proc/self/fd */
enum bpf_what bpf_what(int fd);

/**
 * bpf_info - struct bpf_prog_info, bpf_map_info or bpf_link_info; zeroed or filled in by the caller
 */
int bpf_info(int fd, void *info, uint32_t size);

/** bpf_link_xdp - attach a program to an interface; @flags: XDP_FLAGS_…_MODE */
int bpf_link_xdp(int prog_fd, int ifindex, uint32_t flags);

/* Newer than the headers of some build hosts: include/uapi/linux/bpf.h, since 6.6 */
enum { BPF_TCX_IN = 46, BPF_TCX_OUT = 47 };	  /* enum bpf_attach_type: BPF_TCX_… */
enum { BPF_LINK_TCX = 11 };			  /* enum bpf_link_type */
struct bpf_tcx_info { /* of struct bpf_link_info, where .xdp is for a link of XDP */
	uint32_t ifindex, attach_type;
};

/** bpf_link_info_tcx - of a link of that type */
static inline struct bpf_tcx_info bpf_link_info_tcx(const struct bpf_link_info *info)
{
	struct bpf_tcx_info tcx;

	memcpy(&tcx, &info->xdp, sizeof(tcx));
	return tcx;
}

/**
 * bpf_link_tcx - attach a program at tcx
 * @beside: of whose link; -1: behind all others
 * @before: in front of that one; else behind it
 */
int bpf_link_tcx(int prog_fd, int ifindex, uint32_t attach_type, int beside, bool before);

/**
 * bpf_query_tcx - what is there, in the order that packets pass
 * @n: room in both arrays
 * @revision: counts changes
 *
 * Return: how many; -EINVAL: the kernel has no tcx; another negative errno.
 */
int bpf_query_tcx(int ifindex, uint32_t attach_type, uint32_t *prog_ids, uint32_t *link_ids,
		  uint32_t n, uint64_t *revision);

/** bpf_has_tcx - asks and changes nothing */
bool bpf_has_tcx(void);

/** bpf_link_replace - @old: the program that must be there */
int bpf_link_replace(int link_fd, int prog_fd, int old_fd);

/** bpf_link_off - detach, whoever else holds the link */
int bpf_link_off(int link_fd);

/** bpf_map_new - a map of its own, that belongs to no object file */
int bpf_map_new(enum bpf_map_type type, const char *name, uint32_t value_size, uint32_t n);

/** bpf_bind - keep @map_fd as long as the program lives */
int bpf_bind(int prog_fd, int map_fd);

/** bpf_map_put, bpf_map_get - one element */
int bpf_map_put(int fd, const void *key, const void *value);
int bpf_map_get(int fd, const void *key, void *value);

/**
 * bpf_map_put_all - @n elements, many to a system call where the kernel can
 * @key_size, @value_size: as they stand in @keys and @values
 */
int bpf_map_put_all(int fd, const void *keys, size_t key_size, const void *values,
		    size_t value_size, uint32_t n);

/**
 * bpf_map_get_all - up to @n elements of a map
 * @value_size: of all CPUs together, where the map is one a CPU
 *
 * Return: how many there were, or a negative errno.
 */
int bpf_map_get_all(int fd, void *keys, size_t key_size, void *values, size_t value_size,
		    uint32_t n);

/** bpf_is_each_cpu - has a map of this kind a value for each CPU? */
static inline bool bpf_is_each_cpu(uint32_t type)
{
	return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

/** bpf_value_copies - values of @ret_stride bytes that user space has to do with, for each key */
unsigned bpf_value_copies(uint32_t type, uint32_t value_size, uint32_t *ret_stride);

/** bpf_map_put_values - as bpf_map_put_all(); all CPUs get the same, where each has a value */
int bpf_map_put_values(int fd, uint32_t type, const void *keys, size_t key_size,
		       const void *values, size_t value_size, uint32_t n);

/** bpf_cpus - values that a map of one a CPU has (possible CPUs) */
unsigned bpf_cpus(void);

/**
 * bpf_cpu_bits - CPUs that are "online", "present", …
 * @ret: of the first 64 * @words, a bit each
 *
 * Return: is it known?
 */
bool bpf_cpu_bits(const char *list, uint64_t *ret, unsigned words);

/**
 * bpf_try - load the smallest XDP program there is, and forget it
 * @jit: is it machine code now?
 */
int bpf_try(bool *jit);

/** bpf_pin, bpf_pinned - keep on bpffs; a file descriptor of what is kept there */
int bpf_pin(int fd, const char *path);
int bpf_pinned(const char *path);

#endif
