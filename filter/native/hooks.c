//go:build native

#include <stdlib.h>
#include <string.h>

#include "_cgo_export.h"
#include "perform.h"
#include "route.h"

// The hooks of a stream. What a stream does not need is answered here, without entering Go. No
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

static void enter(struct stream *s) { s->hooks++; }

static void leave(struct stream *s) {
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

// finish performs what Go has asked for in a hook and takes over the result. It returns the
// action, which is to pause if the stream has been refused or destroyed.
static int finish(struct stream *s, int result) {
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

enum { EVENT_CONTINUE = 0 }; // no event of package driver is 0

// continue_later holds trailers back until Envoy's loop comes round. Before them goes what has
// been appended to the buffered body, and Envoy forwards that buffer only where it has stopped.
static int continue_later(struct stream *s) {
	void *scheduler = shim_scheduler_new(s->filter);
	shim_scheduler_commit(scheduler, EVENT_CONTINUE);
	shim_scheduler_delete(scheduler);
	return ACTION_PAUSE;
}

// Trailers always go to Go: there may be credentials in them.
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
			action = continue_later(s);
		}
	} else if (!s->replied) {
		refuse(s, "model gate: trailers came before their request was decided");
	}
	s->stopped = stopped = action != ACTION_FORWARD;
	leave(s);
	return stopped ? envoy_dynamic_module_type_on_http_filter_request_trailers_status_StopIteration
	               : envoy_dynamic_module_type_on_http_filter_request_trailers_status_Continue;
}

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

void envoy_dynamic_module_on_http_filter_scheduled(void *filter, const void *stream, uint64_t event) {
	struct stream *s = (struct stream *)stream;
	if (!s || s->replied || (event != EVENT_CONTINUE && !s->handle)) {
		return;
	}
	enter(s);
	if ((event == EVENT_CONTINUE || finish_request(s, goScheduled(s, event)) == ACTION_FORWARD) && s->stopped) {
		s->stopped = false;
		envoy_dynamic_module_callback_http_filter_continue_decoding(s->filter);
	}
	leave(s);
}
