package gate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
)

func TestHead(t *testing.T) {
	g, _ := load(t, world)
	for _, c := range []struct {
		more []pair
		want reason.Reason
	}{
		{nil, reason.Allowed},
		{[]pair{{"content-type", "application/json"}, {"content-length", "2"}, {"accept", "a, b"}, {"x-a", "1"}, {"x-a", "2"}}, reason.Allowed},
		{[]pair{{"te", "trailers"}, {"connection", "keep-alive"}, {"expect", "100-continue"}}, reason.Allowed},
		{[]pair{{"upgrade", "websocket"}}, reason.UpgradeRefused},
		{[]pair{{"upgrade", ""}}, reason.UpgradeRefused},
		{[]pair{{"upgrade", "h2c"}, {"connection", "Upgrade, HTTP2-Settings"}, {"http2-settings", "AAMAAABk"}}, reason.UpgradeRefused},
		{[]pair{{"connection", "upgrade"}}, reason.UpgradeRefused},
		{[]pair{{"connection", "keep-alive"}, {"connection", "x, UpGrade"}}, reason.UpgradeRefused},
		{[]pair{{"http2-settings", ""}}, reason.UpgradeRefused},
		{[]pair{{":protocol", "websocket"}}, reason.UpgradeRefused},
		{[]pair{{"host", "models.example.com"}}, reason.HeaderRepeated},
		{[]pair{{"host", "other.example.com"}}, reason.HeaderRepeated},
		{[]pair{{"content-type", "application/json"}, {"content-type", "application/json"}}, reason.HeaderRepeated},
	} {
		t.Run(fmt.Sprint(c.more), func(t *testing.T) {
			_, step := begin(g, head(askPublic, c.more...))
			if step.Reason != c.want || (step.Act == gate.Forward) != (c.want == reason.Allowed) {
				t.Errorf("Begin(with %v) = act %d, %s, want %s", c.more, step.Act, step.Reason, c.want)
			}
		})
	}
}

// TestHeadersTooMany: a request has 256 headers at most, and those are counted before any
// is read.
func TestHeadersTooMany(t *testing.T) {
	g, _ := load(t, world)
	for n, want := range map[int]reason.Reason{256: reason.Allowed, 257: reason.HeadersTooMany} {
		h := head(askPublic)
		for len(h.Pairs) < n {
			h.Pairs = append(h.Pairs, pair{"x-a", ""})
		}
		if _, step := begin(g, h); step.Reason != want {
			t.Errorf("Begin(%d headers) = %s, want %s", n, step.Reason, want)
		}
		h.Pairs[n-1] = pair{"upgrade", "h2c"}
		if _, step := begin(g, h); want != reason.Allowed && step.Reason != want {
			t.Errorf("Begin(%d headers, the last an upgrade) = %s, want %s", n, step.Reason, want)
		}
	}
}

// TestSingleHeaders repeats each header that a request has once at most, and joins it by a
// comma as a proxy would.
func TestSingleHeaders(t *testing.T) {
	g, _ := load(t, world)
	for name, value := range map[string]string{
		":method":           "POST",
		":path":             "/kfserving/public/iris:predict",
		":authority":        "models.example.com",
		":scheme":           "https",
		"host":              "a",
		"content-type":      "application/json",
		"content-encoding":  "identity",
		"content-length":    "2",
		"transfer-encoding": "chunked",
		"grpc-encoding":     "identity",
	} {
		t.Run(name, func(t *testing.T) {
			h := head(askPublic)
			if !strings.HasPrefix(name, ":") {
				h.Pairs = append(h.Pairs, pair{name, value})
			}
			if _, step := begin(g, h); name != "host" && step.Act != gate.Forward {
				t.Errorf("Begin(%s once) = %s, want allowed", name, step.Reason)
			}
			for _, other := range []string{value, "x", ""} {
				last := append(slices.Clone(h.Pairs), pair{name, other})
				if _, step := begin(g, &gate.Head{Pairs: last}); step.Reason != reason.HeaderRepeated {
					t.Errorf("Begin(%s, and last %q) = %s, want header_repeated", name, other, step.Reason)
				}
				first := append([]pair{{name, other}}, h.Pairs...)
				if _, step := begin(g, &gate.Head{Pairs: first}); step.Reason != reason.HeaderRepeated {
					t.Errorf("Begin(%s, and first %q) = %s, want header_repeated", name, other, step.Reason)
				}
			}
			for _, joined := range []string{value + "," + value, value + ", x", ",", value + ","} {
				pairs := slices.Clone(h.Pairs)
				for i := range pairs {
					if pairs[i][0] == name {
						pairs[i][1] = joined
					}
				}
				want := reason.HeaderRepeated
				if name == ":path" { // a path may have a comma, a model's name may not
					want = reason.CredentialMissing
				}
				if _, step := begin(g, &gate.Head{Pairs: pairs}); step.Reason != want {
					t.Errorf("Begin(%s: %q) = %s, want %s", name, joined, step.Reason, want)
				}
			}
		})
	}
}

