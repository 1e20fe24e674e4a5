// What the C side and the Go side of the dynamic module share. See doc.go.
#ifndef MODELGATE_SHIM_H
#define MODELGATE_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"

// A worker is one of Envoy's threads. Only that thread uses it.
struct worker {
	// The commands of the hook that runs: see commands.go.
	char *commands;
	size_t used, size;
	uint32_t index;
};

// A config is one configuration of the filter.
struct config {
	void *envoy;      // Envoy's side of it
	uintptr_t plugin; // Go's, a cgo.Handle
	// The arguments of the command reply with which a stream is refused that Go cannot refuse.
	char *refusal;
	size_t refusal_size;
};

// A stream is one request and its response.
struct stream {
	void *filter; // Envoy's side of it
	struct config *config;
	struct worker *worker;
	uint64_t handle; // Go's stream, 0 for none
	unsigned hooks;  // of this stream, that run
	bool destroyed;  // Envoy has destroyed the filter, and the last of these hooks frees the stream
	bool replied;    // a local reply has been sent
	bool edited_body; // in the hook that runs
	bool sent;       // the request's head has gone on
	bool stopped;    // Envoy does not forward the request until a hook or continue_decoding says so
	// What Go said last. All false refuses.
	bool open;           // the request goes on, and Go needs no more of its body
	bool needs_response; // the parts of the response are handed to Go
};

// The results of a hook in Go: an action of package driver, and flags.
enum {
	ACTION_PAUSE = 0,
	ACTION_FORWARD = 1,
	ACTION_NO_BUFFER = 2,
	ACTION_MASK = 3,
	RESULT_OPEN = 4,
	RESULT_NEEDS_RESPONSE = 8,
	RESULT_ENDED = 16,  // Go has ended its stream
	RESULT_FAILED = 32, // Go could not say it all: refuse
};

// The kinds of metrics.
enum { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

// What Go calls. All but shim_grow may be called by any thread.
char *shim_grow(struct worker *w, size_t size);
void shim_log(int level, const char *text, size_t size);
bool shim_filter_state(struct stream *s, const char *key, size_t key_size, envoy_dynamic_module_type_envoy_buffer *value);
bool shim_attribute(struct stream *s, int id, envoy_dynamic_module_type_envoy_buffer *value);
size_t shim_headers_size(struct stream *s, int map);
bool shim_headers(struct stream *s, int map, void *pairs);
size_t shim_body_slices(struct stream *s, int body);
bool shim_body(struct stream *s, int body, void *slices);
int shim_define(void *config_envoy, int kind, const char *name, size_t size, size_t *id);
int shim_define_decisions(void *config_envoy, size_t *id);
int shim_config_metric(void *config_envoy, int kind, size_t id, uint64_t n);
int shim_callout(void *config_envoy, uint64_t *id, const char *cluster, size_t cluster_size, void *headers, size_t headers_size,
                 uint64_t milliseconds);

// A scheduler has a hook called on the thread of a stream, or on the main thread of a configuration.
void *shim_scheduler_new(void *filter);
void shim_scheduler_commit(void *scheduler, uint64_t event);
void shim_scheduler_delete(void *scheduler);
void *shim_config_scheduler_new(void *config_envoy);
void shim_config_scheduler_commit(void *scheduler);
void shim_config_scheduler_delete(void *scheduler);

#endif
