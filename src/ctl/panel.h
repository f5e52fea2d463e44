/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the views of interfaces share. */
#ifndef CTL_PANEL_H
#define CTL_PANEL_H

#include "ctl/ctl.h"

/** link_word - "up", "no carrier", "down", "absent": the link of an interface in a word */
const char *link_word(const json_t *j);

/** print_switches - a line (or a few) for each hardware switch that Describe told of */
void print_switches(const struct ctl *c, const json_t *d);

#endif
