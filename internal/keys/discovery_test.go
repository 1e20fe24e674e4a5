package keys

import (
	"strings"
	"testing"
)

func TestJWKSTarget(t *testing.T) {
	const iss = "https://issuer.example"
	s := compile(t, `{"discovery":"https://issuer.example/.well-known/openid-configuration","cluster":"issuer",`+
		`"jwksClusters":{"keys.example:8443":"keys","port.example:443":"port"}}`, iss)
	for doc, want := range map[string]Target{
		`{"issuer":"https://issuer.example","jwks_uri":"https://issuer.example/jwks","x":{}}`: {"issuer", "https", "issuer.example", "/jwks"},
		`{"jwks_uri":"https://keys.example:8443/","issuer":"https://issuer.example"}`:         {"keys", "https", "keys.example:8443", "/"},
		`{"issuer":"https://issuer.example","jwks_uri":"https://issuer.example:443/jwks"}`:    {"issuer", "https", "issuer.example", "/jwks"},
		`{"issuer":"https://issuer.example","jwks_uri":"HTTPS://Issuer.Example/Jwks?A"}`:      {"issuer", "https", "issuer.example", "/Jwks?A"},
		`{"issuer":"https://issuer.example","jwks_uri":"https://Keys.example:8443/"}`:         {"keys", "https", "keys.example:8443", "/"},
		`{"issuer":"https://issuer.example","jwks_uri":"https://port.example/"}`:              {"port", "https", "port.example", "/"},
		`{"issuer":"https://issuer.example","jwks_uri":"https://port.example:443/"}`:          {"port", "https", "port.example", "/"},
	} {
		if got, err := s.jwksTarget(doc); err != nil || got != want {
			t.Errorf("jwksTarget(%s) = %v, %v, want %v", doc, got, err, want)
		}
	}
	for _, c := range []struct{ doc, want string }{
		{`x`, "expected a value; got"},
		{`[]`, `issuer is ""`},
		{`{}`, `issuer is ""`},
		{`{"issuer":"https://issuer.example/","jwks_uri":"https://issuer.example/"}`, `issuer is "https://issuer.example/"`},
		{`{"issuer":"https://evil.example","jwks_uri":"https://issuer.example/"}`, `issuer is "https://evil.example"`},
		{`{"issuer":["https://issuer.example"],"jwks_uri":"https://issuer.example/"}`, `issuer is ""`},
		{`{"issuer":"https://issuer.example"}`, `jwks_uri "" is no https URI`},
		{`{"issuer":"https://issuer.example","jwks_uri":7}`, `jwks_uri "" is no https URI`},
		{`{"issuer":"https://issuer.example","jwks_uri":"http://issuer.example/"}`, `is no https URI`},
		{`{"issuer":"https://issuer.example","jwks_uri":"https://169.254.169.254/"}`, `on a host that has no cluster`},
		{`{"issuer":"https://issuer.example","jwks_uri":"https://issuer.example:444/"}`, `on a host that has no cluster`},
		{`{"issuer":"https://issuer.example","jwks_uri":"https://issuer.example:80/"}`, `on a host that has no cluster`},
		{`{"issuer":"https://issuer.example","jwks_uri":"https://keys.example/"}`, `on a host that has no cluster`},
		{`{"issuer":"https://issuer.example","jwks_uri":"https://u@issuer.example/"}`, `is no https URI`},
		{`{"issuer":"https://issuer.example","jwks_uri":"https://issuer.example/","jwks_uri":"https://e.example"}`, `is there twice`},
	} {
		t.Run(c.doc, func(t *testing.T) {
			if got, err := s.jwksTarget(c.doc); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("jwksTarget(%s) = %v, %v, want an error with %s", c.doc, got, err, c.want)
			}
		})
	}
}

