package gate_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// activatorPeer is the connection of Knative's activator.
var activatorPeer = authn.Peer{URI: "spiffe://cluster.local/ns/knative-serving/sa/activator", Validated: true}

// behindActivator adds to a configuration that it is a sidecar's, of prod/fraud, behind the
// activator.
func behindActivator(t testing.TB, config string) string {
	s := edit.Set(t, config, "/peer", `{"trustDomain": "cluster.local"}`)
	s = edit.Set(t, s, "/serves", `{"namespace": "prod", "service": "fraud"}`)
	return edit.Set(t, s, "/activator", `{"peers": ["`+activatorPeer.URI+`"]}`)
}

// activatorWorld is the world behind the activator.
func activatorWorld(t testing.TB) string {
	return edit.Set(t, behindActivator(t, world), "/routes", `[
		{"protocol": "kserve-v1", "names": "kserve", "prefix": "/p"},
		{"protocol": "kserve-v1", "names": {"predictor": "{service}.{namespace}.example.com"}}]`)
}

// podHosts are the hosts of the activator's requests: proxyRequest of knative/serving,
// pkg/activator/handler/handler.go.
var podHosts = []string{"10.244.0.77:8012", "[fd00::7]:8012", "10.96.204.52:80", "fraud-predictor-00001-private.prod"}

// originalHost is the header in which the activator has the host of a request.
func originalHost(host string) pair { return pair{"k-original-host", host} }

// TestOriginalHost has requests that come through the activator.
func TestOriginalHost(t *testing.T) {
	g, s := load(t, activatorWorld(t))
	token := bearer(t, s, corp(nil))
	const predict, short = "POST /v1/models/fraud:predict", "POST /p/prod/fraud:predict"
	const internal, external = "fraud-predictor.prod.svc.cluster.local", "fraud.prod.example.com"
	for _, c := range []struct {
		line    string
		headers []pair
		want    string // the host that the upstream gets, or the refusal
	}{
		{predict, []pair{originalHost(internal)}, internal},
		{predict, []pair{originalHost("fraud-predictor.prod")}, "fraud-predictor.prod"},
		{predict, []pair{originalHost(external)}, external},
		{predict, []pair{originalHost(external + ":8080")}, external + ":8080"},
		{short, []pair{originalHost("api.example.org")}, internal},
		{short, []pair{originalHost(internal)}, internal},
		{"GET /v1/models/fraud", []pair{originalHost("latest-fraud.prod.example.com")}, "latest-fraud.prod.example.com"},
		{predict, []pair{originalHost("fraud-00001.prod.example.com")}, "fraud-00001.prod.example.com"},
		{predict, []pair{originalHost("churn.prod.example.com")}, "not_served"},
		{predict, []pair{originalHost("fraud.test.example.com")}, "not_served"},
		{short, []pair{originalHost("churn.prod.example.com")}, "identity_conflict"},
		{predict, []pair{originalHost("other.example.org")}, "host_invalid"},
		{predict, []pair{originalHost("10.244.0.77:8012")}, "host_invalid"},
		{predict, []pair{originalHost("")}, "host_invalid"},
		{predict, []pair{originalHost("Fraud.prod.example.com")}, "host_invalid"},
		{predict, []pair{originalHost(external + "," + external)}, "host_invalid"},
		{predict, []pair{originalHost("user@" + external)}, "host_invalid"},
		{predict, []pair{originalHost(external), originalHost(external)}, "header_repeated"},
		{predict, []pair{originalHost(external), originalHost(internal)}, "header_repeated"},
		{predict, nil, "host_invalid"},
		{predict, []pair{{"k_original_host", external}}, "host_invalid"},
		{predict, []pair{{"K-Original-Host", external}}, "host_invalid"},
	} {
		for _, host := range podHosts {
			t.Run(fmt.Sprint(c.line, " on ", host, " with ", c.headers), func(t *testing.T) {
				h := headOn(host, c.line, append(c.headers, token, pair{"k-passthrough-lb", "true"}, pair{"k-proxy-request", "activator"})...)
				h.Peer = activatorPeer
				_, step := begin(g, h)
				got := step.Reason.String()
				if pairs := sent(h, step); pairs != nil {
					got = arrival(pairs, ":authority")
					if arrivals(pairs, "k-original-host") != nil || arrivals(pairs, "k-passthrough-lb") != nil {
						t.Errorf("the upstream gets %v, want neither K-Original-Host nor K-Passthrough-Lb", pairs)
					}
					if arrival(pairs, "k-proxy-request") != "activator" {
						t.Errorf("the upstream gets %v, want one K-Proxy-Request", pairs)
					}
				}
				if got != c.want {
					t.Errorf("Begin(by the activator) = %s, want %s", got, c.want)
				}
			})
		}
	}
}

