/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is behind which port: addresses and groups of bridges and of switches. */
#ifndef CORE_FDB_H
#define CORE_FDB_H

#include "core/engine.h"

struct fdb; /* one question, on its way to the kernel and back */

/**
 * typedef fdb_fn - it is answered; the question is freed when this returns
 * @error: 0 or a negative errno
 * @entries: [ { port, address, vlan?, bridge?, state, offloaded } ], valid during the call
 */
typedef void (*fdb_fn)(void *data, int error, const json_t *entries);

/**
 * fdb_start - read all of them; a thread asks, since a switch's table is read from the chip
 * @done: not called before this returns
 *
 * Return: the question, for fdb_cancel(), or NULL: there is no thread to be had.
 */
struct fdb *fdb_start(struct engine *e, fdb_fn done, void *data);

/** fdb_cancel - nobody wants to know any longer: done() will not be called; NULL is allowed */
void fdb_cancel(struct fdb *f);

#endif
