package inference

import (
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// grpcService declares that a whole gRPC service is one model: a server whose
// messages name none, such as one on Cloud Run. Its path is
// /<package.Service>/<Method> (the gRPC over HTTP/2 protocol, "Path").
type grpcService struct {
	service string
	model   Model
	verb    Verb
	names   *Names
	hosts   []string // on which the model is asked for; nil for any
}

func compileGRPC(r *Route, v strictjson.Value, _ surroundings) {
	o := v.Object("protocol", "service", "model", "verb", "names", "hosts", "credentials", "shadow")
	r.common(o)
	g := &grpcService{service: o.Need("service").Text()}
	if s := o.Get("service"); s.Exists() && !serviceForm(g.service) {
		s.Fail("is a gRPC service such as echo.EchoServer")
	}
	if m := o.Need("model"); m.Exists() {
		p, err := ParsePattern(m.Text())
		if err != nil || len(p.Segments) != 2 || p.Version != "" || strings.Contains(m.Text(), "*") {
			m.Fail("is one model: namespace/service")
		} else {
			g.model = Model{Namespace: p.Segments[0], Service: p.Segments[1], Name: p.Segments[1]}
		}
	}
	if verb := o.Get("verb"); verb.Exists() {
		var ok bool
		if g.verb, ok = ParseVerb(verb.Text()); !ok {
			verb.Fail("is no verb")
		}
	}
	if names := o.Get("names"); names.Exists() {
		g.names = compileNames(names)
		if t := g.names.templates[predictor]; t != nil && g.model.Service != "" && t.host(g.model.Service, g.model.Namespace) == "" {
			names.Fail("makes no host name of the model")
		}
	}
	g.hosts = compileHosts(o.Get("hosts"))
	r.prefix, r.names, r.match = "/"+g.service, g.names, g.match
	r.anyHost = g.names == nil && g.hosts == nil
}

// compileHosts reads the hosts that a route is on.
func compileHosts(v strictjson.Value) []string {
	hosts := v.Texts()
	for i, host := range hosts {
		if host != "" && !hostForm(host) {
			v.Items()[i].Fail("is no host name of lower-case DNS-1123 labels, without a port")
		}
	}
	return hosts
}

func (g *grpcService) match(r *parsed) (Match, reason.Reason) {
	rest, ok := strings.CutPrefix(r.path, "/"+g.service+"/")
	if !ok || !identifier(rest) || r.query != "" || r.Method != "POST" || !r.GRPC {
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
		m.Authority = g.names.templates[predictor].host(g.model.Service, g.model.Namespace)
	}
	return m, reason.Allowed
}
