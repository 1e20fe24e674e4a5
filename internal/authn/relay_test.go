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
	relayAll    = `{"peers":["` + gatewayPeer + `","` + secondPeer + `"],"subject":"x-caller","email":"x-caller-email","groups":"x-caller-groups"}`
)

func relayRow(relay string) string { return `{"name":"gateway","relay":` + relay + `}` }

// told writes a caller in one line, or why there is none.
func told(p *Principal, why reason.Reason) string {
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

func TestRelay(t *testing.T) {
	w, problems := compileWithPeer("["+relayRow(relayAll)+","+ownRow(``)+"]", mesh)
	if problems != nil {
		t.Fatal(problems)
	}
	const nobody = "allowed" // and anonymous: whether that is enough is not decided here
	type headers = [][2]string
	for _, c := range []struct {
		headers headers
		want    string
	}{
		{headers{{"x-caller", "ana"}}, "gateway/ana"},
		{headers{{"x-caller", "iap/7"}, {"x-caller-email", "ana@example.com"}, {"x-caller-groups", "a,b"}}, `gateway/iap/7 ana@example.com ["a" "b"]`},
		{headers{{"x-caller-groups", "team"}, {"accept", "x"}, {"x-caller", "ana"}}, `gateway/ana ["team"]`},
		{headers{{"x-caller", "CN=ana,OU=x"}}, "gateway/CN=ana,OU=x"},
		{headers{{"x-caller", "ana"}, {"x-caller-groups", ""}}, "gateway/ana"},
		{headers{{"x-caller", "ana"}, {"x-caller-groups", " a,\tb , c d,,"}}, `gateway/ana ["a" "b" "c d"]`},
		{headers{{"x-caller", "ana"}, {"x-caller-groups", " ,"}}, "gateway/ana"},
		// Nobody is named.
		{nil, nobody}, {headers{{"x-caller-email", "ana@example.com"}}, nobody}, {headers{{"x-caller-groups", "a"}}, nobody}, {headers{{"x_caller", "ana"}}, nobody}, {headers{{"X-Caller", "ana"}}, nobody},
		{headers{{"x-caller ", "ana"}}, nobody}, {headers{{"x-callers", "ana"}}, nobody}, {headers{{"", "ana"}}, nobody},
		// A name that is none, and an address that is none.
		{headers{{"x-caller", ""}}, "claims_invalid"},
		{headers{{"x-caller", "ana"}, {"x-caller-email", ""}}, "claims_invalid"}, {headers{{"x-caller", "ana"}, {"x-caller-email", "ana"}}, "claims_invalid"},
		{headers{{"x-caller", "ana"}, {"x-caller-email", "a@b@c"}}, "claims_invalid"}, {headers{{"x-caller", "ana"}, {"x-caller-email", "a@b, c@d"}}, "claims_invalid"},
		{headers{{"x-caller", "ana"}, {"x-caller-email", "@b"}}, "claims_invalid"}, {headers{{"x-caller", "ana"}, {"x-caller-email", "é@b"}}, "claims_invalid"},
		// Repeats, whatever they say.
		{headers{{"x-caller", "ana"}, {"x-caller", "ana"}}, "credential_repeated"}, {headers{{"x-caller", "ana"}, {"x-caller", "bob"}}, "credential_repeated"}, {headers{{"x-caller", ""}, {"x-caller", ""}}, "credential_repeated"},
		{headers{{"x-caller", "ana"}, {"x-caller-email", "a@b"}, {"x-caller-email", "a@b"}}, "credential_repeated"},
		{headers{{"x-caller-groups", "a"}, {"x-caller", "ana"}, {"x-caller-groups", "b"}}, "credential_repeated"}, {headers{{"x-caller-groups", "a"}, {"x-caller-groups", "b"}}, "credential_repeated"},
	} {
		for _, peer := range []Peer{{URI: gatewayPeer, Validated: true}, {URI: secondPeer, Validated: true}} {
			p, why := w.authenticate(c.headers, peer)
			if got := told(p, why); got != c.want || p.Peer != peer.URI || p.Claims.Exists() || p.Pool != "" {
				t.Errorf("Authenticate(%q by the gateway) = %s %+v, want %s", c.headers, got, p, c.want)
			}
		}
		// From anyone else the headers are not even looked at.
		for _, peer := range []Peer{
			{}, {URI: gatewayPeer, Validated: false}, {URI: "", Validated: true}, {URI: "spiffe://cluster.local/ns/istio-system/sa/gateway2", Validated: true}, {URI: "spiffe://cluster.local/ns/istio-system/sa/gatewa", Validated: true}, {URI: gatewayPeer + "/", Validated: true},
			{URI: "spiffe://other.local/ns/istio-system/sa/gateway", Validated: true}, {URI: "spiffe://cluster.local/ns/prod/sa/gateway", Validated: true}, {URI: strings.ToUpper(gatewayPeer), Validated: true},
		} {
			if p, why := w.authenticate(c.headers, peer); told(p, why) != nobody {
				t.Errorf("Authenticate(%q by %v) = %s, want nobody", c.headers, peer, told(p, why))
			}
		}
	}
	if tokens, relayed := w.a.Headers(); !slices.Equal(tokens, []string{"authorization"}) || !slices.Equal(relayed, []string{"x-caller", "x-caller-email", "x-caller-groups"}) {
		t.Errorf("Headers() = %q, %q", tokens, relayed)
	}
}

// TestRelayWithoutOptions reads no header that is not configured.
func TestRelayWithoutOptions(t *testing.T) {
	w, problems := compileWithPeer(`[`+relayRow(`{"peers":["`+gatewayPeer+`"],"subject":"x-caller"}`)+`]`, mesh)
	if problems != nil {
		t.Fatal(problems)
	}
	p, why := w.authenticate([][2]string{{"", "x@y"}, {"", "x"}, {"x-caller", "ana"}, {"x-caller-email", "no address"}, {"x-caller-groups", "a"}}, Peer{URI: gatewayPeer, Validated: true})
	if got := told(p, why); got != "gateway/ana" {
		t.Errorf("Authenticate = %s", got)
	}
	if tokens, relayed := w.a.Headers(); tokens != nil || !slices.Equal(relayed, []string{"x-caller"}) {
		t.Errorf("Headers() = %q, %q", tokens, relayed)
	}
}

// TestRelayAmongSources: the first configured source that is there decides.
func TestRelayAmongSources(t *testing.T) {
	token := [2]string{"authorization", "Bearer " + sign("HS256", secretKey, m{"alg": "HS256"}, m{"iss": "i", "aud": "a", "sub": "bob", "iat": now.Unix(), "exp": now.Unix() + 60})}
	bad, caller := [2]string{"authorization", "Bearer x"}, [2]string{"x-caller", "ana"}
	own, first := hsRow(`"HS256"`, `,"symmetric":{"env":"SECRET"}`), relayRow(relayAll)
	another := strings.Replace(strings.Replace(first, `"gateway"`, `"another"`, 1), gatewayPeer, "spiffe://cluster.local/another", 1)
	gateway, stranger := Peer{URI: gatewayPeer, Validated: true}, Peer{URI: "spiffe://cluster.local/x", Validated: true}
	type headers = [][2]string
	for _, c := range []struct {
		rows    string
		headers headers
		peer    Peer
		want    string
	}{
		{first + "," + own, headers{token, caller}, gateway, "gateway/ana"},
		{first + "," + own, headers{bad, caller}, gateway, "gateway/ana"},
		{first + "," + own, headers{token}, gateway, "hs/bob"},
		{first + "," + own, headers{token, {"x-caller", ""}}, gateway, "claims_invalid"},
		{first + "," + own, headers{token, caller, caller}, gateway, "credential_repeated"},
		{first + "," + own, headers{token, caller, caller}, stranger, "hs/bob"},
		{first + "," + own, headers{bad, caller}, stranger, "token_malformed"},
		{own + "," + first, headers{token, caller}, gateway, "hs/bob"},
		{own + "," + first, headers{bad, caller}, gateway, "token_malformed"},
		{own + "," + first, headers{caller}, gateway, "gateway/ana"},
		{own + "," + first, headers{caller}, stranger, "allowed"},
		{another + "," + first, headers{caller}, gateway, "gateway/ana"},
		{another + "," + first, headers{caller}, Peer{URI: secondPeer, Validated: true}, "another/ana"},
		{another + "," + first, headers{caller}, Peer{URI: "spiffe://cluster.local/another", Validated: true}, "another/ana"},
	} {
		w, problems := compileWithPeer("["+c.rows+"]", mesh)
		if problems != nil {
			t.Fatal(problems)
		}
		if p, why := w.authenticate(c.headers, c.peer); told(p, why) != c.want || p.Peer != c.peer.URI {
			t.Errorf("Authenticate(%q by %s) under %s = %s, want %s", c.headers, c.peer.URI, c.rows, told(p, why), c.want)
		}
	}
}

func TestRelaysRefused(t *testing.T) {
	const domain, form = `is no SPIFFE ID of the trust domain in "peer"`, `is no header name in lower case, without underscores`
	with := func(subject string) string { return `{"peers":["` + gatewayPeer + `"],"subject":"` + subject + `"}` }
	peers := func(list string) string { return `{"peers":` + list + `,"subject":"x-caller"}` }
	for _, c := range []struct{ relay, want string }{
		{relayAll, ``}, {with("x!#$%&'*+.^|~-1"), ``},
		{`1`, `"/0/relay": an object expected`}, {`null`, `"/0/relay": an object expected`}, {`[]`, `"/0/relay": an object expected`},
		{`{}`, `"/0/relay": "peers" is missing` + "\n" + `"/0/relay": "subject" is missing`},
		{peers(`[]`), `"/0/relay/peers": is empty; leave it out instead`}, {peers(`"x"`), `"/0/relay/peers": an array expected`}, {peers(`[7]`), `"/0/relay/peers/0": a string expected`}, {peers(`[""]`), `"/0/relay/peers/0": is empty; leave it out instead`},
		{peers(`["` + gatewayPeer + `","` + gatewayPeer + `"]`), `"/0/relay/peers/1": "` + gatewayPeer + `" stands twice`},
		{peers(`["spiffe://other.local/a"]`), `"/0/relay/peers/0": ` + domain}, {peers(`["*"]`), `"/0/relay/peers/0": ` + domain}, {peers(`["` + gatewayPeer + `/*"]`), `"/0/relay/peers/0": ` + domain}, {peers(`["namespace:x"]`), `"/0/relay/peers/0": ` + domain},
		{with("X-Caller"), `"/0/relay/subject": ` + form}, {with("x_caller"), `"/0/relay/subject": ` + form}, {with(":path"), `"/0/relay/subject": ` + form}, {with("a b"), `"/0/relay/subject": ` + form},
		{with(""), `"/0/relay/subject": is empty; leave it out instead` + "\n" + `"/0/relay/subject": ` + form},
		{strings.Replace(relayAll, "x-caller-email", "X", 1), `"/0/relay/email": ` + form}, {strings.Replace(relayAll, "x-caller-groups", "é", 1), `"/0/relay/groups": ` + form},
		{strings.Replace(relayAll, "x-caller-email", "x-caller", 1), `"/0/relay/email": "x-caller" stands twice`}, {strings.Replace(relayAll, "x-caller-groups", "x-caller-email", 1), `"/0/relay/groups": "x-caller-email" stands twice`},
		{strings.Replace(relayAll, `"email"`, `"mail"`, 1), `"/0/relay/mail": unknown field; known are peers, subject, email, groups`},
	} {
		if _, problems := compileWithPeer("["+relayRow(c.relay)+"]", mesh); problems.Error() != c.want {
			t.Errorf("Compile(%s) = %v, want %s", c.relay, problems, c.want)
		}
	}
	for row, want := range map[string]string{
		`{"relay":` + relayAll + `}`:                                    `"/0": "name" is missing`,
		`{"name":"gateway","audiences":["a"],"relay":` + relayAll + `}`: `"/0/audiences": unknown field; known are name, relay`,
		relayRow(relayAll) + "," + relayRow(relayAll):                   `"/1": the name "gateway" stands twice`,
	} {
		if _, problems := compileWithPeer("["+row+"]", mesh); problems.Error() != want {
			t.Errorf("Compile(%s) = %v, want %s", row, problems, want)
		}
	}
	_, problems := compile("[" + relayRow(relayAll) + "]")
	if got := strings.Count(problems.Error(), domain); got != 2 || len(problems) != 2 {
		t.Errorf("Compile(without a trust domain) = %v", problems)
	}
}
