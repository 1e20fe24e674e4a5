// Package corpus runs the cases of examples/<scenario> against anything that contains the
// gate. A case is a request, the claims of its token, and one expected line. The same cases
// run natively, in the module under wazero, in Envoy and at a terminal. If these disagree,
// an adapter is wrong.
//
// Keys and tokens are new in each run: the public keys in an example's configuration are
// replaced, and no private key is ever written to a file.
package corpus

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/signature"
)

// Case is one row of cases.json.
type Case struct {
	Name    string `json:"name"`
	Request string `json:"request"` // method and raw path, with a space between
	Host    string `json:"host"`    // models.example.com if it is absent
	Token   *Token `json:"token"`
	// Headers are sent as they are. "{token}" in a value is replaced by the token; if no
	// value has it, the token is put where its issuer expects it.
	Headers  [][2]string `json:"headers"`
	GRPC     bool        `json:"grpc"`
	Body     string      `json:"body"`
	Messages []string    `json:"messages"` // of gRPC, instead of a body: see Message
	Form     []string    `json:"form"`     // its parts, instead of a body: see Form
	Reply    *Reply      `json:"reply"`    // what the upstream answers, if that matters
	Peer     *Peer       `json:"peer"`     // the client's certificate; none if it is absent
	Trailers [][2]string `json:"trailers"`
	Sign     signs       `json:"sign"` // its signatures: an object, or a list

	Want string `json:"want"` // Outcome.Line
	// Challenge is the value of WWW-Authenticate after the realm, if the case is about it.
	Challenge string `json:"challenge"`
	// Envoy is the line in Envoy, if its codec answers before the gate does.
	Envoy string `json:"envoy"`
	HTTP2 string `json:"http2"` // the line over HTTP/2 in Envoy, if it differs from both
	// Arrives are the identity and credential headers that the upstream gets, with
	// "{token}" in them as in Headers. No others may reach it.
	Arrives  map[string]string `json:"arrives"`
	Upstream string            `json:"upstream"` // the cluster that Envoy sends it to
	// Counts is the counter of a request that is forwarded without being allowed: "exempt",
	// or "shadow." and what would have refused it.
	Counts string `json:"counts"`
}

// CounterMetric returns the metric of a counter that Case.Counter returns.
func CounterMetric(counter string) string {
	if strings.HasPrefix(counter, "shadow.") {
		return "modelgate." + counter
	}
	return "modelgate.requests." + counter
}

// Counter returns what a case counts under: its Reason or, for a request that passes in shadow,
// "shadow." and what would refuse it; "" if the request does not reach the gate.
func (c Case) Counter(host Host) string {
	line := c.line(host)
	switch why := line[strings.LastIndexByte(line, ' ')+1:]; {
	case c.Counts != "":
		return c.Counts
	case strings.HasPrefix(line, "allow "):
		return "allowed"
	case why != line:
		return why
	}
	return ""
}

// line is what a host is expected to answer.
func (c Case) line(host Host) string {
	switch {
	case host == EnvoyHTTP2 && c.HTTP2 != "":
		return c.HTTP2
	case host != Elsewhere && c.Envoy != "":
		return c.Envoy
	}
	return c.Want
}

// Reply is what the upstream answers to a call that lists models, and what the caller gets
// of it: text, or for gRPC a message as in Message.
type Reply struct {
	Body string `json:"body"`
	Gets string `json:"gets"`
}

// Peer is a client certificate of a case.
type Peer struct {
	URI       string   `json:"uri"`
	DNS       []string `json:"dns"`
	Subject   string   `json:"subject"`   // as RFC 2253 writes it: CN=, O= and OU= only
	Digest    string   `json:"digest"`    // the SHA-256 that the configuration has; a host with real certificates replaces it
	Untrusted bool     `json:"untrusted"` // signed by an authority that nobody trusts
}

// Request is the request of a case, with its token.
type Request struct {
	Method, Path, Authority string
	Headers                 [][2]string // names in lower case, pseudo-headers left out
	Trailers                [][2]string
	GRPC                    bool
	Body                    string
	Peer                    authn.Peer
	Arrives                 map[string]string
	Reply, Gets             string
}

// ReplyPairs returns the headers of a reply.
func (r Request) ReplyPairs() [][2]string {
	mediaType := "application/json"
	if r.GRPC {
		mediaType = "application/grpc"
	}
	return [][2]string{{":status", "200"}, {"content-type", mediaType}, {"content-length", fmt.Sprint(len(r.Reply))}}
}

// Head returns the request as the gate gets it.
func (r Request) Head() *gate.Head {
	return &gate.Head{Pairs: r.Pairs(), End: r.Body == "" && len(r.Trailers) == 0, Peer: r.Peer}
}

