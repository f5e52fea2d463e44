/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What turns.c, which knows how long a turn took, asks of who knows what it did (turn-parts.c). */
#include <stdio.h>

/** turn_begins - epoll_wait() has returned */
extern void turn_begins(void) __attribute__((weak));

/** turn_tell - write what the turn did, in one line without its end */
extern void turn_tell(FILE *out) __attribute__((weak));
