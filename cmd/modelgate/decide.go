package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/replay"
)

// maxLine is the longest line of input, in bytes: room for headers of 64 KiB and a
// small body.
const maxLine = 1 << 20

const decideHelp = `What would the filter do? Reads requests from standard input, one JSON object on a
line, in which every field is optional:

  {"method", "path", "authority",
   "headers": [["name", "value"], ...], "trailers": [["name", "value"], ...],
   "body": "base64",
   "peer": {"uri": "spiffe://...", "validated": true, "digest": "SHA-256, hex",
            "subject": "CN=...", "certificate": "PEM, for its DNS names"}}

and writes one JSON object on a line for each:

  allow      true: the request is forwarded, or the gate answers with a list
  shadow     true: it is forwarded only because the rule is in shadow
  status     the HTTP status of the reason; 200 where nothing refuses
  grpc       the gRPC status of the reason; 0 where nothing refuses
  reason     "allowed", "exempt", or why the request is refused
  issuer     of a token that is refused although its signature holds, and the
  claim      at fault, as a JSON Pointer; left out for others
  part       of a request's signature, that is at fault; left out if none is
  principal  "ISSUER/SUBJECT" of the caller; "" is anonymous
  signed_by  the keyid of a good signature of the request; left out if none is there
  verb       such as "predict"; "" if the request was refused before
  models     such as ["prod/fraud"]
  rule       the name of the grant or deny that decided
  authority  where the request is forwarded to; "" if it is not
  path       the path that it is forwarded with; "" if it is not
  removed    the headers that it is forwarded without; left out if there are none
  challenge  WWW-Authenticate of a refusal; left out if there is none
  list       of models, if the gate itself answers with one

For a line that is not such an object it writes {"error"}, and the exit status
is 1. With -o yaml each answer is a YAML document, with -o text a line for people.

Keys are never fetched: --keys gives the keys of an issuer that publishes them. A
nonce counts once in all the input. Symmetric keys are read from environment
variables, as in the filter.`

func decideCommand(t *terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "decide --config FILE [--now TIME] [--keys ISSUER=FILE]... [-o FORM]",
		Short: "Answer requests from standard input as the filter would",
		Long:  decideHelp,
		Example: `  echo '{"method": "POST", "path": "/kfserving/prod/fraud:predict", "authority": "models.example.com"}' |
    modelgate decide --config config.json
  modelgate decide --config config.json --keys corp=jwks.json --now 2030-01-31T12:00:00Z < requests.jsonl`,
		Args: noArguments,
	}
	config := c.Flags().String("config", "", "`FILE` with the configuration")
	at := c.Flags().String("now", "", "decide at this `TIME`, in RFC 3339; the default is the clock")
	keyFiles := c.Flags().StringArray("keys", nil, "`ISSUER=FILE`: the keys that an issuer publishes")
	form := addFormat(c, formJSON, formYAML, formText)
	c.RunE = func(*cobra.Command, []string) error {
		if *config == "" {
			return wrong("--config FILE is missing")
		}
		now := time.Now()
		if *at != "" {
			var err error
			if now, err = time.Parse(time.RFC3339, *at); err != nil {
				return wrong("--now: must be an RFC 3339 time such as 2030-01-31T12:00:00Z; got %q", *at)
			}
		}
		return t.decide(*config, now, *keyFiles, form)
	}
	return c
}

// decide decides requests from standard input.
func (t *terminal) decide(config string, now time.Time, keyFiles []string, form *format) error {
	g, err := t.load(config)
	if err != nil {
		return err
	}
	keys, err := addKeys(g, keyFiles)
	if err != nil {
		return err
	}
	env := gate.Env{Now: now, Keys: keys}
	if pages := g.NoncePages(); pages > 0 {
		env.Admit = replay.NewMemory(pages).Admit
	}
	return t.decideLines(g, env, form)
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

// decideLines writes one answer for each line of input. After a line that is not a
// request, it continues with the next.
func (t *terminal) decideLines(g *gate.Gate, env gate.Env, form *format) error {
	var status error
	scanner := bufio.NewScanner(t.in)
	scanner.Buffer(nil, maxLine)
	for scanner.Scan() {
		var line any
		if r, err := parseRequest(scanner.Bytes()); err != nil {
			status, line = errReported, lineError{err.Error()}
		} else {
			line = evaluate(g, env, r)
		}
		if err := printLine(t.out, line, form); err != nil {
			return err
		}
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	return status
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
