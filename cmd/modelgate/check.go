package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/strictjson"
)

const checkHelp = `Does a configuration compile? Prints every error, one on a line:

  FILE: "/json/pointer": what must be there; got what was found

and "FILE: ok" on standard output for a configuration without errors. Prints a
warning where a configuration that compiles may not mean what its author thinks.

With --head, all for which modelgate-head.wasm rejects a configuration is an error:
whatever needs more than the heads of requests.

With --mesh it also prints a warning for each way past the gate that Istio leaves
open. FILE is then the output of

  kubectl get services,pods,peerauthentications -o json

for the namespace of the models.

With -o json or yaml the result is one list, with an item for each file: file, ok,
errors (pointer, message) and warnings.

Symmetric keys are read from environment variables, as in the filter.`

func checkCommand(t *terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "check [--head] [--mesh FILE] [-o FORM] CONFIG...",
		Short: "List every error and warning of configurations",
		Long:  checkHelp,
		Example: `  modelgate check config.json
  kubectl -n prod get services,pods,peerauthentications -o json > mesh.json
  modelgate check --mesh mesh.json config.json`,
		Args: someArguments("a configuration"),
	}
	head := c.Flags().Bool("head", false, "whether modelgate-head.wasm takes the configurations")
	mesh := c.Flags().String("mesh", "", "`FILE` with the services, pods and peer authentications of a namespace")
	form := addFormat(c, formText, formJSON, formYAML)
	c.RunE = func(_ *cobra.Command, args []string) error { return t.check(*mesh, *head, args, form) }
	return c
}

// report is what check says of one file.
type report struct {
	File     string    `json:"file"`
	OK       bool      `json:"ok"`
	Errors   []problem `json:"errors,omitempty"`
	Warnings []string  `json:"warnings,omitempty"`
}

// problem is one error of a file.
type problem struct {
	Pointer *string `json:"pointer,omitempty"` // a JSON Pointer; left out if the error has no place in the document
	Message string  `json:"message"`
}

func (t *terminal) check(mesh string, head bool, files []string, form *format) error {
	var reports []report
	if mesh != "" {
		warnings, err := meshWarnings(mesh)
		reports = append(reports, newReport(mesh, warnings, err))
	}
	for _, file := range files {
		warnings, err := t.review(file)
		if err == nil && head {
			warnings, err = nil, t.headIsEnough(file)
		}
		reports = append(reports, newReport(file, warnings, err))
	}
	var status error
	for i, r := range reports {
		if !r.OK {
			status = errReported
		}
		if form.is(formText) {
			r.write(t, i == 0 && mesh != "")
		}
	}
	if !form.is(formText) {
		if err := form.print(t.out, reports); err != nil {
			return err
		}
	}
	return status
}

// review returns the warnings of the configuration in a file.
func (t *terminal) review(file string) ([]string, error) {
	doc, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return gate.Review(string(doc), t.secrets, time.Now())
}

// headIsEnough returns an error that lists for what modelgate-head.wasm rejects a configuration.
func (t *terminal) headIsEnough(file string) error {
	g, err := t.load(file)
	if err != nil || g.BeyondHead() == nil {
		return err
	}
	return g.BeyondHead()
}

func newReport(file string, warnings []string, err error) report {
	r := report{File: file, OK: err == nil, Warnings: warnings}
	var problems strictjson.Problems
	switch {
	case errors.As(err, &problems):
		for _, p := range problems {
			r.Errors = append(r.Errors, problem{&p.Pointer, p.Message})
		}
	case err != nil:
		r.Errors = []problem{{nil, err.Error()}}
	}
	return r
}

// write writes a report as text. A mesh is not said to be ok: only what is wrong with it is.
func (r report) write(t *terminal, mesh bool) {
	for _, p := range r.Errors {
		if p.Pointer == nil {
			fmt.Fprintln(t.err, p.Message) // has the name of the file
			continue
		}
		fmt.Fprintf(t.err, "%s: %q: %s\n", r.File, *p.Pointer, p.Message)
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(t.err, "%s: warning: %s\n", r.File, w)
	}
	if r.OK && !mesh {
		fmt.Fprintf(t.out, "%s: ok\n", r.File)
	}
}

// load compiles the configuration in a file. The error has one line for each
// problem, which starts with the name of the file.
func (t *terminal) load(file string) (*gate.Gate, error) {
	doc, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	g, err := gate.New(string(doc), t.secrets)
	return g, inFile(file, err)
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
