//go:build native

#include "shim.h"

// What Go calls of Envoy. Lengths and pointers come apart, since cgo passes no struct with them
// that C could keep.

static envoy_dynamic_module_type_module_buffer text_of(const char *ptr, size_t size) {
	return (envoy_dynamic_module_type_module_buffer){ptr, size};
}

void shim_log(int level, const char *text, size_t size) {
	if (envoy_dynamic_module_callback_log_enabled(level)) {
		envoy_dynamic_module_callback_log(level, text_of(text, size));
	}
}

size_t shim_headers_size(struct stream *s, int map) { return envoy_dynamic_module_callback_http_get_headers_size(s->filter, map); }

bool shim_headers(struct stream *s, int map, void *pairs) {
	return envoy_dynamic_module_callback_http_get_headers(s->filter, map, pairs);
}

bool shim_filter_state(struct stream *s, const char *key, size_t key_size, envoy_dynamic_module_type_envoy_buffer *value) {
	return envoy_dynamic_module_callback_http_get_filter_state_bytes(s->filter, text_of(key, key_size), value);
}

bool shim_attribute(struct stream *s, int id, envoy_dynamic_module_type_envoy_buffer *value) {
	return envoy_dynamic_module_callback_http_filter_get_attribute_string(s->filter, id, value);
}

int shim_define(void *config_envoy, int kind, const char *name, size_t size, size_t *id) {
	switch (kind) {
	case METRIC_COUNTER:
		return envoy_dynamic_module_callback_http_filter_config_define_counter(config_envoy, text_of(name, size), NULL, 0, id);
	case METRIC_GAUGE:
		return envoy_dynamic_module_callback_http_filter_config_define_gauge(config_envoy, text_of(name, size), NULL, 0, id);
	}
	return envoy_dynamic_module_callback_http_filter_config_define_histogram(config_envoy, text_of(name, size), NULL, 0, id);
}

// Envoy 1.40 has these functions, and abi.h does not: they are the functions of a stream's metrics,
// for a configuration. They are weak, so that an Envoy without them loads the module, and has
// no metrics of its main thread.
#define WEAK(name)                                                                                                             \
	__attribute__((weak)) envoy_dynamic_module_type_metrics_result name(void *, size_t,                                        \
	                                                                    envoy_dynamic_module_type_module_buffer *, size_t, uint64_t)
WEAK(envoy_dynamic_module_callback_http_filter_config_increment_counter);
WEAK(envoy_dynamic_module_callback_http_filter_config_increment_gauge);
WEAK(envoy_dynamic_module_callback_http_filter_config_decrement_gauge);
WEAK(envoy_dynamic_module_callback_http_filter_config_set_gauge);

int shim_config_metric(void *config_envoy, int kind, size_t id, uint64_t n) {
	envoy_dynamic_module_type_metrics_result (*const functions[])(void *, size_t, envoy_dynamic_module_type_module_buffer *,
	                                                              size_t, uint64_t) = {
	    envoy_dynamic_module_callback_http_filter_config_increment_counter,
	    envoy_dynamic_module_callback_http_filter_config_increment_gauge,
	    envoy_dynamic_module_callback_http_filter_config_decrement_gauge,
	    envoy_dynamic_module_callback_http_filter_config_set_gauge,
	};
	return functions[kind] ? functions[kind](config_envoy, id, NULL, 0, n) : 0;
}

int shim_callout(void *config_envoy, uint64_t *id, const char *cluster, size_t cluster_size, void *headers, size_t headers_size,
                 uint64_t milliseconds) {
	return envoy_dynamic_module_callback_http_filter_config_http_callout(config_envoy, id, text_of(cluster, cluster_size), headers,
	                                                                     headers_size, text_of(NULL, 0), milliseconds);
}

void *shim_scheduler_new(void *filter) { return envoy_dynamic_module_callback_http_filter_scheduler_new(filter); }
void shim_scheduler_commit(void *scheduler, uint64_t event) {
	envoy_dynamic_module_callback_http_filter_scheduler_commit(scheduler, event);
}
void shim_scheduler_delete(void *scheduler) { envoy_dynamic_module_callback_http_filter_scheduler_delete(scheduler); }

void *shim_config_scheduler_new(void *config_envoy) {
	return envoy_dynamic_module_callback_http_filter_config_scheduler_new(config_envoy);
}
void shim_config_scheduler_commit(void *scheduler) { envoy_dynamic_module_callback_http_filter_config_scheduler_commit(scheduler, 0); }
void shim_config_scheduler_delete(void *scheduler) { envoy_dynamic_module_callback_http_filter_config_scheduler_delete(scheduler); }
