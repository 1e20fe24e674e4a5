package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/modelgate/modelgate/internal/analysis"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/strictjson"
)

const whoCanHelp = `Who may do this? Lists each grant that covers a verb on a model, the members
to whom it gives it, under which conditions, and the denies that take it from some of
them. Grants of which nobody is left are listed as "none".

VERB is one of predict, explain, generate, metadata, ready, list, load, unload and admin.
MODEL is written as in a grant, without '*': prod/fraud, prod/llm/meta-llama/Llama-3.1-8B
or prod/fraud@3.
` + exactly

func whoCanCommand(t *terminal) *cobra.Command {
	c := &cobra.Command{
		Use:     "who-can --config FILE [--now TIME] [-o FORM] VERB MODEL",
		Short:   "List who may do something with a model",
		Long:    whoCanHelp,
		Example: `  modelgate who-can --config config.json predict prod/fraud`,
		Args:    arguments("VERB", "MODEL"),
	}
	side := addSide(t, c)
	form := addFormat(c, formText, formJSON, formYAML)
	c.RunE = func(_ *cobra.Command, args []string) error {
		verb, known := inference.ParseVerb(args[0])
		if !known {
			return wrong("VERB must be %s; got %q", strictjson.Or(verbNames(inference.Verbs(1<<(inference.Admin+1)-1))), args[0])
		}
		model, err := inference.ParseModel(args[1])
		if err != nil || strings.Contains(args[1], "*") {
			return wrong("MODEL must be one model, such as prod/fraud; got %q", args[1])
		}
		s, err := side()
		if err != nil {
			return err
		}
		return t.whoCan(s, analysis.Question{Verb: verb, Model: model}, form)
	}
	return c
}

// accessLine is what who-can says of one grant and member.
type accessLine struct {
	May     string          `json:"may"`
	Member  string          `json:"member"`
	Issuer  string          `json:"issuer,omitempty"`
	Grant   string          `json:"grant"`
	Shadow  bool            `json:"shadow,omitempty"`
	Claims  []string        `json:"claims,omitempty"`
	Require []string        `json:"require,omitempty"`
	Except  []exceptionLine `json:"except,omitempty"`
	Example string          `json:"example,omitempty"` // a caller who may
}

type exceptionLine struct {
	Deny   string   `json:"deny"`
	Member string   `json:"member"`
	Issuer string   `json:"issuer,omitempty"`
	Claims []string `json:"claims,omitempty"`
}

func (t *terminal) whoCan(s *analysis.Side, q analysis.Question, form *format) error {
	a, err := analysis.New(s)
	if err != nil {
		return err
	}
	found, err := a.WhoCan(q)
	if err != nil {
		return err
	}
	lines := []accessLine{}
	for _, x := range found {
		line := accessLine{
			May: x.Of.String(), Member: x.Member, Issuer: x.Issuer, Grant: x.Grant, Shadow: x.Shadow, Claims: x.Conditions, Require: x.Proofs,
		}
		if x.Example != nil {
			line.Example = x.Example.String()
		}
		for _, e := range x.Except {
			except := exceptionLine{e.Deny, e.Member, e.Issuer, e.Conditions}
			same := func(o exceptionLine) bool { return o.Deny == e.Deny && o.Member == e.Member && o.Issuer == e.Issuer }
			if !slices.ContainsFunc(line.Except, same) {
				line.Except = append(line.Except, except)
			}
		}
		lines = append(lines, line)
	}
	if !form.is(formText) {
		return form.print(t.out, lines)
	}
	if len(lines) == 0 {
		_, err := fmt.Fprintf(t.out, "nobody: no grant covers %s on %s\n", q.Verb, q.Model)
		return err
	}
	return writeTable(t.out, []string{"MAY", "MEMBER", "ISSUER", "GRANT", "IF", "BUT NOT"}, len(lines), func(i int) []string {
		x := lines[i]
		name := x.Grant
		if x.Shadow {
			name += " (in shadow)"
		}
		return []string{x.May, x.Member, x.Issuer, name, strings.Join(slices.Concat(x.Claims, x.Require), ", "), exceptText(x.Except)}
	})
}

// exceptText names denies, each with those to whom it applies.
func exceptText(list []exceptionLine) string {
	var texts []string
	for _, e := range list {
		text := e.Member
		if e.Issuer != "" {
			text += " of " + e.Issuer
		}
		if e.Claims != nil {
			text += " unless not " + strings.Join(e.Claims, ", ")
		}
		texts = append(texts, text+" ("+e.Deny+")")
	}
	return strings.Join(texts, "; ")
}
