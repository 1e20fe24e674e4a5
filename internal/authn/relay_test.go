package authn

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/reason"
)

const (
	gatewayPeer = "spiffe://cluster.local/ns/istio-system/sa/gateway"
	secondPeer  = "spiffe://cluster.local/ns/istio-system/sa/second"
	relayAll    = `{"peers":["` + gatewayPeer + `","` + secondPeer + `"],` +
		`"subject":"x-caller","email":"x-caller-email","groups":"x-caller-groups"}`
)

func relayRow(relay string) string { return `{"name":"gateway","relay":` + relay + `}` }

// describe returns a caller in one line, or why there is none.
func describe(p *Principal, why reason.Reason) string {
	if why != reason.Allowed || p.Anonymous() {
		return why.String()
	}
	s := p.Issuer + "/" + p.Subject
	if p.Email != "" {
		s += " " + p.Email
	}
	if p.Groups != nil {
		s += fmt.Sprintf(" %q", p.Groups)
	}
	return s
}

type headerPairs = [][2]string

// anonymous is a request that is allowed and anonymous: whether that is enough is not
// decided here.
const anonymous = "allowed"

// caller is x-caller and, in turn, names and values of further headers.
func caller(subject string, more ...string) headerPairs {
	pairs := headerPairs{{"x-caller", subject}}
	for i := 0; i < len(more); i += 2 {
		pairs = append(pairs, [2]string{more[i], more[i+1]})
	}
	return pairs
}

func validated(uri string) Peer { return Peer{URI: uri, Validated: true} }

// strangers are connections from which the headers are not even read.
var strangers = []Peer{
	{},
	{URI: gatewayPeer, Validated: false},
	validated(""),
	validated(gatewayPeer + "2"),
	validated(gatewayPeer[:len(gatewayPeer)-1]),
	validated(gatewayPeer + "/"),
	validated("spiffe://other.local/ns/istio-system/sa/gateway"),
	validated("spiffe://cluster.local/ns/prod/sa/gateway"),
	validated(strings.ToUpper(gatewayPeer)),
}

func TestRelay(t *testing.T) {
	w, problems := compileWithPeer("["+relayRow(relayAll)+","+ownDoc+"]", mesh)
	if problems != nil {
		t.Fatal(problems)
	}
	const invalid, repeated = "claims_invalid", "credential_repeated"
	for _, c := range []struct {
		headers headerPairs
		want    string
	}{
		{caller("ana"), "gateway/ana"},
		{caller("iap/7", "x-caller-email", "ana@example.com", "x-caller-groups", "a,b"), `gateway/iap/7 ana@example.com ["a" "b"]`},
		{headerPairs{{"x-caller-groups", "team"}, {"accept", "x"}, {"x-caller", "ana"}}, `gateway/ana ["team"]`},
		{caller("CN=ana,OU=x"), "gateway/CN=ana,OU=x"},
		{caller("ana", "x-caller-groups", ""), "gateway/ana"},
		{caller("ana", "x-caller-groups", " a,\tb , c d,,"), `gateway/ana ["a" "b" "c d"]`},
		{caller("ana", "x-caller-groups", " ,"), "gateway/ana"},
		// Nobody is named.
		{nil, anonymous},
		{headerPairs{{"x-caller-email", "ana@example.com"}}, anonymous},
		{headerPairs{{"x-caller-groups", "a"}}, anonymous},
		{headerPairs{{"x_caller", "ana"}}, anonymous},
		{headerPairs{{"X-Caller", "ana"}}, anonymous},
		{headerPairs{{"x-caller ", "ana"}}, anonymous},
		{headerPairs{{"x-callers", "ana"}}, anonymous},
		{headerPairs{{"", "ana"}}, anonymous},
		// An empty name, and what is no address.
		{caller(""), invalid},
		{caller("ana", "x-caller-email", ""), invalid},
		{caller("ana", "x-caller-email", "ana"), invalid},
		{caller("ana", "x-caller-email", "a@b@c"), invalid},
		{caller("ana", "x-caller-email", "a@b, c@d"), invalid},
		{caller("ana", "x-caller-email", "@b"), invalid},
		{caller("ana", "x-caller-email", "é@b"), invalid},
		// Repetitions, whatever they say.
		{caller("ana", "x-caller", "ana"), repeated},
		{caller("ana", "x-caller", "bob"), repeated},
		{caller("", "x-caller", ""), repeated},
		{caller("ana", "x-caller-email", "a@b", "x-caller-email", "a@b"), repeated},
		{headerPairs{{"x-caller-groups", "a"}, {"x-caller", "ana"}, {"x-caller-groups", "b"}}, repeated},
		{headerPairs{{"x-caller-groups", "a"}, {"x-caller-groups", "b"}}, repeated},
	} {
		t.Run(fmt.Sprintf("%q", c.headers), func(t *testing.T) {
			for _, peer := range []Peer{validated(gatewayPeer), validated(secondPeer)} {
				p, why := w.authenticate(c.headers, peer)
				if got := describe(p, why); got != c.want || p.Peer != peer.URI || p.Claims.Exists() || p.Pool != "" {
					t.Errorf("Authenticate(by %s) = %s %+v, want %s", peer.URI, got, p, c.want)
				}
			}
			for _, peer := range strangers {
				if p, why := w.authenticate(c.headers, peer); describe(p, why) != anonymous {
					t.Errorf("Authenticate(by %v) = %s, want %s", peer, describe(p, why), anonymous)
				}
			}
		})
	}
	tokens, relayed := w.a.Headers()
	if !slices.Equal(tokens, []string{"authorization"}) || !slices.Equal(relayed, []string{"x-caller", "x-caller-email", "x-caller-groups"}) {
		t.Errorf("Headers() = %q, %q", tokens, relayed)
	}
}

