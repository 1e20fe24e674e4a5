package gate_test

import (
	"fmt"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// notebooks are resources, some of which take upgrades to WebSocket.
const notebooks = `{"protocol": "http", "hosts": ["models.example.com"], "resources": [
	{"path": "/notebook/{namespace}/{service}/*", "methods": ["GET", "POST"], "verb": "predict", "upgrade": ["websocket"]},
	{"path": "/upgraded/{namespace}/{service}/*", "methods": ["GET"], "verb": "explain", "upgrade": ["websocket"]},
	{"path": "/pages/*", "methods": ["GET"], "verb": "predict", "service": "prod/pages"}]}`

const askNotebook = "GET /notebook/prod/nb/channels"

var handshake = []pair{{"connection", "Upgrade"}, {"upgrade", "websocket"}, {"sec-websocket-version", "13"}, {"sec-websocket-key", "eA=="}}

func TestUpgrades(t *testing.T) {
	g, s := load(t, edit.Insert(t, world, "/routes/0", notebooks))
	without, _ := load(t, world)
	token := bearer(t, s, corp(nil))
	connection := pair{"connection", "upgrade"}
	for _, c := range []struct {
		name, line string
		more       []pair
		want       reason.Reason
	}{
		{"WebSocket", askNotebook, handshake, reason.Allowed},
		{"in another case", askNotebook, []pair{{"connection", "keep-alive, UPGRADE"}, {"upgrade", "WebSocket"}}, reason.Allowed},
		{"no upgrade", askNotebook, nil, reason.Allowed},
		{"an exempt path", "GET /healthz", handshake, reason.PathUnknown},
		{"a service without a grant", "GET /notebook/lab/nb/channels", handshake, reason.GrantMissing},
		{"a denied service", "GET /notebook/prod/frozen/channels", handshake, reason.Denied},
		{"a resource without upgrades", "GET /pages/x", handshake, reason.UpgradeRefused},
		{"another protocol's route", "GET /kfserving/prod/fraud", handshake, reason.UpgradeRefused},
		{"an unknown path", "GET /unknown", handshake, reason.PathUnknown},
		{"no method of an upgrade", "POST /notebook/prod/nb/channels", handshake, reason.UpgradeRefused},
		{"no Connection", askNotebook, []pair{{"upgrade", "websocket"}}, reason.UpgradeRefused},
		{"no Upgrade", askNotebook, []pair{connection}, reason.UpgradeRefused},
		{"h2c", askNotebook, []pair{connection, {"upgrade", "h2c"}}, reason.UpgradeRefused},
		{"two protocols", askNotebook, []pair{connection, {"upgrade", "websocket, h2c"}}, reason.UpgradeRefused},
		{"two headers", askNotebook, []pair{connection, {"upgrade", "websocket"}, {"upgrade", "h2c"}}, reason.UpgradeRefused},
		{"the same twice", askNotebook, []pair{connection, {"upgrade", "websocket"}, {"upgrade", "websocket"}}, reason.UpgradeRefused},
		{"TLS", askNotebook, []pair{connection, {"upgrade", "TLS/1.0"}}, reason.UpgradeRefused},
		{"connect-udp", askNotebook, []pair{connection, {"upgrade", "connect-udp"}}, reason.UpgradeRefused},
		{"an empty one", askNotebook, []pair{connection, {"upgrade", ""}}, reason.UpgradeRefused},
		{"a version", askNotebook, []pair{connection, {"upgrade", "websocket/13"}}, reason.UpgradeRefused},
		{"settings of HTTP/2", askNotebook, append([]pair{{"http2-settings", "AAMAAABk"}}, handshake...), reason.UpgradeRefused},
		{"extended CONNECT as it is", askNotebook, append([]pair{{":protocol", "websocket"}}, handshake...), reason.UpgradeRefused},
		{"an option that drops a header", askNotebook,
			[]pair{{"connection", "upgrade, kubeflow-userid"}, {"upgrade", "websocket"}}, reason.ConnectionHeader},
		{"another spelling", askNotebook, []pair{connection, {"Upgrade_", "websocket"}}, reason.UpgradeRefused},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := head(c.line, append([]pair{token}, c.more...)...)
			if _, step := begin(g, h); step.Reason != c.want {
				t.Errorf("Begin(%v) = %s, want %s", h.Pairs, step.Reason, c.want)
			}
			if _, step := begin(without, h); c.more != nil && step.Reason != reason.UpgradeRefused && step.Reason != reason.ConnectionHeader {
				t.Errorf("Begin(%v) without upgrades = %s, want upgrade_refused", h.Pairs, step.Reason)
			}
			if _, step := begin(g, head(c.line, c.more...)); step.Act != gate.Refuse {
				t.Errorf("Begin(%v) without a token = %s, want it refused", h.Pairs, step.Reason)
			}
		})
	}
}

