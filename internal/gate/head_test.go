package gate_test

import (
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
		if _, step := begin(g, head(askPublic, c.more...)); step.Reason != c.want || (step.Act == gate.Forward) != (c.want == reason.Allowed) {
			t.Errorf("Begin(with %v) = %d %s, want %s", c.more, step.Act, step.Reason, c.want)
		}
	}
}

// TestSingleHeaders repeats each header that a request has once, and joins it
// by a comma as a proxy would.
func TestSingleHeaders(t *testing.T) {
	g, _ := load(t, world)
	values := map[string]string{
		":method": "POST", ":path": "/kfserving/public/iris:predict", ":authority": "models.example.com", ":scheme": "https", "host": "a",
		"content-type": "application/json", "content-encoding": "identity", "content-length": "2", "transfer-encoding": "chunked", "grpc-encoding": "identity",
	}
	for name, value := range values {
		h := head(askPublic)
		if !strings.HasPrefix(name, ":") {
			h.Pairs = append(h.Pairs, pair{name, value})
		}
		if _, step := begin(g, h); name != "host" && step.Act != gate.Forward {
			t.Errorf("one %s: %s", name, step.Reason)
		}
		for _, other := range []string{value, "x", ""} {
			twice := append(append([]pair{}, h.Pairs...), pair{name, other})
			if _, step := begin(g, &gate.Head{Pairs: twice}); step.Reason != reason.HeaderRepeated {
				t.Errorf("%s twice, then %q: %s", name, other, step.Reason)
			}
			first := append([]pair{{name, other}}, h.Pairs...)
			if _, step := begin(g, &gate.Head{Pairs: first}); step.Reason != reason.HeaderRepeated {
				t.Errorf("%s twice, first %q: %s", name, other, step.Reason)
			}
		}
		for _, joined := range []string{value + "," + value, value + ", x", ",", value + ","} {
			pairs := append([]pair{}, h.Pairs...)
			for i := range pairs {
				if pairs[i][0] == name {
					pairs[i][1] = joined
				}
			}
			want := reason.HeaderRepeated
			if name == ":path" { // a comma may stand in a path, not in a model's name
				want = reason.CredentialMissing
			}
			if _, step := begin(g, &gate.Head{Pairs: pairs}); step.Reason != want {
				t.Errorf("%s: %q: %s, want %s", name, joined, step.Reason, want)
			}
		}
	}
}

func TestPseudoHeaders(t *testing.T) {
	g, _ := load(t, world)
	for _, c := range []struct {
		pairs []pair
		want  reason.Reason
	}{
		{nil, reason.HostMissing},
		{[]pair{{":method", "POST"}, {":path", "/kfserving/public/iris:predict"}}, reason.HostMissing},
		{[]pair{{":method", "POST"}, {":path", "/kfserving/public/iris:predict"}, {":authority", ""}}, reason.HostMissing},
		{[]pair{{":method", "POST"}, {":path", "/kfserving/public/iris:predict"}, {"host", "models.example.com"}}, reason.HostMissing},
		{[]pair{{":method", "CONNECT"}, {":authority", "models.example.com:443"}}, reason.UpgradeRefused},
		{[]pair{{":method", "CONNECT"}, {":protocol", "websocket"}, {":path", "/kfserving/public/iris:predict"}, {":authority", "a"}}, reason.UpgradeRefused},
		{[]pair{{":method", "CONNECT"}}, reason.UpgradeRefused},
		{[]pair{{":path", "/kfserving/public/iris:predict"}, {":authority", "a"}}, reason.CredentialMissing},
		{[]pair{{":method", "POST"}, {":authority", "a"}}, reason.CredentialMissing},
		{[]pair{{":method", "POST"}, {":path", "/kfserving/public/iris:predict"}, {":authority", "a"}}, reason.Allowed},
		{[]pair{{":authority", "a"}, {":path", "/kfserving/public/iris:predict"}, {"x", "y"}, {":method", "POST"}}, reason.Allowed},
	} {
		if _, step := begin(g, &gate.Head{Pairs: c.pairs}); step.Reason != c.want {
			t.Errorf("Begin(%v) = %s, want %s", c.pairs, step.Reason, c.want)
		}
	}
}

func TestQueryToken(t *testing.T) {
	g, s := load(t, world)
	token := mint(t, s, corp(nil))
	for _, c := range []struct {
		query string
		want  reason.Reason
	}{
		{"?access_token=x", reason.QueryToken}, {"?access_token", reason.QueryToken}, {"?access_token=", reason.QueryToken}, {"?a=1&access_token=x", reason.QueryToken},
		{"?a;access_token=x", reason.QueryToken}, {"?%61ccess_token=x", reason.QueryToken}, {"?access%5ftoken=x", reason.QueryToken}, {"?access%5Ftoken=x&b", reason.QueryToken},
		{"?%61%63%63%65%73%73%5f%74%6f%6b%65%6e=x", reason.QueryToken}, {"?%zz&access_token=x", reason.QueryToken}, {"?&&access_token", reason.QueryToken},
		{"?a=access_token", reason.Allowed}, {"?a=b?access_token=x", reason.Allowed}, {"?my_access_token=x", reason.Allowed}, {"?access_tokens=x", reason.Allowed},
		{"?Access_Token=x", reason.Allowed}, {"?access_token%zz=x", reason.Allowed}, {"?access%255ftoken=x", reason.Allowed}, {"?", reason.Allowed}, {"?&;&", reason.Allowed},
	} {
		for _, h := range []*gate.Head{head(askPublic + c.query), head(askPublic+c.query, pair{"authorization", "Bearer " + token})} {
			if _, step := begin(g, h); step.Reason != c.want {
				t.Errorf("Begin(%s) = %s, want %s", c.query, step.Reason, c.want)
			}
		}
	}
}
