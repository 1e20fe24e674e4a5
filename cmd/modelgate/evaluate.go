package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/document"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/keys"
	"github.com/modelgate/modelgate/internal/replay"
)

// decider answers requests as the filter would, but for keys that it would fetch.
type decider struct {
	gate      *gate.Gate
	narrowing *gate.Narrowing // of the proxy's route, or nil
	env       gate.Env
	given     []string // the issuers whose published keys --keys gives
}

// newDecider loads the files of a configuration and, unless its name is "", of a narrowing, and the keys of
// --keys.
func (t *terminal) newDecider(config, narrowing string, now time.Time, keyFiles []string) (*decider, error) {
	g, err := t.load(config)
	if err != nil {
		return nil, err
	}
	n, err := t.loadNarrowing(g, narrowing)
	if err != nil {
		return nil, err
	}
	published, err := t.addKeys(g, keyFiles)
	if err != nil {
		return nil, err
	}
	d := &decider{gate: g, narrowing: n, env: gate.Env{Now: now, Keys: published}}
	for _, value := range keyFiles {
		issuer, _, _ := strings.Cut(value, "=")
		d.given = append(d.given, issuer)
	}
	if pages := g.NoncePages(); pages > 0 {
		d.env.Admit = replay.NewMemory(pages).Admit
	}
	return d, nil
}

// decide decides a request. The error says which issuer's keys would be needed: a filter that has
// them not waits for them, and answers by what it gets. Those that are given are all there are.
func (d *decider) decide(r request) (x *gate.Exchange, step gate.Step, err error) {
	d.env.WaitPolicy = keys.MayWait
	x, step = d.gate.DecideNarrowed(d.env, r.head(), r.Body, lowerNames(r.Trailers), d.narrowing)
	if step.Act != gate.AwaitKeys {
		return x, step, nil
	}
	if issuer := step.Await.Issuer; !slices.Contains(d.given, issuer) {
		return nil, gate.Step{}, unknownKeys{issuer}
	}
	d.env.WaitPolicy = keys.Refreshed
	x, step = d.gate.DecideNarrowed(d.env, r.head(), r.Body, lowerNames(r.Trailers), d.narrowing)
	return x, step, nil
}

// unknownKeys is why a request cannot be decided here.
type unknownKeys struct{ issuer string }

func (u unknownKeys) Error() string {
	return fmt.Sprintf("the keys that the issuer %s publishes are not known here, so nothing tells what the filter would answer: "+
		"give them with --keys %s=FILE", u.issuer, u.issuer)
}

// decideDocuments writes one answer for each YAML document of standard input.
func (t *terminal) decideDocuments(d *decider, form *format) error {
	text, name, err := t.read("-")
	if err != nil {
		return err
	}
	requests, err := document.AllToJSON(text)
	if err != nil {
		return inFile(name, err)
	}
	var status error
	for _, r := range requests {
		if err := t.decideOne(d, []byte(r), form, &status); err != nil {
			return err
		}
	}
	return status
}

// addKeys returns the keys of a gate, with those of files that the values of --keys
// name.
func (t *terminal) addKeys(g *gate.Gate, keyFiles []string) (*authn.Keys, error) {
	keys := g.Keys()
	for _, value := range keyFiles {
		issuer, file, _ := strings.Cut(value, "=")
		remote, err := remoteNamed(g, issuer)
		if err != nil {
			return nil, err
		}
		document, err := t.readKeys(file)
		if err != nil {
			return nil, fmt.Errorf("--keys: %w", err)
		}
		if err := remote.CheckKeys(document); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		keys = keys.With(remote, document)
	}
	return keys, nil
}

// remoteNamed returns the issuer of a name whose keys are published.
func remoteNamed(g *gate.Gate, issuer string) (authn.Remote, error) {
	var names []string
	for _, r := range g.Remotes() {
		if r.Name == issuer {
			return r, nil
		}
		names = append(names, r.Name)
	}
	if len(names) == 0 {
		return authn.Remote{}, fmt.Errorf("--keys: the configuration must have an issuer with jwks.remote; got %q and no such issuer", issuer)
	}
	return authn.Remote{}, fmt.Errorf("--keys: must be ISSUER=FILE with an issuer that has jwks.remote, here %s; got %q",
		strings.Join(names, " or "), issuer)
}

// decideLines writes one answer for each line of input. After a line that is not a
// request, it continues with the next.
func (t *terminal) decideLines(d *decider, form *format) error {
	var status error
	scanner := bufio.NewScanner(t.in)
	scanner.Buffer(nil, maxLine)
	for scanner.Scan() {
		if err := t.decideOne(d, scanner.Bytes(), form, &status); err != nil {
			return err
		}
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	return status
}

// decideOne writes the answer to a request. If it is none, or cannot be decided, status says so:
// the former counts more.
func (t *terminal) decideOne(d *decider, line []byte, form *format, status *error) error {
	r, err := parseRequest(line)
	if err != nil {
		*status = errReported
		return printLine(t.out, lineError{err.Error()}, form)
	}
	x, step, err := d.decide(r)
	if err != nil {
		*status = cmp.Or(*status, errUnknown)
		return printLine(t.out, lineError{err.Error()}, form)
	}
	return printLine(t.out, newAnswer(r, x, step), form)
}

// lineError is the answer to a line that is not a request.
type lineError struct {
	Error string `json:"error"`
}

// String returns the line for people.
func (e lineError) String() string { return "error: " + e.Error }

// printLine prints one answer of many.
func printLine(w io.Writer, line any, form *format) error {
	switch {
	case form.is(formText):
		_, err := fmt.Fprintln(w, line)
		return err
	case form.is(formYAML):
		if _, err := fmt.Fprintln(w, "---"); err != nil {
			return err
		}
		return printYAML(w, line)
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(line)
}

// head returns the request's head as the gate gets it.
func (r *request) head() *gate.Head {
	pairs := [][2]string{{":method", r.Method}, {":path", r.Path}}
	if r.Authority != "" {
		pairs = append(pairs, [2]string{":authority", r.Authority})
	}
	pairs = append(pairs, lowerNames(r.Headers)...)
	return &gate.Head{
		Pairs: pairs,
		End:   len(r.Body) == 0 && len(r.Trailers) == 0,
		Peer: authn.Peer{
			URI: r.Peer.URI, Subject: r.Peer.Subject, Certificate: r.Peer.Certificate,
			Validated: r.Peer.Validated, Digest: r.Peer.Digest,
		},
	}
}
