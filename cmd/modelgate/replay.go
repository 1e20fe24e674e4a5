package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/modelgate/modelgate/internal/analysis"
)

const replayHelp = `What would a configuration have done yesterday? Reads a log with audit lines, and lists
those that it decides otherwise: "flips", or "may flip".

Of a line the subject of the token and the certificate are read. What else the token said
it does not tell, or not all of it: whether the decision flips may depend on an address, a
group or a claim. "flips" means that it does whatever those were; "may flip" has an example of a
caller for whom it does. With --old, the configuration that wrote the log, only callers
count whom that one decided as the line says.

Lines that are no decision of a policy are passed over: of a token that is refused, of a
path that no route knows, of a narrowing. Allowed requests are in the log only with
"audit": "all".

The exit status is 3 with --fail-on=flip if a line flips, with --fail-on=any also if one
may flip.

Rules in shadow count as they do now, or at --now.

` + configHelp

func replayCommand(t *terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "replay --config NEW [--old FILE] [--fail-on WHAT] [--now TIME] [-o FORM] LOG",
		Short: "Tell which decisions of a log a configuration would change",
		Long:  replayHelp,
		Example: `  kubectl -n istio-system logs deploy/istio-ingressgateway --since=24h |
    modelgate replay --config new.json --old config.json -`,
		Args: arguments("LOG"),
	}
	side := addSide(t, c)
	old := c.Flags().String("old", "", "`FILE` with the configuration that wrote the log")
	failOn := c.Flags().String("fail-on", "", "`WHAT` makes the exit status 3: flip or any")
	form := addFormat(c, formText, formJSON, formYAML)
	c.RunE = func(_ *cobra.Command, args []string) error {
		if *failOn != "" && *failOn != "flip" && *failOn != failAny {
			return wrong("--fail-on must be flip or any; got %q", *failOn)
		}
		next, err := side()
		if err != nil {
			return err
		}
		var logged *analysis.Side
		if *old != "" {
			if logged, err = t.side(*old, next.Now()); err != nil {
				return err
			}
		}
		return t.replay(args[0], next, logged, *failOn, form)
	}
	return c
}

// flipLine is a line of the log that flips.
type flipLine struct {
	Line    int    `json:"line"`
	Flips   string `json:"flips"` // all or some: of the callers of whom the line could be
	Was     string `json:"was"`
	Now     string `json:"now"`
	Caller  string `json:"caller"`
	Verb    string `json:"verb"`
	Models  string `json:"models"`
	Example string `json:"example,omitempty"`
}

func (t *terminal) replay(log string, next, logged *analysis.Side, failOn string, form *format) error {
	text, name, err := t.read(log)
	if err != nil {
		return err
	}
	var decisions []analysis.Logged
	var numbers []int
	n, unread := 0, 0
	for line := range strings.Lines(text) {
		n++
		l, ok, err := analysis.ParseLogged(line)
		switch {
		case err != nil:
			unread++
			fmt.Fprintf(t.err, "%s:%d: %v\n", name, n, err)
		case ok:
			decisions, numbers = append(decisions, l), append(numbers, n)
		}
	}
	flips, err := analysis.Replay(next, logged, decisions)
	if err != nil {
		return err
	}
	lines, all, unknown := []flipLine{}, 0, 0
	for i, f := range flips {
		switch {
		case f.Unknown:
			unknown++
		case f.Of != analysis.None:
			lines = append(lines, newFlipLine(numbers[i], &decisions[i], f))
		}
		if f.Of == analysis.All {
			all++
		}
	}
	if !form.is(formText) {
		err = form.print(t.out, lines)
	} else {
		t.printFlips(lines)
		fmt.Fprintf(t.out, "%d decisions, %d flip, %d may flip", len(decisions), all, len(lines)-all)
		if unknown > 0 {
			fmt.Fprintf(t.out, ", %d could not be decided by --old", unknown)
		}
		fmt.Fprintln(t.out)
	}
	switch {
	case err != nil:
		return err
	case unread > 0:
		return errReported
	case failOn == failAny && len(lines) > 0, failOn == "flip" && all > 0:
		return errFound
	}
	return nil
}

func newFlipLine(number int, l *analysis.Logged, f analysis.Flip) flipLine {
	x := flipLine{Line: number, Flips: f.Of.String(), Was: "refused", Now: f.Now, Caller: "no token", Verb: l.Verb.String()}
	if l.Allowed {
		x.Was = "allowed"
	}
	if l.Issuer != "" {
		x.Caller = l.Issuer + "/" + l.Subject
	}
	if l.Peer != "" {
		x.Caller += ", " + l.Peer
	}
	var models []string
	for _, m := range l.Models {
		models = append(models, m.String())
	}
	x.Models = strings.Join(models, " ")
	if f.Of == analysis.Some {
		x.Example = f.Example.String()
	}
	return x
}

func (t *terminal) printFlips(lines []flipLine) {
	for _, x := range lines {
		how := "flips"
		if x.Example != "" {
			how = "may flip"
		}
		fmt.Fprintf(t.out, "line %d %s: %s, %s on %s: was %s, now %s\n", x.Line, how, x.Caller, x.Verb, x.Models, x.Was, x.Now)
		if x.Example != "" {
			fmt.Fprintf(t.out, "  if the caller is %s\n", x.Example)
		}
	}
}
