package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/document"
	"github.com/modelgate/modelgate/internal/gate"
)

// decideDocuments writes one answer for each YAML document of standard input.
func (t *terminal) decideDocuments(g *gate.Gate, n *gate.Narrowing, env gate.Env, form *format) error {
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
		ok, err := t.decideOne(g, n, env, []byte(r), form)
		if err != nil {
			return err
		}
		if !ok {
			status = errReported
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
func (t *terminal) decideLines(g *gate.Gate, n *gate.Narrowing, env gate.Env, form *format) error {
	var status error
	scanner := bufio.NewScanner(t.in)
	scanner.Buffer(nil, maxLine)
	for scanner.Scan() {
		ok, err := t.decideOne(g, n, env, scanner.Bytes(), form)
		if err != nil {
			return err
		}
		if !ok {
			status = errReported
		}
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	return status
}

// decideOne writes the answer to a request. If it is none, ok is false.
func (t *terminal) decideOne(g *gate.Gate, n *gate.Narrowing, env gate.Env, request []byte, form *format) (ok bool, err error) {
	r, err := parseRequest(request)
	if err != nil {
		return false, printLine(t.out, lineError{err.Error()}, form)
	}
	return true, printLine(t.out, evaluate(g, n, env, r), form)
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

// evaluate returns the gate's decision about a request.
func evaluate(g *gate.Gate, n *gate.Narrowing, env gate.Env, r request) answer {
	pairs := [][2]string{{":method", r.Method}, {":path", r.Path}}
	if r.Authority != "" {
		pairs = append(pairs, [2]string{":authority", r.Authority})
	}
	pairs = append(pairs, lowerNames(r.Headers)...)
	x, step := g.DecideNarrowed(env, &gate.Head{
		Pairs: pairs,
		End:   len(r.Body) == 0 && len(r.Trailers) == 0,
		Peer: authn.Peer{
			URI: r.Peer.URI, Subject: r.Peer.Subject, Certificate: r.Peer.Certificate,
			Validated: r.Peer.Validated, Digest: r.Peer.Digest,
		},
	}, r.Body, lowerNames(r.Trailers), n)
	return newAnswer(r, x, step)
}
