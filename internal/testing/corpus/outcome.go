package corpus

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/gate"
	known "github.com/modelgate/modelgate/internal/headers"
	"github.com/modelgate/modelgate/internal/reason"
)

// Outcome is the result of a request, in the same form for every host.
type Outcome struct {
	// Line is "allow <authority> <path>", "<status> <reason>", or for gRPC
	// "grpc <code> <reason>".
	Line    string
	Headers [][2]string // what the upstream got; nil if it got nothing
	Via     string      // the cluster, if the host has clusters
	Reply   string      // what the client got, if the case has a reply
	// Challenge is the value of WWW-Authenticate of a refusal; "" if there is none.
	Challenge string
}

// Allowed returns the line of a request that was forwarded.
func Allowed(authority, path string) string { return "allow " + authority + " " + path }

// Answered returns the line of an answer of the gate itself, by its Reason.
func Answered(why reason.Reason, grpc bool) string {
	if grpc {
		return fmt.Sprintf("grpc %d %s", why.GRPC(), why)
	}
	return fmt.Sprintf("%d %s", why.HTTP(), why)
}

// RefusedReply returns the line of a refusal as a client gets it, or of a list of models that the
// gate answers with. If the body is not the gate's,
// it is the status alone, which no case expects.
func RefusedReply(status int, body string) string {
	var b struct{ Reason, Resource string }
	list := listedIn(body)
	switch err := json.Unmarshal([]byte(body), &b); {
	case status == 200 && list != "":
		return fmt.Sprintf("%d %s %s", status, list, reason.ListAnswered)
	case status == reason.Preflight.HTTP() && body == "":
		return fmt.Sprintf("%d %s", status, reason.Preflight)
	case err == nil && b.Resource != "":
		return fmt.Sprintf("%d %s", status, reason.ResourceMetadata)
	case err != nil || b.Reason == "":
		return fmt.Sprintf("%d", status)
	}
	return fmt.Sprintf("%d %s", status, b.Reason)
}

// listedIn returns the names in a list of models, with commas between them.
func listedIn(body string) string {
	var b struct {
		Data   []struct{ ID string }
		Models []struct{ Name string }
	}
	if json.Unmarshal([]byte(body), &b) != nil {
		return ""
	}
	var names []string
	for _, m := range b.Data {
		names = append(names, m.ID)
	}
	for _, m := range b.Models {
		names = append(names, m.Name)
	}
	return strings.Join(names, ",")
}

// ChallengeOf returns the value of WWW-Authenticate among a reply's headers, or "".
func ChallengeOf(headers [][2]string) string {
	for _, h := range headers {
		if strings.EqualFold(h[0], "www-authenticate") {
			return h[1]
		}
	}
	return ""
}

// Native decides a request in this process, as a host would.
func Native(g *gate.Gate, env gate.Env, r Request) Outcome { return Narrowed(g, env, r, nil) }

// Narrowed is Native by a route of the proxy that has a narrowing.
func Narrowed(g *gate.Gate, env gate.Env, r Request, n *gate.Narrowing) Outcome {
	x, step := g.DecideNarrowed(env, r.Head(), []byte(r.Body), r.Trailers, n)
	switch {
	case step.Reason == reason.ListAnswered:
		return Outcome{Line: RefusedReply(step.Reply.Status, step.Reply.Body)}
	case step.Act != gate.Forward:
		return Outcome{Line: Answered(step.Reason, r.GRPC), Challenge: ChallengeOf(step.Reply.Headers)}
	}
	o := Sent(Apply(r.Pairs(), step.Edit))
	if r.Reply != "" && x.NeedsResponse() {
		if o.Reply, step = replied(x, env, r); step.Act != gate.Forward {
			return Outcome{Line: Answered(step.Reason, r.GRPC)}
		}
	}
	return o
}

