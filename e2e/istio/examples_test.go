package istio

import (
	"strings"
	"testing"
	"time"

	extensions "istio.io/api/extensions/v1alpha1"

	"github.com/modelgate/modelgate/e2e/internal/upstream"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// Hosts of routes, as they are in a resource.
const every, kubeflow = `"*"`, `"*.kubeflow", "*.kubeflow.svc", "*.kubeflow.svc.cluster.local"`

// behindOneGateway are the examples with servers for HTTP and for gRPC behind a gateway, and
// the hosts of their routes.
var behindOneGateway = []struct{ name, rest, grpc, hosts string }{
	{"api-keys", "llm", "llm", every},
	{"bearer", "models", "models", every},
	{"cors", "models", "models", every},
	{"denies", "models", "models", every},
	{"grpc-cloud-run", "echo", "echo", every},
	{"headers", "models", "models", every},
	{"hostile", "kubeflow", "kubeflow", kubeflow},
	{"hosts", "models", "models", every},
	{"http", "models", "models", every},
	{"kubeflow", "pages", "pages", every},
	{"kserve-v2", "rest", "grpc", every},
	{"oauth2", "models", "models", every},
	{"providers", "models", "models", every},
	{"remote-keys", "models", "models", every},
	{"secrets", "models", "models", every},
	{"shadow", "models", "models", every},
	{"tfserving", "rest", "grpc", every},
	{"triton-stream", "rest", "grpc", every},
}

// TestExamples sends the cases of the examples that run behind one gateway
// through it, one example's WasmPlugin and routes after the other's, and holds
// them to the lines to which an Envoy without Istio is held. Other tests have the
// rest: TestCorpusGateway, TestSidecar and TestCorpusEnvoyFilter.
func TestExamples(t *testing.T) {
	w, secrets := ingress(t), load(t, "secrets")
	w.env = secrets.Env
	plane := newPlane(t, unnormalised, front(t, w)...)
	gateway := plane.start(t, w)
	for _, c := range behindOneGateway {
		t.Run(c.name, func(t *testing.T) {
			s, servers := load(t, c.name), recording(t, c.rest, c.grpc)
			if c.name == "secrets" {
				s = secrets
			}
			plane.apply(testdata(t, "models.yaml", map[string]string{"NAME": c.name, "HOSTS": c.hosts,
				"REST": portOf(servers[c.rest].Addr), "GRPC": portOf(servers[c.grpc].Addr)})...)
			plane.apply(plugin(t, "gateway", s, marked(c.name+"-marked"), func(w *extensions.WasmPlugin) {
				w.VmConfig = &extensions.VmConfig{}
				for name, value := range s.Env {
					v := &extensions.EnvVar{Name: name, Value: value}
					if s == secrets { // the proxy has it, as manifests/istio/secrets says
						v = &extensions.EnvVar{Name: name, ValueFrom: extensions.EnvValueSource_HOST}
					}
					w.VmConfig.Env = append(w.VmConfig.Env, v)
				}
			}))
			gateway.serves(t, "rest-of-"+c.name, c.name+"-marked")
			first, err := s.Request(s.Cases[0], time.Now())
			if err != nil {
				t.Fatal(err)
			}
			settled(t, gateway, first, s.Cases[0].Want, "the worker has it too")
			gateway.checks(t, s, servers)
			if s == secrets {
				gateway.hides(t, secrets.Env)
			}
		})
	}
	if n := gateway.nacks(); len(n) > 0 {
		t.Errorf("Envoy rejected %q", n)
	}
}

// checks sends an example's cases to servers behind the proxy.
func (p *proxy) checks(t *testing.T, s *corpus.Scenario, servers map[string]*upstream.Server) {
	t.Helper()
	for _, one := range s.Cases {
		r, err := s.Request(one, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		answer(servers, r)
		one.Envoy = upgraded(one.Envoy)
		if len(servers) == 1 { // whatever the example's clusters are
			one.Upstream = ""
		}
		if err := one.Check(r, ask(t, p.addr, nil, r), corpus.EnvoyHTTP1); err != nil {
			t.Error(err)
		}
	}
}

// hides: what the proxy shows of itself has the names of the variables, and no value.
func (p *proxy) hides(t *testing.T, env map[string]string) {
	t.Helper()
	dump, err := p.Admin("/config_dump")
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range env {
		secret := !strings.HasPrefix(value, "{") // a key set is public
		if !strings.Contains(dump, name) || secret && strings.Contains(dump, value) {
			t.Errorf("the dump has no %s, or its value", name)
		}
	}
}

// upgraded is the answer that Envoy is to give itself, but "" for the 403 of an
// upgrade: Istio lets websockets be asked for, and the gate refuses.
func upgraded(envoy string) string {
	if envoy == "403" {
		return ""
	}
	return envoy
}

// recording starts servers; equal names are one.
func recording(t *testing.T, names ...string) map[string]*upstream.Server {
	t.Helper()
	servers := map[string]*upstream.Server{}
	for _, name := range names {
		if servers[name] != nil {
			continue
		}
		s, err := upstream.Start(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		servers[name] = s
	}
	return servers
}

// answer has the servers answer as a case says.
func answer(servers map[string]*upstream.Server, r corpus.Request) {
	for _, s := range servers {
		s.Answer(r.Reply)
	}
}
