/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Exit statuses of netctl and of netctld --once; part of the interface. */
#ifndef EXIT_H
#define EXIT_H

enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_TIMEOUT = 3,
	EXIT_DENIED = 4,
	EXIT_INVALID = 5,
	EXIT_UNDONE = 6,
	EXIT_NO_DAEMON = 8,
	EXIT_NO_LINK = 10,
};

#endif
