package authz_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// FuzzScope holds a condition on a scope to a plain reading of the claims: a grant only if
// each claim that the token has names the scope, a deny unless each is known not to.
func FuzzScope(f *testing.F) {
	f.Add("read", `{"scope": "openid read"}`)
	f.Add("read", `{"scp": ["openid", "read"], "scope": "x"}`)
	f.Add("r", `{"scope": "a\tr"}`)
	f.Add("1", `{"scope": 1, "scp": ["1", 1, null, ["1"]]}`)
	f.Fuzz(func(t *testing.T, scope, claims string) {
		if !authz.IsScope(scope) || strictjson.Check(claims) != nil || !strictjson.Read(claims).IsObject() {
			return
		}
		var token struct{ Scope, Scp json.RawMessage }
		fields := map[string]json.RawMessage{}
		if json.Unmarshal([]byte(claims), &fields) != nil {
			return
		}
		token.Scope, token.Scp = fields["scope"], fields["scp"]
		want := "unknown"
		for i, raw := range slices.DeleteFunc([]json.RawMessage{token.Scope, token.Scp}, func(m json.RawMessage) bool { return m == nil }) {
			if got := scopeIn(raw, scope); i == 0 {
				want = got
			} else if got != want {
				want = "unknown"
			}
		}
		quoted, _ := json.Marshal(scope)
		checkCondition(t, `{"scope": `+string(quoted)+`}`, claims, want)
	})
}

// scopeIn reports whether a claim names a scope: yes, no or unknown.
func scopeIn(raw json.RawMessage, scope string) string {
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return "unknown"
	}
	switch v := value.(type) {
	case string:
		switch {
		case slices.Contains(strings.Split(v, " "), scope):
			return "yes"
		case !strings.ContainsAny(v, "\t\n\v\f\r"):
			return "no"
		}
	case []any:
		if slices.Contains(v, any(scope)) {
			return "yes"
		}
		return "no"
	}
	return "unknown"
}
