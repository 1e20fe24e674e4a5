package main

import (
	"time"

	"github.com/spf13/cobra"
)

// maxLine is the longest line of input, in bytes: room for headers of 64 KiB and a
// small body.
const maxLine = 1 << 20

const decideHelp = `What would the filter do? Reads requests from standard input, one JSON object on a
line (with --input yaml: YAML documents), in which every field is optional:

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
  narrowing  the name of the narrowing that refused; left out if none did
  authority  where the request is forwarded to; "" if it is not
  path       the path that it is forwarded with; "" if it is not
  removed    the headers that it is forwarded without; left out if there are none
  challenge  WWW-Authenticate of a refusal; left out if there is none
  list       of models, if the gate itself answers with one

For a request that is not such an object it writes {"error"}, and the exit status
is 1. So it does for a token of an issuer that publishes its keys, if --keys does not give
them: the filter would fetch them, and nothing here says what it would answer then. The exit
status is 4. With --keys, a key that is not among them is one that nobody has.

With -o yaml each answer is a YAML document, with -o text a line for people.

--narrowing has the requests go on by a route of the proxy that has this narrowing.

Keys are never fetched: --keys gives the keys of an issuer that publishes them. modelgate
explain says why a request is refused. A nonce counts once in all the input. Symmetric keys are read from environment
variables, as in the filter.

` + configHelp

func decideCommand(t *terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "decide --config FILE [--narrowing FILE] [--now TIME] [--keys ISSUER=FILE]... [--input FORM] [-o FORM]",
		Short: "Answer requests from standard input as the filter would",
		Long:  decideHelp,
		Example: `  echo '{"method": "POST", "path": "/kfserving/prod/fraud:predict", "authority": "models.example.com"}' |
    modelgate decide --config config.json
  modelgate decide --config config.json --keys corp=jwks.json --now 2030-01-31T12:00:00Z < requests.jsonl`,
		Args: noArguments,
	}
	config := c.Flags().String("config", "", "`FILE` with the configuration")
	narrowing := c.Flags().String("narrowing", "", "`FILE` with the narrowing of a route")
	now := addTime(c, "decide at this `TIME`, in RFC 3339; the default is the clock")
	keyFiles := c.Flags().StringArray("keys", nil, "`ISSUER=FILE`: the keys that an issuer publishes")
	input := &format{formJSON, []string{formJSON, formYAML}}
	c.Flags().Var(input, "input", "the form of the requests: json or yaml")
	form := addFormat(c, formJSON, formYAML, formText)
	c.RunE = func(*cobra.Command, []string) error {
		if err := needConfig(*config, "requests"); err != nil {
			return err
		}
		at, err := now()
		if err != nil {
			return err
		}
		return t.decide(*config, *narrowing, at, *keyFiles, input, form)
	}
	return c
}

// decide decides requests from standard input.
func (t *terminal) decide(config, narrowing string, now time.Time, keyFiles []string, input, form *format) error {
	d, err := t.newDecider(config, narrowing, now, keyFiles)
	if err != nil {
		return err
	}
	if input.is(formYAML) {
		return t.decideDocuments(d, form)
	}
	return t.decideLines(d, form)
}

// needConfig refuses a command without a configuration, or with one on standard input, where
// something else comes from.
func needConfig(config, other string) error {
	switch config {
	case "":
		return wrong("--config FILE is missing")
	case "-":
		return wrong("--config must be a file: the %s come from standard input", other)
	}
	return nil
}
