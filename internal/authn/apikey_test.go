package authn

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// testKey is a key of the form that "modelgate apikey" makes.
func testKey(name string) string { return "mg_" + name + strings.Repeat("0", 40-len(name)) }

func digestOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// entry is an entry of a key for its subject, with more fields given in turn.
func entry(key, subject string, more ...any) m {
	return with(m{"sha256": digestOf(key), "subject": subject}, more...)
}

// keyRow is an issuer of API keys with a prefix.
func keyRow(name, prefix string, entries ...m) m {
	return m{"name": name, "apiKeys": m{"prefix": prefix, "inline": entries}}
}

// TestAPIKeys: a key is its caller from notBefore to until, and nothing else is.
func TestAPIKeys(t *testing.T) {
	w := newWorld(t,
		with(keyRow("keys", "mg_",
			entry(testKey("ana"), "ana", "email", "ana@corp.example", "groups", []string{"ml"}, "claims", m{"tier": "gold"}),
			entry(testKey("old"), "old", "until", now.UTC().Format(time.RFC3339)),
			entry(testKey("new"), "new", "notBefore", now.Add(time.Second).UTC().Format(time.RFC3339)),
			entry(testKey("now"), "now", "notBefore", now.UTC().Format(time.RFC3339), "until", now.Add(time.Second).UTC().Format(time.RFC3339)),
			entry("mg_"+strings.Repeat("0", minAPIKey-4), "short"), entry("mg_"+strings.Repeat("x", maxAPIKey-2), "long")),
			"from", []m{{"header": "authorization", "scheme": "Bearer"}, {"header": "x-api-key"}}),
		row("a", []string{"ES256"}, publicJWK(ecKey, "k", "")))
	for _, x := range []struct{ name, header, value, want, subject string }{
		{"bearer", "authorization", "Bearer " + testKey("ana"), "allowed", "ana"},
		{"any case of the scheme", "authorization", "bearer " + testKey("ana"), "allowed", "ana"},
		{"x-api-key", "x-api-key", testKey("ana"), "allowed", "ana"},
		{"from now on", "x-api-key", testKey("now"), "allowed", "now"},
		{"too late", "x-api-key", testKey("old"), "token_expired", ""},
		{"too early", "x-api-key", testKey("new"), "token_not_yet_valid", ""},
		{"another key", "x-api-key", testKey("bob"), "api_key_unknown", ""},
		{"a prefix alone", "x-api-key", "mg_", "api_key_unknown", ""},
		{"the digest", "x-api-key", "mg_" + digestOf(testKey("ana")), "api_key_unknown", ""},
		{"another case", "x-api-key", strings.ToUpper(testKey("ana")), "api_key_unknown", ""},
		{"a character more", "x-api-key", testKey("ana") + "0", "api_key_unknown", ""},
		{"a character less", "x-api-key", testKey("ana")[:42], "api_key_unknown", ""},
		{"a blank", "x-api-key", testKey("ana") + " ", "api_key_unknown", ""},
		{"too short to be a key", "x-api-key", "mg_" + strings.Repeat("0", minAPIKey-4), "api_key_unknown", ""},
		{"too long to be a key", "x-api-key", "mg_" + strings.Repeat("x", maxAPIKey-2), "api_key_unknown", ""},
		{"no prefix, where no token comes", "x-api-key", testKey("ana")[3:], "api_key_unknown", ""},
		{"no prefix, where tokens come", "authorization", "Bearer " + testKey("ana")[3:], "token_malformed", ""},
		{"another scheme", "authorization", "Basic " + testKey("ana"), "scheme_unsupported", ""},
		{"two keys", "x-api-key", testKey("ana") + "," + testKey("now"), "credential_repeated", ""},
		{"a token beside", "authorization", "Bearer " + sign("ES256", ecKey, m{"alg": "ES256", "kid": "k"}, claimsOf("a")), "allowed", "alice"},
	} {
		t.Run(x.name, func(t *testing.T) {
			p, why := w.authenticate([][2]string{{x.header, x.value}}, Peer{})
			if why.String() != x.want || p.Subject != x.subject {
				t.Errorf("got %v %q; want %s %q", why, p.Subject, x.want, x.subject)
			}
		})
	}
	p, _ := w.authenticate([][2]string{{"x-api-key", testKey("ana")}}, Peer{})
	if p.Issuer != "keys" || p.Email != "ana@corp.example" || p.ClaimedEmail != p.Email || len(p.Groups) != 1 || p.Groups[0] != "ml" ||
		p.Claims.Get("tier").Str != "gold" || p.Untold != 0 || p.Domain != "" || p.Peer != "" {
		t.Errorf("the caller is %+v", p)
	}
}

