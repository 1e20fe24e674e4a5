package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/replay"
)

// maxLine is the longest line of input, in bytes: room for headers of 64 KiB and a
// small body.
const maxLine = 1 << 20

// decide decides requests from standard input.
func decide(args []string, std streams, secrets authn.Secrets) int {
	set := newFlags("decide", decideUsage, std)
	config := set.String("config", "", "")
	at := set.String("now", "", "")
	var keyFiles []string
	set.Func("keys", "", func(s string) error { keyFiles = append(keyFiles, s); return nil })
	switch {
	case !set.parse(args):
		return exitUsage
	case *config == "":
		return set.wrong("--config FILE is missing")
	case set.NArg() != 0:
		return set.wrong("must have no arguments but flags; got %q. Requests come from standard input", set.Arg(0))
	}
	now := time.Now()
	if *at != "" {
		var err error
		if now, err = time.Parse(time.RFC3339, *at); err != nil {
			fmt.Fprintf(std.err, "--now: must be an RFC 3339 time such as 2030-01-31T12:00:00Z; got %q\n", *at)
			return exitUsage
		}
	}
	g, err := load(*config, secrets)
	if err != nil {
		return std.fail(err)
	}
	keys, err := addKeys(g, keyFiles)
	if err != nil {
		return std.fail(err)
	}
	env := gate.Env{Now: now, Keys: keys}
	if pages := g.NoncePages(); pages > 0 {
		env.Admit = replay.NewMemory(pages).Admit
	}
	return decideLines(g, env, std)
}

// addKeys returns the keys of a gate, with those of files that the values of --keys
// name.
func addKeys(g *gate.Gate, keyFiles []string) (*authn.Keys, error) {
	keys := g.Keys()
	for _, value := range keyFiles {
		issuer, file, _ := strings.Cut(value, "=")
		remote, err := remoteNamed(g, issuer)
		if err != nil {
			return nil, err
		}
		document, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("--keys: %w", err)
		}
		if err := remote.CheckKeys(string(document)); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		keys = keys.With(remote, string(document))
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

// decideLines writes one line for each line of input. After a line that is not a
// request, it continues with the next.
func decideLines(g *gate.Gate, env gate.Env, std streams) int {
	status := exitOK
	scanner := bufio.NewScanner(std.in)
	scanner.Buffer(nil, maxLine)
	writer := json.NewEncoder(std.out)
	writer.SetEscapeHTML(false)
	for scanner.Scan() {
		var line any
		if r, err := parseRequest(scanner.Bytes()); err != nil {
			status, line = exitInvalid, map[string]string{"error": err.Error()}
		} else {
			line = evaluate(g, env, r)
		}
		if err := writer.Encode(line); err != nil {
			return std.fail(err)
		}
	}
	if err := scanner.Err(); err != nil {
		return std.fail(fmt.Errorf("standard input: %w", err))
	}
	return status
}

// evaluate returns the gate's decision about a request.
func evaluate(g *gate.Gate, env gate.Env, r request) answer {
	pairs := [][2]string{{":method", r.Method}, {":path", r.Path}}
	if r.Authority != "" {
		pairs = append(pairs, [2]string{":authority", r.Authority})
	}
	pairs = append(pairs, lowerNames(r.Headers)...)
	x, step := g.DecideRequest(env, &gate.Head{
		Pairs: pairs,
		End:   len(r.Body) == 0 && len(r.Trailers) == 0,
		Peer: authn.Peer{
			URI: r.Peer.URI, Subject: r.Peer.Subject, Certificate: r.Peer.Certificate,
			Validated: r.Peer.Validated, Digest: r.Peer.Digest,
		},
	}, r.Body, lowerNames(r.Trailers))
	return newAnswer(r, x, step)
}
