package gate_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// inlineKeys is an issuer whose keys are in its configuration, so that the test can sign;
// published moves them to where the issuer publishes them.
const inlineKeys = `{
	"version": 1,
	"issuers": [{
		"name": "corp",
		"issuer": "https://corp.example",
		"audiences": ["models"],
		"algorithms": ["ES256"],
		"jwks": {"inline": {"keys": [{
			"kty": "EC", "use": "sig", "alg": "ES256", "kid": "k", "crv": "P-256",
			"x": "NiwHfKttbbmuH16v2nGLsVeFOrRpueljVehAbSDOM58",
			"y": "SqYj14Wj3sx9zk754KUrrjOQsnv_SxePQO9iga144nk"
		}]}}
	}],
	"routes": [
		{"prefix": "/kfserving", "protocol": "kserve-v1", "names": "kserve"},
		{"prefix": "/trial", "protocol": "kserve-v1", "names": "kfserving", "shadow": {"until": "2030-01-01T00:00:00Z"}}
	],
	"grants": [{
		"name": "all",
		"issuers": ["corp"],
		"members": ["allAuthenticatedUsers"],
		"role": "invoker",
		"models": ["prod/*"]
	}]
}`

func published(t *testing.T, scheme string) (g *gate.Gate, document string, s *corpus.Scenario) {
	t.Helper()
	return publishedOf(t, inlineKeys, scheme)
}

// publishedOf is published for another configuration.
func publishedOf(t *testing.T, inline, scheme string) (g *gate.Gate, document string, s *corpus.Scenario) {
	t.Helper()
	_, s = load(t, inline)
	var config struct {
		Issuers []struct {
			JWKS struct{ Inline json.RawMessage }
		}
	}
	if err := json.Unmarshal([]byte(s.Config), &config); err != nil {
		t.Fatal(err)
	}
	remote := `{"remote": {"uri": "` + scheme + `://keys.example/", "cluster": "keys"}}`
	g, err := gate.New(edit.Set(t, s.Config, "/issuers/0/jwks", remote), secret)
	if err != nil {
		t.Fatal(err)
	}
	return g, string(config.Issuers[0].JWKS.Inline), s
}

// TestAwaitKeys: a request waits if its key is not there. Once it is resumed, it is decided
// from the beginning, and it waits no longer than it may.
func TestAwaitKeys(t *testing.T) {
	g, document, s := published(t, "https")
	token := bearer(t, s, corp(nil))
	none := gate.Env{Now: now, Keys: g.Keys(), WaitPolicy: keys.MayWait}
	with := none
	with.Keys = g.Keys().With(g.Remotes()[0], document)
	late := with
	late.Now = now.Add(time.Hour) // the token has expired meanwhile
	noWait, refreshed := none, none
	noWait.WaitPolicy, refreshed.WaitPolicy = keys.NoWait, keys.Refreshed
	const askDev, trialFraud, trialDev = "POST /kfserving/dev/x:predict", "POST /trial/prod/fraud:predict", "POST /trial/dev/x:predict"
	for _, c := range []struct {
		name, line string
		begins     gate.Env
		resumes    []gate.Env
		want       string
	}{
		{"the key comes", askStaff, none, []gate.Env{with}, "allowed"},
		{"the key comes after another wait", askStaff, none, []gate.Env{none, none, with}, "allowed"},
		{"the key was there", askStaff, with, nil, "allowed"},
		{"the key comes too late for the token", askStaff, none, []gate.Env{late}, "token_expired"},
		{"the key comes, for another model", askDev, none, []gate.Env{with}, "grant_missing"},
		{"the key does not come", askStaff, none, []gate.Env{noWait}, "keys_unavailable"},
		{"there are no keys", askStaff, none, []gate.Env{refreshed}, "keys_unavailable"},
		{"the host cannot wait", askStaff, noWait, nil, "keys_unavailable"},
		{"in shadow, the key does not come", trialFraud, none, []gate.Env{noWait}, "shadow keys_unavailable"},
		{"in shadow, the key comes", trialDev, none, []gate.Env{with}, "shadow grant_missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x, step := g.Begin(c.begins, head(c.line, token))
			for i, env := range c.resumes {
				if step.Act != gate.AwaitKeys || step.Await != (gate.Await{Issuer: "corp", KeyID: "k"}) || step.Edit != nil || step.Audit != "" {
					t.Fatalf("step %d = %+v, want AwaitKeys", i, step)
				}
				step = x.Resume(env)
			}
			if got := outcome(step); got != c.want {
				t.Errorf("the last step = %s, want %s", got, c.want)
			}
			if step = x.Resume(with); step.Act != gate.Refuse || step.Reason != reason.Internal {
				t.Errorf("Resume(once more) = %+v, want a refusal as internal", step)
			}
		})
	}
}

// TestRetryAfter: a client is told when to try again if its key cannot be looked up.
func TestRetryAfter(t *testing.T) {
	g, _, s := published(t, "https")
	_, step := begin(g, head(askStaff, bearer(t, s, corp(nil))))
	want := []pair{{"content-type", "application/json"}, {"cache-control", "no-store"}, {"retry-after", "10"}}
	if r := step.Reply; r.Status != 503 || r.GRPC != 14 || !slices.Equal(r.Headers, want) {
		t.Errorf("Reply = %+v, want 503 with %q", r, want)
	}
}

// TestWarningOfPlainKeys: under http anybody on the way can replace the keys.
func TestWarningOfPlainKeys(t *testing.T) {
	for scheme, want := range map[string]bool{"http": true, "https": false} {
		remote := `{"remote": {"uri": "` + scheme + `://keys.example/", "cluster": "keys"}}`
		got, err := gate.Review(edit.Set(t, inlineKeys, "/issuers/0/jwks", remote), secret, now)
		if err != nil || strings.Contains(strings.Join(messages(got), "\n"), "publishes its keys under http") != want {
			t.Errorf("Review() = %q, %v for keys under %s, want a warning: %v", got, err, scheme, want)
		}
	}
}
