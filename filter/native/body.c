//go:build native

#include <stdlib.h>

#include "perform.h"

// Envoy has a body in two parts: what it has buffered, and, in the hook of a body, what has just
// come. If a filter before this one has buffered it, both are the same bytes. At the end of a
// body of which a part is buffered, Envoy has moved all of it to the buffered part (seen in
// 1.40.0, and in DynamicModuleHttpFilter::decodeData of
// source/extensions/filters/http/dynamic_modules/filter.cc of envoyproxy/envoy).

typedef envoy_dynamic_module_type_http_body_type body_type;
typedef envoy_dynamic_module_type_envoy_buffer slice;

// The parts of a body, by driver.Buffer.
static const body_type received_parts[] = {
    envoy_dynamic_module_type_http_body_type_ReceivedRequestBody,
    envoy_dynamic_module_type_http_body_type_ReceivedResponseBody,
};
static const body_type buffered_parts[] = {
    envoy_dynamic_module_type_http_body_type_BufferedRequestBody,
    envoy_dynamic_module_type_http_body_type_BufferedResponseBody,
};

static bool same_bytes(struct stream *s, uint32_t buffer) {
	return buffer == 0 ? envoy_dynamic_module_callback_http_received_buffered_request_body(s->filter)
	                   : envoy_dynamic_module_callback_http_received_buffered_response_body(s->filter);
}

static size_t received_size(struct stream *s, uint32_t buffer) {
	return envoy_dynamic_module_callback_http_get_body_size(s->filter, received_parts[buffer]);
}

// buffered_size returns how many bytes are buffered before those that have just come.
static size_t buffered_size(struct stream *s, uint32_t buffer) {
	size_t n = envoy_dynamic_module_callback_http_get_body_size(s->filter, buffered_parts[buffer]);
	return n > 0 && same_bytes(s, buffer) ? 0 : n;
}

size_t body_size(struct stream *s, uint32_t buffer) { return buffered_size(s, buffer) + received_size(s, buffer); }

size_t shim_body_slices(struct stream *s, int buffer) {
	size_t n = envoy_dynamic_module_callback_http_get_body_chunks_size(s->filter, received_parts[buffer]);
	if (buffered_size(s, buffer) > 0) {
		n += envoy_dynamic_module_callback_http_get_body_chunks_size(s->filter, buffered_parts[buffer]);
	}
	return n;
}

// shim_body writes where the bytes of a body are to an array of shim_body_slices slices.
bool shim_body(struct stream *s, int buffer, void *array) {
	slice *slices = array;
	if (buffered_size(s, buffer) > 0) {
		if (!envoy_dynamic_module_callback_http_get_body_chunks(s->filter, buffered_parts[buffer], slices)) {
			return false;
		}
		slices += envoy_dynamic_module_callback_http_get_body_chunks_size(s->filter, buffered_parts[buffer]);
	}
	return received_size(s, buffer) == 0 ||
	       envoy_dynamic_module_callback_http_get_body_chunks(s->filter, received_parts[buffer], slices);
}

static bool append(struct stream *s, body_type part, const char *bytes, size_t size) {
	envoy_dynamic_module_type_module_buffer data = {bytes, size};
	return size == 0 || envoy_dynamic_module_callback_http_append_body(s->filter, part, data);
}

// append_start appends the first keep bytes of a list of slices. The bytes stay where they are
// while others are added after them.
static bool append_start(struct stream *s, body_type part, const slice *slices, size_t count, uint64_t keep) {
	for (size_t i = 0; i < count && keep > 0 && !s->destroyed; i++) {
		size_t size = slices[i].length < keep ? slices[i].length : keep;
		if (!append(s, part, slices[i].ptr, size)) {
			return false;
		}
		keep -= size;
	}
	return true;
}

// What the body gets is added to its end, and what it was is drained from its start: Envoy's
// interface has no other way.
bool edit_body(struct stream *s, uint32_t buffer, const char *front, size_t front_size, uint64_t keep) {
	size_t buffered = buffered_size(s, buffer), received = received_size(s, buffer);
	if (keep >= buffered + received && front_size == 0) {
		return true;
	}
	// While a hook of the body runs there is a received part, and new bytes belong to its end.
	// Elsewhere there is only the buffered part. If there is none yet, appending creates it.
	body_type part = received_parts[buffer];
	bool in_hook = envoy_dynamic_module_callback_http_drain_body(s->filter, part, 0);
	if (!in_hook) {
		part = buffered_parts[buffer];
	}
	size_t count = shim_body_slices(s, buffer);
	slice *slices = malloc((count + 1) * sizeof *slices);
	bool ok = slices && (keep == 0 || count == 0 || shim_body(s, buffer, slices)) && append(s, part, front, front_size) &&
	          append_start(s, part, slices, count, keep);
	free(slices);
	if (!ok || s->destroyed) { // Envoy refuses the stream if its buffer is full
		return ok;
	}
	if (received > 0 && !envoy_dynamic_module_callback_http_drain_body(s->filter, received_parts[buffer], received)) {
		return false;
	}
	return buffered == 0 || envoy_dynamic_module_callback_http_drain_body(s->filter, buffered_parts[buffer], buffered);
}
