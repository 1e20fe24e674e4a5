package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/modelgate/modelgate/internal/analysis"
	"github.com/modelgate/modelgate/internal/inference"
)

const whatCanHelp = `What may this caller do? Lists the models that callers who are a member may
reach, with the verbs that all of them have, and those that some of them have.

PRINCIPAL is written as in a grant: user:ana@example.com, group:analysts, sub:42,
spiffe://corp.example/ns/prod/sa/scorer, allAuthenticatedUsers, or allUsers for callers
without a credential. With --issuer, only callers of that issuer count.

The models are classes: a name that ends in '*' stands for all models of that pattern
that no other line has.
` + exactly

func whatCanCommand(t *terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "what-can --config FILE [--issuer NAME] [--now TIME] [-o FORM] PRINCIPAL",
		Short: "List the models that a caller may reach",
		Long:  whatCanHelp,
		Example: `  modelgate what-can --config config.json user:ana@example.com
  modelgate what-can --config config.json --issuer corp allAuthenticatedUsers`,
		Args: arguments("PRINCIPAL"),
	}
	side := addSide(t, c)
	issuer := c.Flags().String("issuer", "", "`NAME` of the issuer whose callers count; the default is every issuer")
	form := addFormat(c, formText, formJSON, formYAML)
	c.RunE = func(_ *cobra.Command, args []string) error {
		s, err := side()
		if err != nil {
			return err
		}
		found, err := analysis.WhatCan(s, args[0], *issuer)
		if err != nil {
			return err
		}
		return t.printReach(found, form)
	}
	return c
}

// reachLine is what a caller may do with one class of models.
type reachLine struct {
	Models string   `json:"models"`
	All    []string `json:"all,omitempty"`
	Some   []string `json:"some,omitempty"`
}

func reachLines(found []analysis.Reach) []reachLine {
	lines := []reachLine{}
	for _, r := range found {
		lines = append(lines, reachLine{classText(r.Class), verbNames(r.All), verbNames(r.Some)})
	}
	return lines
}

func (t *terminal) printReach(found []analysis.Reach, form *format) error {
	lines := reachLines(found)
	if !form.is(formText) {
		return form.print(t.out, lines)
	}
	if len(lines) == 0 {
		_, err := fmt.Fprintln(t.out, "nothing")
		return err
	}
	return writeTable(t.out, []string{"MODELS", "ALL MAY", "SOME MAY"}, len(lines), func(i int) []string {
		return []string{lines[i].Models, roleText(found[i].All), roleText(found[i].Some)}
	})
}

// classText names a class of models.
func classText(c analysis.Class) string {
	if c.Protocol != "" {
		return c.Pattern + " (" + c.Protocol + ")"
	}
	return c.Pattern
}

// roles are the sets of verbs with a name.
var roles = []struct {
	name  string
	verbs inference.Verbs
}{
	{"viewer", inference.NewVerbs(inference.Metadata, inference.Ready, inference.List)},
	{"invoker", 1<<inference.Load - 1},
	{"admin", 1<<(inference.Admin+1) - 1},
}

// roleText names a set of verbs: by the role that has just these, or by their names.
func roleText(v inference.Verbs) string {
	for _, r := range roles {
		if r.verbs == v {
			return r.name
		}
	}
	return strings.Join(verbNames(v), " ")
}

func verbNames(set inference.Verbs) (names []string) {
	for _, v := range set.List() {
		names = append(names, v.String())
	}
	return names
}
