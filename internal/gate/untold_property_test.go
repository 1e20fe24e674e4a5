package gate_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// untoldWorld has an issuer of each kind: one that says nothing of what absence means,
// one that names no groups, one that says that absent is none, one whose fields open other
// claims, one of a workload identity pool, and IAP with a workforce pool. Everybody with a token may do everything.
const untoldWorld = `{
	"version": 1,
	"issuers": [
		{"name": "corp", "issuer": "https://corp.example", "audiences": ["models"], "algorithms": ["HS256"],
		 "groups": "/groups", "symmetric": {"env": "A"}},
		{"name": "plain", "issuer": "https://plain.example", "audiences": ["models"], "algorithms": ["HS256"], "symmetric": {"env": "B"}},
		{"name": "declared", "issuer": "https://declared.example", "audiences": ["models"], "algorithms": ["HS256"], "groups": "/groups",
		 "absent": {"email": "none", "domain": "none", "groups": "none"}, "symmetric": {"env": "C"}},
		{"name": "open", "issuer": "https://open.example", "audiences": ["models"], "algorithms": ["HS256"],
		 "groups": ["/groups", {"pointer": "/words", "form": "words"}, {"pointer": "/paths", "form": "paths"}], "domain": "address",
		 "address": {"pointer": "/upn", "verified": {"pointer": "/ok", "anyOf": [true]}, "folded": true}, "symmetric": {"env": "E"}},
		{"name": "partner", "issuer": "https://partner.example", "audiences": ["models"], "algorithms": ["HS256"], "groups": "/groups",
		 "pool": "` + partnerPool + `", "attributes": {"team": "/team"}, "symmetric": {"env": "D"}},
		{"name": "iap", "preset": "google-iap", "audiences": ["/projects/1/apps/a"], "pool": "` + staffPool + `",
		 "jwks": {"inline": {"keys": [{"kty": "EC", "use": "sig", "alg": "ES256", "kid": "k", "crv": "P-256",
			"x": "NiwHfKttbbmuH16v2nGLsVeFOrRpueljVehAbSDOM58", "y": "SqYj14Wj3sx9zk754KUrrjOQsnv_SxePQO9iga144nk"}]}}}
	],
	"groups": [{"name": "crew", "members": ["user:eve@x.example", "user:bob@x.example"]}],
	"routes": [{"prefix": "/k", "protocol": "kserve-v1", "names": "kserve"}],
	"grants": [
		{"name": "all", "issuers": ["corp", "plain", "declared", "open", "partner", "iap"], "members": ["allAuthenticatedUsers"],
		 "role": "admin", "models": ["*/*"]},
		{"name": "anyone", "members": ["allUsers"], "verbs": ["predict"], "models": ["*/*"]}
	]
}`

const (
	partnerPool = "projects/1/locations/global/workloadIdentityPools/p"
	staffPool   = "locations/global/workforcePools/staff"
	iamPrefix   = "//iam.googleapis.com/"
)

// untoldCaller is a caller as its token says: claims that it leaves out are not there.
type untoldCaller struct {
	issuer string // "" without a token
	claims claims
}

// TestADenyAppliesOrIsDisproved: for every deny and every caller, the deny applies, or the
// claims prove that it does not.
func TestADenyAppliesOrIsDisproved(t *testing.T) {
	seed, _ := strconv.ParseUint(os.Getenv("PROMISES_SEED"), 10, 64)
	_, s := load(t, untoldWorld)
	seen := map[string]int{}
	const rounds = 400
	for round := range rounds {
		d := untoldDice{rand.New(rand.NewPCG(seed, uint64(round)))}
		var denies []rule
		for i := range 1 + d.IntN(3) {
			denies = append(denies, d.deny("deny-"+strconv.Itoa(i)))
		}
		text, _ := json.Marshal(denies)
		g, err := gate.New(edit.Set(t, s.Config, "/denies", string(text)), s.Secret)
		if err != nil {
			t.Fatalf("PROMISES_SEED=%d, round %d: New with %s: %v", seed, round, text, err)
		}
		for range 40 {
			c := d.caller()
			want := "allowed"
			for _, deny := range denies {
				if !deny.disproved(c) {
					want = "denied"
				}
			}
			_, step := begin(g, untoldHead(t, s, c))
			got := outcome(step)
			if c.issuer == "" && step.Reason == reason.CredentialMissing { // what an anonymous caller gets for denied
				got = "denied"
			}
			if got != want {
				claims, _ := json.Marshal(c.claims)
				t.Fatalf("PROMISES_SEED=%d, round %d: %s of %s is %s, want %s under %s", seed, round, claims, c.issuer, got, want, text)
			}
			seen[want]++
			seen[c.issuer+" "+want]++
		}
	}
	for _, outcome := range []string{"allowed", "denied", "corp denied", "plain allowed",
		"declared allowed", "open allowed", "open denied", "partner denied", "iap allowed"} {
		if seen[outcome] < rounds {
			t.Errorf("%q was seen %d times, which is too seldom to prove anything", outcome, seen[outcome])
		}
	}
}

