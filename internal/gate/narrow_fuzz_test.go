package gate_test

import (
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
)

// FuzzNarrowing: a document that compiles beside a configuration is one that is accepted
// alone, and lets nothing pass that the configuration refuses.
func FuzzNarrowing(f *testing.F) {
	for _, kind := range []string{"accepted", "refused", "beside"} {
		for _, doc := range files(f, "narrowing/"+kind) {
			f.Add(doc)
		}
	}
	g, s := load(f, world)
	env := gate.Env{Now: now, Keys: g.Keys()}
	token := bearer(f, s, corp(claims{"sub": "1234", "plan": "paid"}))
	var heads []*gate.Head
	lines := []string{
		askPublic, askStaff, "GET /kfserving/public/iris", "POST /kfserving/prod/frozen:predict", "POST /kfserving/lab/x:predict",
	}
	for _, line := range lines {
		for _, h := range []*gate.Head{head(line), head(line, token)} {
			h.End = true
			heads = append(heads, h)
		}
	}
	f.Fuzz(func(t *testing.T, doc string) {
		d, err := gate.NewNarrowingDocument(doc)
		if err != nil {
			return
		}
		n, err := g.Narrowing(d)
		if err != nil {
			return
		}
		for _, h := range heads {
			_, without := g.DecideRequest(env, h, nil, nil)
			if _, step := g.DecideNarrowed(env, h, nil, nil, n); step.Act == gate.Forward && without.Act != gate.Forward {
				t.Errorf("%v passes by %s, although the configuration refuses it", h.Pairs[:2], doc)
			}
		}
	})
}