// TestOriginalHostOfStrangers has the header from everybody else: it counts for nothing.
func TestOriginalHostOfStrangers(t *testing.T) {
	named, own := originalHost("fraud.prod.example.com"), "fraud-predictor.prod"
	for _, peer := range []authn.Peer{
		{},
		{URI: activatorPeer.URI},
		{URI: activatorPeer.URI + "2", Validated: true},
		{URI: "spiffe://other.local/ns/knative-serving/sa/activator", Validated: true},
		{URI: "spiffe://cluster.local/ns/prod/sa/activator", Validated: true},
	} {
		for _, c := range []struct {
			host    string
			headers []pair
			want    string
		}{
			{podHosts[0], []pair{named}, "host_invalid"},
			{podHosts[0], []pair{named, named}, "host_invalid"},
			{own, []pair{named}, own},
			{own, []pair{named, originalHost("x")}, own},
			{own, []pair{originalHost("churn.prod.example.com")}, own},
			{own, []pair{originalHost("")}, own},
			{"churn-predictor.prod", []pair{named}, "not_served"},
		} {
			for _, config := range []string{activatorWorld(t), edit.Delete(t, activatorWorld(t), "/activator")} {
				g, s := load(t, config)
				h := headOn(c.host, "POST /v1/models/fraud:predict", append(slices.Clone(c.headers), bearer(t, s, corp(nil)))...)
				h.Pairs = append(h.Pairs, pair{"k-proxy-request", "activator"}, pair{"k_proxy_request", "activator"})
				h.Peer = peer
				_, step := begin(g, h)
				got := step.Reason.String()
				if pairs := sent(h, step); pairs != nil {
					got = arrival(pairs, ":authority") + arrival(pairs, "k-original-host")
				}
				if counted := arrivals(sent(h, step), "k-proxy-request"); counted != nil && config == activatorWorld(t) {
					t.Errorf("the upstream gets K-Proxy-Request %q of %v, want none", counted, peer)
				}
				if got != c.want {
					t.Errorf("Begin(on %s by %v with %v) = %s, want %s", c.host, peer, c.headers, got, c.want)
				}
			}
		}
	}
}

// TestOriginalHostAndMemory has the activator's request beside a caller's own for the same
// host and path: neither is answered from what is remembered of the other.
func TestOriginalHostAndMemory(t *testing.T) {
	g, s := load(t, activatorWorld(t))
	env := gate.Env{Now: now, Keys: g.Keys(), Cache: g.NewCache()}
	token := bearer(t, s, corp(nil))
	const host, line = "fraud.prod.example.com", "POST /v1/models/fraud:predict"
	for i := range 8 {
		h, byActivator := headOn(host, line, token), i%2 == 0
		if byActivator {
			h = headOn(podHosts[0], line, token, originalHost(host))
			h.Peer = activatorPeer
		}
		_, step := g.Begin(env, h)
		if got := arrival(sent(h, step), ":authority"); got != host {
			t.Errorf("request %d: the host is %q (%s), want %q", i, got, step.Reason, host)
		}
		if sets := slices.ContainsFunc(step.Edit.Set, func(p pair) bool { return p[0] == ":authority" }); sets != byActivator {
			t.Errorf("request %d: the gate writes the host: %v, want %v", i, sets, byActivator)
		}
	}
}

// TestActivatorAndExemptions has a probe through the activator: it is known by the request's
// own host.
func TestActivatorAndExemptions(t *testing.T) {
	g, _ := load(t, edit.Set(t, activatorWorld(t), "/exempt", `[
		{"method": "GET", "path": "/healthz", "hosts": ["*"], "forward": true},
		{"method": "GET", "path": "/ready", "hosts": ["fraud.prod.example.com"]}]`))
	for _, c := range []struct {
		line string
		want reason.Reason
	}{{"GET /healthz", reason.Exempt}, {"GET /ready", reason.CredentialMissing}} {
		h := headOn(podHosts[0], c.line, originalHost("fraud.prod.example.com"), pair{"k-network-probe", "queue"})
		h.Peer, h.End = activatorPeer, true
		_, step := begin(g, h)
		if step.Reason != c.want {
			t.Errorf("Begin(%s) = %s, want %s", c.line, step.Reason, c.want)
		}
		pairs := forwarded(h, step)
		if pairs != nil && (arrival(pairs, "k-network-probe") != "queue" || arrivals(pairs, "k-original-host") != nil) {
			t.Errorf("the upstream gets %v, want the probe without K-Original-Host", pairs)
		}
	}
}

