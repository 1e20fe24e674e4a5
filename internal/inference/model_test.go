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
		if !ok || v != inference.Verb(i) || v.String() != name || !inference.NewVerbs(v).Has(v) || inference.NewVerbs(v).Has(v+1) {
			t.Errorf("ParseVerb(%q) = %d (%s), %v", name, v, v, ok)
		}
	}
	for _, name := range []string{"", "Predict", "predict ", "classify", "verb(9)"} {
		if v, ok := inference.ParseVerb(name); ok {
			t.Errorf("ParseVerb(%q) = %s", name, v)
		}
	}
	if s := inference.Verb(9).String(); s != "verb(9)" {
		t.Errorf("Verb(9) = %q", s)
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

func TestParsePattern(t *testing.T) {
	long := strings.Repeat("a", 63)
	for _, s := range []string{
		"prod/fraud", "*/*", "prod/*", "*/fraud", "prod/risk-*", "prod-*/a*", "p/0", "prod/fraud@3", "prod/*@v1.2_3", "prod/llm/*", "prod/llm/meta-llama/Llama-3.1-8B",
		"prod/llm/meta-*/Llama*", "prod/llm/a/b/c/d@1", "prod/llm/A_b", long + "/" + long, long + "*/" + long + "*", long[:61] + "-*/a", "prod/a--*",
		"prod/llm/" + strings.Repeat("m", 253),
	} {
		if _, err := inference.ParsePattern(s); err != nil {
			t.Errorf("ParsePattern(%q): %v", s, err)
		}
	}
	for _, c := range []struct{ pattern, want string }{
		{"", "needs a namespace"}, {"fraud", "needs a namespace"}, {"*", "needs a namespace"}, {"fraud@3", "needs a namespace"},
		{"prod/fraud@", "no version after"}, {"prod/fraud@*", "no version after"}, {"prod/fraud@3@4", "no version after"}, {"prod/fraud@a/b", "no version after"}, {"prod/fraud@.", "no version after"},
		{"prod/**", "one '*' may stand"}, {"prod/*a", "one '*' may stand"}, {"prod/a*b", "one '*' may stand"}, {"*prod/a", "one '*' may stand"}, {"prod/llm/*x", "one '*' may stand"},
		{"/fraud", `"" is no DNS-1123 label`}, {"prod/", `"" is no DNS-1123 label`}, {"Prod/fraud", "no DNS-1123 label"}, {"prod/Fraud", "no DNS-1123 label"}, {"prod/fr.aud", "no DNS-1123 label"},
		{"prod/-fraud", "no DNS-1123 label"}, {"prod/fraud-", "no DNS-1123 label"}, {"prod/fr_aud", "no DNS-1123 label"}, {"prod /fraud", "no DNS-1123 label"}, {long + "a/fraud", "no DNS-1123 label"},
		{"prod/-*", `"-" cannot begin`}, {"-*/fraud", "cannot begin"}, {"prod/A*", "cannot begin"}, {"prod/a.*", "cannot begin"}, {"prod/" + long + "a*", "cannot begin"}, {"prod/" + long[:62] + "-*", "cannot begin"},
		{"prod/llm/", "cannot be part"}, {"prod/llm//x", "cannot be part"}, {"prod/llm/.x", "cannot be part"}, {"prod/llm/.*", "cannot be part"}, {"prod/llm/a b", "cannot be part"},
		{"prod/llm/é", "cannot be part"}, {"prod/llm/%41", "cannot be part"}, {"prod/llm/" + strings.Repeat("m", 254), "cannot be part"},
	} {
		if p, err := inference.ParsePattern(c.pattern); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("ParsePattern(%q) = %v, %v, want ...%s...", c.pattern, p, err, c.want)
		}
	}
}

func TestPatternMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, namespace, service, name, version string
		want                                       bool
	}{
		{"prod/fraud", "prod", "fraud", "fraud", "", true},
		{"prod/fraud", "prod", "fraud", "fraud", "3", true},
		{"prod/fraud", "prod", "fraud", "other/model", "", true}, // a service covers the models inside it
		{"prod/fraud", "prod", "fraud-admin", "fraud-admin", "", false},
		{"prod/fraud", "prod", "frau", "fraud", "", false},
		{"prod/fraud", "prod", "other", "fraud", "", false},
		{"prod/fraud", "production", "fraud", "fraud", "", false},
		{"prod/fraud", "fraud", "prod", "prod", "", false},
		{"prod/fraud@3", "prod", "fraud", "fraud", "3", true},
		{"prod/fraud@3", "prod", "fraud", "fraud", "", false},
		{"prod/fraud@3", "prod", "fraud", "fraud", "30", false},
		{"*/*", "prod", "fraud", "any/thing", "9", true},
		{"prod/*", "prod", "fraud", "fraud", "", true},
		{"prod/*", "prod-eu", "fraud", "fraud", "", false},
		{"prod*/*", "prod-eu", "fraud", "fraud", "", true},
		{"prod/risk-*", "prod", "risk-eu", "risk-eu", "", true},
		{"prod/risk-*", "prod", "risk-", "risk-", "", true},
		{"prod/risk-*", "prod", "risk", "risk", "", false},
		{"prod/risk-*", "prod", "a-risk-eu", "a-risk-eu", "", false},
		{"prod/llm/*", "prod", "llm", "llama", "", true},
		{"prod/llm/*", "prod", "llm", "meta/llama", "", false}, // a star stays in its segment
		{"prod/llm/meta/*", "prod", "llm", "meta/llama", "", true},
		{"prod/llm/meta/*", "prod", "llm", "meta", "", false},
		{"prod/llm/meta/*", "prod", "llm", "metal/llama", "", false},
		{"prod/llm/meta*/llama*", "prod", "llm", "metal/llama-3", "", true},
		{"prod/llm/llama", "prod", "llm", "Llama", "", false},
		{"prod/llm/llama@1", "prod", "llm", "llama", "1", true},
		{"prod/llm/llama@1", "prod", "llm", "llama", "2", false},
	} {
		p, err := inference.ParsePattern(c.pattern)
		m := inference.Model{Namespace: c.namespace, Service: c.service, Name: c.name, Version: c.version}
		if err != nil || p.Matches(m) != c.want {
			t.Errorf("%s matches %s = %v, want %v (%v)", c.pattern, m, !c.want, c.want, err)
		}
	}
}
