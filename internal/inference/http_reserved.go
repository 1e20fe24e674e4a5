package inference

import (
	"slices"
	"strings"
)

// covers reports whether a path of x could be one of the route's public paths.
func (r *Route) covers(x *resource) bool {
	if r.server != nil && r.server.prefixIsRoot {
		return x.cut == 0 && (x.rest || len(x.segments) > 1) && (len(x.segments) == 0 || !slices.Contains(ownRoots, x.segments[0]))
	}
	if r.prefix == "" || x.cut > 0 && x.route.prefix == r.prefix {
		return false
	}
	prefix := resourcePath{segments: strings.Split(r.prefix[1:], "/"), rest: true}
	return prefix.overlaps(&x.resourcePath) && prefix.contains(&x.resourcePath)
}

// ownServices are the services of model servers in gRPC. A proxy behind the gate may make
// gRPC of what comes as gRPC-Web.
var ownServices = []string{oip, mlserverRepository, tfPrediction, tfModels, tfSession, torchInference, torchManagement, torchOpen}

// reserve keeps wider resources, such as /*, from the paths of other routes: below a prefix
// or a base of another route, and below the first segments of model servers' own paths, a
// resource must be declared.
func (rs *Routes) reserve() {
	var prefixes []string
	for _, service := range ownServices {
		prefixes = append(prefixes, strings.TrimSuffix(service, "/"))
	}
	for _, root := range ownRoots {
		prefixes = append(prefixes, "/"+root)
	}
	for _, r := range rs.routes {
		prefixes = append(prefixes, r.prefix, r.base)
	}
	for _, prefix := range prefixes {
		if prefix == "" {
			continue
		}
		segments := strings.Split(prefix[1:], "/")
		rs.insert(&resource{resourcePath: resourcePath{segments: segments}})
		rs.insert(&resource{resourcePath: resourcePath{segments: segments, rest: true}})
	}
}
