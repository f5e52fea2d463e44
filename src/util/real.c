// SPDX-License-Identifier: LGPL-2.1-or-later
/* Arithmetic with fractions, without libm: real.h says why. */
#include "util/real.h"

#define LOG10_2 0.30102999566398119521
#define LOG10_E 0.43429448190325182765
#define SQRT_2 1.41421356237309504880

double real_log10(double x)
{
	double s, square, power, sum = 0;
	int twos = 0;

	for (; x > SQRT_2; twos++)
		x /= 2;
	for (; x < SQRT_2 / 2; twos--)
		x *= 2;
	/* ln x = 2 artanh((x - 1) / (x + 1)); |s| < 0.172, so 12 terms leave less than 1e-19. */
	s = (x - 1) / (x + 1);
	square = s * s;
	power = s;
	for (int n = 1; n < 24; n += 2) {
		sum += power / n;
		power *= square;
	}
	return twos * LOG10_2 + 2 * sum * LOG10_E;
}

double real_exp10(double x)
{
	int tens = real_round(x);
	double y = (x - tens) / LOG10_E, term = 1, sum = 1;

	/* |y| < 1.16, so 24 terms leave less than 1e-22. */
	for (int n = 1; n < 24; n++)
		sum += term *= y / n;
	for (; tens > 0; tens--)
		sum *= 10;
	for (; tens < 0; tens++)
		sum /= 10;
	return sum;
}
