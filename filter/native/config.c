//go:build native

#include <stdlib.h>

#include "_cgo_export.h"
#include "shim.h"

// The hooks of a configuration. Envoy calls them on its main thread, except that it destroys a
// configuration on the thread that has used it last.

const void *envoy_dynamic_module_on_http_filter_config_new(void *envoy, envoy_dynamic_module_type_envoy_buffer name,
                                                           envoy_dynamic_module_type_envoy_buffer config) {
	struct config *c = calloc(1, sizeof *c);
	if (!c) {
		return NULL;
	}
	c->envoy = envoy;
	if (!goConfigNew(c, (void *)config.ptr, config.length)) { // Envoy rejects the configuration
		free(c->refusal);
		free(c);
		return NULL;
	}
	return c;
}

void envoy_dynamic_module_on_http_filter_config_destroy(const void *config) {
	struct config *c = (struct config *)config;
	if (!c) {
		return;
	}
	goConfigDestroy(c);
	free(c->refusal);
	free(c);
}

void envoy_dynamic_module_on_http_filter_config_scheduled(void *envoy, const void *config, uint64_t event) {
	if (config) {
		goTick((struct config *)config);
	}
}

void envoy_dynamic_module_on_http_filter_config_http_callout_done(void *envoy, const void *config, uint64_t id,
                                                                  envoy_dynamic_module_type_http_callout_result result,
                                                                  envoy_dynamic_module_type_envoy_http_header *headers,
                                                                  size_t headers_size,
                                                                  envoy_dynamic_module_type_envoy_buffer *body, size_t body_size) {
	if (config) {
		goFetched((struct config *)config, id, result, headers, headers_size, body, body_size);
	}
}
