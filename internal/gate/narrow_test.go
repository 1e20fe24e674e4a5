package gate_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// narrowing compiles the fields of a document beside a gate.
func narrowing(t testing.TB, g *gate.Gate, fields string) *gate.Narrowing {
	t.Helper()
	d, err := gate.NewNarrowingDocument(`{"version": 1, "name": "canary", ` + fields + `}`)
	if err != nil {
		t.Fatal(err)
	}
	n, err := g.Narrowing(d)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// exchange sends a request in parts of up to size bytes, by a route with a narrowing, or
// without one if it is nil. It returns the last step, and how many bytes have been released
// when it comes.
func exchange(g *gate.Gate, h *gate.Head, body string, size int, n *gate.Narrowing) (x *gate.Exchange, step gate.Step, released int) {
	env := gate.Env{Now: now, Keys: g.Keys()}
	h.AwaitsRoute = true
	x, step = g.Begin(env, h)
	for gone, at := false, 0; ; {
		if !gone && step.SendsHead() {
			if gone = true; n == nil {
				x.HeadGone()
			} else if narrowed := x.Narrow(env, n); narrowed.Act != gate.Forward {
				return x, narrowed, released
			}
		}
		if released += step.Release; step.Act != gate.Hold {
			return x, step, released
		}
		x.DropHead()
		end := min(at+size, len(body))
		step = x.Body(env, gate.Upstream, []byte(body[at:end]), end == len(body))
		at = end
	}
}

const onlyLLM = `"grants": [{
	"name": "llm", "issuers": ["corp"], "members": ["allAuthenticatedUsers"], "role": "invoker", "models": ["prod/llm"]
}]`

// TestNarrow asks a narrowing about heads and bodies, however these are cut into parts.
func TestNarrow(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, holding := range []bool{false, true} {
		g, s := load(t, bodyWorld(t, holding))
		token := bearer(t, s, corp(nil))
		ask := func(model string) string { return `{"model": "` + model + `", "messages": []}` }
		for _, c := range []struct {
			fields, line, body, want string
		}{
			{`"denies": [{"name": "no-fraud", "models": ["prod/fraud"]}]`, askStaff, "", "denied"},
			{`"denies": [{"name": "no-iris", "models": ["prod/iris"]}]`, askStaff, "", "allowed"},
			{onlyLLM, askStaff, "", "grant_missing"},
			{onlyLLM, "POST /kfserving/lab/x:predict", "", "grant_missing"}, // the configuration refuses it
			{onlyLLM, "POST /llm/v1/chat/completions", ask("any"), "allowed"},
			{`"denies": [{"name": "no-x", "models": ["prod/llm/x"]}]`, "POST /llm/v1/chat/completions", ask("x"), "denied"},
			{`"denies": [{"name": "no-x", "models": ["prod/llm/x"]}]`, "POST /llm/v1/chat/completions", ask("y"), "allowed"},
			{`"denies": [{"name": "no-llm", "models": ["prod/llm"]}]`, "POST /llm/v1/chat/completions", ask("y"), "denied"},
			{`"denies": [{"name": "later", "models": ["prod/fraud"], "shadow": {"until": "2100-01-01T00:00:00Z"}}]`, askStaff, "", "allowed"},
		} {
			n := narrowing(t, g, c.fields)
			for range 20 {
				h := head(c.line, token)
				if h.End = c.body == ""; !h.End {
					h.Pairs = append(h.Pairs, jsonType)
				}
				_, step, _ := exchange(g, h, c.body, 1+random.IntN(len(c.body)+1), n)
				if step.Reason.String() != c.want || (step.Act == gate.Forward) != (c.want == "allowed") {
					t.Fatalf("holding %v, %s %s with %s: act %d %s, want %s", holding, c.line, c.body, c.fields, step.Act, step.Reason, c.want)
				}
			}
		}
	}
}

// TestNarrowDeferred: where only the body says which service a request is for, the narrowing
// is asked about that service.
func TestNarrowDeferred(t *testing.T) {
	g, s := load(t, bodyWorld(t, true))
	n := narrowing(t, g, `"denies": [{"name": "no-open", "models": ["prod/open"]}]`)
	for model, want := range map[string]string{"open": "denied", "half": "allowed", "secret": "grant_missing"} {
		h := head("POST /v1/chat/completions", bearer(t, s, corp(nil)), jsonType)
		if _, step, _ := exchange(g, h, `{"model": "`+model+`"}`, 5, n); step.Reason.String() != want {
			t.Errorf("%s: %s, want %s", model, step.Reason, want)
		}
	}
}

// TestNarrowedMessages: every message of a stream needs both policies, those before the head
// went on too. None that the narrowing refuses reaches the server whole.
func TestNarrowedMessages(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, holding := range []bool{false, true} {
		g, s := load(t, bodyWorld(t, holding))
		token := bearer(t, s, corp(nil))
		n := narrowing(t, g, `"denies": [{"name": "no-b", "models": ["prod/gpu/b"]}]`)
		granted, denied := frames(t, "1:a"), frames(t, "1:b")
		for before := range 4 {
			flows := strings.Repeat(granted, before)
			for range 50 {
				x, step, released := exchange(g, head(stream, token, grpcType), flows+denied+granted, 1+random.IntN(40), n)
				if step.Act != gate.Refuse || step.Reason != reason.Denied || x.Rule != "no-b" || released >= len(flows+denied) {
					t.Fatalf("holding %v, %d granted: act %d %s by %q with %d bytes released", holding, before, step.Act, step.Reason, x.Rule, released)
				}
			}
			if _, step, _ := exchange(g, head(stream, token, grpcType), flows+granted, 1+random.IntN(40), n); step.Act != gate.Forward {
				t.Errorf("holding %v: %s, want that granted messages pass", holding, step.Reason)
			}
			if _, step, _ := exchange(g, head(stream, token, grpcType), flows+denied, 1+random.IntN(40), nil); step.Act != gate.Forward {
				t.Errorf("holding %v: %s, want that a route without a narrowing narrows nothing", holding, step.Reason)
			}
		}
	}
}

// TestNarrowFailsClosed: a narrowing that does not compile refuses, as does one that comes
// when the gate knows nothing any more. An exempt request passes.
func TestNarrowFailsClosed(t *testing.T) {
	g, s := load(t, world)
	n := narrowing(t, g, onlyLLM)
	env := gate.Env{Now: now, Keys: g.Keys()}
	h := head(askStaff, bearer(t, s, corp(nil)))
	h.End, h.AwaitsRoute = true, true
	x, _ := g.Begin(env, h)
	if step := x.Narrow(env, nil); step.Act != gate.Refuse || step.Reason != reason.NotReady {
		t.Errorf("without a narrowing: act %d %s, want not_ready", step.Act, step.Reason)
	}
	if step := x.Narrow(env, n); step.Act != gate.Refuse || step.Reason != reason.Internal {
		t.Errorf("after a refusal: act %d %s, want internal", step.Act, step.Reason)
	}
	h.AwaitsRoute = false
	x, _ = g.Begin(env, h)
	if step := x.Narrow(env, n); step.Act != gate.Refuse || step.Reason != reason.Internal {
		t.Errorf("unasked: act %d %s, want internal", step.Act, step.Reason)
	}
}

// TestNarrowedAudit: the line of a refusal names the narrowing and its rule, and the answer
// does not.
func TestNarrowedAudit(t *testing.T) {
	g, s := load(t, world)
	n := narrowing(t, g, `"denies": [{"name": "no-fraud", "models": ["prod/fraud"]}]`)
	h := head(askStaff, bearer(t, s, corp(claims{"sub": "ana"})))
	h.End = true
	_, step, _ := exchange(g, h, "", 1, n)
	const want = `{"modelgate":"denied","issuer":"corp","subject":"ana","verb":"predict","models":["prod/fraud"],` +
		`"narrowing":"canary","rule":"no-fraud",` +
		`"place":"deny","why":"applies to the caller, the verb and the model"}`
	if step.Audit != want || strings.Contains(step.Reply.Body, "canary") {
		t.Errorf("audit %s, reply %s\nwant %s", step.Audit, step.Reply.Body, want)
	}
}

// TestNarrowingDocuments reads the documents of testdata/narrowing. What is wrong with a refused
// one is known without a configuration.
func TestNarrowingDocuments(t *testing.T) {
	g, _ := load(t, world)
	for path, doc := range files(t, "narrowing/accepted") {
		d, err := gate.NewNarrowingDocument(doc)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if _, err := g.Narrowing(d); err != nil {
			t.Errorf("%s, beside the configuration: %v", path, err)
		}
	}
	for path, doc := range files(t, "narrowing/refused") {
		var problems strictjson.Problems
		_, err := gate.NewNarrowingDocument(doc)
		if !errors.As(err, &problems) || len(problems) == 0 {
			t.Errorf("%s: %v, want problems", path, err)
			continue
		}
		checkWant(t, path, err.Error()+"\n")
	}
}

// TestNarrowingBeside: what does not fit the configuration is a problem beside it.
func TestNarrowingBeside(t *testing.T) {
	g, _ := load(t, world)
	for path, doc := range files(t, "narrowing/beside") {
		d, err := gate.NewNarrowingDocument(doc)
		if err != nil {
			t.Errorf("%s alone: %v", path, err)
			continue
		}
		if _, err = g.Narrowing(d); err == nil {
			t.Errorf("%s: no problem beside the configuration", path)
			continue
		}
		checkWant(t, path, err.Error()+"\n")
	}
}

// checkWant compares problems with the .want file beside a document.
func checkWant(t *testing.T, path, got string) {
	t.Helper()
	wantPath := strings.TrimSuffix(path, ".json") + ".want"
	if *update {
		if err := os.WriteFile(wantPath, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(wantPath); err != nil || string(want) != got {
		t.Errorf("%s: the problems are\n%swant (%v)\n%s", path, got, err, want)
	}
}
