package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/replay"
	"github.com/modelgate/modelgate/internal/strictjson"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

const testHelp = `Does a configuration decide as it should? Runs cases: requests, each with the claims of
its token and one line that says what must become of it.

  [{"name": "an analyst may predict",
    "token": {"issuer": "corp", "claims": {"email": "ana@example.com"}},
    "request": "POST /serving/prod/fraud/v1/models/fraud:predict",
    "want": "allow fraud-predictor.prod.svc.cluster.local /v1/models/fraud:predict"},
   {"name": "nobody else may", "request": "POST /serving/prod/fraud/v1/models/fraud:predict",
    "want": "401 credential_missing"}]

The cases of the examples have the same format; docs/policy.md lists its fields. The command
makes keys of its own: those of the configuration are replaced, also those that an issuer
publishes or that stand in the environment, and no token of a case is valid anywhere else.

-o junit is the XML that CI systems read. The exit status is 3 if a case fails.

` + configHelp

const formJUnit = "junit"

func testCommand(t *terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "test [--now TIME] [-o FORM] CONFIG CASES",
		Short: "Run cases against a configuration",
		Long:  testHelp,
		Example: `  modelgate test config.json cases.json
  modelgate test -o junit config.yaml cases.yaml > report.xml`,
		Args: arguments("CONFIG", "CASES"),
	}
	now := addNow(c)
	form := addFormat(c, formText, formJSON, formYAML, formJUnit)
	c.RunE = func(_ *cobra.Command, args []string) error {
		at, err := now()
		if err != nil {
			return err
		}
		return t.test(args[0], args[1], at, form)
	}
	return c
}

// caseLine is what became of one case.
type caseLine struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Got  string `json:"got"`
	Want string `json:"want"`
	Why  string `json:"why,omitempty"` // it fails
}

func (t *terminal) test(config, cases string, now time.Time, form *format) error {
	doc, err := t.configJSON(config)
	if err != nil {
		return err
	}
	text, err := t.readJSON(cases)
	if err != nil {
		return err
	}
	s, err := corpus.New(cases, doc, text)
	if err != nil {
		return fmt.Errorf("%s: %w", cases, err)
	}
	lines, err := runCases(s, now)
	if err != nil {
		return err
	}
	switch {
	case form.is(formText):
		t.printCases(lines)
	case form.is(formJUnit):
		err = t.printJUnit(cases, lines)
	default:
		err = form.print(t.out, lines)
	}
	if err == nil && failures(lines) > 0 {
		return errFound
	}
	return err
}

// configJSON returns the JSON of the one configuration in a file, once it compiles.
func (t *terminal) configJSON(file string) (string, error) {
	found, _, err := t.sources(file)
	if err != nil {
		return "", err
	}
	if len(found) > 1 {
		return "", fmt.Errorf("%s: must have one configuration; got %d: say which, as %s", file, len(found), strictjson.Or(texts(found)))
	}
	return found[0].JSON, found[0].problems(found[0].Err)
}

func runCases(s *corpus.Scenario, now time.Time) (lines []caseLine, err error) {
	g, err := gate.New(s.Config, s.Secret)
	if err != nil {
		return nil, fmt.Errorf("with keys of its own the configuration is not valid: %w", err)
	}
	env := gate.Env{Now: now, Keys: g.Keys()}
	if pages := g.NoncePages(); pages > 0 {
		env.Admit = replay.NewMemory(pages).Admit
	}
	for _, c := range s.Cases {
		r, err := s.Request(c, now)
		if err != nil {
			return nil, err
		}
		o := corpus.Native(g, env, r)
		line := caseLine{Name: c.Name, Got: o.Line, Want: c.Want}
		if c.Arrives == nil {
			o.Headers = nil // the case does not say which headers arrive
		}
		if err := c.Check(r, o, corpus.Elsewhere); err != nil {
			line.Why = strings.TrimPrefix(err.Error(), c.Name+": ")
		}
		line.OK = line.Why == ""
		lines = append(lines, line)
	}
	return lines, nil
}

func failures(lines []caseLine) (n int) {
	for _, x := range lines {
		if !x.OK {
			n++
		}
	}
	return n
}

func (t *terminal) printCases(lines []caseLine) {
	for _, x := range lines {
		if !x.OK {
			fmt.Fprintf(t.out, "FAIL  %s: %s\n", x.Name, x.Why)
		}
	}
	fmt.Fprintf(t.out, "%d of %d cases pass\n", len(lines)-failures(lines), len(lines))
}

// junitSuite is the form of test reports that CI systems read
// (github.com/testmoapp/junitxml).
type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Failure *junitFailure `xml:"failure"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
}

func (t *terminal) printJUnit(name string, lines []caseLine) error {
	suite := junitSuite{Name: name, Tests: len(lines), Failures: failures(lines)}
	for _, x := range lines {
		c := junitCase{Name: x.Name, Class: name}
		if !x.OK {
			c.Failure = &junitFailure{x.Why}
		}
		suite.Cases = append(suite.Cases, c)
	}
	text, err := xml.MarshalIndent(suite, "", "  ")
	_, failure := fmt.Fprintf(t.out, "%s%s\n", xml.Header, text)
	return errors.Join(err, failure)
}
