package importer

import (
	"cmp"
	"slices"
	"strings"
)

// The facts about Envoy are from envoyproxy/envoy: api/envoy/config/rbac/v3/rbac.proto and
// api/envoy/extensions/filters/http/jwt_authn/v3/config.proto.

// envoyRoots are fields of which a document of Envoy has one.
var envoyRoots = []string{
	"static_resources", "dynamic_resources", "configs", "http_filters", "filter_chains", "filters", "listeners", "resources", "@type",
}

func isEnvoy(v value) bool {
	return slices.ContainsFunc(envoyRoots, func(name string) bool { return v.get(name).exists() })
}

// The types of messages that allow or deny.
const (
	typeJWT        = "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication"
	typeRBAC       = "envoy.extensions.filters.http.rbac.v3.RBAC"
	typeExtAuthz   = "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz"
	typeRouter     = "envoy.extensions.filters.http.router.v3.Router"
	typeNetwork    = "envoy.extensions.filters.network.rbac.v3.RBAC"
	typeJWTRoute   = "envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig"
	typeRBACRoute  = "envoy.extensions.filters.http.rbac.v3.RBACPerRoute"
	typeAuthzRoute = "envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute"
)

// manager is a connection manager and its filters that allow or deny.
type manager struct {
	value
	filters []envoyFilter // that have one of the types above, in order
	others  []value
}

// envoyFilter is the configuration of a filter.
type envoyFilter struct {
	value
	name string // of its type
}

// typed returns the message of a typed field and the name of its type.
func typed(v value) (message value, name string) {
	name = v.get("@type").text()
	if url := v.get("type_url"); url.exists() { // a TypedStruct
		v, name = v.get("value"), url.text()
	}
	return v, name[strings.LastIndexByte(name, '/')+1:]
}

// envoyReader reads the filters of one connection manager.
type envoyReader struct {
	*session
	program   *program
	managers  []manager
	providers []envoyProvider
}

// find looks for connection managers in a value and below it.
func (r *envoyReader) find(v value) {
	if filters := v.get("http_filters"); filters.isArray() {
		m := manager{value: v}
		for _, f := range filters.items() {
			message, name := typed(f.get("typed_config"))
			isOurs := name == typeJWT || name == typeRBAC || name == typeExtAuthz
			switch {
			case f.get("disabled").isTrue() && isOurs:
				r.remark(f, "is disabled, and not read")
			case isOurs:
				m.filters = append(m.filters, envoyFilter{message, name})
			case name != typeRouter:
				m.others = append(m.others, f)
			}
		}
		if m.filters != nil && !slices.ContainsFunc(r.managers, m.isSame) {
			r.managers = append(r.managers, m)
		}
	}
	if _, name := typed(v); name == typeNetwork {
		r.leftOut(v, "is a filter of connections, which the gate is not: it stays in Envoy")
	}
	for _, f := range v.fields() {
		r.find(f.value)
	}
	for _, item := range v.items() {
		r.find(item)
	}
}

// isSame reports whether two managers have the same filters: Istio's listeners repeat them.
func (m manager) isSame(other manager) bool {
	return slices.EqualFunc(m.filters, other.filters, func(a, b envoyFilter) bool { return a.json.Raw == b.json.Raw })
}

// readEnvoy reads jwt_authn and RBAC of the one connection manager that has them.
func (s *session) readEnvoy(list []value) error {
	r := &envoyReader{session: s, program: &program{service: cmp.Or(s.options.Service, "default/envoy")}}
	for _, v := range list {
		r.find(v)
	}
	if len(r.managers) != 1 {
		var known []string
		for _, m := range r.managers {
			known = append(known, m.get("stat_prefix").text())
		}
		return list[0].problem("must have one connection manager with jwt_authn or RBAC; got %d of them: %q", len(r.managers), known)
	}
	m := r.managers[0]
	for _, v := range list {
		if err := refusePerRoute(v); err != nil {
			return err
		}
	}
	for _, f := range m.others {
		if err := r.other(f); err != nil {
			return err
		}
	}
	r.program.trustDomain = cmp.Or(s.options.TrustDomain, trustDomainIn(m.json.Raw), "cluster.local")
	for _, f := range m.filters {
		if err := r.filter(f); err != nil {
			return err
		}
	}
	if r.program.allow == nil {
		r.remark(m.value, "no RBAC filter allows: as in Envoy, whoever is not denied is allowed")
	}
	return s.compile(r.program)
}

// other says that a filter is not read. One whose configuration comes from elsewhere must not be
// of the types that are.
func (r *envoyReader) other(f value) error {
	for _, url := range f.get("config_discovery").get("type_urls").items() {
		if name := url.text()[strings.LastIndexByte(url.text(), '/')+1:]; name == typeJWT || name == typeRBAC || name == typeExtAuthz {
			return f.problem("must not be there: its configuration is not in this file, and without it more could be allowed")
		}
	}
	r.remark(f, "the filter %s stays in Envoy", f.get("name").text())
	return nil
}

// trustDomainIn returns the first trust domain that a text names.
func trustDomainIn(text string) string {
	_, after, found := strings.Cut(text, "spiffe://")
	end := strings.IndexFunc(after, func(c rune) bool { return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789.-_", c) })
	if !found || end <= 0 {
		return ""
	}
	return after[:end]
}

// refusePerRoute refuses rules of single routes, which may be narrower than the filter's own.
func refusePerRoute(v value) error {
	if _, name := typed(v); name == typeJWTRoute || name == typeRBACRoute || name == typeAuthzRoute {
		return v.problem("must not be there: rules of single routes are not read, and without them more could be allowed")
	}
	for _, f := range v.fields() {
		if err := refusePerRoute(f.value); err != nil {
			return err
		}
	}
	for _, item := range v.items() {
		if err := refusePerRoute(item); err != nil {
			return err
		}
	}
	return nil
}

// filter reads one filter.
func (r *envoyReader) filter(f envoyFilter) error {
	switch {
	case f.name == typeJWT:
		return r.jwt(f.value)
	case f.name == typeRBAC:
		return r.rbac(f.value)
	case r.options.KeepCustom:
		r.remark(f.value, "the external authorizer stays beside the gate")
		return nil
	}
	return f.problem("must not be there: the gate does not ask an external authorizer, and without it more could be allowed. " +
		"With --keep-custom the filter stays in Envoy beside the gate")
}
