// SPDX-License-Identifier: LGPL-2.1-or-later
/* Take samples: see sample.h. */
#include "packet.bpf.h"

#include "sample.h"

const volatile struct sample_settings settings;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SAMPLE_REASONS);
	__type(key, __u32);
	__type(value, struct tally);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, SAMPLE_RING);
} samples SEC(".maps");

static __always_inline bool take(struct xdp_md *ctx, __u32 bytes)
{
	__u64 length = settings.length < SAMPLE_BYTES_MAX ? settings.length : SAMPLE_BYTES_MAX;
	struct sample *s = bpf_ringbuf_reserve(&samples, sizeof(*s), 0);

	if (!s)
		return false;
	if (length > bytes)
		length = bytes;
	s->time = bpf_ktime_get_ns();
	s->ifindex = ctx->ingress_ifindex;
	s->queue = ctx->rx_queue_index;
	s->length = bytes;
	s->captured = length;
	/* The comparison must be of the value that is handed over, for the verifier to see it. */
	asm volatile("" : "+r"(length));
	if (length < 1 || length > SAMPLE_BYTES_MAX ||
	    bpf_xdp_load_bytes(ctx, 0, s->data, length)) {
		bpf_ringbuf_discard(s, 0);
		return false;
	}
	bpf_ringbuf_submit(s, 0);
	return true;
}

SEC("xdp")
int sample(struct xdp_md *ctx)
{
	__u32 bytes = bpf_xdp_get_buff_len(ctx), key = SAMPLE_PASSED;

	if (settings.every && bpf_get_prandom_u32() % settings.every == 0)
		key = take(ctx, bytes) ? SAMPLE_TAKEN : SAMPLE_LOST;
	count(bpf_map_lookup_elem(&counters, &key), bytes);
	return pass(ctx);
}