// TestAPIKeyIssuerRefused: what an issuer of keys must be.
func TestAPIKeyIssuerRefused(t *testing.T) {
	one := entry(testKey("a"), "a")
	es := row("a", []string{"ES256"}, publicJWK(ecKey, "k", ""))
	for _, x := range []struct {
		name string
		rows []m
		want string
	}{
		{"prefix", []m{keyRow("k", "a b", one)}, `"/0/apiKeys/prefix": must be 1 to 32 letters`},
		{"prefix of a token", []m{keyRow("k", "eyJ", one)}, `"/0/apiKeys/prefix": must be 1 to 32 letters`},
		{"long prefix", []m{keyRow("k", strings.Repeat("a", 33), one)}, `"/0/apiKeys/prefix": must be 1 to 32 letters`},
		{"no keys", []m{{"name": "k", "apiKeys": m{}}}, `"/0/apiKeys": needs either "inline"`},
		{"both", []m{{"name": "k", "apiKeys": m{"inline": []m{one}, "remote": m{"uri": "https://a.example/", "cluster": "a"}}}},
			`needs either "inline"`},
		{"discovery", []m{{"name": "k", "apiKeys": m{"remote": m{"discovery": "https://a.example/", "cluster": "a"}}}}, `must have "uri"`},
		{"audiences", []m{with(keyRow("k", "mg_", one), "audiences", []string{"a"})}, `audiences`},
		{"prefixes", []m{keyRow("k", "mg_", one), keyRow("l", "mg_l_", one)}, `tells its keys from those of issuer "k"`},
		{"two without", []m{{"name": "k", "apiKeys": m{"inline": []m{one}}}, {"name": "l", "apiKeys": m{"inline": []m{one}}}}, `tells its keys`},
		{"tokens beside", []m{{"name": "k", "apiKeys": m{"inline": []m{one}}}, es}, `issuer "k", whose keys need a prefix`},
		{"beside tokens", []m{es, {"name": "k", "apiKeys": m{"inline": []m{one}}}}, `issuer "k", whose keys need a prefix`},
		{"twice", []m{keyRow("k", "mg_", one, entry(testKey("a"), "b"))}, `"/0/apiKeys/inline/1": must not have the sha256 of another`},
	} {
		t.Run(x.name, func(t *testing.T) {
			if _, problems := compile(x.rows); problems == nil || !strings.Contains(problems.Error(), x.want) {
				t.Errorf("got %v; want %s", problems, x.want)
			}
		})
	}
}

// entries are accepted entries of keys, and refused ones.
var acceptedEntries, refusedEntries = []string{
	`{"sha256":"D","subject":"a"}`,
	`{"subject":"a","sha256":"D","email":"a@b.c","groups":[],"claims":{},` +
		`"notBefore":"2026-01-01T00:00:00Z","until":"2027-01-01T00:00:00+01:00"}`,
	`{"sha256":"D","subject":"a","groups":["x","y"],"claims":{"deep":{"er":[1,null]}}}`,
}, []string{
	`null`, `[]`, `"D"`, `{}`, `{"sha256":"D"}`, `{"subject":"a"}`, `{"sha256":"","subject":"a"}`, `{"sha256":"D","subject":""}`,
	`{"sha256":"D0","subject":"a"}`, `{"sha256":"0D","subject":"a"}`, `{"sha256":"U","subject":"a"}`, `{"sha256":"xy","subject":"a"}`,
	`{"sha256":7,"subject":"a"}`, `{"sha256":"D","subject":7}`, `{"sha256":"D","subject":null}`, `{"sha256":"D","subject":"a","key":"mg_"}`,
	`{"sha256":"D","subject":"a","email":"a"}`, `{"sha256":"D","subject":"a","email":null}`, `{"sha256":"D","subject":"a","groups":"x"}`,
	`{"sha256":"D","subject":"a","groups":[7]}`, `{"sha256":"D","subject":"a","groups":null}`, `{"sha256":"D","subject":"a","claims":[]}`,
	`{"sha256":"D","subject":"a","until":"2027-01-01"}`, `{"sha256":"D","subject":"a","until":1798761600}`,
	`{"sha256":"D","subject":"a","until":""}`,
	`{"sha256":"D","subject":"a","notBefore":"soon"}`, `{"sha256":"D","subject":"a","Until":"2027-01-01T00:00:00Z"}`,
}