// replied is what the client gets of the upstream's reply.
func replied(x *gate.Exchange, env gate.Env, r Request) (string, gate.Step) {
	step := x.Respond(env, r.ReplyPairs(), false)
	if step.Act == gate.Hold {
		step = x.Body(env, gate.Downstream, []byte(r.Reply), true)
	}
	return string(step.Body), step
}

// Apply edits headers as a host does.
func Apply(pairs [][2]string, e *gate.Edit) [][2]string {
	pairs = slices.DeleteFunc(pairs, func(p [2]string) bool { return slices.Contains(e.Remove, p[0]) })
	for _, set := range e.Set {
		pairs = slices.DeleteFunc(pairs, func(p [2]string) bool { return p[0] == set[0] })
		pairs = append(pairs, set)
	}
	return pairs
}

// Sent returns the outcome of headers that go to the upstream.
func Sent(pairs [][2]string) Outcome {
	o := Outcome{}
	var authority, path string
	for _, p := range pairs {
		switch {
		case p[0] == ":authority":
			authority = p[1]
		case p[0] == ":path":
			path = p[1]
		case p[0][0] != ':':
			o.Headers = append(o.Headers, p)
		}
	}
	o.Line = Allowed(authority, path)
	return o
}

// Host is where a case ran.
type Host uint8

// The hosts. In Envoy the codec of the protocol reads a request before the gate does.
const (
	Elsewhere Host = iota
	EnvoyHTTP1
	EnvoyHTTP2
)

// watched are parts of the names of headers that could tell an upstream who called, or
// from where. So could all that headers.Known has.
var watched = []string{"authorization", "cookie", "user", "iap-", "email", "groups", "original", "override", "rewrite", "signature"}

// isKnown reports whether a header is in headers.Known, and neither the gate of an example
// (x-gateway-model-name) nor a proxy writes it.
func isKnown(name string) bool {
	if name == "x-gateway-model-name" || name == "x-forwarded-client-cert" || strings.HasPrefix(name, "x-envoy-") {
		return false
	}
	kind := known.KindOf(name)
	return kind != known.Unknown && kind != known.Framing
}

// Check compares what happened with what a case expects.
func (c Case) Check(r Request, o Outcome, host Host) error {
	want := c.line(host)
	if o.Line != want {
		return fmt.Errorf("%s: got %q, want %q", c.Name, o.Line, want)
	}
	if realm := `Bearer realm="model gate"`; c.Challenge != "" && o.Challenge != realm+c.Challenge {
		return fmt.Errorf("%s: got the challenge %q, want %q", c.Name, o.Challenge, realm+c.Challenge)
	}
	if o.Headers == nil {
		return nil
	}
	if r.Reply != "" && o.Reply != r.Gets {
		return fmt.Errorf("%s: the client got %q, want %q", c.Name, o.Reply, r.Gets)
	}
	if host != Elsewhere && c.Upstream != "" && o.Via != c.Upstream {
		return fmt.Errorf("%s: went by cluster %q, want %q", c.Name, o.Via, c.Upstream)
	}
	return c.checkArrived(r.Arrives, o.Headers)
}

func (c Case) checkArrived(want map[string]string, headers [][2]string) error {
	got := map[string]int{}
	for _, h := range headers {
		name := strings.ToLower(h[0])
		isWatched := slices.ContainsFunc(watched, func(w string) bool {
			return strings.Contains(strings.ReplaceAll(name, "_", "-"), w)
		}) || isKnown(name)
		value, expected := want[name]
		switch {
		case expected && h[1] != value:
			return fmt.Errorf("%s: upstream got %s: %q, want %q", c.Name, name, h[1], value)
		case expected:
			got[name]++
		case isWatched && name != "user-agent":
			return fmt.Errorf("%s: upstream got %s: %q, want none", c.Name, name, h[1])
		}
	}
	for name := range want {
		if got[name] != 1 {
			return fmt.Errorf("%s: upstream got %s %d times, want once", c.Name, name, got[name])
		}
	}
	return nil
}
