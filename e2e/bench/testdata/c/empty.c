// A filter that does nothing with a request.
#include "abi.h"

void EXPORT(proxy_on_context_create)(u32 id, u32 parent) {}
u32 EXPORT(proxy_on_configure)(u32 id, u32 size) { return 1; }
u32 EXPORT(proxy_on_request_headers)(u32 id, u32 count, u32 end) { return 0; }
