//go:build native

#include "_cgo_export.h"
#include "perform.h"

// The hooks of a response.

// passes reports whether a part of the response goes on unseen. Local replies do, and all that is
// answered before this filter has seen the request.
static bool passes(struct stream *s) { return !s || s->replied || !s->needs_response || !s->handle; }

envoy_dynamic_module_type_on_http_filter_response_headers_status
envoy_dynamic_module_on_http_filter_response_headers(void *filter, const void *stream, bool end) {
	struct stream *s = (struct stream *)stream;
	if (passes(s)) {
		return envoy_dynamic_module_type_on_http_filter_response_headers_status_Continue;
	}
	enter(s);
	int action = finish(s, goResponseHeaders(s, end));
	leave(s);
	return action == ACTION_FORWARD ? envoy_dynamic_module_type_on_http_filter_response_headers_status_Continue
	                                : envoy_dynamic_module_type_on_http_filter_response_headers_status_StopIteration;
}

envoy_dynamic_module_type_on_http_filter_response_body_status
envoy_dynamic_module_on_http_filter_response_body(void *filter, const void *stream, bool end) {
	struct stream *s = (struct stream *)stream;
	if (passes(s)) {
		return envoy_dynamic_module_type_on_http_filter_response_body_status_Continue;
	}
	enter(s);
	int action = finish(s, goResponseBody(s, body_size(s, 1), end));
	bool over = s->replied || s->destroyed;
	leave(s);
	if (over) {
		return envoy_dynamic_module_type_on_http_filter_response_body_status_StopIterationNoBuffer;
	}
	return action == ACTION_FORWARD ? envoy_dynamic_module_type_on_http_filter_response_body_status_Continue
	                                : envoy_dynamic_module_type_on_http_filter_response_body_status_StopIterationAndBuffer;
}

envoy_dynamic_module_type_on_http_filter_response_trailers_status
envoy_dynamic_module_on_http_filter_response_trailers(void *filter, const void *stream) {
	struct stream *s = (struct stream *)stream;
	if (passes(s)) {
		return envoy_dynamic_module_type_on_http_filter_response_trailers_status_Continue;
	}
	enter(s);
	int action = finish(s, goResponseTrailers(s));
	leave(s);
	return action == ACTION_FORWARD ? envoy_dynamic_module_type_on_http_filter_response_trailers_status_Continue
	                                : envoy_dynamic_module_type_on_http_filter_response_trailers_status_StopIteration;
}