func TestPseudoHeaders(t *testing.T) {
	g, _ := load(t, world)
	const path = "/kfserving/public/iris:predict"
	for _, c := range []struct {
		pairs []pair
		want  reason.Reason
	}{
		{nil, reason.HostMissing},
		{[]pair{{":method", "POST"}, {":path", path}}, reason.HostMissing},
		{[]pair{{":method", "POST"}, {":path", path}, {":authority", ""}}, reason.HostMissing},
		{[]pair{{":method", "POST"}, {":path", path}, {"host", "models.example.com"}}, reason.HostMissing},
		{[]pair{{":method", "CONNECT"}, {":authority", "models.example.com:443"}}, reason.UpgradeRefused},
		{[]pair{{":method", "CONNECT"}, {":protocol", "websocket"}, {":path", path}, {":authority", "a"}}, reason.UpgradeRefused},
		{[]pair{{":method", "CONNECT"}}, reason.UpgradeRefused},
		{[]pair{{":path", path}, {":authority", "a"}}, reason.CredentialMissing},
		{[]pair{{":method", "POST"}, {":authority", "a"}}, reason.CredentialMissing},
		{[]pair{{":method", "POST"}, {":path", path}, {":authority", "a"}}, reason.Allowed},
		{[]pair{{":authority", "a"}, {":path", path}, {"x", "y"}, {":method", "POST"}}, reason.Allowed},
	} {
		t.Run(fmt.Sprint(c.pairs), func(t *testing.T) {
			if _, step := begin(g, &gate.Head{Pairs: c.pairs}); step.Reason != c.want {
				t.Errorf("Begin(%v) = %s, want %s", c.pairs, step.Reason, c.want)
			}
		})
	}
}

func TestQueryToken(t *testing.T) {
	g, s := load(t, world)
	token := bearer(t, s, corp(nil))
	for _, c := range []struct {
		query string
		want  reason.Reason
	}{
		{"?access_token=x", reason.QueryToken},
		{"?access_token", reason.QueryToken},
		{"?access_token=", reason.QueryToken},
		{"?a=1&access_token=x", reason.QueryToken},
		{"?a;access_token=x", reason.QueryToken},
		{"?%61ccess_token=x", reason.QueryToken},
		{"?access%5ftoken=x", reason.QueryToken},
		{"?access%5Ftoken=x&b", reason.QueryToken},
		{"?%61%63%63%65%73%73%5f%74%6f%6b%65%6e=x", reason.QueryToken},
		{"?%zz&access_token=x", reason.QueryToken},
		{"?&&access_token", reason.QueryToken},
		{"?a=access_token", reason.Allowed},
		{"?a=b?access_token=x", reason.Allowed},
		{"?my_access_token=x", reason.Allowed},
		{"?access_tokens=x", reason.Allowed},
		{"?Access_Token=x", reason.Allowed},
		{"?access_token%zz=x", reason.Allowed},
		{"?access%255ftoken=x", reason.Allowed},
		{"?", reason.Allowed},
		{"?&;&", reason.Allowed},
	} {
		t.Run(c.query, func(t *testing.T) {
			for _, h := range []*gate.Head{head(askPublic + c.query), head(askPublic+c.query, token)} {
				if _, step := begin(g, h); step.Reason != c.want {
					t.Errorf("Begin(%s) = %s, want %s", c.query, step.Reason, c.want)
				}
			}
		})
	}
}

