package analysis

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/inference"
	nonces "github.com/modelgate/modelgate/internal/replay"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// TestRequests sends requests of random callers to the gate of each random configuration: with a
// signed token, an API key or a gateway's headers, the client's certificate, a proxy's word on it,
// and a signature. What the gate does is what a Side says of the caller, the verb and the model.
func TestRequests(t *testing.T) {
	counts := map[string]int{}
	for n := range *policies {
		d := throw(3, uint64(n))
		r := newRequests(t, d)
		for sent := 0; sent < 40; {
			c := d.caller(r.side)
			if !canBeSent(r.side, c) {
				continue
			}
			sent++
			q, row := d.request(t)
			got := r.send(t, c, row)
			who := r.side.Principal(c)
			isDecided := slices.ContainsFunc(policyReasons, func(why string) bool { return strings.HasSuffix(got, " "+why) })
			allowed := strings.HasPrefix(got, "allow ")
			if allowed != r.side.allows(who, q) || who != nil && !allowed && !isDecided {
				t.Fatalf("policy %d: %s: %s %s: the gate does %q, and the caller is known: %v, and may: %v, under %s",
					n, c, q.Verb, q.Model, got, who != nil, r.side.allows(who, q), r.scenario.Config)
			}
			counts[strings.Fields(got)[0]]++
		}
	}
	if t.Log(counts); *policies >= 50 && (counts["allow"] == 0 || counts["403"] == 0) {
		t.Error("nothing was compared of requests that are allowed, or that are refused")
	}
}

// requests is a gate with keys of the test, and its side.
type requests struct {
	scenario *corpus.Scenario
	gate     *gate.Gate
	env      gate.Env
	side     *Side
	sent     int
}

func newRequests(t *testing.T, d dice) *requests {
	c, _ := d.randomSide(t)
	s, err := corpus.New("random", written(c), `[{"name": "none", "request": "GET /", "want": "404"}]`)
	if err != nil {
		t.Fatal(err)
	}
	g, err := gate.New(s.Config, s.Secret)
	if err != nil {
		t.Fatalf("with other keys: %v under %s", err, s.Config)
	}
	return &requests{scenario: s, gate: g, side: NewSide(g, noon),
		env: gate.Env{Now: noon, Keys: g.Keys(), Admit: nonces.NewMemory(max(g.NoncePages(), 1)).Admit}}
}

// canBeSent reports whether a request can have the caller: not one whose API key is published, one
// whose certificate has names that only a strange certificate hides or is a proxy's, which speaks
// for others, or one of a gateway that comes from elsewhere.
func canBeSent(s *Side, c *Caller) bool {
	if c.Issuer == "keys" {
		if entries, known := s.issuers.KeyEntries(s.keys, "keys", s.now); !known || len(entries) == 0 {
			return false
		}
	}
	if own := s.holder(c); c.Issuer == "edge" && s.Principal(c) == nil || c.Via == "" && own.IsOneOf(s.issuers.PeerShape().Proxies) {
		return false
	}
	return c.Via != "" || c.Untold&^authn.FormDNS == 0 && (c.Untold == 0 || c.DNS == nil)
}

// send makes the request of a caller, and returns what the gate does.
func (r *requests) send(t *testing.T, c *Caller, row corpus.Case) string {
	r.sent++
	row.Name = fmt.Sprint(r.sent)
	r.present(t, c, &row)
	peer := corpus.Peer{URI: c.URI, DNS: c.DNS, Subject: c.Subject, Digest: c.Digest}
	if c.Via != "" {
		if hasCertificate(c) {
			row.Headers = append(row.Headers, [2]string{"x-forwarded-client-cert", forwarded(c)})
		}
		peer = corpus.Peer{Digest: strings.Repeat("d", 64)}
		switch form, rest := splitName(c.Via); form {
		case "dns":
			peer.DNS = []string{rest}
		default:
			peer.URI = c.Via
		}
	}
	if hasCertificate(c) || c.Via != "" {
		row.Peer = &peer
	}
	if c.Signed {
		row.Sign = append(row.Sign, corpus.Sign{Key: "k"})
	}
	request, err := r.scenario.Request(row, noon)
	if err != nil {
		t.Fatal(err)
	}
	if c.Untold != 0 && c.Via == "" {
		request.Peer.Certificate = "" // the host does not show it
	}
	return corpus.Native(r.gate, r.env, request).Line
}

