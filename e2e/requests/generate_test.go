package requests

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
)

// head is a request to send, with what only its maker knows of it.
type head struct {
	rawhttp.Request
	id   int
	odd  bool // a codec may refuse it, or take it for something else
	last bool // what comes after it on its connection is no answer to anything
}

// again is the same head as a second attempt.
func (h *head) again() *head {
	second := *h
	second.Headers = slices.Clone(h.Headers)
	for i, header := range second.Headers {
		if header[0] == "x-id" {
			second.Headers[i][1] = header[1] + "/1"
		}
	}
	return &second
}

// generator makes one head.
type generator struct {
	*rand.Rand
	*head
	tokens *tokens
	native bool // on the model's own host
}

// generate makes the head of a number: the same for the same seed, but for the
// signatures. It begins as a request that may pass, and then lies.
func generate(seed uint64, id int, from *tokens) *head {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, uint64(id))), head: &head{id: id}, tokens: from}
	g.Proto = rawhttp.Proto(id % 2)
	g.honest()
	for range []int{0, 0, 0, 1, 1, 1, 1, 2, 2, 3}[g.IntN(10)] {
		lies[g.IntN(len(lies))](g)
	}
	for range g.IntN(5) {
		g.forge()
	}
	for range g.IntN(3) {
		g.junk()
	}
	g.Shuffle(len(g.Headers), func(i, j int) { g.Headers[i], g.Headers[j] = g.Headers[j], g.Headers[i] })
	if g.Proto == rawhttp.H2 { // pseudo-headers come first, or the codec looks no further
		g.pseudoFirst()
	}
	return g.head
}

func (g *generator) honest() {
	verb := pick(g, "predict", "predict", "explain", "ready")
	g.Method, g.Path = "POST", ":"+verb
	if verb == "ready" {
		g.Method, g.Path = "GET", ""
	} else if g.IntN(2) == 0 {
		g.Body = []byte(`{"instances": []}`)
	}
	if g.native = g.IntN(3) == 0; g.native {
		g.Path = "/v1/models/" + pick(g, service, service, "other", "Other_1.2") + g.Path
		g.Authority = g.ownHost()
	} else {
		g.Path = "/kfserving/" + namespace + "/" + service + g.Path
		g.Authority = pick(g, "models.example.com", "models.example.com:443", "Models.Example.COM", "127.0.0.1:8080", "[::1]", "a_b.example",
			g.ownHost())
	}
	if g.IntN(3) == 0 {
		g.Path += pick(g, "?", "?a=1&a=2", "?x=/v1/models/other:predict", "?ACCESS_TOKEN=x", "?a=access_token", "?a?b=%2F..%2F")
	}
	g.add("x-id", strconv.Itoa(g.id))
	g.add(assertion, pick(g, g.tokens.good...))
}

func (g *generator) ownHost() string {
	component := pick(g, "predictor", "predictor", "explainer", "transformer")
	return service + "-" + component + "-default." + namespace + pick(g, "", ".svc", ".svc.cluster.local") + pick(g, "", "", ":80")
}

func (g *generator) add(name, value string) { g.Headers = append(g.Headers, [2]string{name, value}) }

func (g *generator) pseudoFirst() {
	var pseudo, regular rawhttp.Headers
	for _, h := range g.Headers {
		if strings.HasPrefix(h[0], ":") {
			pseudo = append(pseudo, h)
		} else {
			regular = append(regular, h)
		}
	}
	g.Headers = append(pseudo, regular...)
}

func pick[T any](g *generator, from ...T) T { return from[g.IntN(len(from))] }

// forge adds a header that must not reach the upstream, in one of its spellings.
func (g *generator) forge() {
	name := pick(g, neverArrive...)
	if g.IntN(2) == 0 {
		name = pick(g, "kubeflow-userid", "x-caller", "x-unit", "cookie", "authorization")
	}
	for range 1 + g.IntN(2) {
		spelt := g.spell(name)
		if spelt == assertion || g.Proto == rawhttp.H1 && strings.EqualFold(spelt, assertion) {
			continue // a second assertion is another lie
		}
		g.add(spelt, pick(g, "root", "root@example.com", "accounts.google.com:root@example.com", "iap/root", "", "a, b",
			"/v1/models/other:predict",
			"Bearer "+g.tokens.good[0], "accounts.google.com:"+ana, strings.Repeat("x", g.IntN(300)), "r\xc3\xb6\xffot"))
	}
}

// spell writes a name as a server might read it all the same. HTTP/2 has no
// upper case.
func (g *generator) spell(name string) string {
	name = pick(g, name, name, strings.ReplaceAll(name, "-", "_"), strings.Replace(name, "-", "_", 1))
	if g.Proto == rawhttp.H1 {
		name = pick(g, name, strings.ToUpper(name), strings.ToUpper(name[:1])+name[1:])
	}
	return name
}

// junk adds a header that means nothing to the gate.
func (g *generator) junk() {
	value := make([]byte, g.IntN(100))
	for i := range value {
		value[i] = pick(g, byte(0x21+g.IntN(0x5e)), byte(0x80+g.IntN(0x80)))
	}
	g.add(pick(g, "x-junk", "x_junk", "user-agent", "x-request-id", "accept", "via", "x.kubeflow.userid", "!#$%&'*+.^_`|~0"), string(value))
}

// mangle changes one byte of s, or puts one in, or takes one away.
func (g *generator) mangle(s string) string {
	if s == "" {
		return "x"
	}
	at, c := g.IntN(len(s)), byte(g.IntN(256))
	if g.IntN(2) == 0 {
		c = pick(g, []byte("/.:;?#%\\@,-_~ aA0&=*[]")...)
	}
	if c == '\n' && g.Proto == rawhttp.H1 {
		c = '\v' // the end of a line: what follows it would be another head than this
	}
	switch g.IntN(4) {
	case 0:
		return s[:at] + s[at+1:]
	case 1:
		return s[:at] + string([]byte{c}) + s[at:]
	case 2:
		return s[:at] + string([]byte{s[at] ^ 0x20}) + s[at+1:]
	}
	return s[:at] + string([]byte{c}) + s[at+1:]
}
