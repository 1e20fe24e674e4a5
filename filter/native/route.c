//go:build native

#include <stdlib.h>

#include "_cgo_export.h"
#include "route.h"

// The configurations of Envoy's routes: narrowings. Envoy loads them on its main thread, and drops
// one on the thread that has used it last.

struct route {
	const void *owner;   // &owner of this library
	uintptr_t narrowing; // Go's, a cgo.Handle
};

static const char owner;

const void *envoy_dynamic_module_on_http_filter_per_route_config_new(envoy_dynamic_module_type_envoy_buffer name,
                                                                     envoy_dynamic_module_type_envoy_buffer config) {
	struct route *r = calloc(1, sizeof *r);
	if (!r) {
		return NULL;
	}
	r->narrowing = goRouteNew((void *)config.ptr, config.length);
	if (!r->narrowing) { // Envoy rejects the configuration
		free(r);
		return NULL;
	}
	r->owner = &owner;
	return r;
}

void envoy_dynamic_module_on_http_filter_per_route_config_destroy(const void *config) {
	struct route *r = (struct route *)config;
	if (!r) {
		return;
	}
	goRouteDestroy(r->narrowing);
	free(r);
}

// The configuration of a route may name another module, or another copy of this one.
bool narrowing_of(struct stream *s, uintptr_t *narrowing) {
	const struct route *r = envoy_dynamic_module_callback_get_most_specific_route_config(s->filter);
	if (!r) {
		return true;
	}
	*narrowing = r->owner == &owner ? r->narrowing : 0;
	return *narrowing != 0;
}
