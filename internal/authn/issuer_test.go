package authn

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/testing/edit"
)

// Good issuers in JSON, which cases change.
var (
	inlineKeys = m{"inline": m{"keys": []m{publicJWK(ecKey, "e", ""), publicJWK(rsaKey, "r", "")}}}
	ownDoc     = issuerDoc("own", "issuer", "https://own.example", "algorithms", []string{"ES256"})
	iapDoc     = issuerDoc("p", "preset", "google-iap", "audiences", []string{"/projects/1/apps/a"})
	oidcDoc    = issuerDoc("p", "preset", "google-oidc")
	hmacDoc    = issuerDoc("hs", "issuer", "i", "algorithms", []string{"HS256"}, "symmetric", m{"env": "SECRET"}, "jwks", missing{})
)

func issuerDoc(name string, changes ...any) string {
	return mustJSON(with(m{"name": name, "audiences": []string{"a"}, "jwks": inlineKeys}, changes...))
}

// pool and workforcePool are the two kinds of identity pool.
const (
	pool          = "projects/12/locations/global/workloadIdentityPools/p-1"
	workforcePool = "locations/global/workforcePools/staff"
)

// set is doc with changes: pointers and values in turn. The value "" deletes.
func set(t testing.TB, doc string, changes ...string) string {
	t.Helper()
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == "" {
			doc = edit.Delete(t, doc, changes[i])
		} else {
			doc = edit.Set(t, doc, changes[i], changes[i+1])
		}
	}
	return doc
}

func TestIssuersAccepted(t *testing.T) {
	for _, c := range []struct {
		doc     string
		changes []string
	}{
		{ownDoc, nil},
		{ownDoc, []string{"/type", `"at+jwt"`}},
		{ownDoc, []string{"/clockSkew", `"0s"`}},
		{ownDoc, []string{"/clockSkew", `"5m"`}},
		{ownDoc, []string{"/clockSkew", `"1m30s"`}},
		{ownDoc, []string{"/maxLifetime", `"1s"`}},
		{ownDoc, []string{"/maxLifetime", `"87600h"`}},
		{ownDoc, []string{"/email", `"verified"`}},
		{ownDoc, []string{"/email", `"trusted"`}},
		{ownDoc, []string{"/groups", `"/groups"`}},
		{ownDoc, []string{"/groups", `"/"`}},
		{ownDoc, []string{"/groups", `"/a~1b/0"`}},
		{ownDoc, []string{"/pool", `"` + pool + `"`}},
		{ownDoc, []string{"/pool", `"` + workforcePool + `"`}},
		{ownDoc, []string{"/pool", `"` + workforcePool + `"`, "/attributes", `{"team_1":"/t"}`}},
		{ownDoc, []string{"/from", `[{"header":"authorization"}]`}},
		{ownDoc, []string{"/from", `[{"header":"x-a"},{"header":"authorization","scheme":"Token"}]`}},
		{ownDoc, []string{"/algorithms", `["ES256","RS256"]`}},
		{ownDoc, []string{"/audiences", `["a","b"]`}},
		{iapDoc, nil},
		{iapDoc, []string{"/audiences/0", `"/projects/1/global/backendServices/2"`}},
		{iapDoc, []string{"/audiences/0", `"/projects/1/apps/my-app"`}},
		{iapDoc, []string{"/audiences/0", `"/projects/1/apps/corp.example:my-app"`}},
		{iapDoc, []string{"/audiences/0", `"/projects/1/europe-west1/backendServices/2"`}},
		{iapDoc, []string{"/audiences/0", `"/projects/1/locations/europe-west1/services/my-service"`}},
		{iapDoc, []string{"/from", `[{"header":"x-other"}]`, "/clockSkew", `"10s"`, "/groups", `"/g"`}},
		{oidcDoc, []string{"/audiences/0", `"anything"`, "/pool", `"` + pool + `"`}},
		{hmacDoc, nil},
		{hmacDoc, []string{"/algorithms/0", `"HS384"`}},
		{hmacDoc, []string{"/algorithms/0", `"HS512"`}},
	} {
		t.Run(fmt.Sprint(c.changes), func(t *testing.T) {
			doc := set(t, c.doc, c.changes...)
			w, problems := compile("[" + doc + "]")
			if problems != nil || len(w.a.issuers) != 1 || len(w.env.Keys.sets[0].Keys()) == 0 || len(w.a.extractors) == 0 {
				t.Errorf("Compile(%s) = %v", doc, problems)
			}
		})
	}
}