func filled(entry string) string {
	digest := digestOf(testKey("a"))
	return strings.NewReplacer(`"D`, `"`+digest, `D"`, digest+`"`, `"U"`, `"`+strings.ToUpper(digest)+`"`).Replace(entry)
}

func TestReadAPIKey(t *testing.T) {
	for _, e := range acceptedEntries {
		t.Run(e, func(t *testing.T) {
			if _, fault := readAPIKey(strictjson.Read(filled(e))); fault != "" {
				t.Error(fault)
			}
		})
	}
	for _, e := range refusedEntries {
		t.Run(e, func(t *testing.T) {
			if k, fault := readAPIKey(strictjson.Read(filled(e))); fault == "" {
				t.Errorf("got %+v; want a fault", k)
			}
		})
	}
}

// TestPublishedAPIKeys: one mistake costs one key, and an empty list revokes all.
func TestPublishedAPIKeys(t *testing.T) {
	a, b := mustJSON(entry(testKey("a"), "a")), mustJSON(entry(testKey("b"), "b"))
	other := mustJSON(entry(testKey("a"), "mallory"))
	for _, x := range []struct{ name, document, a, b string }{
		{"two", `{"keys":[` + a + `,` + b + `]}`, "allowed", "allowed"},
		{"one that is malformed", `{"keys":[` + a + `,{"sha256":"no"},7,` + b + `],"more":1}`, "allowed", "allowed"},
		{"one twice", `{"keys":[` + a + `,` + a + `,` + b + `]}`, "allowed", "allowed"},
		{"one for two callers", `{"keys":[` + a + `,` + other + `,` + a + `,` + b + `]}`, "api_key_unknown", "allowed"},
		{"none", `{"keys":[]}`, "api_key_unknown", "api_key_unknown"},
		{"no list", `{"keys":{}}`, "", ""},
		{"a key set", `{}`, "", ""},
		{"no JSON", `{"keys":[`, "", ""},
		{"a name twice", `{"keys":[],"keys":[]}`, "", ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := newWorld(t, m{"name": "k", "apiKeys": m{"remote": m{"uri": "https://keys.example/", "cluster": "keys"}}})
			remote := w.a.Remotes()[0]
			if err := remote.CheckKeys(x.document); (err != nil) != (x.a == "") {
				t.Fatalf("CheckKeys = %v", err)
			}
			w.env.WaitPolicy = keys.MayWait
			before := w.a.Authenticate(w.env, bearerPairs(testKey("a")), Peer{})
			if before.Reason != reason.KeysUnavailable || before.Missing == nil || before.Missing.Issuer != "k" {
				t.Errorf("before the first list: %v %v; want keys_unavailable, and to wait", before.Reason, before.Missing)
			}
			if x.a == "" {
				return
			}
			w.env.Keys = w.env.Keys.With(remote, x.document)
			for key, want := range map[string]string{"a": x.a, "b": x.b} {
				r := w.a.Authenticate(w.env, bearerPairs(testKey(key)), Peer{})
				if r.Reason.String() != want || r.Missing != nil {
					t.Errorf("%s: %v, waits for %v; want %s at once", key, r.Reason, r.Missing, want)
				}
			}
		})
	}
}

// TestRevokedAPIKeyIsForgotten: a remembered key does not outlive the list that has it,
// nor its time.
func TestRevokedAPIKeyIsForgotten(t *testing.T) {
	w := newWorld(t, m{"name": "k", "apiKeys": m{"remote": m{"uri": "https://keys.example/", "cluster": "keys"}}})
	until := entry(testKey("a"), "a", "until", now.Add(time.Minute).UTC().Format(time.RFC3339))
	remote := w.a.Remotes()[0]
	w.env.Keys, w.env.Cache = w.env.Keys.With(remote, mustJSON(m{"keys": []m{until}})), NewCache()
	ask := func() (reason.Reason, bool) {
		r := w.a.Authenticate(w.env, bearerPairs(testKey("a")), Peer{})
		return r.Reason, r.CacheHit
	}
	for range 3 {
		ask()
	}
	if why, hit := ask(); why != reason.Allowed || !hit {
		t.Fatalf("a key that comes again: %v, remembered %t", why, hit)
	}
	w.env.Now = now.Add(time.Minute)
	if why, _ := ask(); why != reason.TokenExpired {
		t.Errorf("at its end: %v; want token_expired", why)
	}
	w.env.Now = now
	for range 3 {
		ask()
	}
	w.env.Keys = w.env.Keys.With(remote, `{"keys":[]}`)
	if why, _ := ask(); why != reason.APIKeyUnknown {
		t.Errorf("revoked: %v; want api_key_unknown", why)
	}
}

