/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the feature share. */
#ifndef LED_H
#define LED_H

#include "core/model.h"

#define LEDS 4 /* of a port */

/** led_name - what the kernel calls a light of a port, from 0; NULL: it has not so many */
const char *led_name(const struct iface *i, unsigned number);

/** led_feature_of - its settings */
const struct feature *led_feature_of(unsigned number);

#endif
