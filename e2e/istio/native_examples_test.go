package istio

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// TestNativeExamples sends the cases of the examples through a gateway whose gate is the dynamic
// module: one example after the other in one Envoy.
func TestNativeExamples(t *testing.T) {
	w, scenarios := withLibrary(t, ingress(t)), map[string]*corpus.Scenario{}
	for _, c := range behindOneGateway {
		scenarios[c.name] = load(t, c.name)
		maps.Copy(w.env, scenarios[c.name].Env) // the library has the proxy's environment
	}
	plane := newPlane(t, unnormalised, front(t, w)...)
	gateway := plane.start(t, w)
	for _, c := range behindOneGateway {
		t.Run(c.name, func(t *testing.T) {
			s, servers := scenarios[c.name], recording(t, c.rest, c.grpc)
			plane.apply(testdata(t, "models.yaml", map[string]string{"NAME": c.name, "HOSTS": c.hosts,
				"REST": portOf(servers[c.rest].Addr), "GRPC": portOf(servers[c.grpc].Addr)})...)
			plane.apply(byLibrary(t, commented(s.Config, c.name)))
			gateway.serves(t, "rest-of-"+c.name, "by-"+c.name)
			first, err := s.Request(s.Cases[0], time.Now())
			if err != nil {
				t.Fatal(err)
			}
			settled(t, gateway, first, s.Cases[0].Want, "the worker has it too")
			gateway.checks(t, s, servers)
		})
	}
	if n := gateway.nacks(); len(n) > 0 {
		t.Errorf("Envoy rejected %q", n)
	}
}

// commented puts a text into a configuration where it says nothing to the gate, and by which it
// is known in what Envoy says of itself.
func commented(doc, name string) string {
	return strings.Replace(doc, "{", `{"$schema": "by-`+name+`",`, 1)
}
