//go:build native

#include <stdlib.h>
#include <string.h>

#include "_cgo_export.h"
#include "perform.h"
#include "route.h"

// The hooks of a stream and of its request. What a stream does not need is answered here, without entering Go. No
// hook returns Continue for a request unless Go has said so. Envoy calls all hooks of a stream
// on its worker's thread, and may destroy the stream while it performs a local reply, or
// continues a request.

static struct worker *workers; // by index; the last one is the main thread's
static uint32_t worker_count;

envoy_dynamic_module_type_abi_version_module_ptr envoy_dynamic_module_on_program_init(void) {
	worker_count = envoy_dynamic_module_callback_get_concurrency() + 1;
	workers = calloc(worker_count, sizeof *workers);
	if (!workers) {
		return NULL;
	}
	for (uint32_t i = 0; i < worker_count; i++) {
		workers[i].index = i;
	}
	goInit(worker_count);
	return "v0.1.0"; // of abi.h
}

envoy_dynamic_module_type_http_filter_module_ptr
envoy_dynamic_module_on_http_filter_new(envoy_dynamic_module_type_http_filter_config_module_ptr config, void *filter) {
	struct stream *s = calloc(1, sizeof *s);
	if (s) {
		s->filter = filter;
		s->config = (struct config *)config;
	}
	return s; // Envoy closes the stream if it is NULL
}

void enter(struct stream *s) { s->hooks++; }

void leave(struct stream *s) {
	if (--s->hooks == 0 && s->destroyed) {
		free(s);
	}
}

void envoy_dynamic_module_on_http_filter_destroy(const void *stream) {
	struct stream *s = (struct stream *)stream;
	if (!s) {
		return;
	}
	enter(s);
	if (s->handle) {
		goEnd(s);
		perform(s); // counters and lines of the log
		s->handle = 0;
	}
	s->destroyed = true;
	leave(s);
}

int finish(struct stream *s, int result) {
	s->needs_response = false;
	s->edited_body = false;
	if (result & RESULT_ENDED) {
		s->handle = 0;
	}
	if (result & RESULT_FAILED) {
		refuse(s, "model gate: a hook failed");
		return ACTION_PAUSE;
	}
	if (!perform(s)) {
		refuse(s, "model gate: performing the decision failed");
		return ACTION_PAUSE;
	}
	if (s->replied || s->destroyed) {
		return ACTION_PAUSE;
	}
	s->needs_response = result & RESULT_NEEDS_RESPONSE;
	return result & ACTION_MASK;
}

// finish_request is finish for a part of the request. Before the head goes on, Envoy selects the
// route by it as it is now, and the narrowing of that route is asked, if it has one.
static int finish_request(struct stream *s, int result) {
	s->open = false;
	int action = finish(s, result);
	if (action == ACTION_FORWARD && !s->sent) {
		s->sent = true;
		uintptr_t narrowing = 0;
		bool known = narrowing_of(s, &narrowing);
		if (narrowing || !known) {
			bool edited_body = s->edited_body;
			result = known && s->handle ? goNarrow(s, narrowing) : RESULT_FAILED;
			action = finish(s, result);
			s->edited_body = edited_body;
		}
	}
	s->open = action == ACTION_FORWARD && result & RESULT_OPEN;
	return action;
}

// set_worker finds the worker whose thread this is.
static bool set_worker(struct stream *s) {
	uint32_t index = envoy_dynamic_module_callback_http_filter_get_worker_index(s->filter);
	if (index >= worker_count) {
		return false;
	}
	s->worker = &workers[index];
	return true;
}

enum { FEW_HEADERS = 64 };

// decide hands all headers of a request to Go in one call.
static int decide(struct stream *s, bool end) {
	const int map = envoy_dynamic_module_type_http_header_type_RequestHeader;
	if (!set_worker(s)) {
		refuse(s, "model gate: a worker has an unknown index");
		return ACTION_PAUSE;
	}
	size_t count = shim_headers_size(s, map);
	envoy_dynamic_module_type_envoy_http_header few[FEW_HEADERS], *headers = few;
	if (count > FEW_HEADERS) {
		headers = malloc(count * sizeof *headers);
	}
	int action = ACTION_PAUSE;
	if (headers && shim_headers(s, map, headers)) {
		action = finish_request(s, goRequestHeaders(s, headers, count, end));
	} else {
		refuse(s, "model gate: reading the request's headers failed");
	}
	if (headers != few) {
		free(headers);
	}
	return action;
}