// manyKeys is a list of n keys, as it is published.
func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `%s{"sha256":"%s","subject":"team-%d"}`, []string{"", ","}[min(i, 1)], digestOf(testKey(fmt.Sprintf("k%06d", i))), i)
	}
	return `{"keys":[` + b.String() + `]}`
}

// TestMemoryOfAPIKeys holds what docs/api-keys.md says: a key takes its entry and
// some 120 bytes.
func TestMemoryOfAPIKeys(t *testing.T) {
	const n = 100_000
	document := manyKeys(n)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	set, _, err := parseAPIKeys(document)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if err != nil || len(set.keys) != n {
		t.Fatal(err)
	}
	if each := int(after.HeapAlloc-before.HeapAlloc) / n; each > 130 {
		t.Errorf("a key takes %d bytes beside its entry; want at most 130", each)
	}
	runtime.KeepAlive(set)
	runtime.KeepAlive(document)
}

// TestAllocationsOfAPIKeys: a remembered key allocates nothing, and one that is not
// remembered only its caller, however many keys there are.
func TestAllocationsOfAPIKeys(t *testing.T) {
	for _, n := range []int{10, 10_000} {
		w := newWorld(t, m{"name": "k", "apiKeys": m{"remote": m{"uri": "https://keys.example/", "cluster": "keys"}}})
		w.env.Keys = w.env.Keys.With(w.a.Remotes()[0], manyKeys(n))
		pairs := bearerPairs(testKey("k000007"))
		authenticate := func() {
			if r := w.a.Authenticate(w.env, pairs, Peer{}); r.Reason != reason.Allowed {
				t.Fatal(r.Reason)
			}
		}
		if got := testing.AllocsPerRun(100, authenticate); got != 1 {
			t.Errorf("%d keys: a fresh one allocates %v times; want 1", n, got)
		}
		w.env.Cache = NewCache()
		authenticate()
		authenticate()
		if got := testing.AllocsPerRun(100, authenticate); got != 0 {
			t.Errorf("%d keys: a remembered one allocates %v times; want 0", n, got)
		}
	}
}

func BenchmarkAPIKey(b *testing.B) {
	for _, n := range []int{10, 100_000} {
		w := newWorld(b, m{"name": "k", "apiKeys": m{"remote": m{"uri": "https://keys.example/", "cluster": "keys"}}})
		w.env.Keys = w.env.Keys.With(w.a.Remotes()[0], manyKeys(n))
		for _, x := range []struct {
			name  string
			cache *Cache
			key   string
		}{{"fresh", nil, testKey("k000007")}, {"remembered", NewCache(), testKey("k000007")}, {"unknown", nil, testKey("x")}} {
			b.Run(fmt.Sprintf("%s of %d", x.name, n), func(b *testing.B) {
				w.env.Cache = x.cache
				pairs := bearerPairs(x.key)
				b.ReportAllocs()
				for b.Loop() {
					w.a.Authenticate(w.env, pairs, Peer{})
				}
			})
		}
	}
}

// FuzzAPIKeys: a document is refused, or each of its keys has a digest and a subject
// that no other caller has.
func FuzzAPIKeys(f *testing.F) {
	for _, e := range append(acceptedEntries, refusedEntries...) {
		f.Add(`{"keys":[` + filled(e) + `]}`)
	}
	f.Add(manyKeys(2))
	f.Fuzz(func(t *testing.T, document string) {
		set, _, err := parseAPIKeys(document)
		if err != nil {
			return
		}
		for i := range set.keys {
			if k := &set.keys[i]; k.entry != "" && k.principal("k").Subject == "" {
				t.Errorf("%s has no subject", k.entry)
			}
		}
	})
}
