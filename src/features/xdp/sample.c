// SPDX-License-Identifier: LGPL-2.1-or-later
/* The program sample. */
#include "bpf/sample.h"
#include "features/xdp/xdp.h"

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#include "bpf/sample.bpfeb.h"
#else
#include "bpf/sample.bpfel.h"
#endif

struct sampling {
	struct object o;
	uint32_t every, length;
};

enum { EVERY, LENGTH };

static const struct row rows[] = {
	[EVERY] = { .key = "every", .type = &type_u32, VALUE(sampling, every), .min = 1,
	  .max = 1000000000, .phase = PHASE_XDP, .flags = ROW_OURS,
	  .help = "One of so many packets, at random; by itself 1000" },
	[LENGTH] = { .key = "length", .type = &type_u32, VALUE(sampling, length), .min = 14,
	  .max = SAMPLE_BYTES_MAX, .phase = PHASE_XDP, .flags = ROW_OURS,
	  .help = "So many bytes of each; by itself 128" },
};

static const char *const reasons[] = {
	[SAMPLE_PASSED] = "passed", [SAMPLE_TAKEN] = "passed_and_sampled",
	[SAMPLE_LOST] = "passed_and_sample_lost",
};

static void complete(struct object *o)
{
	struct sampling *s = (struct sampling *)o;

	if (!(o->present & BIT64(EVERY)))
		s->every = 1000;
	if (!(o->present & BIT64(LENGTH)))
		s->length = 128;
	o->present |= BIT64(EVERY) | BIT64(LENGTH);
}

static void fill(struct xdp_job *j, const struct object *o, const struct object *have _unused_)
{
	const struct sampling *s = (const struct sampling *)o;
	struct sample_settings *settings = new0(struct sample_settings);

	settings->every = s->every;
	settings->length = s->length;
	j->settings = settings;
	j->settings_size = sizeof(*settings);
	xdp_keep(j, SAMPLE_REASONS);
}

struct feature xdp_sample_feature = {
	.name = "xdp.sample", .help = "Take samples of packets", .form = FORM_GROUP,
	.size = sizeof(struct sampling), .rows = rows, .n_rows = ARRAY_SIZE(rows),
	.blocked = xdp_blocked, .encode = xdp_encode,
};

static const size_t image_size = sizeof(sample_image);

const struct shipped shipped_sample = {
	.name = "sample", .image = sample_image, .size = &image_size, .parts = true,
	.feature = &xdp_sample_feature, .reasons = reasons, .n_reasons = ARRAY_SIZE(reasons),
	.complete = complete, .fill = fill,
};