envoy_dynamic_module_type_on_http_filter_request_headers_status
envoy_dynamic_module_on_http_filter_request_headers(void *filter, const void *stream, bool end) {
	struct stream *s = (struct stream *)stream;
	if (!s) {
		return envoy_dynamic_module_type_on_http_filter_request_headers_status_StopIteration;
	}
	enter(s);
	s->stopped = decide(s, end) != ACTION_FORWARD;
	bool stopped = s->stopped;
	leave(s);
	return stopped ? envoy_dynamic_module_type_on_http_filter_request_headers_status_StopIteration
	               : envoy_dynamic_module_type_on_http_filter_request_headers_status_Continue;
}

static envoy_dynamic_module_type_on_http_filter_request_body_status body_status(struct stream *s, int action) {
	if (s->replied || s->destroyed || action == ACTION_NO_BUFFER) {
		return envoy_dynamic_module_type_on_http_filter_request_body_status_StopIterationNoBuffer;
	}
	return action == ACTION_FORWARD ? envoy_dynamic_module_type_on_http_filter_request_body_status_Continue
	                                : envoy_dynamic_module_type_on_http_filter_request_body_status_StopIterationAndBuffer;
}

envoy_dynamic_module_type_on_http_filter_request_body_status
envoy_dynamic_module_on_http_filter_request_body(void *filter, const void *stream, bool end) {
	struct stream *s = (struct stream *)stream;
	if (!s) { // Envoy has answered the request, because its buffer is full
		return envoy_dynamic_module_type_on_http_filter_request_body_status_StopIterationNoBuffer;
	}
	enter(s);
	int action = ACTION_PAUSE;
	if (s->open && !s->replied) {
		action = ACTION_FORWARD;
	} else if (s->handle && !s->replied) {
		action = finish_request(s, goRequestBody(s, body_size(s, 0), end));
	} else if (!s->replied) {
		refuse(s, "model gate: a body came before its request was decided");
	}
	s->stopped = action != ACTION_FORWARD;
	envoy_dynamic_module_type_on_http_filter_request_body_status status = body_status(s, action);
	leave(s);
	return status;
}

// Trailers always go to Go: there may be credentials in them. What is appended to the body here gets
// into Envoy's buffer, which Envoy forwards only where it has stopped before. It always has: a gate
// that holds a part of a body has held the last of it.
envoy_dynamic_module_type_on_http_filter_request_trailers_status
envoy_dynamic_module_on_http_filter_request_trailers(void *filter, const void *stream) {
	struct stream *s = (struct stream *)stream;
	if (!s) {
		return envoy_dynamic_module_type_on_http_filter_request_trailers_status_StopIteration;
	}
	enter(s);
	int action = ACTION_PAUSE;
	bool stopped = s->stopped;
	if (s->handle && !s->replied) {
		action = finish_request(s, goRequestTrailers(s));
		if (action == ACTION_FORWARD && s->edited_body && !stopped) {
			refuse(s, "model gate: a body changed after it had gone on");
			action = ACTION_PAUSE;
		}
	} else if (!s->replied) {
		refuse(s, "model gate: trailers came before their request was decided");
	}
	s->stopped = stopped = action != ACTION_FORWARD;
	leave(s);
	return stopped ? envoy_dynamic_module_type_on_http_filter_request_trailers_status_StopIteration
	               : envoy_dynamic_module_type_on_http_filter_request_trailers_status_Continue;
}

void envoy_dynamic_module_on_http_filter_scheduled(void *filter, const void *stream, uint64_t event) {
	struct stream *s = (struct stream *)stream;
	if (!s || s->replied || !s->handle) {
		return;
	}
	enter(s);
	if (finish_request(s, goScheduled(s, event)) == ACTION_FORWARD && s->stopped) {
		s->stopped = false;
		envoy_dynamic_module_callback_http_filter_continue_decoding(s->filter);
	}
	leave(s);
}
