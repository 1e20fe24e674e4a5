package inference

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// grpcService declares that a whole gRPC service is one model: for a server whose
// messages name none, such as one on Cloud Run. Its paths are
// /<package.Service>/<Method> (the gRPC over HTTP/2 protocol, "Path").
type grpcService struct {
	service string
	model   Model
	verb    Verb
	names   *hostNames // nil where requests keep their host
	hosts   []string   // on which the model is asked for; nil for any
}

func compileGRPC(r *Route, v strictjson.Value, _ routeContext) {
	o := v.Object("protocol", "service", "model", "verb", "names", "hosts", "credentials", "shadow")
	r.compileCommon(o)
	g := &grpcService{service: o.Need("service").Text()}
	if g.service != "" && !isGRPCService(g.service) {
		o.Get("service").MustBe("a gRPC service such as echo.EchoServer%s", grpcServiceHint(g.service))
	}
	g.model = compileServiceName(o.Need("model"))
	g.model.Name = g.model.Service
	if verb := o.Get("verb"); verb.Exists() {
		var ok bool
		if g.verb, ok = ParseVerb(verb.JSON().Str); !ok {
			verb.MustBe("%s", strictjson.Or(verbNames[:]))
		}
	}
	if names := o.Get("names"); names.Exists() {
		g.names = compileHostNames(names, strictjson.Value{})
		if g.names.templates[predictor] != nil && IsLabel(g.model.Service) && g.host() == "" {
			names.Fail("must make a host name of %q, of labels of at most 63 bytes each and at most 253 in all", g.model)
		}
	}
	g.hosts = compileHosts(o.Get("hosts"))
	if g.service != "" {
		r.prefix = "/" + g.service
	}
	r.names, r.match = g.names, g.match
	r.model, r.hosts = g.model, g.hosts
	r.anyHost = g.names == nil && g.hosts == nil
}

// grpcServiceHint names the mistake that is most often made in a service's name.
func grpcServiceHint(service string) string {
	if strings.Contains(service, "/") {
		return ", without slashes or a method"
	}
	return ""
}

// host returns the host name of the model's service.
func (g *grpcService) host() string {
	return g.names.templates[predictor].host(g.model.Service, g.model.Namespace)
}

func (g *grpcService) match(r *parsedRequest) (Match, reason.Reason) {
	method, ok := strings.CutPrefix(r.path, "/"+g.service+"/")
	if !ok || !isIdentifier(method) || r.query != "" || r.Method != "POST" || !r.GRPC {
		return Match{}, reason.PathUnknown
	}
	if g.hosts != nil && !slices.Contains(g.hosts, r.host) {
		return Match{}, reason.HostInvalid
	}
	m := Match{
		Call:      Call{Verb: g.verb, Models: []Model{g.model}, Protocol: "grpc"},
		Authority: r.Authority,
		Path:      r.Path,
	}
	if g.names != nil {
		m.Authority = g.host()
	}
	return m, reason.Allowed
}