// TestIssuersTogether: the problems of all issuers are found at once, in order.
func TestIssuersTogether(t *testing.T) {
	second := set(t, ownDoc, "/name", `"b"`)
	apart := set(t, second, "/issuer", `"i"`)
	bearer := func(scheme string) string { return set(t, second, "/from", `[{"header":"authorization"`+scheme+`}]`) }
	many := func(n int) string {
		var rows []string
		for i := range n {
			rows = append(rows, set(t, ownDoc, "/name", fmt.Sprintf(`"n%d"`, i), "/issuer", fmt.Sprintf(`"i%d"`, i)))
		}
		return strings.Join(rows, ",")
	}
	google := set(t, ownDoc, "/issuer", `"accounts.google.com"`)
	const sameIss = `"/1": must not have the iss of issuer "own" in the same header: nothing tells their tokens apart`
	for _, c := range []struct{ name, rows, want string }{
		{"different iss", ownDoc + `,` + apart, ``},
		{"65 issuers", many(65), ``},
		{"too many issuers", strings.Repeat("{},", 4096) + "{}", `"": must have at most 4096 issuers; got 4097`},
		{"the same name", ownDoc + `,` + set(t, ownDoc, "/issuer", `"i"`), `"/1": the name "own" is there twice`},
		{"the same iss", ownDoc + `,` + second, sameIss},
		{"the same iss, the scheme in lower case", ownDoc + `,` + bearer(`,"scheme":"bearer"`), sameIss},
		{"the same iss with another scheme", ownDoc + `,` + bearer(`,"scheme":"Token"`), ``},
		{"the same iss in another header", ownDoc + `,` + set(t, second, "/from", `[{"header":"x"}]`), ``},
		{"with and without a scheme", ownDoc + `,` + bearer(``), `"/1": must not read header authorization both with and without a scheme`},
		{"the iss of a preset", oidcDoc + `,` + google, strings.Replace(sameIss, "own", "p", 1)},
		{"a preset with the iss of another", google + `,` + oidcDoc, sameIss},
		{"a problem in each", set(t, ownDoc, "/type", `"x"`, "/clockSkew", `"1h"`) + `,2,` + set(t, second, "/groups", `"g"`, "/pool", `"p"`),
			`"/0/type": must be at+jwt (RFC 9068), or left out for an ordinary JWT; "types" lists others; got "x"` + "\n" +
				`"/0/clockSkew": must be a duration from 0s to 5m0s, such as "30s"; got "1h"` + "\n" +
				`"/1": must be an object; got 2` + "\n" +
				`"/2/groups": ` + pointerForm + `; got "g"` + "\n" +
				`"/2/pool": ` + poolForm + `; got "p"` + "\n" +
				strings.Replace(sameIss, "1", "2", 1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, problems := compile("[" + c.rows + "]"); problems.Error() != c.want {
				t.Errorf("Compile(%s) = %v, want %s", c.rows, problems, c.want)
			}
		})
	}
}

func TestConfiguredIssuers(t *testing.T) {
	w, _ := compile(`[` + set(t, ownDoc, "/pool", `"`+workforcePool+`"`, "/groups", `"/g"`) + `,` + oidcDoc + `]`)
	if got := w.a.IssuerNames(); !slices.Equal(got, []string{"own", "p"}) {
		t.Errorf("IssuerNames() = %q", got)
	}
	for _, c := range []struct {
		name           string
		pool           string
		exists, groups bool
	}{
		{"own", workforcePool, true, true},
		{"p", "", true, false},
		{"q", "", false, false},
	} {
		if got := w.a.Pool(c.name); got != c.pool {
			t.Errorf("Pool(%s) = %q, want %q", c.name, got, c.pool)
		}
		if got := w.a.HasIssuer(c.name); got != c.exists {
			t.Errorf("HasIssuer(%s) = %v, want %v", c.name, got, c.exists)
		}
		if got := w.a.HasGroups(c.name); got != c.groups {
			t.Errorf("HasGroups(%s) = %v, want %v", c.name, got, c.groups)
		}
	}
}

// TestIssuerWarnings: an iss that looks like a URL without its scheme gets a warning.
func TestIssuerWarnings(t *testing.T) {
	const warning = `issuer "own" has the iss "own.example" without https://: it is compared exactly with the token's`
	for _, c := range []struct {
		iss  string
		want []string
	}{
		{"https://own.example", nil},
		{"http://own.example", nil},
		{"urn:own.example", nil},
		{"own", nil},
		{"own.example", []string{warning}},
	} {
		t.Run(c.iss, func(t *testing.T) {
			doc := issuerDoc("own", "issuer", c.iss, "algorithms", []string{"ES256"})
			w, problems := compile("[" + doc + "," + oidcDoc + "]")
			if got := messages(w.a.Warnings(nil)); problems != nil || !slices.Equal(got, c.want) {
				t.Errorf("Warnings() = %q, want %q (%v)", got, c.want, problems)
			}
		})
	}
}
