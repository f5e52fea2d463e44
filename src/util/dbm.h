/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Power of light, which people count in decibels. */
#ifndef UTIL_DBM_H
#define UTIL_DBM_H

#include "util/real.h"

/** dbm_of - milliwatts as dBm; -40 for nothing at all, as ethtool(8) */
static inline double dbm_of(double milliwatts)
{
	return milliwatts > 0.0001 ? 10 * real_log10(milliwatts) : -40;
}

/** dbm_to_milliwatts - the way back */
static inline double dbm_to_milliwatts(double dbm)
{
	return real_exp10(dbm / 10);
}

#endif
