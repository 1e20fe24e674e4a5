package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/modelgate/modelgate/internal/gate"
)

const explainHelp = `Why is a request refused? Says step by step, in the order in which the filter looks, what it
finds: the caller's credential and its issuer, the signature, each claim, the route, denies and
grants, and where the request goes. At the step that refuses it says what came and what would
pass. The same code decides as in the filter.

The request is one of:

  --request FILE  as for modelgate decide: a JSON object, or YAML; the name - is standard input
  --curl COMMAND  a command of curl, such as a browser or a manual has it. Variables such as
                  $TOKEN are read from the environment. The path is taken as it is written, as
                  with curl --path-as-is
  --log LINE      a line of the audit log. It says what the line says, and asks the policy of the
                  configuration about the caller as far as the line names it

Keys are never fetched: --keys gives the keys of an issuer that publishes them. Without them
nothing is said of a token of that issuer, and the exit status is 4.

What is printed has claims of the token: subject, address and groups. It has no part of the
token itself, but for names in its header.

` + configHelp

func explainCommand(t *terminal) *cobra.Command {
	c := &cobra.Command{
		Use: "explain --config FILE {--request FILE | --curl COMMAND | --log LINE} " +
			"[--now TIME] [--keys ISSUER=FILE]... [-o FORM]",
		Short: "Say step by step why a request is refused, or passes",
		Long:  explainHelp,
		Example: `  modelgate explain --config config.yaml --request request.json
  modelgate explain --config config.yaml --keys corp=jwks.json \
    --curl 'curl https://models.example.com/kfserving/prod/fraud:predict -H "Authorization: Bearer $TOKEN" -d {}'
  modelgate explain --config config.yaml --log "$(grep grant_missing gateway.log | tail -1)"`,
		Args: noArguments,
	}
	var a asked
	config := c.Flags().String("config", "", "`FILE` with the configuration")
	c.Flags().StringVar(&a.request, "request", "", "`FILE` with the request; - is standard input")
	c.Flags().StringVar(&a.curl, "curl", "", "the `COMMAND` of curl that makes the request")
	c.Flags().StringVar(&a.log, "log", "", "`LINE` of the audit log")
	narrowing := c.Flags().String("narrowing", "", "`FILE` with the narrowing of a route")
	now := addTime(c, "decide at this `TIME` (RFC 3339); the default is the clock")
	keyFiles := c.Flags().StringArray("keys", nil, "`ISSUER=FILE`: the keys that an issuer publishes")
	form := addFormat(c, formText, formJSON, formYAML)
	c.RunE = func(*cobra.Command, []string) error {
		if err := needConfig(*config, "requests"); err != nil && (*config == "" || a.request == "-") {
			return err
		}
		at, err := now()
		if err != nil {
			return err
		}
		if err := a.check(); err != nil {
			return err
		}
		return t.explain(*config, *narrowing, at, *keyFiles, a, form)
	}
	return c
}

// asked is where the request comes from: one of the three.
type asked struct{ request, curl, log string }

func (a *asked) check() error {
	n := 0
	for _, given := range []string{a.request, a.curl, a.log} {
		if given != "" {
			n++
		}
	}
	if n != 1 {
		return wrong("must have one of --request, --curl and --log; got %d", n)
	}
	return nil
}

func (t *terminal) explain(config, narrowing string, now time.Time, keyFiles []string, a asked, form *format) error {
	d, err := t.newDecider(config, narrowing, now, keyFiles)
	if err != nil {
		return err
	}
	var e *explanation
	switch {
	case a.log != "":
		e, err = explainLine(d.gate, a.log, now)
	default:
		var r request
		if r, err = t.askedRequest(a); err == nil {
			e, err = d.explain(r)
		}
	}
	if unknown := (unknownKeys{}); errors.As(err, &unknown) {
		fmt.Fprintln(t.err, unknown)
		return errUnknown
	}
	if err != nil {
		return err
	}
	if form.is(formText) {
		_, err := fmt.Fprint(t.out, e)
		return err
	}
	return form.print(t.out, e)
}

// askedRequest reads the request of --request or --curl.
func (t *terminal) askedRequest(a asked) (request, error) {
	if a.curl != "" {
		return t.parseCurl(a.curl)
	}
	text, err := t.readJSON(a.request)
	if err != nil {
		return request{}, err
	}
	r, err := parseRequest([]byte(text))
	if err != nil {
		return r, fmt.Errorf("--request %s: %w", a.request, err)
	}
	return r, nil
}

// explanation is what explain says.
type explanation struct {
	Verdict string      `json:"verdict"` // in words
	Answer  *answer     `json:"answer,omitempty"`
	Cause   *causeLines `json:"cause,omitempty"` // of a refusal
	Steps   []stepLine  `json:"steps"`
}

// causeLines is what is at fault: gate.Cause, in words that a terminal shows.
type causeLines struct {
	Reason string   `json:"reason"`
	Place  string   `json:"place"`
	Why    string   `json:"why"`
	Want   []string `json:"want,omitempty"`
	Got    []string `json:"got,omitempty"`
	Passes string   `json:"would_pass,omitempty"`
	Late   int64    `json:"late_seconds,omitempty"`
	Early  int64    `json:"early_seconds,omitempty"`
	Grant  string   `json:"grant,omitempty"`
	Lacks  string   `json:"lacks,omitempty"`
	Hides  string   `json:"hides,omitempty"`
	text   string
}

// stepLine is one step of the way of a request.
type stepLine struct {
	Step string `json:"step"`
	OK   bool   `json:"ok"`
	Says string `json:"says"`
}

func (e *explanation) add(step string, ok bool, format string, args ...any) {
	e.Steps = append(e.Steps, stepLine{step, ok, fmt.Sprintf(format, args...)})
}

func newCauseLines(c *gate.Cause, why string) *causeLines {
	if c == nil {
		return nil
	}
	l := &causeLines{
		Reason: why, Place: c.Place, Why: c.Why, Want: c.Want, Got: c.Got,
		Grant: c.Near.Grant, Lacks: c.Near.Lacks, Hides: c.Hides, text: c.Text(),
	}
	if c.Place == "grant" && len(c.Want) > 0 { // conditions, each of which must hold
		l.text = c.Why + " " + strings.Join(c.Want, " and ")
	}
	if c.Late > 0 {
		l.Late = c.Late
	} else {
		l.Early = -c.Late
	}
	return l
}

// MarshalJSON implements json.Marshaler: no list of steps is an empty one.
func (e *explanation) MarshalJSON() ([]byte, error) {
	type plain explanation
	if e.Steps == nil {
		e.Steps = []stepLine{}
	}
	return json.Marshal((*plain)(e))
}
