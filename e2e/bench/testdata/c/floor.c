// The reads and edits that any filter of this kind must make, and nothing
// else: all headers in one call, the clock, whether the token is a known one
// and the path one that it may call; then a removal, three replacements and a
// count. It verifies nothing: its configuration is the one token it knows.
#include "abi.h"

u32 IMPORT(proxy_get_buffer_bytes)(u32 kind, u32 start, u32 size, u8 **at, u32 *length);
u32 IMPORT(proxy_get_header_map_pairs)(u32 kind, u8 **at, u32 *length);
u32 IMPORT(proxy_remove_header_map_value)(u32 kind, const char *name, u32 size);
u32 IMPORT(proxy_replace_header_map_value)(u32 kind, const char *name, u32 size, const char *value, u32 length);
u32 IMPORT(proxy_get_current_time_nanoseconds)(u64 *now);
u32 IMPORT(proxy_define_metric)(u32 kind, const char *name, u32 size, u32 *id);
u32 IMPORT(proxy_increment_metric)(u32 id, u64 by);
u32 IMPORT(proxy_send_local_response)(u32 status, const char *details, u32 size, const char *body, u32 length,
	const u8 *headers, u32 headersSize, u32 grpc);

#define REPLACE(name, value, length) proxy_replace_header_map_value(0, name, sizeof(name) - 1, value, length)

static char token[20000];
static u32 tokenSize, allowed, refused;

typedef struct { const char *at; u32 size; } text;

static int same(text a, const char *b, u32 size) {
	if (a.size != size) return 0;
	for (u32 i = 0; i < size; i++) if (a.at[i] != b[i]) return 0;
	return 1;
}
#define IS(a, constant) same(a, constant, sizeof(constant) - 1)

static u32 append(char *to, u32 at, const char *from, u32 size) {
	for (u32 i = 0; i < size; i++) to[at + i] = from[i];
	return at + size;
}

void EXPORT(proxy_on_context_create)(u32 id, u32 parent) { used = 0; }

u32 EXPORT(proxy_on_configure)(u32 id, u32 size) {
	u8 *at;
	u32 length;
	used = 0;
	if (size + 7 > sizeof token || proxy_get_buffer_bytes(7, 0, size, &at, &length)) return 0;
	tokenSize = append(token, append(token, 0, "Bearer ", 7), (char *)at, length);
	return !proxy_define_metric(0, "floor.allowed", 13, &allowed) && !proxy_define_metric(0, "floor.refused", 13, &refused);
}

static u32 refuse(u32 status) {
	proxy_increment_metric(refused, 1);
	proxy_send_local_response(status, "floor", 5, 0, 0, (const u8 *)"\0\0\0\0", 4, ~0u);
	return 1;
}

static u32 rewrite(text path) {
	// /kfserving/NAMESPACE/SERVICE:predict
	char host[300], to[300];
	u32 at = 11, slash = 0;
	if (path.size > 250) return refuse(400);
	for (u32 i = at; i < path.size && !slash; i++) if (path.at[i] == '/') slash = i;
	u32 service = slash + 1, end = path.size - 8, size = end - service;
	u32 n = append(host, 0, path.at + service, size);
	n = append(host, n, "-predictor-default.", 19);
	n = append(host, n, path.at + at, slash - at);
	n = append(host, n, ".svc.cluster.local", 18);
	u32 m = append(to, 0, "/v1/models/", 11);
	m = append(to, m, path.at + service, size + 8);
	if (proxy_remove_header_map_value(0, "authorization", 13) || REPLACE("x-user", "ana@example.com", 15) ||
		REPLACE(":authority", host, n) || REPLACE(":path", to, m)) return refuse(500);
	proxy_increment_metric(allowed, 1);
	return 0;
}

u32 EXPORT(proxy_on_request_headers)(u32 id, u32 count, u32 end) {
	u8 *map;
	u32 length;
	u64 now;
	used = 0;
	if (proxy_get_header_map_pairs(0, &map, &length) || proxy_get_current_time_nanoseconds(&now)) return refuse(500);
	u32 *sizes = (u32 *)map;
	u32 pairs = *sizes++;
	const char *at = (const char *)map + 4 + 8 * pairs;
	text method = {0, 0}, path = {0, 0}, bearer = {0, 0};
	for (u32 i = 0; i < pairs; i++) {
		text name = {at, sizes[2 * i]}, value = {at + sizes[2 * i] + 1, sizes[2 * i + 1]};
		at = value.at + value.size + 1;
		if (IS(name, ":method")) method = value;
		if (IS(name, ":path")) path = value;
		if (IS(name, "authorization")) bearer = value;
	}
	if (!same(bearer, token, tokenSize)) return refuse(401);
	if (!IS(method, "POST") || !IS(path, "/kfserving/prod/fraud:predict")) return refuse(403);
	return rewrite(path);
}
