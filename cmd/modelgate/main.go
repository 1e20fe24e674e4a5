// Command modelgate checks a configuration of model gate, says offline what the
// filter would answer, and writes the routes that it needs in Istio. It runs the
// filter's own code.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/strictjson"
)

const usage = `usage:
  modelgate check [--mesh FILE] CONFIG...
        Compiles each configuration and prints every error, one a line:
        file: "/json/pointer": what is wrong. Exits 1 if there is one. Warns
        where a configuration that compiles may not mean what it says, and where
        Istio lets something go round the gate: FILE is what
          kubectl get services,pods,peerauthentications -o json
        prints of the namespace with the models.
  modelgate keys [--algorithms RS256,ES256,...] FILE...
        Prints what becomes of each key of a JWK Set, or of IAP's dictionary of
        PEM, for an issuer of those algorithms (default: one for each type of key,
        RS256,ES256,ES384,ES512,EdDSA): kid, algorithm,
        and why it would not serve. Exits 1 where a document would be refused.
  modelgate decide --config FILE [--now RFC3339] [--keys ISSUER=FILE]...
        Reads requests from standard input, one JSON object a line:
          {"method","path","authority","headers":[["name","value"],...],
           "trailers":[["name","value"],...],"body":"base64",
           "peer":{"uri":"spiffe://...","validated":true,"digest":"sha-256 in hex"}}
        and writes one line each:
          {"allow","status","grpc","reason","principal","verb","models","grant","authority","path"}
        and "shadow":true where a request passes that its reason will refuse.
        A line that is no request is answered {"error"} and makes the exit status 1.
        The keys that an issuer publishes are those of --keys, and not fetched.
  modelgate routes --config FILE --gateway NAMESPACE/NAME [--to HOST]
        Reads namespace/service from standard input, one a line, and writes an
        Istio VirtualService for each host by which a gate with this
        configuration sends on what it takes for them: to HOST, such as
        knative-local-gateway.istio-system.svc.cluster.local, or to the host
        itself. A line that no route rewrites makes the exit status 1.

Symmetric keys come from environment variables, as in the filter.
Exit status: 0 done, 1 something was wrong with the input, 2 wrong usage.
`

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, syscall.Getenv))
}

func run(args []string, in io.Reader, out, errs io.Writer, env authn.Secrets) int {
	command := ""
	if len(args) > 0 {
		command = args[0]
	}
	switch command {
	case "check":
		return check(args[1:], out, errs, env)
	case "keys":
		return examine(args[1:], out, errs)
	case "decide":
		return decide(args[1:], in, out, errs, env)
	case "routes":
		return routes(args[1:], in, out, errs, env)
	case "help", "-h", "--help":
		fmt.Fprint(out, usage)
		return 0
	}
	fmt.Fprint(errs, usage)
	return 2
}

func check(args []string, out, errs io.Writer, env authn.Secrets) int {
	set := flag.NewFlagSet("check", flag.ContinueOnError)
	beside := set.String("mesh", "", "")
	if !flags(set, args, errs) {
		return 2
	}
	if set.NArg() == 0 {
		fmt.Fprint(errs, usage)
		return 2
	}
	status := 0
	if *beside != "" {
		warnings, err := mesh(*beside)
		if err != nil {
			fmt.Fprintln(errs, err)
			status = 1
		}
		for _, w := range warnings {
			fmt.Fprintf(errs, "%s: warning: %s\n", *beside, w)
		}
	}
	for _, file := range set.Args() {
		g, err := load(file, env)
		if err != nil {
			fmt.Fprintln(errs, err)
			status = 1
			continue
		}
		for _, w := range g.Warnings() {
			fmt.Fprintf(errs, "%s: warning: %s\n", file, w)
		}
		fmt.Fprintf(out, "%s: ok\n", file)
	}
	return status
}

// load compiles a file; its errors carry the file's name on every line.
func load(file string, env authn.Secrets) (*gate.Gate, error) {
	doc, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	g, err := gate.New(string(doc), env)
	var problems strictjson.Problems
	if !errors.As(err, &problems) {
		return g, err
	}
	lines := make([]error, len(problems))
	for i, p := range problems {
		lines[i] = fmt.Errorf("%s: %q: %s", file, p.Pointer, p.Message)
	}
	return nil, errors.Join(lines...)
}

// flags parses the flags of a command; ok is false where it has said what is
// wrong.
func flags(set *flag.FlagSet, args []string, errs io.Writer) (ok bool) {
	set.SetOutput(errs)
	set.Usage = func() { fmt.Fprint(errs, usage) }
	return set.Parse(args) == nil
}
