//go:build native

#include "perform.h"

#include <stdlib.h>
#include <string.h>

#include "commands.h"

// The most memory that a worker keeps for the commands of its next hooks, in bytes.
enum { KEPT_COMMANDS = 64 << 10 };

char *shim_grow(struct worker *w, size_t size) {
	char *commands = realloc(w->commands, size);
	if (commands) {
		w->commands = commands;
		w->size = size;
	}
	return commands;
}

void drop_commands(struct worker *w) {
	if (!w) {
		return;
	}
	w->used = 0;
	if (w->size > KEPT_COMMANDS) {
		free(w->commands);
		w->commands = NULL;
		w->size = 0;
	}
}

static bool edit_header(struct stream *s, const struct command *c, const char *payload) {
	envoy_dynamic_module_type_module_buffer name = {payload, c->size}, value = {NULL, 0};
	if (c->kind == COMMAND_SET) {
		name.length = c->b;
		value.ptr = payload + c->b;
		value.length = c->size - c->b;
	}
	return envoy_dynamic_module_callback_http_set_header(s->filter, c->a, name, value);
}

static void write_metric(struct stream *s, const struct command *c) {
	envoy_dynamic_module_type_metrics_result result;
	switch (c->kind) {
	case COMMAND_ADD_COUNTER:
		result = envoy_dynamic_module_callback_http_filter_increment_counter(s->filter, c->a, NULL, 0, c->b);
		break;
	case COMMAND_ADD_GAUGE:
		result = envoy_dynamic_module_callback_http_filter_increment_gauge(s->filter, c->a, NULL, 0, c->b);
		break;
	case COMMAND_SUB_GAUGE:
		result = envoy_dynamic_module_callback_http_filter_decrement_gauge(s->filter, c->a, NULL, 0, c->b);
		break;
	case COMMAND_RECORD:
		result = envoy_dynamic_module_callback_http_filter_record_histogram_value(s->filter, c->a, NULL, 0, c->b);
		break;
	default:
		result = envoy_dynamic_module_callback_http_filter_set_gauge(s->filter, c->a, NULL, 0, c->b);
	}
	if (result != envoy_dynamic_module_type_metrics_result_Success) {
		static const char text[] = "model gate: writing a metric failed";
		shim_log(envoy_dynamic_module_type_log_level_Error, text, sizeof text - 1);
	}
}

// The commands after which Envoy may call other hooks or destroy the stream: they are performed
// last, since the hooks use the same memory for their commands.
struct last {
	bool edits_body;
	struct command body;
	const char *front; // of the body
	char *reply;       // a copy, or NULL
	size_t reply_size;
};

static bool perform_one(struct stream *s, const struct command *c, const char *payload, struct last *last) {
	switch (c->kind) {
	case COMMAND_LOG:
		shim_log(c->a, payload, c->size);
		return true;
	case COMMAND_ADD_COUNTER:
	case COMMAND_ADD_GAUGE:
	case COMMAND_SUB_GAUGE:
	case COMMAND_SET_GAUGE:
	case COMMAND_RECORD:
		write_metric(s, c);
		return true;
	case COMMAND_REMOVE:
	case COMMAND_SET:
		return edit_header(s, c, payload);
	case COMMAND_CLEAR_ROUTE:
		envoy_dynamic_module_callback_http_clear_route_cache(s->filter);
		return true;
	case COMMAND_METADATA:
	case COMMAND_FILTER_STATE:
	case COMMAND_COUNT_LABELS:
		return tell(s, c, payload);
	case COMMAND_BODY:
		last->edits_body = true;
		last->body = *c;
		last->front = payload;
		return true;
	case COMMAND_REPLY:
		free(last->reply);
		last->reply_size = c->size;
		last->reply = malloc(c->size + 1);
		return last->reply && memcpy(last->reply, payload, c->size);
	}
	return false;
}

bool perform(struct stream *s) {
	struct worker *w = s->worker;
	struct last last = {0};
	bool ok = true;
	for (const char *p = w->commands, *end = p + w->used; ok && p != end;) {
		struct command c;
		memcpy(&c, p, sizeof c);
		p += sizeof c;
		ok = perform_one(s, &c, p, &last);
		p += c.size;
	}
	if (ok && last.edits_body) {
		s->edited_body = true;
		ok = edit_body(s, last.body.a, last.front, last.body.size, last.body.b);
	}
	drop_commands(w);
	if (ok && last.reply && !s->destroyed && !s->replied) {
		ok = send_reply(s, last.reply, last.reply_size);
	}
	free(last.reply);
	return ok;
}