func TestDiscovery(t *testing.T) {
	s := compile(t, `{"discovery":"http://issuer.example/d","cluster":"issuer"}`, "iss")
	r := NewRefresher(s, usable, 7)
	out, _ := r.Tick(now, "")
	raw := string(out.Store)
	ok := [][2]string{{":status", "200"}}
	next, o, err := r.HandleAnswer(now, raw, out.Fetch, Answer{Headers: ok, Body: `{"issuer":"iss","jwks_uri":"http://issuer.example/k"}`})
	if err != nil || o != Fetched || next.Store != nil || next.Fetch == nil || next.Fetch.Path != "/k" || next.Fetch.Cluster != "issuer" {
		t.Fatalf("HandleAnswer(discovery) = %+v, %s, %v", next, o, err)
	}
	done, o, err := r.HandleAnswer(now, raw, next.Fetch, Answer{Headers: ok, Body: `["k"]`})
	if err != nil || o != Fetched || done.Store == nil {
		t.Fatalf("HandleAnswer(keys) = %+v, %s, %v", done, o, err)
	}
	if r.Tick(now, string(done.Store)); r.Document(now) != `["k"]` {
		t.Errorf("Document = %q", r.Document(now))
	}
	lost, o, err := r.HandleAnswer(now, raw, out.Fetch, Answer{Headers: ok, Body: `{"issuer":"other"}`})
	if o != Malformed || err == nil || lost.Store == nil || lost.Fetch != nil {
		t.Errorf("HandleAnswer(another's discovery) = %+v, %s, %v", lost, o, err)
	}
}

// TestJWKSTargetOfPlainDocument: a document that is fetched by http may name https, or http.
func TestJWKSTargetOfPlainDocument(t *testing.T) {
	s := compile(t, `{"discovery":"http://idp:8080/d","cluster":"idp","jwksClusters":{"idp.example":"out"}}`, "iss")
	for uri, want := range map[string]Target{
		"http://idp:8080/k":         {"idp", "http", "idp:8080", "/k"},
		"https://idp:8080/k":        {"idp", "https", "idp:8080", "/k"},
		"https://idp.example/k":     {"out", "https", "idp.example", "/k"},
		"http://idp.example:80/k":   {"out", "http", "idp.example", "/k"},
		"https://idp/k":             {},
		"https://idp.example:80/k":  {},
		"http://idp.example:8080/k": {},
	} {
		got, err := s.jwksTarget(`{"issuer":"iss","jwks_uri":"` + uri + `"}`)
		if (err != nil) != (want == Target{}) || err == nil && got != want {
			t.Errorf("jwksTarget(%s) = %v, %v, want %v", uri, got, err, want)
		}
	}
}

// FuzzDiscovery: whatever a document says, keys are fetched from the configured hosts only,
// and never by http where the document came by https.
func FuzzDiscovery(f *testing.F) {
	for _, uri := range []string{
		"https://issuer.example/jwks", "https://ISSUER.example:443/jwks?a", "https://keys.example:8443/", "http://issuer.example/",
		"https://issuer.example@evil.example/", "https://evil.example/issuer.example", "https://issuer.example.evil.example/",
	} {
		f.Add(`{"issuer":"iss","jwks_uri":"` + uri + `"}`)
	}
	f.Add(`{"jwks_uri":"https:\/\/issuer.example","issuer":"iss","issuer":"x"}`)
	f.Fuzz(func(t *testing.T, doc string) {
		for _, scheme := range []string{"http", "https"} {
			s := compile(t, `{"discovery":"`+scheme+`://issuer.example/d","cluster":"issuer","jwksClusters":{"keys.example:8443":"keys"}}`, "iss")
			got, err := s.jwksTarget(doc)
			cluster := map[string]string{"issuer.example": "issuer", "keys.example:8443": "keys"}[got.Authority]
			if err == nil && (cluster == "" || got.Cluster != cluster || got.Scheme != "https" && got.Scheme != scheme || got.Path[0] != '/') {
				t.Errorf("jwksTarget(%q) of a document by %s = %+v", doc, scheme, got)
			}
			if err != nil && got.Cluster != "" {
				t.Errorf("jwksTarget(%q) = %+v and %v", doc, got, err)
			}
		}
	})
}
