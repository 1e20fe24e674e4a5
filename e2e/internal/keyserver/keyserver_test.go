package keyserver

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

func start(t *testing.T, algorithm string) *Server {
	t.Helper()
	s, err := Start("https://issuer.example.com", algorithm)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// patience bounds what has to come.
const patience = 2 * time.Minute

// get asks for a path.
func get(t *testing.T, s *Server, path string) (*http.Response, string, error) {
	t.Helper()
	return getWithin(t, s, path, patience)
}

// getWithin asks for a path, and waits no longer than that.
func getWithin(t *testing.T, s *Server, path string, limit time.Duration) (*http.Response, string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", "http://"+s.Addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	response, err := client.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response, string(body), err
}

// must makes a token.
func must(t *testing.T) func(string, error) string {
	return func(token string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
}

// verifies tells by the PEM form, whose parser is the standard library's,
// whether a token is signed by a key that is published.
func verifies(t *testing.T, s *Server, token string) bool {
	t.Helper()
	_, body, err := get(t, s, PEM)
	if err != nil {
		t.Fatal(err)
	}
	var set map[string]string
	if err := json.Unmarshal([]byte(body), &set); err != nil {
		t.Fatal(err)
	}
	_, err = jwt.Parse(token, func(parsed *jwt.Token) (any, error) {
		block, _ := pem.Decode([]byte(set[fmt.Sprint(parsed.Header["kid"])]))
		if block == nil {
			return nil, errors.New("no such key")
		}
		return x509.ParsePKIXPublicKey(block.Bytes)
	}, jwt.WithIssuer(s.Issuer), jwt.WithExpirationRequired())
	return err == nil
}

func TestKeysAndTokens(t *testing.T) {
	for _, algorithm := range []string{"RS256", "ES256"} {
		s := start(t, algorithm)
		first := s.Kid()
		if !verifies(t, s, must(t)(s.Mint(nil))) || verifies(t, s, must(t)(s.MintForged(nil))) {
			t.Errorf("%s: its own token or a forged one", algorithm)
		}
		if verifies(t, s, must(t)(s.Mint(map[string]any{"exp": nil}))) {
			t.Errorf("%s: a claim is not taken away", algorithm)
		}
		second, err := s.Rotate(true)
		if err != nil || second == first || s.Kid() != second {
			t.Fatalf("Rotate(true) = %q, %v", second, err)
		}
		old := must(t)(s.MintBy(first, nil))
		if !verifies(t, s, must(t)(s.Mint(nil))) || !verifies(t, s, old) {
			t.Errorf("%s: after a rotation that keeps, a key is missing", algorithm)
		}
		s.Withdraw()
		if !verifies(t, s, must(t)(s.Mint(nil))) || verifies(t, s, old) {
			t.Errorf("%s: Withdraw left the wrong keys", algorithm)
		}
		s.Rotate(false)
		if !verifies(t, s, must(t)(s.Mint(nil))) || verifies(t, s, must(t)(s.MintBy(second, nil))) {
			t.Errorf("%s: after a rotation that removes, the wrong keys", algorithm)
		}
		if _, err := s.MintBy("none", nil); err == nil {
			t.Errorf("%s: a token by a key that never was", algorithm)
		}
	}
	if _, err := Start("x", "HS256"); err == nil {
		t.Error("a server without keys to publish")
	}
}

// TestDocuments holds the three forms together: the gate's own parser reads the
// JWKS, and discovery leads to it.
func TestDocuments(t *testing.T) {
	s := start(t, "ES256")
	s.Rotate(true)
	_, jwks, err := get(t, s, JWKS)
	if err != nil || strings.Count(jwks, `"kid"`) != 2 || strings.Contains(jwks, `"d"`) {
		t.Errorf("JWKS %s, %v", jwks, err)
	}
	if got := decide(t, s, jwks); got != "allow m-predictor.ns.svc.cluster.local /v1/models/m:predict" {
		t.Errorf("under the JWKS: %s", got)
	}
	var found struct {
		Issuer string `json:"issuer"`
		URI    string `json:"jwks_uri"`
	}
	_, body, _ := get(t, s, Discovery)
	if err := json.Unmarshal([]byte(body), &found); err != nil || found.Issuer != s.Issuer || found.URI != "http://"+s.Addr+JWKS {
		t.Errorf("discovery %s, %v", body, err)
	}
	s.Advertise("https://elsewhere.example.com/k")
	if _, body, _ = get(t, s, Discovery); !strings.Contains(body, "https://elsewhere.example.com/k") {
		t.Errorf("discovery %s", body)
	}
	if response, _, _ := get(t, s, "/"); response.StatusCode != 404 {
		t.Errorf("elsewhere: %d", response.StatusCode)
	}
	if s.Count(JWKS) != 1 || s.Count(Discovery) != 2 || s.Count(PEM) != 0 || len(s.Hits()) != 4 {
		t.Errorf("counted %v", s.Hits())
	}
	if h := s.Hits()[0]; h.Path != JWKS || h.Host != s.Addr || time.Since(h.At) < 0 || time.Since(h.At) > time.Minute {
		t.Errorf("first hit %v", h)
	}
}

// decide is what the gate says of a token of the server's under these keys.
func decide(t *testing.T, s *Server, jwks string) string {
	t.Helper()
	g, err := gate.New(`{"version": 1,
		"issuers": [{"name": "i", "issuer": "`+s.Issuer+`", "audiences": ["a"], "algorithms": ["`+s.algorithm+`"], "jwks": {"inline": `+jwks+`}}],
		"routes": [{"prefix": "/models", "protocol": "kserve-v1", "names": "kserve"}],
		"grants": [{"name": "all", "issuers": ["i"], "members": ["allAuthenticatedUsers"], "role": "invoker", "models": ["*/*"]}]}`, nil)
	if err != nil {
		t.Fatal(err)
	}
	return corpus.Native(g, gate.Env{Now: time.Now(), Keys: g.Keys()}, corpus.Request{
		Method: "POST", Path: "/models/ns/m:predict", Authority: "models.example.com",
		Headers: [][2]string{{"authorization", "Bearer " + must(t)(s.Mint(map[string]any{"aud": "a"}))}},
	}).Line
}

func TestBehaviours(t *testing.T) {
	s := start(t, "ES256")
	lie, err := s.Lie()
	if err != nil {
		t.Fatal(err)
	}
	s.CacheControl("max-age=7")
	_, good, _ := get(t, s, JWKS)
	for name, c := range map[string]struct {
		behave Behaviour
		want   func(r *http.Response, body string, err error) bool
	}{
		"well": {Well, func(r *http.Response, body string, err error) bool {
			return err == nil && r.StatusCode == 200 && body == good && r.Header.Get("Cache-Control") == "max-age=7"
		}},
		"status": {Status(500), func(r *http.Response, _ string, err error) bool { return err == nil && r.StatusCode == 500 }},
		"garbage": {Garbage, func(r *http.Response, body string, err error) bool {
			return err == nil && r.StatusCode == 200 && strings.HasPrefix(body, "<")
		}},
		"huge": {Huge, func(_ *http.Response, body string, err error) bool {
			return err == nil && len(body) == 10<<20+len(good) && json.Valid([]byte(body))
		}},
		"drip, done": {Drip(time.Microsecond), func(_ *http.Response, body string, err error) bool { return err == nil && body == good }},
		"redirect": {Redirect("http://127.0.0.1:1/"), func(r *http.Response, _ string, err error) bool {
			return err == nil && r.StatusCode == 302 && r.Header.Get("Location") == "http://127.0.0.1:1/"
		}},
		"empty": {Empty, func(r *http.Response, body string, err error) bool {
			return err == nil && r.StatusCode == 200 && strings.Contains(body, `"keys"`) && !strings.Contains(body, s.Kid())
		}},
		"lie": {lie, func(_ *http.Response, body string, err error) bool {
			return err == nil && strings.Contains(body, s.Kid()) && body != good
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s.Behave(c.behave)
			if r, body, err := get(t, s, JWKS); !c.want(r, body, err) {
				t.Errorf("%d bytes of %.80q, %v", len(body), body, err)
			}
		})
	}
	token := must(t)(s.Mint(nil))
	s.Behave(lie)
	if verifies(t, s, token) {
		t.Error("a lie verifies the truth")
	}
	s.Behave(Well)
	if !verifies(t, s, token) {
		t.Error("the truth is gone")
	}
}

func TestStall(t *testing.T) {
	s := start(t, "ES256")
	s.Behave(Stall)
	if _, body, err := getWithin(t, s, JWKS, 200*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %q, %v; want no answer", body, err)
	}
}

// TestDrip: the answer begins, and its rest does not come.
func TestDrip(t *testing.T) {
	s := start(t, "ES256")
	_, good, _ := get(t, s, JWKS)
	s.Behave(Drip(time.Hour))
	response, err := http.Get("http://" + s.Addr + JWKS)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	begin := make([]byte, 1)
	if _, err := io.ReadFull(response.Body, begin); err != nil || begin[0] != good[0] {
		t.Errorf("begins with %q, %v; want %q", begin, err, good[:1])
	}
	s.Die() // before the hour is over
	if rest, err := io.ReadAll(response.Body); err == nil || len(rest) > 0 {
		t.Errorf("continues with %q, %v; want an error", rest, err)
	}
}

func TestDieAndRevive(t *testing.T) {
	s := start(t, "ES256")
	token, addr := must(t)(s.Mint(nil)), s.Addr
	for range 3 {
		s.Die()
		s.Die()
		if _, _, err := get(t, s, JWKS); err == nil {
			t.Fatal("a dead server answers")
		}
		if err := s.Revive(); err != nil {
			t.Fatal(err)
		}
		if s.Addr != addr || !verifies(t, s, token) {
			t.Fatal("another server was revived")
		}
	}
	if got := s.Count(PEM); got != 3 {
		t.Errorf("counted %d requests, want 3", got)
	}
}

// TestStallEndsWithServer: the end of the server ends the requests that wait.
func TestStallEndsWithServer(t *testing.T) {
	s := start(t, "ES256")
	s.Behave(Stall)
	waits := make(chan error)
	go func() {
		_, err := http.Get("http://" + s.Addr + JWKS)
		waits <- err
	}()
	for !slices.ContainsFunc(s.Hits(), func(h Hit) bool { return h.Path == JWKS }) {
		time.Sleep(time.Millisecond)
	}
	s.Die()
	select {
	case err := <-waits:
		if err == nil {
			t.Error("a stalled request was answered")
		}
	case <-time.After(patience):
		t.Error("a stalled request outlives its server")
	}
}
