// What hooks.c needs of route.c.
#ifndef MODELGATE_ROUTE_H
#define MODELGATE_ROUTE_H

#include "shim.h"

// narrowing_of finds the narrowing of the route by which Envoy now sends the stream on, if it has
// one. It returns false if the route has a configuration of another module.
bool narrowing_of(struct stream *s, uintptr_t *narrowing);

#endif
