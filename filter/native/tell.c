//go:build native

#include <string.h>

#include "perform.h"

// What the gate tells Envoy of a stream, if the configuration asks for that.

typedef envoy_dynamic_module_type_module_buffer buffer;

#define TEXT(text) {text, sizeof text - 1}

enum { LABELS = 4 };

int shim_define_decisions(void *config_envoy, size_t *id) {
	buffer name = TEXT("modelgate.decisions");
	buffer labels[LABELS] = {TEXT("decision"), TEXT("reason"), TEXT("verb"), TEXT("issuer")};
	return envoy_dynamic_module_callback_http_filter_config_define_counter(config_envoy, name, labels, LABELS, id);
}

static bool count(struct stream *s, const struct command *c, const char *payload) {
	buffer labels[LABELS];
	const char *p = payload, *end = payload + c->size;
	for (int i = 0; i < LABELS; i++) {
		uint32_t size;
		if ((size_t)(end - p) < sizeof size) {
			return false;
		}
		memcpy(&size, p, sizeof size);
		p += sizeof size;
		if ((size_t)(end - p) < size) {
			return false;
		}
		labels[i] = (buffer){p, size};
		p += size;
	}
	if (envoy_dynamic_module_callback_http_filter_increment_counter(s->filter, c->a, labels, LABELS, 1) !=
	    envoy_dynamic_module_type_metrics_result_Success) {
		static const char text[] = "model gate: writing a metric with labels failed";
		shim_log(envoy_dynamic_module_type_log_level_Error, text, sizeof text - 1);
	}
	return true;
}

bool tell(struct stream *s, const struct command *c, const char *payload) {
	static const buffer space = TEXT("modelgate");
	if (c->kind == COMMAND_COUNT_LABELS) {
		return count(s, c, payload);
	}
	if (c->b > c->size) {
		return false;
	}
	buffer name = {payload, c->b}, value = {payload + c->b, c->size - c->b};
	if (c->kind == COMMAND_FILTER_STATE) {
		return envoy_dynamic_module_callback_http_set_filter_state_bytes(s->filter, name, value);
	}
	envoy_dynamic_module_callback_http_set_dynamic_metadata_string(s->filter, space, name, value);
	return true;
}