func untoldHead(t *testing.T, s *corpus.Scenario, c untoldCaller) *gate.Head {
	h := head("POST /k/prod/fraud:predict")
	h.End = true
	switch c.issuer {
	case "":
	case "iap":
		h.Pairs = append(h.Pairs, pair{"x-goog-iap-jwt-assertion", mint(t, s, corpus.Token{Issuer: "iap", Claims: c.claims})})
	default:
		h.Pairs = append(h.Pairs, bearer(t, s, corpus.Token{Issuer: c.issuer, Claims: c.claims}))
	}
	return h
}

// disproved reports whether the claims prove that the deny does not apply. A token of an
// issuer that the deny does not name proves it; no token proves that nobody is a member
// but allUsers.
func (r rule) disproved(c untoldCaller) bool {
	if slices.Contains(r.Members, "allUsers") {
		return false
	}
	if c.issuer == "" {
		return r.Issuers != nil || r.Members != nil
	}
	if r.Issuers != nil && !slices.Contains(r.Issuers, c.issuer) {
		return true
	}
	return r.Members != nil && !slices.ContainsFunc(r.Members, func(m string) bool { return !c.provesNotToBe(m) })
}

func (c untoldCaller) provesNotToBe(member string) bool {
	kind, name, _ := strings.Cut(member, ":")
	pool := strings.HasPrefix(name, iamPrefix+partnerPool+"/")
	within, _ := strings.CutPrefix(strings.TrimPrefix(name, iamPrefix+partnerPool+"/"), iamPrefix+staffPool+"/")
	switch {
	case member == "allAuthenticatedUsers":
		return false
	case kind == "user" || kind == "serviceAccount":
		return c.provesNot("email", name)
	case kind == "domain" && c.issuer == "open":
		_, domain, _ := strings.Cut(c.text("upn"), "@")
		return c.provesNot("email", "") && c.claims["ok"] == true && !strings.EqualFold(domain, name)
	case kind == "domain":
		return c.provesNot("hd", name)
	case kind == "group":
		return c.provesNotIn(name)
	case pool && c.issuer != "partner" || !pool && c.issuer != "iap":
		return true
	case !pool:
		return c.provesNotStaff(within)
	case within == "*":
		return false
	}
	if subject, ok := strings.CutPrefix(within, "subject/"); ok {
		return c.claims["sub"] != subject
	}
	if group, ok := strings.CutPrefix(within, "group/"); ok {
		return c.provesNotIn(group)
	}
	team, isText := c.claims["team"].(string)
	return isText && team != strings.TrimPrefix(within, "attribute.team/")
}

// provesNot reports whether a claim proves that the caller is not known by that name.
func (c untoldCaller) provesNot(claim, name string) bool {
	of := claim
	if claim == "email" && c.issuer == "open" {
		of = "upn"
	}
	value, there := c.claims[of]
	text, isText := value.(string)
	if !there || text == "" && isText || value == nil {
		return c.issuer == "declared" || c.issuer == "iap" && claim == "hd"
	}
	return isText && !strings.EqualFold(text, name) && (claim != "email" || strings.Count(text, "@") == 1)
}

// provesNotIn reports whether nothing that the caller may be in has the group: the token's
// groups, and the configuration's.
func (c untoldCaller) provesNotIn(name string) bool {
	_, overage := c.claims["_claim_names"]
	list, there := c.claims["groups"].([]string)
	named := !overage && (there && !slices.Contains(list, name) || !there && c.issuer == "declared")
	if c.issuer == "open" {
		_, words := c.claims["words"]
		paths, isList := c.claims["paths"].([]string)
		named = named && words && isList && !slices.Contains(strings.Fields(c.text("words")), name) &&
			!slices.ContainsFunc(paths, func(p string) bool { return p == name || strings.HasPrefix(p, name+"/") })
	}
	if c.issuer == "plain" || c.issuer == "iap" { // name no groups: there are only those of the configuration
		named = name == "crew"
	}
	return named && (name != "crew" || c.provesNot("email", "eve@x.example") && c.provesNot("email", "bob@x.example"))
}

