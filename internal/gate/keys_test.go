package gate_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// inlined is an issuer whose keys stand in its configuration, so that the test
// can sign; published takes them out, to where the issuer publishes them.
const inlined = `{"version": 1,
	"issuers": [{"name": "corp", "issuer": "https://corp.example", "audiences": ["models"], "algorithms": ["ES256"],
		"jwks": {"inline": {"keys": [{"kty": "EC", "use": "sig", "alg": "ES256", "kid": "k", "crv": "P-256",
			"x": "NiwHfKttbbmuH16v2nGLsVeFOrRpueljVehAbSDOM58", "y": "SqYj14Wj3sx9zk754KUrrjOQsnv_SxePQO9iga144nk"}]}}}],
	"routes": [{"prefix": "/kfserving", "protocol": "kserve-v1", "names": "kserve"},
		{"prefix": "/trial", "protocol": "kserve-v1", "names": "kfserving", "shadow": {"until": "2030-01-01T00:00:00Z"}}],
	"grants": [{"name": "all", "issuers": ["corp"], "members": ["allAuthenticatedUsers"], "role": "invoker", "models": ["prod/*"]}]}`

func published(t *testing.T, scheme string) (g *gate.Gate, document string, s *corpus.Scenario) {
	t.Helper()
	_, s = load(t, inlined)
	var config map[string]any
	if err := json.Unmarshal([]byte(s.Config), &config); err != nil {
		t.Fatal(err)
	}
	issuer := config["issuers"].([]any)[0].(map[string]any)
	set, _ := json.Marshal(issuer["jwks"].(map[string]any)["inline"])
	issuer["jwks"] = map[string]any{"remote": map[string]any{"uri": scheme + "://keys.example/", "cluster": "keys"}}
	text, _ := json.Marshal(config)
	g, err := gate.New(string(text), secret)
	if err != nil {
		t.Fatal(err)
	}
	return g, string(set), s
}

// TestAwaitKeys: a request whose key is not there waits, is decided anew from
// the start when it is woken, and waits only as long as it may.
func TestAwaitKeys(t *testing.T) {
	g, document, s := published(t, "https")
	token := pair{"authorization", "Bearer " + mint(t, s, corp(nil))}
	none := gate.Env{Now: now, Keys: g.Keys(), WaitPolicy: keys.MayWait}
	with := none
	with.Keys = g.Keys().With(g.Remotes()[0], document)
	late := with
	late.Now = now.Add(time.Hour) // the token has expired meanwhile
	patience := func(e gate.Env, p keys.WaitPolicy) gate.Env { e.WaitPolicy = p; return e }
	for _, c := range []struct {
		name, line string
		first      gate.Env
		then       []gate.Env
		want       string
	}{
		{"they come", askStaff, none, []gate.Env{with}, "allowed"},
		{"they come, after another wait", askStaff, none, []gate.Env{none, none, with}, "allowed"},
		{"they were there", askStaff, with, nil, "allowed"},
		{"they come too late for the token", askStaff, none, []gate.Env{late}, "token_expired"},
		{"they come, for another model", "POST /kfserving/dev/x:predict", none, []gate.Env{with}, "grant_missing"},
		{"they do not come", askStaff, none, []gate.Env{patience(none, keys.NoWait)}, "keys_unavailable"},
		{"there are none", askStaff, none, []gate.Env{patience(none, keys.Refreshed)}, "keys_unavailable"},
		{"the host cannot wait", askStaff, patience(none, keys.NoWait), nil, "keys_unavailable"},
		{"in shadow", "POST /trial/prod/fraud:predict", none, []gate.Env{patience(none, keys.NoWait)}, "shadow keys_unavailable"},
		{"in shadow, they come", "POST /trial/dev/x:predict", none, []gate.Env{with}, "shadow grant_missing"},
	} {
		x, step := g.Begin(c.first, head(c.line, token))
		for i, env := range c.then {
			if step.Act != gate.AwaitKeys || step.Await != (gate.Await{Issuer: "corp", KeyID: "k"}) || step.Edit != nil || step.Audit != "" {
				t.Fatalf("%s: step %d is %+v, want AwaitKeys", c.name, i, step)
			}
			step = x.Resume(env)
		}
		if got := verdict(step); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if step = x.Resume(with); step.Act != gate.Refuse || step.Reason != reason.Internal {
			t.Errorf("%s: woken once more: %+v", c.name, step)
		}
	}
}

// TestRetryAfter: the answer to who cannot be told whether the key is good.
func TestRetryAfter(t *testing.T) {
	g, _, s := published(t, "https")
	_, step := begin(g, head(askStaff, pair{"authorization", "Bearer " + mint(t, s, corp(nil))}))
	want := []pair{{"content-type", "application/json"}, {"cache-control", "no-store"}, {"retry-after", "10"}}
	if r := step.Reply; r.Status != 503 || r.GRPC != 14 || len(r.Headers) != 3 || r.Headers[0] != want[0] || r.Headers[1] != want[1] || r.Headers[2] != want[2] {
		t.Errorf("Reply = %+v, want 503 with %q", r, want)
	}
}

// TestWarningOfPlainKeys: keys that anybody on the way can write.
func TestWarningOfPlainKeys(t *testing.T) {
	for scheme, warns := range map[string]bool{"http": true, "https": false} {
		g, _, _ := published(t, scheme)
		if got := strings.Join(g.Warnings(), "\n"); strings.Contains(got, "publishes its keys under http") != warns {
			t.Errorf("%s: Warnings() = %q", scheme, got)
		}
	}
}
