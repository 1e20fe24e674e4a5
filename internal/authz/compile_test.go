package authz_test

import (
	"encoding/base64"
	"testing"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// TestProblems compiles the policies of the configurations that the gate refuses.
// Alone, they have the problems that the gate reports.
func TestProblems(t *testing.T) {
	refused, err := corpus.LoadRefused("../gate/testdata/config/refused")
	if err != nil {
		t.Fatal(err)
	}
	key := base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	for _, r := range refused {
		o := r.Root.Object()
		secrets := func(string) (string, bool) { return key, true }
		issuers, _ := authn.Compile(o.Get("issuers"), o.Get("peer"), o.Get("signatures").Exists(), secrets)
		*r.Problems = nil // those of the issuers are not asked for
		authz.Compile(authz.Config{
			Groups: o.Get("groups"), Grants: o.Get("grants"), Denies: o.Get("denies"), IAM: o.Get("iam"),
		}, issuers, &inference.Routes{})
		want := r.Want("groups", "grants", "denies", "iam")
		t.Run(r.Path, func(t *testing.T) {
			if got := r.Problems.Error(); got != want {
				t.Errorf("%s: problems are\n%s\nwant\n%s", r.Path, got, want)
			}
		})
	}
}
