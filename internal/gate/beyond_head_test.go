package gate_test

import (
	"slices"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// headExamples are the examples for which a build for heads only is enough.
var headExamples = []string{
	"bearer", "client-certificates", "gateway-and-sidecar", "grpc-cloud-run", "hostile", "http", "iap", "knative", "providers",
	"remote-keys", "secrets", "shadow",
}

// TestHeadsAreEnough: in the examples that need nothing but heads, no request waits for its
// body, and no reply is read.
func TestHeadsAreEnough(t *testing.T) {
	all, err := corpus.LoadAll("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	heads, _, err := corpus.ForHeads(all)
	if err != nil {
		t.Fatal(err)
	}
	if got := corpus.Names(heads); !slices.Equal(got, headExamples) {
		t.Errorf("heads are enough for %v, want %v", got, headExamples)
	}
	now := time.Now()
	for _, s := range heads {
		g, err := gate.New(s.Config, s.Secret)
		if err != nil {
			t.Fatal(s.Name, err)
		}
		for _, c := range s.Cases {
			r, err := s.Request(c, now)
			if err != nil {
				t.Fatal(err)
			}
			x, step := g.Begin(gate.Env{Now: now, Keys: g.Keys()}, r.Head())
			if step.Act == gate.Hold || x.NeedsResponse() {
				t.Errorf("%s: %s: Act = %d, NeedsResponse() = %t; want neither Hold nor a response", s.Name, c.Name, step.Act, x.NeedsResponse())
			}
		}
	}
}

// TestBeyondHead: what in a configuration needs more than heads.
func TestBeyondHead(t *testing.T) {
	headOnly := edit.Set(t, edit.Set(t, world, "/routes/0/lists", "false"), "/routes/1/lists", "false")
	const lists = `needs modelgate.wasm, which cuts lists of models down; with "lists": false, modelgate-head.wasm is enough`
	protocol := func(name string) string {
		return "needs modelgate.wasm, which reads bodies and replies of the protocol " + name
	}
	for _, c := range []struct{ name, config, pointer, message string }{
		{"kserve-v1 with lists", edit.Delete(t, headOnly, "/routes/1/lists"), "/routes/1", lists},
		{"kserve-v1 with lists, as it says", edit.Set(t, headOnly, "/routes/0/lists", "true"), "/routes/0", lists},
		{"kserve-v2", edit.Set(t, headOnly, "/routes/1", `{"protocol": "kserve-v2", "names": "kserve"}`), "/routes/1", protocol("kserve-v2")},
		{"triton", edit.Set(t, headOnly, "/routes/1", `{"protocol": "triton", "names": "kserve"}`), "/routes/1", protocol("triton")},
		{"openai", edit.Set(t, headOnly, "/routes/1", `{"protocol": "openai", "names": "kserve"}`), "/routes/1", protocol("openai")},
		{"tfserving", edit.Set(t, headOnly, "/routes/1", `{"protocol": "tfserving", "names": "kserve"}`), "/routes/1", protocol("tfserving")},
		{"torchserve", edit.Set(t, headOnly, "/routes/1", `{"protocol": "torchserve", "names": "kserve"}`), "/routes/1", protocol("torchserve")},
		{"cors", edit.Set(t, headOnly, "/cors", `{"origins": ["https://a.example"]}`), "/cors",
			`needs modelgate.wasm, which writes headers of replies; with "forward": true, modelgate-head.wasm is enough`},
		{"signatures", edit.Set(t, headOnly, "/signatures", `{"keys": [{"keyid": "k", "algorithm": "hmac-sha256",
			"symmetric": {"env": "CORP"}, "anyCaller": true}]}`), "/signatures", "needs modelgate.wasm, which compares bodies with what is signed"},
		{"cors of what is behind the gate", edit.Set(t, headOnly, "/cors", `{"origins": ["https://a.example"], "forward": true}`), "", ""},
		{"heads", headOnly, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, _ := load(t, c.config)
			got := g.BeyondHead()
			switch {
			case c.pointer == "" && got != nil:
				t.Errorf("BeyondHead() = %v, want none", got)
			case c.pointer != "" && (len(got) != 1 || got[0].Pointer != c.pointer || got[0].Message != c.message):
				t.Errorf("BeyondHead() = %q, want %s: %s", got, c.pointer, c.message)
			}
		})
	}
}