// TestUpgradesFromPages: a page of another site gets no WebSocket with its visitor's cookies.
func TestUpgradesFromPages(t *testing.T) {
	pages := edit.Insert(t, world, "/routes/0", notebooks)
	closed, s := load(t, pages)
	open, sOpen := load(t, edit.Set(t, pages, "/cors", listedOrigins))
	token, tokenOpen := bearer(t, s, corp(nil)), bearer(t, sOpen, corp(nil))
	const own = "https://models.example.com"
	for _, c := range []struct {
		host    string
		origins []string
		want    reason.Reason
		listed  reason.Reason // with "cors"
	}{
		{"models.example.com", nil, reason.Allowed, reason.Allowed},
		{"models.example.com", []string{own}, reason.Allowed, reason.Allowed},
		{"models.example.com:443", []string{own}, reason.Allowed, reason.Allowed},
		{"models.example.com:8443", []string{own + ":8443"}, reason.Allowed, reason.Allowed},
		{"models.example.com:80", []string{"http://models.example.com"}, reason.Allowed, reason.Allowed},
		{"models.example.com", []string{fromApp[1]}, reason.OriginRefused, reason.Allowed},
		{"models.example.com", []string{fromEvil[1]}, reason.OriginRefused, reason.OriginRefused},
		{"models.example.com", []string{"null"}, reason.OriginRefused, reason.OriginRefused},
		{"models.example.com", []string{""}, reason.OriginRefused, reason.OriginRefused},
		{"models.example.com", []string{"https://"}, reason.OriginRefused, reason.OriginRefused},
		{"models.example.com", []string{"https://models"}, reason.OriginRefused, reason.OriginRefused},
		{"models.example.com", []string{own + ".evil.example"}, reason.OriginRefused, reason.OriginRefused},
		{"models.example.com", []string{own + ":8443"}, reason.OriginRefused, reason.OriginRefused},
		{"models.example.com:8443", []string{own}, reason.OriginRefused, reason.OriginRefused},
		{"models.example.com:80", []string{own}, reason.OriginRefused, reason.OriginRefused},
		{"models.example.com", []string{"chrome-extension://models.example.com"}, reason.OriginRefused, reason.OriginRefused},
		{"models.example.com", []string{own, fromEvil[1]}, reason.OriginRefused, reason.OriginRefused},
		{"models.example.com", []string{fromEvil[1], fromApp[1]}, reason.OriginRefused, reason.OriginRefused},
	} {
		t.Run(fmt.Sprint(c.origins, " to ", c.host), func(t *testing.T) {
			h := headOn(c.host, askNotebook, append([]pair{token}, handshake...)...)
			for _, origin := range c.origins {
				h.Pairs = append(h.Pairs, pair{"origin", origin})
			}
			if _, step := begin(closed, h); step.Reason != c.want {
				t.Errorf("Begin = %s, want %s", step.Reason, c.want)
			}
			h.Pairs[4] = tokenOpen
			if _, step := begin(open, h); step.Reason != c.listed {
				t.Errorf(`Begin with "cors" = %s, want %s`, step.Reason, c.listed)
			}
		})
	}
	if _, step := begin(closed, head(askNotebook, token, fromEvil)); step.Act != gate.Forward { // a browser keeps the reply from the page
		t.Errorf("Begin without an upgrade = %s", step.Reason)
	}
}

