/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small kernel in memory, at the level of netlink messages, for tests of everything above. */
#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

#include "nl/kernel.h"

/* The machine. It lives on when the daemon's connection to it is closed. */
/* Transmit and receive queues of a NIC. */
#define FAKE_QUEUES 8

struct fake_kernel;

/** fake_kernel_new - a machine that has nothing but the loopback interface */
struct fake_kernel *fake_kernel_new(sd_event *event);

/** fake_kernel_free - after its connection has been closed; NULL is allowed; returns NULL */
struct fake_kernel *fake_kernel_free(struct fake_kernel *fk);

/** fake_kernel_open - the daemon's view of it; one at a time; ends with kernel_free() */
struct kernel *fake_kernel_open(struct fake_kernel *fk);

/** fake_add_nic - plug in a device that exists by itself; it is down, its cable is in. Its index */
int fake_add_nic(struct fake_kernel *fk, const char *name);

/** fake_add_dsa_port - a switch on @conduit gets a port; it is down. Its index, or -ENODEV */
int fake_add_dsa_port(struct fake_kernel *fk, const char *name, const char *conduit);

/** fake_queues - it has so many transmit queues */
void fake_queues(struct fake_kernel *fk, const char *name, unsigned n);

/** fake_add_leds - lights of its PHY, @n of up to 4 */
void fake_add_leds(struct fake_kernel *fk, const char *name, unsigned n);

/** fake_driver - it has this driver; to be said before anybody looks */
void fake_driver(struct fake_kernel *fk, const char *name, const char *driver);

/** fake_remove - unplug a device, or delete one that was created */
void fake_remove(struct fake_kernel *fk, const char *name);

/** fake_rename - as udev does it */
void fake_rename(struct fake_kernel *fk, const char *name, const char *to);

/** fake_carrier - put the cable of a NIC in or pull it */
void fake_carrier(struct fake_kernel *fk, const char *name, bool on);

/** fake_attach - another hand attaches an XDP program, or detaches any */
void fake_attach(struct fake_kernel *fk, const char *name, bool on);

/** fake_ifindex - of an interface, 0: there is none */
int fake_ifindex(const struct fake_kernel *fk, const char *name);

/**
 * fake_command - another program changes something
 * @command: what ip(8), bridge(8) and sysctl(8) would be told: "ip link set lan0 mtu 9000",
 *	"ip link add br1 type bridge", "ip address add 192.0.2.1/24 dev lan0",
 *	"ip route add default via 192.0.2.2 dev lan0", "bridge vlan add vid 5 dev lan0 pvid",
 *	"sysctl net/ipv4/conf/lan0/forwarding 1"; the words that fake-command.c knows
 *
 * Return: 0 or a negative errno.
 */
int fake_command(struct fake_kernel *fk, const char *command);

/**
 * fake_fault - make requests of the daemon go wrong
 * @nth: the how-manieth matching request from now on, counting from 1; 0: all of them
 * @type: RTM_NEW…; 0: every request, sysctls too
 * @error: negative errno; 0: the request is accepted but not carried out
 * @text: extended ack, or NULL; must live on
 */
void fake_fault(struct fake_kernel *fk, unsigned nth, uint16_t type, int error, const char *text);

/** fake_no_faults - everything works again */
void fake_no_faults(struct fake_kernel *fk);

/** fake_overrun - lose the notifications that have not been read */
void fake_overrun(struct fake_kernel *fk);

/** fake_interrupt_dumps - the next @n dumps are disturbed by a change (-EINTR) */
void fake_interrupt_dumps(struct fake_kernel *fk, unsigned n);

#endif