// present adds the credential of a caller.
func (r *requests) present(t *testing.T, c *Caller, row *corpus.Case) {
	switch c.Issuer {
	case "":
	case "keys":
		for _, key := range apiKeys {
			if digestOf(key) == digestIn(c.Document) {
				row.Headers = append(row.Headers, [2]string{"x-key", key})
			}
		}
	case "edge":
		var named struct {
			Subject, Email string
			Groups         []string
		}
		if err := json.Unmarshal([]byte(c.Document), &named); err != nil {
			t.Fatal(err)
		}
		row.Headers = append(row.Headers, [2]string{"x-user", named.Subject})
		if named.Email != "" {
			row.Headers = append(row.Headers, [2]string{"x-email", named.Email})
		}
		if named.Groups != nil {
			row.Headers = append(row.Headers, [2]string{"x-groups", strings.Join(named.Groups, ",")})
		}
	default:
		token := corpus.Token{Issuer: c.Issuer}
		if err := json.Unmarshal([]byte(c.Document), &token.Claims); err != nil {
			t.Fatal(err)
		}
		for name, v := range token.Claims {
			if v == nil { // which a case writes for a claim that is not there
				token.Claims[name] = json.RawMessage("null")
			}
		}
		if _, has := token.Claims["sub"]; !has {
			token.Claims["sub"] = nil
		}
		row.Token = &token
	}
}

func hasCertificate(c *Caller) bool {
	return c.URI != "" || c.DNS != nil || c.Subject != "" || c.Digest != "" || c.Untold != 0
}

// forwarded is what a proxy says of its client's certificate, as Envoy writes it.
func forwarded(c *Caller) string {
	var pairs []string
	add := func(f authn.PeerForms, key string, values ...string) {
		for _, v := range values {
			if !c.Untold.Has(f) {
				pairs = append(pairs, key+"="+v)
			}
		}
	}
	digest := c.Digest
	if digest == "" {
		digest = unlistedDigest
	}
	add(authn.FormDigest, "Hash", digest)
	add(authn.FormSubject, "Subject", `"`+c.Subject+`"`)
	add(authn.FormSPIFFE, "URI", c.URI)
	if c.DNS == nil {
		add(authn.FormDNS, "DNS", "none.example")
	}
	add(authn.FormDNS, "DNS", c.DNS...)
	return strings.Join(pairs, ";")
}

// request is a random question, and the request that asks it: by the protocol kserve-v2, or openai.
func (d dice) request(t *testing.T) (Question, corpus.Case) {
	if d.maybe(0.3) {
		name := d.pick("big", "BIG", "chat", "meta/l", "Q4", "q:4b", "other")
		row := corpus.Case{Request: "POST /v1/chat/completions", Host: "llm", Body: `{"model": "` + name + `", "messages": []}`,
			Headers: [][2]string{{"content-type", "application/json"}}}
		if name == "chat" {
			name = "big" // whose alias it is
		}
		return Question{Verb: inference.Generate, Model: inference.Model{Namespace: "p", Service: "llm", Name: name}}, row
	}
	q := Question{Model: model(t, d.pick("a/b", "a/c", "ab/b", "a/c@1", "a/b/m", "a/b/m@2", "a/b/M", "b/b"))}
	path := "/s/" + q.Model.Namespace + "/" + q.Model.Service + "/v2/models/" + q.Model.Name
	if q.Model.Version != "" {
		path += "/versions/" + q.Model.Version
	}
	var row corpus.Case
	switch d.IntN(4) {
	case 0:
		q.Verb, row.Request = inference.Predict, "POST "+path+"/infer"
	case 1:
		q.Verb, row.Request = inference.Generate, "POST "+path+"/generate"
	case 2:
		q.Verb, row.Request = inference.Metadata, "GET "+path
	default:
		q.Verb, row.Request = inference.Ready, "GET "+path+"/ready"
	}
	return q, row
}