// TestCacheTellsUpgradesApart asks again and again, so that routes and decisions are
// remembered: an upgrade is never answered from what a request without one was allowed.
func TestCacheTellsUpgradesApart(t *testing.T) {
	g, s := load(t, edit.Insert(t, world, "/routes/0", notebooks))
	token := bearer(t, s, corp(nil))
	for _, c := range []struct {
		line    string
		upgrade reason.Reason
	}{
		{"GET /pages/x", reason.UpgradeRefused},
		{"GET /kfserving/prod/fraud", reason.UpgradeRefused},
		{askNotebook, reason.Allowed},
	} {
		for _, first := range []bool{false, true} {
			t.Run(c.line, func(t *testing.T) {
				env := gate.Env{Now: now, Keys: g.Keys(), Cache: g.NewCache()}
				x := &gate.Exchange{}
				for i := range 12 {
					h, want := head(c.line, token), reason.Allowed
					if (i/3%2 == 0) == first {
						h, want = head(c.line, append([]pair{token}, handshake...)...), c.upgrade
					}
					if step := x.Begin(g, env, h); step.Reason != want {
						t.Fatalf("request %d, %v: %s, want %s", i, h.Pairs, step.Reason, want)
					}
					x.DropHead()
				}
				want := 1
				if c.upgrade == reason.Allowed {
					want = 2
				}
				if got := env.Cache.Decisions(); got != want {
					t.Errorf("%d decisions are remembered, want %d", got, want)
				}
			})
		}
	}
}

// TestGRPCWeb: without the filter that makes gRPC of it, gRPC-Web is refused by its name.
func TestGRPCWeb(t *testing.T) {
	g, s := load(t, edit.Insert(t, world, "/routes/0", notebooks))
	token := bearer(t, s, corp(nil))
	for _, c := range []struct {
		contentType, line string
		want              reason.Reason
	}{
		{"application/grpc-web", "POST /echo.Echo/Call", reason.GRPCWeb},
		{"application/grpc-web+proto", "POST /echo.Echo/Call", reason.GRPCWeb},
		{"application/grpc-web-text", "POST /unknown.Service/Call", reason.GRPCWeb},
		{"application/grpc", "POST /echo.Echo/Call", reason.Allowed},
		{"application/json", "POST /echo.Echo/Call", reason.PathUnknown},
		{"application/grpc-web", "POST /notebook/prod/nb/x", reason.Allowed}, // a resource that is not read
	} {
		t.Run(c.contentType+" "+c.line, func(t *testing.T) {
			contentType := pair{"content-type", c.contentType}
			if _, step := begin(g, head(c.line, token, contentType)); step.Reason != c.want {
				t.Errorf("Begin = %s, want %s", step.Reason, c.want)
			}
			if _, step := begin(g, head(c.line, contentType)); step.Reason != reason.CredentialMissing {
				t.Errorf("Begin without a token = %s, want credential_missing", step.Reason)
			}
		})
	}
}

// TestSignedUpgrades: what follows the head of an upgrade is no body. A signature needs no
// digest for it, and one that has a digest would never be compared.
func TestSignedUpgrades(t *testing.T) {
	g, s := signedWorld(t, "/routes/-", notebooks)
	for _, c := range []struct {
		name, body string
		want       reason.Reason
	}{
		{"without a digest", "", reason.Allowed},
		{"with the digest of a body", "hello", reason.UpgradeRefused},
	} {
		t.Run(c.name, func(t *testing.T) {
			signed := signedCase(c.body, corpus.Sign{})
			signed.Request, signed.Headers = askNotebook, handshake
			h := requestOf(t, s, signed).Head()
			h.End = false // the connection goes on
			x, step := g.Begin(withNonces(g), h)
			if step.Reason != c.want || step.Act == gate.Hold || x.NeedsResponse() {
				t.Errorf("Begin(%v) = %s, act %d, want %s and nothing held", h.Pairs, step.Reason, step.Act, c.want)
			}
		})
	}
}
