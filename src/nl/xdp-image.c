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
#include "util/hash.h"
#include "util/text.h"

void xdp_build(const void *image, size_t size, char *ret)
{
	sprintf(ret, "%016llx", (unsigned long long)hash_bytes(HASH_BEGIN, image, size));
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

struct image {
	const char *bytes;
	size_t size;
	Elf64_Ehdr h;
	Elf64_Shdr names; /* the section that has the sections' names */
};

/* A copy of what stands @at; false: the file ends before. */
static bool get(const struct image *m, uint64_t at, void *ret, size_t n)
{
	if (at > m->size || m->size - at < n)
		return false;
	memcpy(ret, m->bytes + at, n);
	return true;
}

static bool get_section(const struct image *m, unsigned n, Elf64_Shdr *ret)
{
	return n < m->h.e_shnum &&
	       get(m, m->h.e_shoff + (uint64_t)n * sizeof(*ret), ret, sizeof(*ret));
}

static bool is_text(const struct image *m, uint64_t at, const char *text)
{
	size_t n = strlen(text) + 1;

	return at <= m->size && m->size - at >= n && !memcmp(m->bytes + at, text, n);
}

static bool has_name(const struct image *m, const Elf64_Shdr *s, const char *name)
{
	return is_text(m, m->names.sh_offset + s->sh_name, name);
}

static bool image_open(struct image *m, const void *image, size_t size)
{
	*m = (struct image){ .bytes = image, .size = size };
	return !xdp_image_check(image, size) && get(m, 0, &m->h, sizeof(m->h)) &&
	       m->h.e_shentsize == sizeof(m->names) && get_section(m, m->h.e_shstrndx, &m->names);
}

/* Linux: Documentation/bpf/btf.rst, struct btf_ext_header */
struct btf_ext {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t header, functions[2], lines[2], relocations[2]; /* where, and how many bytes */
};

bool xdp_image_wants_btf(const void *image, size_t size)
{
	struct image m;
	Elf64_Shdr s;
	struct btf_ext ext;

	if (!image_open(&m, image, size))
		return false;
	for (unsigned n = 0; get_section(&m, n, &s); n++)
		if (has_name(&m, &s, ".BTF.ext") && get(&m, s.sh_offset, &ext, sizeof(ext)))
			return ext.header >= sizeof(ext) && ext.relocations[1];
	return false;
}

struct programs {
	const char *section; /* or name of a program; NULL: any */
	unsigned n, n_inner; /* which match; of these in .text, which are parts of others */
	bool has_others;     /* any outside of .text */
};

/* As bpf_object__add_programs() and prog_is_subprog() of libbpf have it. */
static void count_program(const struct image *m, const Elf64_Shdr *symbols, const Elf64_Shdr *names,
			  unsigned n, struct programs *ret)
{
	Elf64_Shdr s;
	Elf64_Sym y;
	bool inner, matches;

	if (!get(m, symbols->sh_offset + (uint64_t)n * sizeof(y), &y, sizeof(y)) ||
	    ELF64_ST_TYPE(y.st_info) != STT_FUNC || !get_section(m, y.st_shndx, &s) ||
	    !(s.sh_flags & SHF_EXECINSTR))
		return;
	inner = has_name(m, &s, ".text");
	matches = !ret->section || has_name(m, &s, ret->section) ||
		  is_text(m, names->sh_offset + y.st_name, ret->section);
	ret->has_others |= !inner;
	ret->n += matches;
	ret->n_inner += matches && inner;
}

char *xdp_programs_refuse(unsigned n, const char *section)
{
	if (n == 1)
		return NULL;
	if (!n)
		return section ? str_format("has no section and no program \"%s\"", section) :
				 str_dup("has no program");
	return str_format("has %u programs%s: section says which", n,
			  section ? " of that section" : "");
}

char *xdp_image_refuse(const void *image, size_t size, const char *section)
{
	struct programs p = { .section = section };
	const char *why = xdp_image_check(image, size);
	Elf64_Shdr s, names;
	struct image m;

	if (why)
		return str_dup(why);
	if (!image_open(&m, image, size))
		return NULL; /* loading it tells */
	for (unsigned n = 0; get_section(&m, n, &s); n++)
		if (s.sh_type == SHT_SYMTAB && get_section(&m, s.sh_link, &names))
			for (uint64_t y = 0; y < s.sh_size / sizeof(Elf64_Sym) && y < size; y++)
				count_program(&m, &s, &names, y, &p);
	return xdp_programs_refuse(p.has_others ? p.n - p.n_inner : p.n, section);
}
