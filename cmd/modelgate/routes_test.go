package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/replay"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// runRoutes runs routes. "" leaves --to out.
func runRoutes(t *testing.T, gateway, to string, services ...string) result {
	t.Helper()
	s, file := writeScenario(t, config)
	args := []string{"routes", "--config", file, "--gateway", gateway, "--to", to}
	return runCommand(s.Secret, strings.Join(services, "\n")+"\n", args...)
}

func TestRoutes(t *testing.T) {
	got := runRoutes(t, "kubeflow/gateway", "local.istio-system.svc.cluster.local", "prod/fraud", "prod/churn", "prod/fraud")
	const first = `---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: modelgate-fraud-predictor-default
  namespace: prod
spec:
  hosts:
    - fraud-predictor-default.prod.svc.cluster.local
  gateways:
    - kubeflow/gateway
  http:
    - route:
        - destination:
            host: local.istio-system.svc.cluster.local
---
`
	if got.status != 0 || got.err != "" || !strings.HasPrefix(got.out, first) {
		t.Errorf("routes = %+v\nwant 0, and first\n%s", got, first)
	}
	if n := strings.Count(got.out, "kind: VirtualService"); n != 6 {
		t.Errorf("%d VirtualServices for two services, one of them named twice; want 6", n)
	}
}

func TestRoutesToTheHostItself(t *testing.T) {
	got := runRoutes(t, "kubeflow/gateway", "", "prod/fraud")
	if want := "destination:\n            host: fraud-explainer-default.prod.svc.cluster.local\n"; !strings.Contains(got.out, want) {
		t.Errorf("routes = %+v\nwant %s", got, want)
	}
}

// TestRoutesOfBadLines: a line that names no service has an error, and the others
// have their routes.
func TestRoutesOfBadLines(t *testing.T) {
	services := []string{"prod/fraud", "prod/Fraud", "fraud", "", "prod/a/b", "prod/" + strings.Repeat("x", 60)}
	got := runRoutes(t, "kubeflow/gateway", "", services...)
	if n := strings.Count(got.out, "kind:"); got.status != 1 || n != 3 {
		t.Errorf("status %d and %d VirtualServices, want 1 and the 3 of prod/fraud", got.status, n)
	}
	if n := strings.Count(got.err, "line "); n != len(services)-1 {
		t.Errorf("%d errors, want %d:\n%s", n, len(services)-1, got.err)
	}
	want := `line 2: must be NAMESPACE/SERVICE of a service that a route of the configuration rewrites to; got "prod/Fraud"` + "\n"
	if !strings.HasPrefix(got.err, want) {
		t.Errorf("errors %q, want first %q", got.err, want)
	}
}

func TestRoutesUsage(t *testing.T) {
	for _, c := range []struct{ gateway, to, want string }{
		{"gateway", "", "--gateway must be NAMESPACE/NAME"},
		{"", "", "--gateway must be NAMESPACE/NAME"},
		{"a/b]", "", "--gateway must be NAMESPACE/NAME"},
		{"A/b", "", "--gateway must be NAMESPACE/NAME"},
		{"a/b", "x y", "--to must be a host"},
		{"a/b", "x}", "--to must be a host"},
		{"a/b", "-x", "--to must be a host"},
	} {
		t.Run(c.gateway+" "+c.to, func(t *testing.T) {
			got := runRoutes(t, c.gateway, c.to, "prod/fraud")
			if got.status != 2 || !strings.Contains(got.err, c.want) || !strings.Contains(got.err, "usage: ") {
				t.Errorf("routes = %+v\nwant 2, %s and the usage", got, c.want)
			}
		})
	}
}

// TestRoutesOfCorpus: every host that the gate writes in an example's case has a route for the
// service that it is for.
func TestRoutesOfCorpus(t *testing.T) {
	scenarios, err := corpus.LoadAll("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	written := 0
	for _, s := range scenarios {
		t.Run(s.Name, func(t *testing.T) {
			g, err := gate.New(s.Config, s.Secret)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range s.Cases {
				r, err := s.Request(c, time.Now())
				if err != nil {
					t.Fatal(err)
				}
				line, _ := json.Marshal(map[string]any{"method": r.Method, "path": r.Path, "authority": r.Authority, "headers": r.Headers,
					"trailers": r.Trailers, "body": []byte(r.Body), "peer": map[string]any{"uri": r.Peer.URI, "validated": r.Peer.Validated,
						"digest": r.Peer.Digest, "subject": r.Peer.Subject, "certificate": r.Peer.Certificate}})
				request, err := parseRequest(line)
				if err != nil {
					t.Fatal(err)
				}
				d := &decider{gate: g, env: gate.Env{Now: time.Now(), Keys: g.Keys(), Admit: replay.NewMemory(1).Admit}}
				x, step, err := d.decide(request)
				if err != nil {
					continue // a key that is published
				}
				a := newAnswer(request, x, step)
				if !a.Allow || a.Authority == "" || a.Authority == r.Authority || a.Shadow {
					continue
				}
				if s.Name == "knative" {
					continue // the activator's header has the host, and no route
				}
				written++
				namespace, rest, _ := strings.Cut(a.Models[0], "/")
				service, _, _ := strings.Cut(rest, "/")
				service, _, _ = strings.Cut(service, "@")
				if hosts, _ := g.Hosts(namespace, service); !slices.Contains(hosts, a.Authority) {
					t.Errorf("%s: the gate writes %s for %s, which has routes for %q", c.Name, a.Authority, a.Models[0], hosts)
				}
			}
		})
	}
	if written < 50 {
		t.Errorf("the gate writes a host in %d cases, want many", written)
	}
}
