//go:build native

#include "shim.h"

// The hooks that Envoy wants to exist and that this module has no use for.

typedef envoy_dynamic_module_type_envoy_http_header header;
typedef envoy_dynamic_module_type_envoy_buffer buffer;

void envoy_dynamic_module_on_http_filter_stream_complete(void *filter, const void *stream) {}

envoy_dynamic_module_type_on_http_filter_local_reply_status
envoy_dynamic_module_on_http_filter_local_reply(void *filter, const void *stream, uint32_t code, buffer details, bool reset) {
	return envoy_dynamic_module_type_on_http_filter_local_reply_status_Continue;
}

void envoy_dynamic_module_on_http_filter_downstream_above_write_buffer_high_watermark(void *filter, const void *stream) {}
void envoy_dynamic_module_on_http_filter_downstream_below_write_buffer_low_watermark(void *filter, const void *stream) {}

void envoy_dynamic_module_on_http_filter_http_callout_done(void *filter, const void *stream, uint64_t id,
                                                           envoy_dynamic_module_type_http_callout_result result, header *headers,
                                                           size_t headers_size, buffer *body, size_t body_size) {}
void envoy_dynamic_module_on_http_filter_http_stream_headers(void *filter, const void *stream, uint64_t id, header *headers,
                                                             size_t headers_size, bool end) {}
void envoy_dynamic_module_on_http_filter_http_stream_data(void *filter, const void *stream, uint64_t id, const buffer *data,
                                                          size_t size, bool end) {}
void envoy_dynamic_module_on_http_filter_http_stream_trailers(void *filter, const void *stream, uint64_t id, header *trailers,
                                                              size_t size) {}
void envoy_dynamic_module_on_http_filter_http_stream_complete(void *filter, const void *stream, uint64_t id) {}
void envoy_dynamic_module_on_http_filter_http_stream_reset(void *filter, const void *stream, uint64_t id,
                                                           envoy_dynamic_module_type_http_stream_reset_reason reason) {}

void envoy_dynamic_module_on_http_filter_config_http_stream_headers(void *envoy, const void *config, uint64_t id, header *headers,
                                                                    size_t headers_size, bool end) {}
void envoy_dynamic_module_on_http_filter_config_http_stream_data(void *envoy, const void *config, uint64_t id, const buffer *data,
                                                                 size_t size, bool end) {}
void envoy_dynamic_module_on_http_filter_config_http_stream_trailers(void *envoy, const void *config, uint64_t id,
                                                                     header *trailers, size_t size) {}
void envoy_dynamic_module_on_http_filter_config_http_stream_complete(void *envoy, const void *config, uint64_t id) {}
void envoy_dynamic_module_on_http_filter_config_http_stream_reset(void *envoy, const void *config, uint64_t id,
                                                                  envoy_dynamic_module_type_http_stream_reset_reason reason) {}
