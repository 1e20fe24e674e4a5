package gate_test

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// talkative is a configuration that lets each kind of line come.
const talkative = `{
	"version": 1,
	"host": {"holdHeaders": true},
	"issuers": [{
		"name": "corp", "issuer": "https://corp.example", "audiences": ["models"], "algorithms": ["HS256"],
		"groups": "/groups", "maxLifetime": "1h", "requiredClaims": [{"pointer": "/tier", "anyOf": ["gold", "silver"]}],
		"symmetric": {"env": "CORP", "kid": "corp"}
	}],
	"routes": [
		{"protocol": "kserve-v1", "prefix": "/kfserving", "names": "kfserving"},
		{"protocol": "openai", "prefix": "/llm", "names": "kserve"}
	],
	"grants": [
		{"name": "fraud-team", "issuers": ["corp"], "members": ["group:fraud"], "role": "invoker", "models": ["prod/fraud"]},
		{"name": "llm", "issuers": ["corp"], "members": ["allAuthenticatedUsers"], "role": "invoker", "models": ["prod/chat"]},
		{"name": "vip", "issuers": ["corp"], "members": ["user:ana@example.com"], "role": "viewer", "models": ["prod/risk"],
			"claims": [{"pointer": "/acr", "equals": "strong"}]}
	],
	"denies": [{"name": "frozen", "models": ["prod/frozen"]}, {"name": "leavers", "members": ["group:leavers"], "models": ["prod/old"]}]
}`

