package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/strictjson"
)

const checkHelp = `Does a configuration compile? Prints every error, one on a line:

  FILE:LINE:COLUMN: "/json/pointer": what must be there; got what was found

and "FILE: ok" on standard output for a configuration without errors. Prints a
warning, with its place, where a configuration that compiles may not mean what its author
thinks.

` + configHelp + ` Every
configuration of a file is checked. Plugins that have nothing of the gate's are named in
a warning.

With --head, all for which modelgate-head.wasm rejects a configuration is an error:
whatever needs more than the heads of requests.

With --mesh it also prints a warning for each way past the gate that Istio leaves
open. FILE is then the output of

  kubectl get services,pods,peerauthentications -o json

for the namespace of the models.

With --lint it also looks for what does nothing, or too much, among all callers and models
that there can be: grants by which nobody is allowed anything or that change nothing,
denies that others cover, members that no caller can be, models of routes that nobody can
reach, and grants by which everybody may change models. Each finding has its place, and
the name of its check. A configuration silences one, with the reason:

  "lint": [{"check": "redundant-grant", "of": "the grant's name", "reason": "until June"}]

With --narrowing it checks the narrowing of a route beside each configuration, too.

With -o json or yaml the result is one list, with an item for each configuration: file,
plugin, ok, errors and warnings (line, column, pointer, message), and findings.

Symmetric keys are read from environment variables, as in the filter.`

func checkCommand(t *terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "check [--head] [--lint] [--mesh FILE] [--narrowing FILE] [-o FORM] CONFIG...",
		Short: "List every error and warning of configurations",
		Long:  checkHelp,
		Example: `  modelgate check config.json
  kubectl -n istio-system get wasmplugin modelgate -o yaml | modelgate check -
  kubectl -n prod get services,pods,peerauthentications -o json > mesh.json
  modelgate check --mesh mesh.json config.yaml`,
		Args: someArguments("a configuration"),
	}
	head := c.Flags().Bool("head", false, "whether modelgate-head.wasm takes the configurations")
	lint := c.Flags().Bool("lint", false, "whether to look for rules, members and models that do nothing")
	mesh := c.Flags().String("mesh", "", "`FILE` with the services, pods and peer authentications of a namespace")
	narrowing := c.Flags().String("narrowing", "", "`FILE` with the narrowing of a route")
	form := addFormat(c, formText, formJSON, formYAML)
	c.RunE = func(_ *cobra.Command, args []string) error {
		return t.check(*mesh, *narrowing, *head, *lint, args, form)
	}
	return c
}

// report is what check says of one configuration, or of a mesh.
type report struct {
	File     string    `json:"file"`
	Plugin   string    `json:"plugin,omitempty"` // that has the configuration
	OK       bool      `json:"ok"`
	Errors   []problem `json:"errors,omitempty"`
	Warnings []problem `json:"warnings,omitempty"`
	Findings []finding `json:"findings,omitempty"` // of --lint

	name string // of the file, with the plugin's
	err  error
	mesh bool
}

// problem is one error or warning of a file. Line and column are left out if it has no place.
type problem struct {
	Line    int     `json:"line,omitempty"`
	Column  int     `json:"column,omitempty"`
	Pointer *string `json:"pointer,omitempty"` // left out if it is not about the document
	Message string  `json:"message"`
}

func (t *terminal) check(mesh, narrowing string, head, lint bool, files []string, form *format) error {
	var reports []report
	if mesh != "" {
		warnings, err := t.meshWarnings(mesh)
		r := newReport(source{file: mesh}, noted(warnings), err)
		r.mesh = true
		reports = append(reports, r)
	}
	for _, file := range files {
		reports = append(reports, t.review(file, head, lint)...)
		if narrowing != "" {
			reports = append(reports, t.reviewNarrowing(narrowing, file)...)
		}
	}
	var status error
	for _, r := range reports {
		if !r.OK {
			status = errReported
		}
		if form.is(formText) {
			r.write(t)
		}
	}
	if !form.is(formText) {
		if err := form.print(t.out, reports); err != nil {
			return err
		}
	}
	return status
}

// review compiles the configurations in a file, with head for modelgate-head.wasm.
func (t *terminal) review(file string, head, lint bool) (reports []report) {
	found, notes, err := t.sources(file)
	if err != nil {
		return []report{newReport(source{file: file}, nil, err)}
	}
	for i, s := range found {
		warnings, err := strictjson.Problems(nil), s.Err
		if err == nil {
			warnings, err = gate.Review(s.JSON, t.secrets, time.Now())
		}
		if err == nil && head {
			if beyond := t.beyondHead(s); len(beyond) > 0 {
				warnings, err = nil, beyond
			}
		}
		if err == nil {
			warnings = append(warnings, developmentKeys(s.JSON)...)
		}
		all := s.placed(warnings)
		if i == 0 {
			all = append(noted(notes), all...)
		}
		r := newReport(s, all, s.problems(err))
		if err == nil && lint {
			if r.Findings, err = t.lintFindings(s); err != nil {
				r.OK, r.err, r.Errors = false, err, []problem{{Message: err.Error()}}
			}
		}
		reports = append(reports, r)
	}
	return reports
}

// reviewNarrowing compiles a narrowing beside the configurations in a file that compile.
func (t *terminal) reviewNarrowing(narrowing, file string) (reports []report) {
	found, _, _ := t.sources(file) // its mistakes are those of review
	for _, s := range found {
		g, err := gate.New(s.JSON, t.secrets)
		if err != nil {
			continue
		}
		_, err = t.loadNarrowing(g, narrowing)
		r := newReport(source{file: narrowing}, nil, err)
		r.name += " beside " + s.String()
		reports = append(reports, r)
	}
	return reports
}

// beyondHead returns what modelgate-head.wasm rejects in a configuration that compiles.
func (t *terminal) beyondHead(s source) strictjson.Problems {
	g, err := gate.New(s.JSON, t.secrets)
	if err != nil { // a variable has changed meanwhile
		return strictjson.Problems{{Message: err.Error()}}
	}
	return g.BeyondHead()
}

// noted returns warnings that are about no place.
func noted(texts []string) (list []problem) {
	for _, text := range texts {
		list = append(list, problem{Message: text})
	}
	return list
}

// placed returns warnings about a configuration with their places in the file.
func (s source) placed(warnings strictjson.Problems) (list []problem) {
	for _, w := range warnings {
		place := s.Find(w.Pointer)
		list = append(list, problem{place.Line, place.Column, &w.Pointer, w.Message})
	}
	return list
}

func newReport(s source, warnings []problem, err error) report {
	r := report{File: s.file, Plugin: s.Name, OK: err == nil, Warnings: warnings, name: s.String(), err: err}
	var problems *fileProblems
	switch {
	case errors.As(err, &problems):
		for _, p := range problems.list {
			r.Errors = append(r.Errors, problem{p.Place.Line, p.Place.Column, &p.Pointer, p.Message})
		}
	case err != nil:
		r.Errors = []problem{{Message: err.Error()}}
	}
	return r
}

// write writes a report as text. A mesh is not said to be ok: only what is wrong with it is.
func (r report) write(t *terminal) {
	if r.err != nil {
		fmt.Fprintln(t.err, r.err)
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(t.err, "%s%s: warning: %s\n", r.name, placeText(w.Line, w.Column), w.Message)
	}
	for _, f := range r.Findings {
		f.write(t, r.name)
	}
	if r.OK && !r.mesh {
		fmt.Fprintf(t.out, "%s: ok\n", r.name)
	}
}
