package inference_test

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
)

func TestVerbs(t *testing.T) {
	names := strings.Fields("predict explain generate metadata ready list load unload admin")
	for i, name := range names {
		v, ok := inference.ParseVerb(name)
		if !ok || v != inference.Verb(i) || v.String() != name {
			t.Errorf("ParseVerb(%q) = %d (%s), %v, want %d", name, v, v, ok, i)
		}
		if set := inference.NewVerbs(v); !set.Has(v) || set.Has(v+1) {
			t.Errorf("NewVerbs(%s) has %v, and the next verb %v, want it alone", v, set.Has(v), set.Has(v+1))
		}
	}
	for _, name := range []string{"", "Predict", "predict ", "classify", "verb(9)"} {
		if v, ok := inference.ParseVerb(name); ok {
			t.Errorf("ParseVerb(%q) = %s, want none", name, v)
		}
	}
	if s := inference.Verb(9).String(); s != "verb(9)" {
		t.Errorf("Verb(9) = %q, want verb(9)", s)
	}
}

func TestModelString(t *testing.T) {
	for want, m := range map[string]inference.Model{
		"prod/fraud":               {Namespace: "prod", Service: "fraud", Name: "fraud"},
		"prod/fraud@3":             {Namespace: "prod", Service: "fraud", Name: "fraud", Version: "3"},
		"prod/llm/meta/Llama-3":    {Namespace: "prod", Service: "llm", Name: "meta/Llama-3"},
		"prod/llm/meta/Llama-3@v1": {Namespace: "prod", Service: "llm", Name: "meta/Llama-3", Version: "v1"},
	} {
		if m.String() != want {
			t.Errorf("%#v.String() = %q, want %q", m, m, want)
		}
	}
}
