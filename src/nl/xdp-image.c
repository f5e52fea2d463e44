// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is to be told of an object file without loading it.
 *
 * What must stay true: nothing behind the file's end is read, whatever its
 * headers say.
 */
#include <elf.h>
#include <stdio.h>

#include "nl/xdp.h"

uint64_t xdp_hash(uint64_t h, const void *image, size_t size) /* FNV-1a */
{
	for (size_t n = 0; n < size; n++)
		h = (h ^ ((const uint8_t *)image)[n]) * UINT64_C(1099511628211);
	return h;
}

void xdp_build(const void *image, size_t size, char *ret)
{
	sprintf(ret, "%016llx", (unsigned long long)xdp_hash(XDP_HASH_BEGIN, image, size));
}

/* @image is on the heap, so it is aligned. */
const char *xdp_image_check(const void *image, size_t size)
{
	const Elf64_Ehdr *h = image;
	int order = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? ELFDATA2MSB : ELFDATA2LSB;

	if (size < sizeof(*h) || memcmp(h->e_ident, ELFMAG, SELFMAG))
		return "is no ELF object file";
	if (h->e_ident[EI_DATA] != order)
		return "is for machines of the other byte order";
	if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_machine != EM_BPF)
		return "is for another machine, not for BPF";
	if (h->e_type != ET_REL)
		return "is no relocatable object file";
	if (h->e_shoff > size || size - h->e_shoff < (uint64_t)h->e_shnum * h->e_shentsize)
		return "is cut short";
	return NULL;
}

/* A copy of what stands @at; false: the file ends before. */
static bool get(const void *image, size_t size, uint64_t at, void *ret, size_t n)
{
	if (at > size || size - at < n)
		return false;
	memcpy(ret, (const char *)image + at, n);
	return true;
}

static bool has_name(const void *image, size_t size, const Elf64_Shdr *names, const Elf64_Shdr *s,
		     const char *name)
{
	char is[16];

	return strlen(name) < sizeof(is) &&
	       get(image, size, names->sh_offset + s->sh_name, is, strlen(name) + 1) &&
	       !memcmp(is, name, strlen(name) + 1);
}

/* Linux: Documentation/bpf/btf.rst, struct btf_ext_header */
struct btf_ext {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t header, functions[2], lines[2], relocations[2]; /* where, and how many bytes */
};

bool xdp_image_wants_btf(const void *image, size_t size)
{
	Elf64_Ehdr h;
	Elf64_Shdr names, s;
	struct btf_ext ext;

	if (xdp_image_check(image, size) || !get(image, size, 0, &h, sizeof(h)) ||
	    h.e_shentsize != sizeof(s) ||
	    !get(image, size, h.e_shoff + (uint64_t)h.e_shstrndx * sizeof(s), &names,
		 sizeof(names)))
		return false;
	for (unsigned n = 0; n < h.e_shnum; n++)
		if (get(image, size, h.e_shoff + (uint64_t)n * sizeof(s), &s, sizeof(s)) &&
		    has_name(image, size, &names, &s, ".BTF.ext") &&
		    get(image, size, s.sh_offset, &ext, sizeof(ext)))
			return ext.header >= sizeof(ext) && ext.relocations[1];
	return false;
}
