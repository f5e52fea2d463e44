/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The little arithmetic with fractions that there is: levels of light, percentages. The C
 * library's would be a tenth of the memory that a daemon at rest takes (libm.so is mapped and
 * touched page by page, for three functions).
 */
#ifndef UTIL_REAL_H
#define UTIL_REAL_H

#include <stdint.h>

/** real_round - to the nearest integer, halves away from 0; also of what is no number */
static inline double real_round(double x)
{
	/* Larger ones have no fraction. */
	if (!(x > -0x1p52 && x < 0x1p52))
		return x;
	return (int64_t)(x < 0 ? x - 0.5 : x + 0.5);
}

/** real_log10 - of a finite @x > 0, within 1e-14 of log10(3)'s */
double real_log10(double x);

/** real_exp10 - 10 to the power of @x, -300 to 300 */
double real_exp10(double x);

/** real_abs - without its sign */
static inline double real_abs(double x)
{
	return x < 0 ? -x : x;
}

#endif
