package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
)

// request is one line of decide's input. The names of headers are put in lower
// case, as every proxy hands them to the filter; nothing else is changed.
type request struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Authority string `json:"authority"`
	Headers   []pair `json:"headers"`
	Trailers  []pair `json:"trailers"`
	Body      []byte `json:"body"` // base64
	Peer      struct {
		URI       string `json:"uri"`
		Validated bool   `json:"validated"`
		Digest    string `json:"digest"`
	} `json:"peer"` // the client certificate
}

// pair is a name and a value; encoding/json alone would fill up one, and cut
// three down to two.
type pair [2]string

func (p *pair) UnmarshalJSON(raw []byte) error {
	var list []string
	if err := json.Unmarshal(raw, &list); err != nil {
		return err
	}
	if len(list) != 2 {
		return errors.New("a header is [name, value]")
	}
	*p = pair(list)
	return nil
}

// answer is one line of decide's output. Verb and models are empty where the
// request was refused before they were known; authority and path are what the
// upstream would get, and empty for a refusal.
type answer struct {
	Allow     bool     `json:"allow"`
	Shadow    bool     `json:"shadow,omitempty"` // allowed although the reason refuses
	Status    int      `json:"status"`
	GRPC      int      `json:"grpc"`
	Reason    string   `json:"reason"`
	Principal string   `json:"principal"` // issuer/subject; "" is anonymous
	Verb      string   `json:"verb"`
	Models    []string `json:"models"`
	Grant     string   `json:"grant"` // or the deny's name
	Authority string   `json:"authority"`
	Path      string   `json:"path"`
}

// maxLine bounds a line of input, in bytes: a head of 64 KiB, twice over.
const maxLine = 1 << 20

func decide(args []string, in io.Reader, out, errs io.Writer, env authn.Secrets) int {
	set := flag.NewFlagSet("decide", flag.ContinueOnError)
	config := set.String("config", "", "")
	at := set.String("now", "", "")
	var published []string
	set.Func("keys", "", func(s string) error { published = append(published, s); return nil })
	if !flags(set, args, errs) || set.NArg() != 0 || *config == "" {
		fmt.Fprint(errs, usage)
		return 2
	}
	now := time.Now()
	if *at != "" {
		var err error
		if now, err = time.Parse(time.RFC3339, *at); err != nil {
			fmt.Fprintln(errs, "--now:", err)
			return 2
		}
	}
	g, err := load(*config, env)
	if err != nil {
		fmt.Fprintln(errs, err)
		return 1
	}
	keys, err := withKeys(g, published)
	if err != nil {
		fmt.Fprintln(errs, err)
		return 1
	}
	return lines(g, gate.Env{Now: now, Keys: keys}, in, out, errs)
}

// withKeys gives issuers the keys that they publish, from "issuer=file".
func withKeys(g *gate.Gate, published []string) (*authn.Keys, error) {
	keys := g.Keys()
	for _, text := range published {
		name, file, _ := strings.Cut(text, "=")
		i := slices.IndexFunc(g.Remotes(), func(r authn.Remote) bool { return r.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("--keys %s: no issuer of that name publishes its keys", text)
		}
		document, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		remote := g.Remotes()[i]
		if err := remote.Usable(string(document)); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		keys = keys.With(remote, string(document))
	}
	return keys, nil
}

func lines(g *gate.Gate, env gate.Env, in io.Reader, out, errs io.Writer) (status int) {
	scanner := bufio.NewScanner(in)
	scanner.Buffer(nil, maxLine)
	writer := json.NewEncoder(out)
	writer.SetEscapeHTML(false)
	for scanner.Scan() {
		r, err := parse(scanner.Bytes())
		if err == nil {
			err = writer.Encode(ask(g, env, r))
		} else {
			status = 1
			err = writer.Encode(map[string]string{"error": err.Error()})
		}
		if err != nil {
			fmt.Fprintln(errs, err)
			return 1
		}
	}
	if err := scanner.Err(); err != nil {
		fmt.Fprintln(errs, "standard input:", err)
		return 1
	}
	return status
}

func parse(line []byte) (r request, err error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return r, err
	}
	if _, err := d.Token(); err != io.EOF { // More would overlook a closing bracket
		return r, errors.New("more than one JSON value on a line")
	}
	return r, nil
}

// lower puts names in lower case.
func lower(pairs []pair) (list [][2]string) {
	for _, p := range pairs {
		list = append(list, [2]string{strings.ToLower(p[0]), p[1]})
	}
	return list
}

func ask(g *gate.Gate, env gate.Env, r request) answer {
	pairs := [][2]string{{":method", r.Method}, {":path", r.Path}}
	if r.Authority != "" {
		pairs = append(pairs, [2]string{":authority", r.Authority})
	}
	pairs = append(pairs, lower(r.Headers)...)
	x, step := g.DecideRequest(env, &gate.Head{
		Pairs: pairs,
		End:   len(r.Body) == 0 && len(r.Trailers) == 0,
		Peer:  authn.Peer{URI: r.Peer.URI, Validated: r.Peer.Validated, Digest: r.Peer.Digest},
	}, r.Body, lower(r.Trailers))
	return say(r, x, step)
}

// say puts what was decided of a request into a line.
func say(r request, x *gate.Exchange, step gate.Step) answer {
	pass := step.Act == gate.Forward
	a := answer{
		Allow: pass, Shadow: pass && step.Reason.Refuses(), Status: step.Reason.HTTP(), GRPC: step.Reason.GRPC(),
		Reason: step.Reason.String(), Grant: x.Rule, Models: []string{},
	}
	if !x.Principal.Anonymous() {
		a.Principal = x.Principal.Issuer + "/" + x.Principal.Subject
	}
	for _, m := range x.Call.Models {
		a.Verb = x.Call.Verb.String()
		a.Models = append(a.Models, m.String())
	}
	if pass {
		a.Authority, a.Path = r.Authority, r.Path
		for _, h := range step.Edit.Set {
			switch h[0] {
			case ":authority":
				a.Authority = h[1]
			case ":path":
				a.Path = h[1]
			}
		}
	}
	return a
}