// text returns a claim that is a string, or "".
func (c untoldCaller) text(claim string) string {
	text, _ := c.claims[claim].(string)
	return text
}

// provesNotStaff reports whether IAP says that the caller is a Google account, in another
// pool, or another one of the pool.
func (c untoldCaller) provesNotStaff(within string) bool {
	identity, there := c.claims["workforce_identity"].(claims)
	if !there {
		return c.claims["identity_source"] == nil
	}
	principal, _ := identity["iam_principal"].(string)
	pool, _ := identity["workforce_pool_name"].(string)
	subject, consistent := strings.CutPrefix(principal, "principal:"+iamPrefix+pool+"/subject/")
	return consistent && pool != "" && (pool != staffPool || within != "*" && "subject/"+subject != within)
}

type untoldDice struct{ *rand.Rand }

func (d untoldDice) pick(from ...string) string { return from[d.IntN(len(from))] }

func (d untoldDice) deny(name string) (r rule) {
	r.Name = name
	switch issuers := []string{"corp", "plain", "declared", "open", "partner", "iap"}; d.IntN(4) {
	case 0: // "crew" is the only group that these two can tell
		r.Issuers = []string{d.pick("plain", "iap")}
		r.Members = []string{d.pick("user:eve@x.example", "domain:x.example", "group:crew")}
	case 1:
		d.Shuffle(len(issuers), func(i, j int) { issuers[i], issuers[j] = issuers[j], issuers[i] })
		r.Issuers = append(issuers[:1+d.IntN(3)], "corp", "partner", "iap")
		slices.Sort(r.Issuers)
		r.Issuers = slices.Compact(r.Issuers)
		fallthrough
	default:
		for range 1 + d.IntN(2) {
			r.Members = append(r.Members, d.pick(
				"user:eve@x.example", "user:Eve@X.example", "serviceAccount:a@p.iam.gserviceaccount.com", "domain:x.example",
				"group:ops", "group:crew", "allUsers", "allAuthenticatedUsers",
				"principal:"+iamPrefix+partnerPool+"/subject/7", "principalSet:"+iamPrefix+partnerPool+"/*",
				"principalSet:"+iamPrefix+partnerPool+"/group/ops", "principalSet:"+iamPrefix+partnerPool+"/group/crew",
				"principalSet:"+iamPrefix+partnerPool+"/attribute.team/red",
				"principal:"+iamPrefix+staffPool+"/subject/7", "principalSet:"+iamPrefix+staffPool+"/*"))
		}
	}
	return r
}

// caller returns one whose token leaves out any of the claims.
func (d untoldDice) caller() untoldCaller {
	c := untoldCaller{d.pick("corp", "plain", "declared", "open", "partner", "iap", ""), claims{}}
	some := func(name string, values ...any) {
		if i := d.IntN(2 * len(values)); i < len(values) {
			c.claims[name] = values[i]
		}
	}
	c.claims["sub"] = d.pick("7", "8")
	some("email", "eve@x.example", "EVE@x.example", "ana@x.example",
		"a@p.iam.gserviceaccount.com", "", []string{"ana@x.example"}, "ana@x@y", nil)
	some("email_verified", true, false)
	if c.issuer == "open" {
		some("upn", "eve@x.example", "EVE@x.example", "ana@X.example", "ana@y.example", "bob@y.example", "",
			[]string{"ana@x.example"}, "ana@x@y", nil)
		some("ok", true, true, true, "true", []bool{true})
		some("words", "ops", "science crew", "opscrew", "")
		some("paths", []string{"ops/sub"}, []string{"a/ops"}, []string{}, []string{"crews/a", "crew/b"})
	}
	some("hd", "x.example", "y.example", "X.Example", []string{"y.example"})
	some("groups", []string{"ops"}, []string{"science"}, []string{}, []string{"crew", "science"})
	some("team", "red", "blue", []string{"blue"}, 7)
	if d.IntN(6) == 0 {
		c.claims["_claim_names"] = claims{"groups": "src1"}
	}
	if c.issuer == "iap" {
		pool, other := staffPool, "locations/global/workforcePools/others"
		some("workforce_identity",
			claims{"iam_principal": "principal:" + iamPrefix + pool + "/subject/" + d.pick("7", "8"), "workforce_pool_name": pool},
			claims{"iam_principal": "principal:" + iamPrefix + other + "/subject/7", "workforce_pool_name": other},
			claims{"iam_principal": "principal:" + iamPrefix + pool + "/subject/8", "workforce_pool_name": d.pick(other, "")},
			claims{"workforce_pool_name": pool})
		some("identity_source", "WORKFORCE_IDENTITY")
	}
	return c
}