// TestConnectionHeader: a client cannot make a later hop drop what the gate writes.
func TestConnectionHeader(t *testing.T) {
	g, s := load(t, world)
	token := bearer(t, s, corp(nil))
	for _, c := range []struct {
		value string
		want  reason.Reason
	}{
		{"", reason.Allowed},
		{"close", reason.Allowed},
		{"keep-alive", reason.Allowed},
		{"Keep-Alive", reason.Allowed},
		{"close, keep-alive", reason.Allowed},
		{" close ,\tkeep-alive,,", reason.Allowed},
		{"CLOSE", reason.Allowed},
		{strings.Repeat("close ,", 36) + "    ", reason.Allowed}, // 256 bytes
		{strings.Repeat("close ,", 36) + "     ", reason.ConnectionHeader},
		{"x-gate-caller", reason.ConnectionHeader},
		{"keep-alive, x-gate-caller", reason.ConnectionHeader},
		{"X-Gate-Caller", reason.ConnectionHeader},
		{"close,kubeflow-userid", reason.ConnectionHeader},
		{"authorization", reason.ConnectionHeader},
		{"host", reason.ConnectionHeader},
		{":path", reason.ConnectionHeader},
		{"x", reason.ConnectionHeader},
		{"keep-alive x-gate-caller", reason.ConnectionHeader},
		{"keep-alive;x", reason.ConnectionHeader},
		{"\"close\"", reason.ConnectionHeader},
		{"close\x00", reason.ConnectionHeader},
		{"te", reason.ConnectionHeader},
		{"upgrade", reason.UpgradeRefused},
		{"Upgrade, x-gate-caller", reason.UpgradeRefused},
		{"x-gate-caller, upgrade", reason.UpgradeRefused},
		{"HTTP2-Settings", reason.UpgradeRefused},
	} {
		t.Run(fmt.Sprintf("%q", c.value), func(t *testing.T) {
			connection := pair{"connection", c.value}
			for _, h := range []*gate.Head{
				head(askPublic, connection),
				head(askStaff, token, connection),
				head(askStaff, pair{"connection", "keep-alive"}, token, connection),
				head(askStaff, connection, token, pair{"connection", "close"}),
			} {
				if _, step := begin(g, h); step.Reason != c.want {
					t.Errorf("Begin(%v) = %s, want %s", h.Pairs, step.Reason, c.want)
				}
			}
		})
	}
	_, step := begin(g, head(askStaff, token, pair{"connection", "x-gate-caller"}))
	wantBody := textBody("connection_header")
	if step.Act != gate.Refuse || step.Reply.Status != 400 || step.Reply.GRPC != 3 || step.Reply.Body != wantBody {
		t.Errorf("Begin(connection: x-gate-caller) = %+v, want 400, 3 and %s", step, wantBody)
	}
}

func TestContentTypeOfGRPC(t *testing.T) {
	g, _ := load(t, world)
	for value, grpc := range map[string]bool{
		"application/grpc":       true,
		"application/grpc+proto": true,
		"application/grpc;x":     true,
		"application/grpc-web":   false,
		"application/grpcx":      false,
		"Application/grpc":       false,
		"application/json":       false,
		" application/grpc":      false,
		"":                       false,
	} {
		t.Run(value, func(t *testing.T) {
			_, step := begin(g, head("POST /echo.Echo/Call", pair{"content-type", value}))
			if got := step.Reply.Body == "credential_missing"; got != grpc {
				t.Errorf("Begin(content-type: %q) = body %q, as for gRPC: %v, want %v", value, step.Reply.Body, got, grpc)
			}
		})
	}
}

func TestRequestID(t *testing.T) {
	g, _ := load(t, world)
	for id, shown := range map[string]bool{
		"7f3c_A-9":              true,
		strings.Repeat("a", 64): true,
		strings.Repeat("a", 65): false,
		"":                      false,
		`a"b`:                   false,
		"a\nb":                  false,
		"a b":                   false,
		"é":                     false,
		"<script>":              false,
		"a\\":                   false,
	} {
		t.Run(fmt.Sprintf("%q", id), func(t *testing.T) {
			want := textBody("credential_missing")
			if shown {
				want = `{"reason":"credential_missing","error":"model gate: credential_missing","request_id":"` + id + `"}` + "\n"
			}
			if _, step := begin(g, head(askStaff, pair{"x-request-id", id})); step.Reply.Body != want {
				t.Errorf("Begin(x-request-id: %q) = body %q, want %q", id, step.Reply.Body, want)
			}
		})
	}
	three := []pair{{"x-request-id", "bad id"}, {"x-request-id", "one"}, {"x-request-id", "two"}}
	if _, step := begin(g, head(askStaff, three...)); !strings.Contains(step.Reply.Body, `"one"`) {
		t.Errorf("Begin(three request ids) = body %q, want the first good one", step.Reply.Body)
	}
}
