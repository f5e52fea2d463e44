// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Behind a netlink port id stands a process, if one can tell. The kernel gives
 * the first socket of a process its pid (netlink_autobind()), and a negative
 * number where that is taken; libnl puts a counter above the 22 bits of the pid
 * (generate_local_port()). So it is a likely answer, never a proof.
 */
#include "core/who.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "util/text.h"

#define LIBNL_PID_MASK UINT32_C(0x3fffff)

/* A file of /proc is made by the kernel as it is read: nothing waits. */
static char *name_of(uint32_t pid)
{
	char path[32], name[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/comm", pid);
	f = fopen(path, "re");
	if (!f)
		return NULL;
	if (!fgets(name, sizeof(name), f))
		*name = 0;
	fclose(f);
	name[strcspn(name, "\n")] = 0;
	return *name ? text_utf8(str_format("%s, pid %" PRIu32, name, pid)) : NULL;
}

char *who_is_port(uint32_t port)
{
	char *name = port && port <= INT32_MAX ? name_of(port) : NULL;

	if (!name && port > LIBNL_PID_MASK && port <= INT32_MAX)
		name = name_of(port & LIBNL_PID_MASK);
	return name;
}
