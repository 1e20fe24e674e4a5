package gate_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

var update = flag.Bool("update", false, "rewrite testdata/config/refused/*.want")

const publicKeys = `{"keys": [{"kty": "EC", "crv": "P-256", "x": "NiwHfKttbbmuH16v2nGLsVeFOrRpueljVehAbSDOM58",
	"y": "SqYj14Wj3sx9zk754KUrrjOQsnv_SxePQO9iga144nk"}]}`

// secret is the environment of the VM in every test.
func secret(name string) (string, bool) {
	v, ok := map[string]string{
		"KEY":    strings.Repeat("A", 43), // 32 bytes
		"KEY32":  strings.Repeat("A", 43),
		"KEY64":  strings.Repeat("A", 86),
		"SHORT":  "AAAA",
		"PADDED": "AAAAAA==",
		"JWKS":   publicKeys,
	}[name]
	return v, ok
}

// files reads testdata/<dir>/*.json.
func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("testdata/" + dir + "/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no documents in %s: %v", dir, err)
	}
	docs := map[string]string{}
	for _, path := range paths {
		doc, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		docs[path] = string(doc)
	}
	return docs
}

// TestRefusedConfigurations compares all problems of each configuration, in order, with
// the .want file beside it.
func TestRefusedConfigurations(t *testing.T) {
	for path, doc := range files(t, "config/refused") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			g, err := gate.New(doc, secret)
			var problems strictjson.Problems
			if g != nil || !errors.As(err, &problems) || len(problems) == 0 {
				t.Fatalf("New(%s) = %v, %v, want only problems", path, g, err)
			}
			checkWant(t, path, err.Error()+"\n")
		})
	}
}

func TestAcceptedConfigurations(t *testing.T) {
	for path, doc := range files(t, "config/accepted") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			g, err := gate.New(doc, secret)
			if err != nil {
				t.Fatalf("New(%s) =\n%v", path, err)
			}
			if refusesAnonymous(t, g, doc) == grantsEveryone(doc) && !strings.Contains(path, "accepted/grants") {
				t.Errorf("%s: an anonymous request is decided against the grants", path)
			}
		})
	}
}

// grantsEveryone reports whether a configuration has the member allUsers
// anywhere, however it is escaped.
func grantsEveryone(doc string) bool {
	var v any
	if json.Unmarshal([]byte(doc), &v) != nil {
		return true
	}
	plain, _ := json.Marshal(v)
	return strings.Contains(string(plain), `"allUsers"`)
}

// hasShadow reports whether a configuration has something in shadow.
func hasShadow(doc string) bool {
	var v any
	_ = json.Unmarshal([]byte(doc), &v)
	plain, _ := json.Marshal(v)
	return strings.Contains(string(plain), `"shadow":{`)
}

// refusesAnonymous sends many requests without a credential, and reports whether all are
// refused. A request may pass only in shadow.
func refusesAnonymous(t *testing.T, g *gate.Gate, doc string) bool {
	t.Helper()
	var c struct {
		Routes []struct{ Prefix, Service, Model string }
	}
	_ = json.Unmarshal([]byte(doc), &c)
	refused := true
	ask := func(method, authority, path string, more ...[2]string) {
		pairs := append([][2]string{{":method", method}, {":path", path}, {":authority", authority}}, more...)
		_, step := g.Begin(gate.Env{Now: time.Unix(1_700_000_000, 0), Keys: g.Keys()}, &gate.Head{Pairs: pairs})
		switch {
		case step.Act == gate.Forward && (step.Reason == reason.Allowed || step.Reason == reason.Exempt):
			refused = false
		case step.Act == gate.Forward: // in shadow, as the configuration says
			if !strings.Contains(step.Audit, `"shadow":true`) || step.Reply.Status != 0 || !hasShadow(doc) {
				t.Errorf("Begin(%s %s) passes although it is refused as %s", method, path, step.Reason)
			}
		case step.Reason == reason.Allowed || step.Reply.Status < 400:
			t.Errorf("Begin(%s %s) is refused as %s with %d", method, path, step.Reason, step.Reply.Status)
		}
	}
	for _, model := range []string{"prod/fraud", "public/iris", "a/a", "prod/echo"} {
		namespace, service, _ := strings.Cut(model, "/")
		for _, r := range c.Routes {
			ask("POST", "models.example.com", r.Prefix+"/"+model+":predict")
			ask("POST", "models.example.com", r.Prefix+"/"+model+":explain")
			ask("GET", "models.example.com", r.Prefix+"/"+model)
			ask("POST", "models.example.com", "/"+r.Service+"/Call", [2]string{"content-type", "application/grpc"})
		}
		for _, host := range []string{service + "-predictor-default." + namespace, service + "-predictor." + namespace} {
			ask("POST", host, "/v1/models/"+service+":predict")
		}
	}
	return refused
}

func FuzzConfig(f *testing.F) {
	for _, doc := range files(f, "config/accepted") {
		f.Add(doc)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		g, err := gate.New(doc, secret)
		var problems strictjson.Problems
		switch {
		case err != nil && (g != nil || !errors.As(err, &problems) || len(problems) == 0):
			t.Errorf("New = %v, %v, want a gate or problems", g, err)
		case err == nil && !refusesAnonymous(t, g, doc) && !grantsEveryone(doc):
			t.Error("an anonymous request is allowed without a grant to allUsers")
		}
	})
}