// TestRelayWithoutOptions: no header is read that is not configured.
func TestRelayWithoutOptions(t *testing.T) {
	w, problems := compileWithPeer(`[`+relayRow(`{"peers":["`+gatewayPeer+`"],"subject":"x-caller"}`)+`]`, mesh)
	if problems != nil {
		t.Fatal(problems)
	}
	headers := caller("ana", "", "x@y", "", "x", "x-caller-email", "no address", "x-caller-groups", "a")
	if got := describe(w.authenticate(headers, validated(gatewayPeer))); got != "gateway/ana" {
		t.Errorf("Authenticate(%q) = %s, want gateway/ana", headers, got)
	}
	if tokens, relayed := w.a.Headers(); tokens != nil || !slices.Equal(relayed, []string{"x-caller"}) {
		t.Errorf("Headers() = %q, %q", tokens, relayed)
	}
}

// TestRelayAmongIssuers: the first configured issuer with a credential decides.
func TestRelayAmongIssuers(t *testing.T) {
	bob := m{"iss": "i", "aud": "a", "sub": "bob", "iat": now.Unix(), "exp": now.Unix() + 60}
	token := [2]string{"authorization", "Bearer " + sign("HS256", secretKey, m{"alg": "HS256"}, bob)}
	bad, ana := [2]string{"authorization", "Bearer x"}, [2]string{"x-caller", "ana"}
	relay := relayRow(relayAll)
	another := set(t, relay, "/name", `"another"`, "/relay/peers/0", `"spiffe://cluster.local/another"`)
	relayFirst, tokenFirst, twoRelays := relay+","+hmacDoc, hmacDoc+","+relay, another+","+relay
	gateway, stranger := validated(gatewayPeer), validated("spiffe://cluster.local/x")
	for _, c := range []struct {
		issuers string
		headers headerPairs
		peer    Peer
		want    string
	}{
		{relayFirst, headerPairs{token, ana}, gateway, "gateway/ana"},
		{relayFirst, headerPairs{bad, ana}, gateway, "gateway/ana"},
		{relayFirst, headerPairs{token}, gateway, "hs/bob"},
		{relayFirst, headerPairs{token, {"x-caller", ""}}, gateway, "claims_invalid"},
		{relayFirst, headerPairs{token, ana, ana}, gateway, "credential_repeated"},
		{relayFirst, headerPairs{token, ana, ana}, stranger, "hs/bob"},
		{relayFirst, headerPairs{bad, ana}, stranger, "token_malformed"},
		{tokenFirst, headerPairs{token, ana}, gateway, "hs/bob"},
		{tokenFirst, headerPairs{bad, ana}, gateway, "token_malformed"},
		{tokenFirst, headerPairs{ana}, gateway, "gateway/ana"},
		{tokenFirst, headerPairs{ana}, stranger, anonymous},
		{twoRelays, headerPairs{ana}, gateway, "gateway/ana"},
		{twoRelays, headerPairs{ana}, validated(secondPeer), "another/ana"},
		{twoRelays, headerPairs{ana}, validated("spiffe://cluster.local/another"), "another/ana"},
	} {
		w, problems := compileWithPeer("["+c.issuers+"]", mesh)
		if problems != nil {
			t.Fatal(problems)
		}
		if p, why := w.authenticate(c.headers, c.peer); describe(p, why) != c.want || p.Peer != c.peer.URI {
			t.Errorf("Authenticate(%q by %s) with %s = %s, want %s", c.headers, c.peer.URI, c.issuers, describe(p, why), c.want)
		}
	}
}

