package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/modelgate/modelgate/internal/analysis"
)

const diffHelp = `What does a change of a configuration open up, and what does it close? Prints for
each issuer, class of models and verb that some caller gains or loses the members of
grants by whom, one such caller, and how both configurations decide about it. Without a line, every call that the one allows
the other allows too.

The answer is exact: callers and models are compared as sets, not by samples.

Keys are not compared: a token is taken to be signed well. Neither is what routes make of
paths and hosts: a service counts as reached if some route leads to it.

With --fail-on=widen the exit status is 3 if somebody gains something; with narrow, if
somebody loses something; with any, in both cases.

Rules in shadow count as they do now, or at --now.`

// The values of --fail-on.
const (
	failNever  = ""
	failWiden  = "widen"
	failNarrow = "narrow"
	failAny    = "any"
)

func diffCommand(t *terminal) *cobra.Command {
	c := &cobra.Command{
		Use:     "diff [--fail-on CHANGE] [--now TIME] [-o FORM] OLD NEW",
		Short:   "Tell what a change of a configuration opens up and closes",
		Long:    diffHelp,
		Example: `  git show main:config.json > old.json && modelgate diff --fail-on=widen old.json config.json`,
		Args:    arguments("OLD", "NEW"),
	}
	failOn := c.Flags().String("fail-on", failNever, "the `CHANGE` that makes the exit status 3: widen, narrow or any")
	now := addNow(c)
	form := addFormat(c, formText, formJSON, formYAML)
	c.RunE = func(_ *cobra.Command, args []string) error {
		switch *failOn {
		case failNever, failWiden, failNarrow, failAny:
		default:
			return wrong("--fail-on must be widen, narrow or any; got %q", *failOn)
		}
		at, err := now()
		if err != nil {
			return err
		}
		var sides []*analysis.Side
		for _, file := range args {
			s, err := t.side(file, at)
			if err != nil {
				return err
			}
			sides = append(sides, s)
		}
		return t.diff(sides[0], sides[1], *failOn, form)
	}
	return c
}

// changeLine is one change.
type changeLine struct {
	Change string      `json:"change"` // widens or narrows
	Issuer string      `json:"issuer,omitempty"`
	Verbs  []string    `json:"verbs"`
	Models string      `json:"models"`
	Who    []string    `json:"who"` // the members of grants by whom callers gain or lose
	Before string      `json:"before"`
	After  string      `json:"after"`
	Caller exampleLine `json:"example"`
}

// exampleLine is a caller who gains or loses something.
type exampleLine struct {
	Caller string `json:"caller"`
	Verb   string `json:"verb"`
	Model  string `json:"model"`
}

func (t *terminal) diff(before, after *analysis.Side, failOn string, form *format) error {
	changes, err := analysis.Diff(before, after)
	if err != nil {
		return err
	}
	lines, widen, narrow := []changeLine{}, 0, 0
	for _, x := range changes {
		line := changeLine{
			Change: "narrows", Issuer: x.Issuer, Verbs: verbNames(x.Verbs), Models: classText(x.Class), Before: x.Before, After: x.After,
			Caller: exampleLine{x.Example.String(), x.Verbs.First().String(), x.Class.Model.String()},
		}
		for _, row := range x.Who {
			line.Who = append(line.Who, row.String())
		}
		if x.Widens {
			line.Change = "widens"
			widen++
		} else {
			narrow++
		}
		lines = append(lines, line)
	}
	if form.is(formText) {
		t.printChanges(lines, widen, narrow)
	} else if err := form.print(t.out, lines); err != nil {
		return err
	}
	if failOn == failAny && len(lines) > 0 || failOn == failWiden && widen > 0 || failOn == failNarrow && narrow > 0 {
		return errFound
	}
	return nil
}

func (t *terminal) printChanges(lines []changeLine, widen, narrow int) {
	for _, x := range lines {
		who := "callers without a token"
		if x.Issuer != "" {
			who = "tokens of " + x.Issuer
		}
		fmt.Fprintf(t.out, "%s for %s: %s on %s\n", x.Change, who, strings.Join(x.Verbs, " "), x.Models)
		fmt.Fprintf(t.out, "  who      %s\n", strings.Join(x.Who, ", "))
		fmt.Fprintf(t.out, "  example  %s, %s on %s\n", x.Caller.Caller, x.Caller.Verb, x.Caller.Model)
		fmt.Fprintf(t.out, "  before   %s\n  after    %s\n", x.Before, x.After)
	}
	switch {
	case len(lines) == 0:
		fmt.Fprintln(t.out, "no difference: both allow the same calls")
	default:
		fmt.Fprintf(t.out, "%d widen, %d narrow\n", widen, narrow)
	}
}
