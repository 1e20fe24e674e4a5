package istio

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"google.golang.org/protobuf/types/known/wrapperspb"
	meshconfig "istio.io/api/mesh/v1alpha1"
	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/mesh"

	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

// plane is Istio's discovery server with the resources of one test.
type plane struct {
	t    *testing.T
	addr string
	fake *xds.FakeDiscoveryServer
}

// newPlane starts a control plane that serves the resources. Traffic between
// proxies is in plaintext unless a resource says otherwise.
func newPlane(t *testing.T, edit func(*meshconfig.MeshConfig), resources ...config.Config) *plane {
	t.Helper()
	m := mesh.DefaultMeshConfig()
	m.EnableAutoMtls = wrapperspb.Bool(false)
	m.AccessLogFile = "/dev/stdout"
	m.AccessLogFormat = "%REQ(:METHOD)% %REQ(:AUTHORITY)%%PATH(NQ:PATH)% %RESPONSE_CODE% %RESPONSE_CODE_DETAILS%\n"
	if edit != nil {
		edit(m)
	}
	p := &plane{t: t}
	p.fake = xds.NewFakeDiscoveryServer(t, xds.FakeOptions{
		Configs: resources, MeshConfig: m,
		ListenerBuilder: func() (net.Listener, error) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err == nil {
				p.addr = l.Addr().String()
			}
			return l, err
		},
	})
	return p
}

// apply is `kubectl apply`.
func (p *plane) apply(resources ...config.Config) {
	p.t.Helper()
	for _, c := range resources {
		was := p.fake.Store().Get(c.GroupVersionKind, c.Name, c.Namespace)
		var err error
		if was == nil {
			_, err = p.fake.Store().Create(c)
		} else {
			c.ResourceVersion = was.ResourceVersion
			_, err = p.fake.Store().Update(c)
		}
		if err != nil {
			p.t.Fatalf("%s %s/%s: %v", c.GroupVersionKind.Kind, c.Namespace, c.Name, err)
		}
	}
}

// remove is `kubectl delete`.
func (p *plane) remove(c config.Config) {
	p.t.Helper()
	if err := p.fake.Store().Delete(c.GroupVersionKind, c.Name, c.Namespace, nil); err != nil {
		p.t.Fatal(err)
	}
}

// parse reads resources as Istio does, and its validation with them.
func parse(t *testing.T, yaml string) []config.Config {
	t.Helper()
	configs, others, err := crd.ParseInputs(yaml)
	if err != nil {
		t.Fatalf("%v\n%s", err, yaml)
	}
	if len(others) > 0 {
		t.Fatalf("not Istio's: %v", others)
	}
	return configs
}

// parseError is parse where it is to fail.
func parseError(yaml string) error {
	_, _, err := crd.ParseInputs(yaml)
	return err
}

// testdata parses a file of the tests' own, with ${NAME} replaced.
func testdata(t *testing.T, name string, vars map[string]string) []config.Config {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, os.Expand(string(text), func(name string) string {
		value, ok := vars[name]
		if !ok {
			t.Fatalf("nothing for ${%s}", name)
		}
		return value
	}))
}

func freePort(t *testing.T) string {
	t.Helper()
	port, err := testbed.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func portOf(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}

func number(t *testing.T, port string) uint32 {
	t.Helper()
	n, err := strconv.ParseUint(port, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(n)
}
