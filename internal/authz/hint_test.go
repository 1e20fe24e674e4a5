package authz_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestHints: a well-known mistake in a rule is answered with what was meant.
func TestHints(t *testing.T) {
	const noRegexp = `a pattern is no regular expression: a "*" at the end of a part matches any further characters`
	rule := `{"grants": [{"name": "g", "issuers": ["corp"], "members": [%s], "claims": [{"pointer": %s, "exists": true}], %s,
		"models": [%s]}]}`
	const member, pointer, role, model = `"user:ana@example.com"`, `"/email"`, `"role": "viewer"`, `"prod/fraud"`
	for _, c := range []struct{ member, pointer, role, model, want string }{
		{member, pointer, role, model, ""},
		{`"ana@example.com"`, pointer, role, model, `did you mean "user:ana@example.com"?`},
		{`" user:ana@example.com"`, pointer, role, model, `did you mean "user:ana@example.com"?`},
		{`"USER:ana@example.com"`, pointer, role, model, `did you mean "user:ana@example.com"?`},
		{`"b@p.iam.gserviceaccount.com"`, pointer, role, model, `did you mean "serviceAccount:b@p.iam.gserviceaccount.com"?`},
		{`"user:b@p.iam.gserviceaccount.com"`, pointer, role, model, `did you mean "serviceAccount:b@p.iam.gserviceaccount.com"?`},
		{`"serviceaccount:B@p.iam.gserviceaccount.COM"`, pointer, role, model, `did you mean "serviceAccount:b@p.iam.gserviceaccount.com"?`},
		{`"serviceAccount:ana@example.com"`, pointer, role, model, `did you mean "user:ana@example.com"?`},
		{`"allusers"`, pointer, role, model, `did you mean "allUsers"?`},
		{`"domain:Example.com"`, pointer, role, model, `did you mean "domain:example.com"?`},
		{`"namespace:Prod"`, pointer, role, model, `did you mean "namespace:prod"?`},
		{`"system:serviceaccount:team-a:trainer"`, pointer, role, model, `did you mean "serviceAccount:team-a/trainer"?`},
		{`"serviceAccount:system:serviceaccount:team-a:trainer"`, pointer, role, model, `did you mean "serviceAccount:team-a/trainer"?`},
		{`"SUB:7"`, pointer, role, model, `did you mean "sub:7"?`},
		{`"*"`, pointer, role, model, `principalSet:, spiffe:, namespace:, dns:, subject: or certificate:; got "*"`},
		{`"team"`, pointer, role, model, `principalSet:, spiffe:, namespace:, dns:, subject: or certificate:; got "team"`},
		{member, `"email"`, role, model, `did you mean "/email"?`},
		{member, `"$.email"`, role, model, `did you mean "/email"?`},
		{member, pointer, `"role": "invokers"`, model, `must be viewer, invoker or admin; got "invokers"`},
		{member, pointer, `"verbs": ["GET"]`, model, `metadata, ready, list, load, unload or admin; got "GET"`},
		{member, pointer, role, `"fraud"`, `write "*/fraud" for this service in every namespace`},
		{member, pointer, role, `"prod/.*"`, noRegexp},
		{member, pointer, role, `"^prod/fraud$"`, noRegexp},
		{member, pointer, role, `"prod/(fraud|risk)"`, noRegexp},
		{member, pointer, role, `"prod/[a-z]+"`, noRegexp},
		{member, pointer, role, `"Prod/fraud"`, `did you mean "prod/fraud"?`},
	} {
		doc := fmt.Sprintf(rule, c.member, c.pointer, c.role, c.model)
		t.Run(c.member+c.pointer+c.role+c.model, func(t *testing.T) {
			_, problems := tryCompile(doc)
			if c.want == "" && problems != nil || !strings.HasSuffix(problems.Error(), c.want) {
				t.Errorf("Compile(%s) = %v, want ... %s", doc, problems, c.want)
			}
		})
	}
}
