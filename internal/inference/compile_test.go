package inference_test

import (
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// TestProblems compiles the routes of the configurations that the gate is
// known to refuse: alone, they have the same problems.
func TestProblems(t *testing.T) {
	refused, err := corpus.LoadRefused("../gate/testdata/config/refused")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range refused {
		o := r.Root.Object()
		*r.Problems = nil // those of the whole are not asked for
		inference.Compile(o.Get("routes"), o.Get("serves"), false)
		want := r.Want("routes", "serves")
		if got := r.Problems.Error(); got != want {
			t.Errorf("%s: problems are\n%s\nwant\n%s", r.Path, got, want)
		}
	}
}