// TestOriginalHostWaits has a request of the activator that waits for keys, in memory of its
// own by then.
func TestOriginalHostWaits(t *testing.T) {
	g, document, s := publishedOf(t, behindActivator(t, inlineKeys), "https")
	h := headOn(podHosts[0], "POST /v1/models/fraud:predict", bearer(t, s, corp(nil)), originalHost("fraud-predictor.prod"))
	h.Peer = activatorPeer
	env := gate.Env{Now: now, Keys: g.Keys(), WaitPolicy: keys.MayWait}
	x, step := g.Begin(env, h)
	if step.Act != gate.AwaitKeys {
		t.Fatalf("Begin = %s, want it to wait for keys", step.Reason)
	}
	pairs := slices.Clone(h.Pairs)
	x.DropHead()
	clear(h.Pairs)
	env.Keys = g.Keys().With(g.Remotes()[0], document)
	if step = x.Resume(env); step.Reason != reason.Allowed {
		t.Fatalf("Resume = %s, want allowed", step.Reason)
	}
	if got := corpus.Apply(pairs, step.Edit); arrival(got, ":authority") != "fraud-predictor.prod" || arrivals(got, "k-original-host") != nil {
		t.Errorf("the upstream gets %v", got)
	}
}

// FuzzOriginalHost has any host: the activator's request is decided as its caller's own would
// be.
func FuzzOriginalHost(f *testing.F) {
	hosts := []string{"fraud-predictor.prod", "fraud.prod.example.com:80", "churn.prod.example.com", "", "a,b", "A.b", "[::1]:8012", "x.", "é"}
	for _, host := range hosts {
		f.Add(host, "/v1/models/fraud:predict")
		f.Add(host, "/p/prod/fraud:predict")
	}
	g, s := load(f, activatorWorld(f))
	token := bearer(f, s, corp(nil))
	f.Fuzz(func(t *testing.T, host, path string) {
		own, through := headOn(host, "POST "+path, token), headOn(podHosts[0], "POST "+path, token, originalHost(host))
		through.Peer = activatorPeer
		x, step := begin(g, own)
		y, behind := begin(g, through)
		if host == "" || step.Reason == reason.HostMissing || step.Reason == reason.HeaderRepeated { // what two Hosts are joined into
			if behind.Reason == reason.Allowed {
				t.Fatalf("Begin(%q) = %s, and %s by the activator", host, step.Reason, behind.Reason)
			}
			return
		}
		if step.Reason != behind.Reason || !slices.Equal(x.Call.Models, y.Call.Models) {
			t.Errorf("Begin(%q) = %s of %v, and %s of %v by the activator", host, step.Reason, x.Call, behind.Reason, y.Call)
		}
		if a, b := arrival(sent(own, step), ":authority"), arrival(sent(through, behind), ":authority"); a != b {
			t.Errorf("the upstream gets the host %q, and %q by the activator", a, b)
		}
	})
}

// TestPreflightThroughActivator: a preflight that goes on gets its own host back too.
func TestPreflightThroughActivator(t *testing.T) {
	g, _ := load(t, edit.Set(t, activatorWorld(t), "/cors", forwardsAsked))
	const host = "fraud.prod.example.com"
	h := asks("/v1/models/fraud:predict", fromApp, asksPost, originalHost(host), pair{"k-proxy-request", "activator"})
	h.Pairs[3][1], h.Peer = podHosts[0], activatorPeer
	_, step := begin(g, h)
	got := forwarded(h, step)
	if arrival(got, ":authority") != host || arrival(got, "k-original-host") != "" || arrival(got, "k-proxy-request") != "activator" {
		t.Errorf("Begin = %s %v, want the host %s", step.Reason, got, host)
	}
	h.Peer = authn.Peer{}
	if _, step := begin(g, h); step.Act != gate.Refuse {
		t.Errorf("Begin(from a stranger) = act %d %s, want a refusal", step.Act, step.Reason)
	}
}