func TestRelaysRefused(t *testing.T) {
	const domain = "must be a SPIFFE ID of the trust domain, such as spiffe://cluster.local/ns/NAMESPACE/sa/SERVICE-ACCOUNT; got "
	const form = headerName + "; got "
	all := relayRow(relayAll)
	for _, c := range []struct{ pointer, value, want string }{
		{"/relay/subject", `"x!#$%&'*+.^|~-1"`, ""},
		{"/relay", `1`, "must be an object; got 1"},
		{"/relay", `null`, "must be an object; got null"},
		{"/relay", `[]`, "must be an object; got an array"},
		{"/relay", `{}`, `"/0/relay": needs "peers"` + "\n" + `"/0/relay": needs "subject"`},
		{"/relay/peers", `[]`, isEmpty},
		{"/relay/peers", `"x"`, `must be an array; got "x"`},
		{"/relay/peers/0", `7`, "must be a string; got 7"},
		{"/relay/peers/0", `""`, isEmpty},
		{"/relay/peers/1", `"` + gatewayPeer + `"`, `"` + gatewayPeer + `" ` + twice},
		{"/relay/peers/0", `"spiffe://other.local/a"`, domain + `"spiffe://other.local/a"`},
		{"/relay/peers/0", `"*"`, domain + `"*"`},
		{"/relay/peers/0", `"` + gatewayPeer + `/*"`, domain + `"` + gatewayPeer + `/*"`},
		{"/relay/peers/0", `"namespace:x"`, domain + `"namespace:x"`},
		{"/relay/subject", `"X-Caller"`, form + `"X-Caller"`},
		{"/relay/subject", `"x_caller"`, form + `"x_caller"`},
		{"/relay/subject", `":path"`, form + `":path"`},
		{"/relay/subject", `"a b"`, form + `"a b"`},
		{"/relay/subject", `""`, `"/0/relay/subject": ` + isEmpty + "\n" + `"/0/relay/subject": ` + form + `""`},
		{"/relay/email", `"X"`, form + `"X"`},
		{"/relay/groups", `"é"`, form + `"é"`},
		{"/relay/email", `"x-caller"`, `"x-caller" is there twice`},
		{"/relay/groups", `"x-caller-email"`, `"x-caller-email" is there twice`},
		{"/relay/mail", `"x"`, `unknown field "mail"; did you mean "email"? known are peers, subject, email, groups`},
		{"/name", ``, `"/0": needs "name"`},
		{"/audiences", `["a"]`, `unknown field "audiences"; known are name, relay, absent`},
	} {
		t.Run(c.pointer+" "+c.value, func(t *testing.T) {
			want := c.want
			if want != "" && !strings.HasPrefix(want, `"/`) {
				want = `"/0` + c.pointer + `": ` + want
			}
			doc := set(t, all, c.pointer, c.value)
			if _, problems := compileWithPeer("["+doc+"]", mesh); problems.Error() != want {
				t.Errorf("Compile(%s) = %v, want %s", doc, problems, want)
			}
		})
	}
	if _, problems := compileWithPeer("["+all+"]", mesh); problems != nil {
		t.Errorf("Compile(%s) = %v", all, problems)
	}
	const sameName = `"/1": the name "gateway" is there twice`
	if _, problems := compileWithPeer("["+all+","+all+"]", mesh); problems.Error() != sameName {
		t.Errorf("Compile(a relay twice) = %v, want %s", problems, sameName)
	}
	const noDomain = `"/0/relay/peers/0": needs its trust domain in "peer"` + "\n" + `"/0/relay/peers/1": needs its trust domain in "peer"`
	if _, problems := compile("[" + all + "]"); problems.Error() != noDomain {
		t.Errorf("Compile(without a trust domain) = %v, want %s", problems, noDomain)
	}
}

// TestRelayThroughTheActivator warns where everybody's headers come through a relay's peer.
func TestRelayThroughTheActivator(t *testing.T) {
	w, problems := compileWithPeer("["+relayRow(relayAll)+"]", mesh)
	if problems != nil {
		t.Fatal(problems)
	}
	for _, c := range []struct {
		activators []string
		want       int
	}{{nil, 0}, {[]string{gatewayPeer + "2"}, 0}, {[]string{"x", secondPeer}, 1}} {
		if got := w.a.Warnings(c.activators); len(got) != c.want {
			t.Errorf("Warnings(%q) = %q, want %d", c.activators, got, c.want)
		}
	}
}