// Pairs returns the headers as a host has them, pseudo-headers first.
func (r Request) Pairs() [][2]string {
	pairs := [][2]string{{":method", r.Method}, {":path", r.Path}, {":scheme", "http"}}
	if r.Authority != "" {
		pairs = append(pairs, [2]string{":authority", r.Authority})
	}
	return append(pairs, r.Headers...)
}

// Scenario is one directory of examples.
type Scenario struct {
	Name, Dir string
	Config    string            // config.json with this run's keys
	Env       map[string]string // symmetric keys
	Cases     []Case
	signers   map[string]*signer // by issuer name

	messageKeys map[string]messageKey // by keyid
	replyKey    *signature.Key        // of the gate; nil if it signs no replies
	nonces      map[string]string     // of the last request of each case
	inlines     bool                  // keys that an issuer publishes are replaced by one in the configuration
}

// Load reads a scenario, and makes new keys for it.
func Load(dir string) (*Scenario, error) {
	s, err := LoadConfig(dir)
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(filepath.Join(dir, "cases.json"))
	if err != nil {
		return nil, err
	}
	if err := strictUnmarshal(raw, &s.Cases); err != nil {
		return nil, fmt.Errorf("%s/cases.json: %w", dir, err)
	}
	return s, s.check()
}

// LoadConfig is Load for a directory without cases of its own.
func LoadConfig(dir string) (*Scenario, error) {
	s := newScenario(filepath.Base(dir), dir)
	config, err := os.ReadFile(filepath.Join(dir, "config.json"))
	if err != nil {
		return nil, err
	}
	if s.Config, err = s.freshKeys(config); err != nil {
		return nil, fmt.Errorf("%s/config.json: %w", dir, err)
	}
	return s, nil
}

func strictUnmarshal(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// check finds cases that cannot fail, and cases with the same name.
func (s *Scenario) check() error {
	seen := map[string]bool{}
	for _, c := range s.Cases {
		if c.Name == "" || c.Want == "" || seen[c.Name] {
			return fmt.Errorf("%s: case %q has no name or no want, or is there twice", s.Name, c.Name)
		}
		seen[c.Name] = true
		if c.Token != nil && s.signers[c.Token.Issuer] == nil {
			return fmt.Errorf("%s: case %q: no issuer %q", s.Name, c.Name, c.Token.Issuer)
		}
	}
	return nil
}

// LoadAll reads every scenario below dir that has cases.
func LoadAll(dir string) ([]*Scenario, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*", "cases.json"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("no scenario below %s", dir)
	}
	slices.Sort(paths)
	var all []*Scenario
	for _, path := range paths {
		s, err := Load(filepath.Dir(path))
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// Secret looks up a symmetric key, in place of the VM's environment.
func (s *Scenario) Secret(name string) (string, bool) {
	v, ok := s.Env[name]
	return v, ok
}

// Request makes the request of a case. The times of its token count from now.
func (s *Scenario) Request(c Case, now time.Time) (Request, error) {
	method, path, _ := strings.Cut(c.Request, " ")
	r := Request{Method: method, Path: path, Authority: c.Host, Trailers: c.Trailers, GRPC: c.GRPC, Body: c.Body, Arrives: map[string]string{}}
	if err := c.write(&r); err != nil {
		return r, fmt.Errorf("%s: %w", c.Name, err)
	}
	if c.Peer != nil {
		var err error
		if r.Peer, err = c.Peer.certificate(); err != nil {
			return r, fmt.Errorf("%s: %w", c.Name, err)
		}
	}
	if c.Host == "" {
		r.Authority = "models.example.com"
	}
	if c.GRPC {
		r.Headers = append(r.Headers, [2]string{"content-type", "application/grpc"}, [2]string{"te", "trailers"})
	}
	if c.Form != nil && !slices.ContainsFunc(c.Headers, func(h [2]string) bool { return h[0] == "content-type" }) {
		r.Headers = append(r.Headers, [2]string{"content-type", FormType})
	}
	token, placed := "", c.Token == nil
	if c.Token != nil {
		var err error
		if token, err = s.Mint(*c.Token, now); err != nil {
			return r, fmt.Errorf("%s: %w", c.Name, err)
		}
	}
	for _, h := range c.Headers {
		placed = placed || strings.Contains(h[1], "{token}")
		r.Headers = append(r.Headers, [2]string{h[0], strings.ReplaceAll(h[1], "{token}", token)})
	}
	for name, value := range c.Arrives {
		r.Arrives[name] = strings.ReplaceAll(value, "{token}", token)
	}
	if !placed {
		sg := s.signers[c.Token.Issuer]
		r.Headers = append(r.Headers, [2]string{sg.header, sg.scheme + token})
	}
	return r, s.sign(c, &r, now)
}
