/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between the files of this feature. */
#ifndef DEVLINK_DEVLINK_H
#define DEVLINK_DEVLINK_H

#include "core/model.h"

/** devlink_owner - the interface that stands for a device ("bus/name"); NULL: it has none */
struct iface *devlink_owner(const struct model *have, const char *device);

#endif