// TestAuditDetail: what a line says is at fault. docs/explain.md has each of these lines.
func TestAuditDetail(t *testing.T) {
	doc, err := os.ReadFile("../../docs/explain.md")
	if err != nil {
		t.Fatal(err)
	}
	g, s := load(t, talkative)
	gold := func(more claims) *corpus.Token {
		all := claims{"tier": "gold", "email": "ana@example.com", "email_verified": true, "groups": []string{"staff", "risk"}}
		maps.Copy(all, more)
		token := corp(all)
		return &token
	}
	const chat = "POST /llm/prod/chat/v1/chat/completions"
	fraud := "POST /kfserving/prod/fraud:predict"
	badKey := corp(claims{"tier": "gold"})
	badKey.Header = claims{"kid": "corp-2024"}
	for _, c := range []struct {
		name, line string
		token      *corpus.Token
		more       []pair
		body, want string
	}{
		{"audience", fraud, gold(claims{"aud": []string{"other", "account"}}), nil, "",
			`{"modelgate":"audience_wrong","issuer":"corp","claim":"/aud","kid":"corp","alg":"HS256","place":"claim /aud",` +
				`"why":"must have one of","want":["models"],"got":["other","account"]}`},
		{"expired", fraud, gold(claims{"exp": "now-1h", "iat": "now-2h"}), nil, "",
			`{"modelgate":"token_expired","issuer":"corp","claim":"/exp","kid":"corp","alg":"HS256","place":"claim /exp",` +
				`"why":"must be in the future, but for 30 s of clockSkew","got":["1699996400"],"late_seconds":3600}`},
		{"early", fraud, gold(claims{"nbf": "now+5m"}), nil, "",
			`{"modelgate":"token_not_yet_valid","issuer":"corp","claim":"/nbf","kid":"corp","alg":"HS256","place":"claim /nbf",` +
				`"why":"must be in the past, but for 30 s of clockSkew","got":["1700000300"],"early_seconds":300}`},
		{"lifetime", fraud, gold(claims{"exp": "now+2h"}), nil, "",
			`{"modelgate":"token_lifetime","issuer":"corp","claim":"/exp","kid":"corp","alg":"HS256","place":"claim /exp",` +
				`"why":"must be at most 3600 s (maxLifetime) after iat, but for twice the clockSkew","got":["7210 s after it"]}`},
		{"required claim", fraud, gold(claims{"tier": "bronze"}), nil, "",
			`{"modelgate":"claims_invalid","issuer":"corp","claim":"/tier","kid":"corp","alg":"HS256","place":"claim /tier",` +
				`"why":"must be one of (requiredClaims)","want":["gold","silver"],"got":["bronze"]}`},
		{"wrong type", fraud, gold(claims{"sub": 7}), nil, "",
			`{"modelgate":"claims_invalid","issuer":"corp","claim":"/sub","kid":"corp","alg":"HS256","place":"claim /sub",` +
				`"why":"must be the caller's name, a string that is not empty","got":["a number"]}`},
		{"issuer", fraud, gold(claims{"iss": "https://corp.example/"}), nil, "",
			`{"modelgate":"issuer_unknown","claim":"/iss","kid":"corp","alg":"HS256","place":"claim /iss",` +
				`"why":"must be an issuer whose tokens come in this header:","want":["https://corp.example"],"got":["https://corp.example/"]}`},
		{"key", fraud, &badKey, nil, "",
			`{"modelgate":"key_unknown","issuer":"corp","kid":"corp-2024","alg":"HS256","place":"token header /kid",` +
				`"why":"must be a key of the issuer, for this alg:","want":["corp"],"got":["corp-2024"]}`},
		{"scheme", fraud, nil, []pair{{"authorization", "Token abc"}}, "",
			`{"modelgate":"scheme_unsupported","place":"header authorization",` +
				`"why":"must begin with a scheme that an issuer has, and one space:","want":["Bearer"],"got":["Token"]}`},
		{"no scheme", fraud, nil, []pair{{"authorization", "s3cretKey x"}}, "",
			`{"modelgate":"scheme_unsupported","place":"header authorization",` +
				`"why":"must begin with a scheme that an issuer has, and one space:","want":["Bearer"]}`},
		{"anonymous", "POST /kfserving/prod//fraud:predict", nil, nil, "",
			`{"modelgate":"credential_missing","place":"credential","why":"must be there: a caller without one may not do this",` +
				`"want":["authorization: Bearer"],"hides":"path_invalid"}`},
		{"member", fraud, gold(nil), nil, "",
			`{"modelgate":"grant_missing","issuer":"corp","subject":"subject-1","address":"ana@example.com","groups":["staff","risk"],` +
				`"group_count":2,"verb":"predict","models":["prod/fraud"],"place":"grant","why":"must have the caller as a member",` +
				`"grant":"fraud-team","lacks":"member"}`},
		{"condition", "GET /kfserving/prod/risk", gold(nil), nil, "",
			`{"modelgate":"grant_missing","issuer":"corp","subject":"subject-1","address":"ana@example.com","groups":["staff","risk"],` +
				`"group_count":2,"verb":"ready","models":["prod/risk"],"place":"grant","why":"holds only if the token meets",` +
				`"want":["/acr equals \"strong\""],"grant":"vip","lacks":"condition"}`},
		{"verb", "POST /kfserving/prod/risk:predict", gold(nil), nil, "",
			`{"modelgate":"grant_missing","issuer":"corp","subject":"subject-1","address":"ana@example.com","groups":["staff","risk"],` +
				`"group_count":2,"verb":"predict","models":["prod/risk"],"place":"grant","why":"must have the verb predict",` +
				`"grant":"vip","lacks":"verb"}`},
		{"deny", "POST /kfserving/prod/frozen:predict", gold(nil), nil, "",
			`{"modelgate":"denied","issuer":"corp","subject":"subject-1","address":"ana@example.com","groups":["staff","risk"],` +
				`"group_count":2,"verb":"predict","models":["prod/frozen"],"rule":"frozen","place":"deny",` +
				`"why":"applies to the caller, the verb and the model"}`},
		{"deny in doubt", "POST /kfserving/prod/old:predict", gold(claims{"groups": nil}), nil, "",
			`{"modelgate":"denied","issuer":"corp","subject":"subject-1","address":"ana@example.com",` +
				`"verb":"predict","models":["prod/old"],"rule":"leavers","place":"deny","why":"applies in doubt: the caller's credential ` +
				`does not tell whether the caller is its member, or meets its conditions"}`},
		{"path", "POST /kfserving/prod/%66raud:predict", gold(nil), nil, "",
			`{"modelgate":"path_invalid","issuer":"corp","subject":"subject-1","place":"path byte 16","why":"must not be in a path: ` +
				`no percent-encoding, no ';', and only what RFC 3986 section 3.3 allows","got":["%66"]}`},
		{"method", "PUT /kfserving/prod/fraud:predict", gold(nil), nil, "",
			`{"modelgate":"path_unknown","issuer":"corp","subject":"subject-1","place":"method","why":"must be one that the path has:",` +
				`"want":["POST"],"got":["PUT"]}`},
		{"header", fraud, gold(nil), []pair{{"x-gateway-model-name", "other"}}, "",
			`{"modelgate":"identity_conflict","issuer":"corp","subject":"subject-1","place":"header x-gateway-model-name",` +
				`"why":"must name what the rest of the request names, or be left out","got":["other"]}`},
		{"query", chat + "?model=b", gold(nil), []pair{{"content-type", "application/json"}}, `{}`,
			`{"modelgate":"query_refused","issuer":"corp","subject":"subject-1","place":"query","why":"must have only parameters that ` +
				`the protocol lists for this path, and no ';'","got":["model"]}`},
		{"body", chat, gold(nil), []pair{{"content-type", "application/json"}}, `{"model":"a","model":"b"}`,
			`{"modelgate":"body_invalid","issuer":"corp","subject":"subject-1","verb":"generate","models":["prod/chat"],` +
				`"place":"body byte 19","why":"a name occurs twice","got":["/model"]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, token := head(c.line, c.more...), ""
			if c.token != nil {
				token = mint(t, s, *c.token)
				h.Pairs = append(h.Pairs, pair{"authorization", "Bearer " + token})
			}
			h.End = c.body == ""
			_, step := g.DecideRequest(gate.Env{Now: now, Keys: g.Keys()}, h, []byte(c.body), nil)
			if readAudit(t, step.Audit, token); step.Audit != c.want {
				t.Errorf("logs\n%s, want\n%s", step.Audit, c.want)
			}
			if !strings.Contains(string(doc), c.want) {
				t.Errorf("docs/explain.md does not have\n%s", c.want)
			}
		})
	}
}

// TestAuditWantIsBounded: of the values of a configuration that would do a line has a few.
func TestAuditWantIsBounded(t *testing.T) {
	audiences := make([]string, 1000)
	for i := range audiences {
		audiences[i] = "https://models-" + strconv.Itoa(i) + ".example.com"
	}
	list, err := json.Marshal(audiences)
	if err != nil {
		t.Fatal(err)
	}
	g, s := load(t, strings.Replace(talkative, `["models"]`, string(list), 1))
	h := head("POST /kfserving/prod/fraud:predict", bearer(t, s, corp(claims{"tier": "gold", "aud": "other"})))
	h.End = true
	_, step := begin(g, h)
	if a := readAudit(t, step.Audit, ""); a.Decision != "audience_wrong" || len(a.Want) != 9 || a.Want[8] != "…" {
		t.Errorf("logs %d bytes: %.400s", len(step.Audit), step.Audit)
	}
}

// TestAuditDetailIsBounded: however much a caller sends, a line says a few values, each cut, and
// escaped as everything in a line.
func TestAuditDetailIsBounded(t *testing.T) {
	g, s := load(t, talkative)
	nasty := strings.Repeat("\n\"\u202e", 3000)
	many := slices.Repeat([]string{strings.Repeat("g", 900)}, 9)
	for name, token := range map[string]corpus.Token{
		"aud":    corp(claims{"tier": "gold", "aud": many}),
		"iss":    corp(claims{"iss": nasty[:4000]}),
		"tier":   corp(claims{"tier": nasty[:4000]}),
		"groups": corp(claims{"tier": "gold", "groups": many}),
		"kid":    {Issuer: "corp", Header: claims{"kid": nasty[:200]}},
		"alg":    {Issuer: "corp", Header: claims{"alg": nasty[:2000]}},
	} {
		t.Run(name, func(t *testing.T) {
			h := head("POST /kfserving/prod/fraud:predict", bearer(t, s, token))
			h.End = true
			_, step := begin(g, h)
			if a := readAudit(t, step.Audit, ""); a.Decision == "allowed" || len(a.Got) > 5 || len(a.Groups) > 6 {
				t.Errorf("logs %s", step.Audit)
			}
		})
	}
}

// TestNothingOfACauseIsInAnAnswer: whatever is at fault, all that an answer has is in this
// list: the Reason, the request's id, and challenges made of the configuration. Every refusing
// case of the examples is asked.
func TestNothingOfACauseIsInAnAnswer(t *testing.T) {
	scenarios, err := corpus.LoadAll("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	answers, now := 0, time.Now()
	for _, s := range scenarios {
		g, err := gate.New(s.Config, s.Secret)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range s.Cases {
			r, err := s.Request(c, now)
			if err != nil {
				t.Fatal(err)
			}
			x, step := g.DecideRequest(gate.Env{Now: now, Keys: g.Keys()}, r.Head(), []byte(r.Body), r.Trailers)
			if step.Act != gate.Refuse && step.Act != gate.Reset {
				continue
			}
			answers++
			if cause := x.Cause(); cause == nil || cause.Place == "" || cause.Why == "" {
				t.Errorf("%s: %s: %s says nothing of what is at fault", s.Name, c.Name, step.Reason)
			}
			if why := unexpected(step.Reply, step.Reason, r.GRPC); why != "" {
				t.Errorf("%s: %s: the answer has %s", s.Name, c.Name, why)
			}
		}
	}
	if answers < 1000 {
		t.Errorf("%d refusals, want those of more than 1000 cases", answers)
	}
}

// challenged is a challenge: the scopes and the URL are of the configuration.
var challenged = regexp.MustCompile(`^Bearer realm="model gate"(, error="[a-z_]+", error_description="([a-z_]+)")?` +
	`(, scope="[^"]*")?(, resource_metadata="[^"]*")?$`)

// unexpected returns what an answer has beyond what answers have; "" if there is nothing.
func unexpected(r gate.Reply, why reason.Reason, grpc bool) string {
	for _, h := range r.Headers {
		switch m := challenged.FindStringSubmatch(h[1]); {
		case h[0] == "www-authenticate" && (m == nil || m[2] != "" && m[2] != why.String()):
			return "the challenge " + h[1]
		case h[0] == "accept-signature": // of the configuration
		case h[0] == "content-type" && h[1] == "application/json", h[0] == "cache-control" && h[1] == "no-store":
		case h[0] == "retry-after" && h[1] == "10", h[0] == "vary" && h[1] == "origin", strings.HasPrefix(h[0], "access-control-"):
		case h[0] != "www-authenticate":
			return "the header " + h[0]
		}
	}
	if grpc {
		if r.Body != why.String() {
			return "the message " + r.Body
		}
		return ""
	}
	var body struct {
		Reason  string `json:"reason"`
		ID      string `json:"request_id"`
		Type    string `json:"type"`
		Error   any    `json:"error"`
		Message string `json:"message"`
	}
	d := json.NewDecoder(strings.NewReader(r.Body))
	d.DisallowUnknownFields()
	text := "model gate: " + why.String()
	if err := d.Decode(&body); err != nil || body.Reason != why.String() || !strings.Contains(r.Body, text) {
		return "the body " + r.Body
	}
	rest := strings.ReplaceAll(strings.ReplaceAll(r.Body, text, ""), `"`+why.String()+`"`, "")
	if len(rest) > 160 {
		return "too long a body: " + r.Body
	}
	return ""
}

// TestRefusalsStayCheap: what a refusal allocates has a bound, for each kind of fault, also if the
// same request comes again and again.
func TestRefusalsStayCheap(t *testing.T) {
	g, s := load(t, talkative)
	long := strings.Repeat("/a", 900)
	for name, h := range map[string]*gate.Head{
		"no credential":  head("POST /kfserving/prod/fraud:predict"),
		"no token":       head("POST /kfserving/prod/fraud:predict", pair{"authorization", "Bearer " + strings.Repeat("x", 15<<10)}),
		"expired":        head("POST /kfserving/prod/fraud:predict", bearer(t, s, corp(claims{"tier": "gold", "exp": "now-1h", "iat": "now-2h"}))),
		"audience":       head("POST /kfserving/prod/fraud:predict", bearer(t, s, corp(claims{"aud": slices.Repeat([]string{"x"}, 500)}))),
		"issuer unknown": head("POST /kfserving/prod/fraud:predict", bearer(t, s, corp(claims{"iss": strings.Repeat("i", 4000)}))),
		"no grant":       head("POST /kfserving/prod/fraud:predict", bearer(t, s, corp(claims{"tier": "gold"}))),
		"a long path":    head("POST "+long+";", bearer(t, s, corp(claims{"tier": "gold"}))),
		"unknown path":   head("POST "+long, bearer(t, s, corp(claims{"tier": "gold"}))),
		"query":          head("POST /kfserving/prod/fraud:predict?access_token=x"),
	} {
		t.Run(name, func(t *testing.T) {
			h.End = true
			env := gate.Env{Now: now, Keys: g.Keys(), Cache: g.NewCache()}
			x := &gate.Exchange{}
			if step := x.Begin(g, env, h); step.Act != gate.Refuse || len(step.Audit) > 2000 {
				t.Fatalf("Begin = %s, %s", step.Reason, step.Audit)
			}
			if n := testing.AllocsPerRun(100, func() { x.Begin(g, env, h) }); n > mostOfARefusal {
				t.Errorf("%v allocations, want at most %d", n, mostOfARefusal)
			}
		})
	}
}

// mostOfARefusal is the most allocations of a refusal.
const mostOfARefusal = 60
