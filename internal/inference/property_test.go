package inference_test

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
)

var (
	hostName   = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$`)
	hostSuffix = regexp.MustCompile(`\.(svc\.cluster\.local|edge\.example\.com)$`)
)

// checkMatch checks what must be true of every request under everyRoute, and
// reports whether it is accepted.
func checkMatch(t *testing.T, routes *inference.Routes, r inference.Request) bool {
	t.Helper()
	m, why := routes.Match(r)
	if why != reason.Allowed {
		if m.Route != nil || m.Call.Models != nil || m.Authority != "" || m.Path != "" {
			t.Errorf("Match(%+v) = %s with %v, want no match", r, why, m)
		}
		return false
	}
	if m.Route == nil || len(m.Call.Models) != 1 {
		t.Fatalf("Match(%+v) = %v, want a route and one model", r, m)
	}
	if m.Authority != r.Authority && !isDestination(m.Authority) {
		t.Errorf("Match(%+v).Authority = %q, want a host of the configured names", r, m.Authority)
	}
	again := r
	again.Authority, again.Path = m.Authority, m.Path
	n, why := routes.Match(again)
	if why != reason.Allowed || callText(n.Call) != callText(m.Call) || n.Authority != m.Authority || n.Path != m.Path {
		t.Errorf("Match(%+v) = %s to %s %s; matched again %s %s to %s %s",
			r, callText(m.Call), m.Authority, m.Path, why, callText(n.Call), n.Authority, n.Path)
	}
	checkModelIsVerbatim(t, r, m)
	return true
}

func isDestination(host string) bool {
	return len(host) <= 253 && hostName.MatchString(host) && hostSuffix.MatchString(host)
}

// checkModelIsVerbatim finds the model in the path that the client sent, segment by
// segment, and in the path that is forwarded.
func checkModelIsVerbatim(t *testing.T, r inference.Request, m inference.Match) {
	t.Helper()
	model := m.Call.Models[0]
	if m.Call.Protocol == "grpc" {
		if m.Path != r.Path {
			t.Errorf("Match(%+v).Path = %q, want the request's", r, m.Path)
		}
		return
	}
	full, _, _ := strings.Cut(r.Path, "?")
	path := strings.TrimSuffix(full, ":"+m.Call.Verb.String())
	segments := strings.Split(path, "/")
	want := []string{model.Namespace, model.Service}
	if strings.HasPrefix(path, "/v1/models/") {
		want = []string{model.Name}
	}
	if !slices.Equal(segments[len(segments)-len(want):], want) {
		t.Errorf("Match(%+v) = %s, want the model at the end of the path", r, model)
	}
	if sent := "/v1/models/" + model.Name + r.Path[len(path):]; m.Path != sent {
		t.Errorf("Match(%+v).Path = %q, want %q", r, m.Path, sent)
	}
}

// TestRandomRequests builds requests of parts that are each valid or not.
func TestRandomRequests(t *testing.T) {
	routes := compile(t, everyRoute)
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	label := func() string {
		b := []byte(strings.Repeat("a", 1+random.IntN(1+random.IntN(64))))
		for i := range b {
			b[i] = "abcdefghijklmnopqrstuvwxyz0123456789-"[random.IntN(37)]
		}
		return pick(string(b), string(b), "fraud", "fraud", "images", "images", "prod", "prod", "vision", "a.b", "Fraud", "")
	}
	accepted := 0
	for range 200_000 {
		ns, service := label(), label()
		r := inference.Request{
			Method: pick("POST", "POST", "GET"),
			Authority: pick(
				public, public, service+"-predictor-default."+ns, service+"-explainer."+ns+".svc", service+"."+ns+".edge.example.com",
				service+"-transformer."+ns+".svc.cluster.local:80", "fraud-predictor.prod"),
			Path: pick("/kfserving/"+ns+"/", "/a/b~c/"+ns+"/", "/edge/"+ns+"/", "/v1/models/", "/v1/models/", "/echo.EchoServer/", "/iris/") +
				pick(service, service, service, "Call") + pick(":predict", ":explain", "", "", ":x") + pick("", "", "", "?q", "/"),
			GRPC: random.IntN(3) == 0,
		}
		if checkMatch(t, routes, r) {
			accepted++
		}
	}
	if accepted < 10_000 {
		t.Errorf("%d of 200000 random requests are accepted, want 10000 or more", accepted)
	}
}

func FuzzPath(f *testing.F) {
	routes := compile(f, everyRoute)
	f.Fuzz(func(t *testing.T, method, authority, path string, grpc bool) {
		inference.HasQueryToken(path)
		checkMatch(t, routes, inference.Request{Method: method, Authority: authority, Path: path, GRPC: grpc})
	})
}
