/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hashes that tell things apart, and keep no secret. */
#ifndef UTIL_HASH_H
#define UTIL_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Where hashes begin. */
#define HASH_BEGIN UINT64_C(14695981039346656037)

/** hash_bytes - go on from @hash with more bytes (FNV-1a, as in RFC 9923) */
static inline uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
	const uint8_t *b = bytes;

	for (size_t n = 0; n < size; n++)
		hash = (hash ^ b[n]) * UINT64_C(1099511628211);
	return hash;
}

#endif
