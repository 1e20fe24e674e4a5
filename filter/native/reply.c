//go:build native

#include <stdlib.h>
#include <string.h>

#include "perform.h"

typedef envoy_dynamic_module_type_module_buffer buffer;
typedef envoy_dynamic_module_type_module_http_header header;

// is_grpc reports whether Envoy takes the request for one of gRPC: Common::isGrpcRequestHeaders of
// source/common/grpc/common.cc of envoyproxy/envoy.
static bool is_grpc(void *filter) {
	static const char type[] = "application/grpc", name[] = "content-type";
	const size_t size = sizeof type - 1;
	buffer key = {name, sizeof name - 1};
	envoy_dynamic_module_type_envoy_buffer value = {NULL, 0};
	return envoy_dynamic_module_callback_http_get_header(filter, envoy_dynamic_module_type_http_header_type_RequestHeader, key,
	                                                     &value, 0, NULL) &&
	       value.length >= size && memcmp(value.ptr, type, size) == 0 && (value.length == size || value.ptr[size] == '+');
}

// The fixed part of the arguments of a command reply. After it come the details, the body and
// each header's name and value; each has its size before it, a uint32_t.
struct reply {
	uint32_t status; // of HTTP
	uint32_t headers;
	char grpc[4]; // the status of gRPC in decimal, filled up with zeros
};

// next_string takes the next string of a reply.
static bool next_string(const char **p, const char *end, buffer *string) {
	uint32_t size;
	if ((size_t)(end - *p) < sizeof size) {
		return false;
	}
	memcpy(&size, *p, sizeof size);
	*p += sizeof size;
	if ((size_t)(end - *p) < size) {
		return false;
	}
	string->ptr = *p;
	string->length = size;
	*p += size;
	return true;
}

// For a gRPC request Envoy makes a trailers-only response of a local reply, with the body as the
// message. The status that the interface hands it is 0, OK; but a header grpc-status of the reply
// takes its place (Utility::prepareLocalReply of source/common/http/utility.cc of
// envoyproxy/envoy, and seen in 1.40.0).
bool send_reply(struct stream *s, const char *arguments, size_t size) {
	static const char grpc_status[] = "grpc-status";
	struct reply r;
	buffer details, body;
	if (size < sizeof r) {
		return false;
	}
	memcpy(&r, arguments, sizeof r);
	const char *p = arguments + sizeof r, *end = arguments + size;
	if (!next_string(&p, end, &details) || !next_string(&p, end, &body) || r.headers > size) {
		return false;
	}
	header *headers = malloc((r.headers + 1) * sizeof *headers);
	if (!headers) {
		return false;
	}
	size_t count = 0;
	for (; count < r.headers; count++) {
		buffer name, value;
		if (!next_string(&p, end, &name) || !next_string(&p, end, &value)) {
			free(headers);
			return false;
		}
		headers[count] = (header){name.ptr, name.length, value.ptr, value.length};
	}
	if (is_grpc(s->filter)) {
		headers[count++] = (header){grpc_status, sizeof grpc_status - 1, r.grpc, strnlen(r.grpc, sizeof r.grpc)};
	}
	s->replied = true;
	envoy_dynamic_module_callback_http_send_response(s->filter, r.status, headers, count, body, details);
	free(headers);
	return true;
}

void refuse(struct stream *s, const char *why) {
	static const char details[] = "modelgate_internal";
	shim_log(envoy_dynamic_module_type_log_level_Critical, why, strlen(why));
	drop_commands(s->worker);
	if (s->replied || s->destroyed) {
		return;
	}
	if (!s->config->refusal || !send_reply(s, s->config->refusal, s->config->refusal_size)) {
		buffer none = {NULL, 0}, text = {details, sizeof details - 1};
		s->replied = true;
		envoy_dynamic_module_callback_http_send_response(s->filter, 500, NULL, 0, none, text);
	}
}
