package parsers

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
)

// gateConfig lets everybody use every model, so that a request passes if the gate can tell
// which model it names. Nobody has the key.
const gateConfig = `{
	"version": 1,
	"host": {"holdHeaders": true},
	"issuers": [{"name": "keys", "apiKeys": {"inline": [
		{"sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "subject": "nobody"}
	]}}],
	"routes": [{"protocol": "openai", "service": "prod/llm"}],
	"grants": [{"name": "all", "members": ["allUsers"], "verbs": ["generate", "predict"], "models": ["prod/llm", "prod/llm/*"]}]
}`

// found is a model that a reader takes from a request: "S" and the name, notFound where it passes
// without one, or refused[0].
type found = string

const notFound = "A"

func newGate(t *testing.T) *gate.Gate {
	t.Helper()
	g, err := gate.New(gateConfig, nil)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func foundByGate(g *gate.Gate, a asked) found {
	x, step := g.DecideRequest(gate.Env{Now: time.Now(), Keys: g.Keys()}, &gate.Head{Pairs: [][2]string{
		{":method", "POST"}, {":scheme", "http"}, {":authority", "models.example.com"}, {":path", a.path},
		{"content-type", "application/json"}, {"content-length", fmt.Sprint(len(a.body))},
	}}, []byte(a.body), nil)
	switch {
	case step.Act != gate.Forward:
		return refused[0]
	case len(x.Call.Models) != 1 || x.Call.Models[0].Version != "":
		return fmt.Sprint(x.Call.Models)
	}
	return "S" + x.Call.Models[0].Name
}

// knownDifferences are requests from which the two take different models, and which others are
// of the same kind. docs/ai-protocol-manager.md says why the gate is right about them.
var knownDifferences = []struct {
	name    string
	example asked
	gate    found
	manager found
	is      func(byGate, byManager found) bool
}{
	{
		"a name with /models/ in it, in a path of Gemini's",
		asked{"/v1/models/x/models/y:generateContent", `{"contents":[]}`}, "Sx/models/y", "Sy",
		func(byGate, byManager found) bool { return strings.HasSuffix("/"+byGate[1:], "/models/"+byManager[1:]) },
	},
	{
		"a name with its publisher",
		asked{"/v1/chat/completions", `{"model":"publishers/prod/models/m"}`}, "Sm", "Spublishers/prod/models/m",
		func(byGate, byManager found) bool { return byManager == "Spublishers/prod/models/"+byGate[1:] },
	},
}

// TestProtocolManager holds the gate to Envoy's own reader of models: where both let a request
// pass and both find a model, it is the same one, but for what is known.
func TestProtocolManager(t *testing.T) {
	w := writer{rand.New(rand.NewPCG(*seed, 3))}
	requests := make([]asked, max(*count/5, 1))
	for i := range requests {
		requests[i] = w.asked()
	}
	g, byManager := newGate(t), startProtocolManager(t).read(t, requests)
	alike, known, onlyGate, onlyManager, unnamed, disagreements := 0, 0, 0, 0, 0, 0
	for i, a := range requests {
		switch byGate := foundByGate(g, a); {
		case byGate == refused[0] && byManager[i] == refused[0]:
		case byGate == refused[0]:
			onlyManager++
		case byManager[i] == refused[0]:
			onlyGate++
		case byManager[i] == notFound:
			unnamed++
		case byGate == byManager[i]:
			alike++
		case isKnown(byGate, byManager[i]):
			known++
		default:
			if disagreements++; disagreements < 10 {
				t.Errorf("%q: the gate finds %q, ai_protocol_manager %q", a, byGate, byManager[i])
			}
		}
	}
	t.Logf("seed %d: %d requests; the same model %d, another %d, in a known way %d", *seed, len(requests), alike, disagreements, known)
	t.Logf("only the gate passes %d, only ai_protocol_manager %d; it finds no model where the gate does in %d", onlyGate, onlyManager, unnamed)
	if alike < len(requests)/10 || onlyGate == 0 || onlyManager == 0 {
		t.Errorf("of %d requests %d name a model to both: the test shows little", len(requests), alike)
	}
}

func isKnown(byGate, byManager found) bool {
	for _, d := range knownDifferences {
		if d.is(byGate, byManager) {
			return true
		}
	}
	return false
}

// TestProtocolManagerDiffers: each known difference is one still, and so is what only one of the
// two lets pass.
func TestProtocolManagerDiffers(t *testing.T) {
	type row struct {
		asked
		gate, manager found
	}
	chat := func(body string) asked { return asked{"/v1/chat/completions", body} }
	deep := func(n int) asked {
		return chat(`{"model":"m","x":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}`)
	}
	gemini := func(path string) asked { return asked{"/v1beta/models/" + path, `{"contents":[]}`} }
	rows := []row{
		// Only ai_protocol_manager passes these.
		{chat(`{"model":"m","MODEL":"secret"}`), refused[0], "Sm"},
		{chat(`{"m\u006fdel":"m"}`), refused[0], "Sm"},
		{chat(`{"model":"m","fallbacks":["secret"]}`), refused[0], "Sm"},
		{chat(`{"model":"m,secret"}`), refused[0], "Sm,secret"},
		{chat(`{"model":7}`), refused[0], notFound},
		{chat(`[]`), refused[0], notFound},
		{asked{"/v1beta/models/gemini:generateContent", `{"model":"models/secret"}`}, refused[0], "Sgemini"},
		{gemini("a%2fsecret:generateContent"), refused[0], "Sa%2fsecret"},
		{gemini("publishers/prod/models/m:generateContent"), refused[0], "Sm"},
		// Only the gate passes these, or finds a model in them.
		{deep(15), "Sm", "Sm"},
		{deep(16), "Sm", refused[0]},
		{chat(`{"model":"m","temperature":1e400}`), "Sm", refused[0]},
		{chat(`{"model":"m","metadata":{"` + strings.Repeat("k", 257) + `":1}}`), "Sm", refused[0]},
		{gemini("gemini:countTokens"), "Sgemini", notFound},
		{gemini("base:adapter:generateContent"), "Sbase:adapter", notFound},
		{asked{"/v1/models/a/b:generateContent", `{"contents":[]}`}, "Sa/b", notFound},
		// Neither passes these.
		{chat(`{"model":"m","model":"m"}`), refused[0], refused[0]},
		{chat(`{"model":"m"}{"model":"secret"}`), refused[0], refused[0]},
		{chat("\ufeff" + `{"model":"m"}`), refused[0], refused[0]},
	}
	for _, d := range knownDifferences {
		rows = append(rows, row{d.example, d.gate, d.manager})
		if !d.is(d.gate, d.manager) || d.is("Sa", "Sb") {
			t.Errorf("%s: is does not tell its own kind from others", d.name)
		}
	}
	var requests []asked
	for _, r := range rows {
		requests = append(requests, r.asked)
	}
	g, byManager := newGate(t), startProtocolManager(t).read(t, requests)
	for i, r := range rows {
		if byGate := foundByGate(g, r.asked); byGate != r.gate || byManager[i] != r.manager {
			t.Errorf("%.200q: the gate finds %q, want %q; ai_protocol_manager %q, want %q", r.asked, byGate, r.gate, byManager[i], r.manager)
		}
	}
}
