// Command modelgate checks a configuration of model gate, tells offline what the
// filter would answer, and writes the routes that Istio needs. It runs the same
// code as the filter.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/strictjson"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, syscall.Getenv))
}

// The exit statuses.
const (
	exitOK      = 0
	exitInvalid = 1 // something is wrong with the input
	exitUsage   = 2
)

// streams are the standard input, output and error of a command.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// run runs the command that args name and returns the exit status.
func run(args []string, in io.Reader, out, err io.Writer, secrets authn.Secrets) int {
	std, command := streams{in, out, err}, ""
	if len(args) > 0 {
		command = args[0]
	}
	switch command {
	case "check":
		return check(args[1:], std, secrets)
	case "keys":
		return keys(args[1:], std)
	case "decide":
		return decide(args[1:], std, secrets)
	case "routes":
		return routes(args[1:], std, secrets)
	case "apikey":
		return apikey(args[1:], std)
	case "help", "-h", "--help":
		fmt.Fprint(out, usage)
		return exitOK
	}
	fmt.Fprintf(err, "modelgate: the command must be check, keys, apikey, decide or routes; got %q\n\n%s", command, usage)
	return exitUsage
}

// fail prints an error.
func (std streams) fail(err error) int {
	fmt.Fprintln(std.err, err)
	return exitInvalid
}

// flags are the flags of a command.
type flags struct {
	*flag.FlagSet
	err   io.Writer
	usage string
}

func newFlags(command, usage string, std streams) flags {
	f := flags{flag.NewFlagSet(command, flag.ContinueOnError), std.err, usage}
	f.SetOutput(std.err)
	f.FlagSet.Usage = func() { fmt.Fprint(std.err, "\nusage: ", usage, "\n", statusUsage) }
	return f
}

// parse parses the flags. If they are wrong, it prints why and the usage, and
// returns false.
func (f flags) parse(args []string) bool { return f.Parse(args) == nil }

// wrong prints what is wrong with the arguments, and the usage.
func (f flags) wrong(format string, args ...any) int {
	fmt.Fprintf(f.err, "modelgate "+f.Name()+": "+format+"\n", args...)
	f.FlagSet.Usage()
	return exitUsage
}

// check compiles configurations.
func check(args []string, std streams, secrets authn.Secrets) int {
	set := newFlags("check", checkUsage, std)
	mesh := set.String("mesh", "", "")
	if !set.parse(args) {
		return exitUsage
	}
	if set.NArg() == 0 {
		return set.wrong("the name of a configuration is missing")
	}
	status := exitOK
	if *mesh != "" {
		warnings, err := meshWarnings(*mesh)
		if err != nil {
			status = std.fail(err)
		}
		std.warn(*mesh, warnings)
	}
	for _, file := range set.Args() {
		warnings, err := review(file, secrets)
		if err != nil {
			status = std.fail(err)
			continue
		}
		std.warn(file, warnings)
		fmt.Fprintf(std.out, "%s: ok\n", file)
	}
	return status
}

func (std streams) warn(file string, warnings []string) {
	for _, w := range warnings {
		fmt.Fprintf(std.err, "%s: warning: %s\n", file, w)
	}
}

// load compiles the configuration in a file. The error has one line for each
// problem, which starts with the name of the file.
func load(file string, secrets authn.Secrets) (*gate.Gate, error) {
	doc, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	g, err := gate.New(string(doc), secrets)
	return g, inFile(file, err)
}

// review returns the warnings of the configuration in a file, or the error of load.
func review(file string, secrets authn.Secrets) ([]string, error) {
	doc, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	warnings, err := gate.Review(string(doc), secrets, time.Now())
	return warnings, inFile(file, err)
}

// inFile puts the name of the file before each problem.
func inFile(file string, err error) error {
	var problems strictjson.Problems
	if !errors.As(err, &problems) {
		return err
	}
	lines := make([]error, len(problems))
	for i, p := range problems {
		lines[i] = fmt.Errorf("%s: %q: %s", file, p.Pointer, p.Message)
	}
	return errors.Join(lines...)
}
