/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel told, noted by a BPF program. */
#ifndef BENCH_WATCH_NOTES_H
#define BENCH_WATCH_NOTES_H

#include <stdint.h>

/* What is noted: how many and, behind it, the time of the last one (CLOCK_MONOTONIC, ns). */
enum { LINKS, LINKS_TIME, ADDRESSES, ADDRESSES_TIME, VLANS, VLANS_TIME, NOTES };

/** listen_with_program - begin to note what this network namespace's kernel tells */
void listen_with_program(void);

/** note - one of the numbers above */
uint64_t note(uint32_t key);

/** die - tell what failed, with errno, and exit */
void die(const char *what) __attribute__((noreturn));

#endif
