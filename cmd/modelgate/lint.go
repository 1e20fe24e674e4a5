package main

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/analysis"
	"github.com/modelgate/modelgate/internal/gate"
)

// finding is what check --lint says of a place.
type finding struct {
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Pointer string `json:"pointer"`
	Check   string `json:"check"`
	Message string `json:"message"`
}

func (f finding) write(t *terminal, file string) {
	fmt.Fprintf(t.err, "%s%s: warning: %s [%s]\n", file, placeText(f.Line, f.Column), f.Message, f.Check)
}

// placeText writes a place behind the name of its file; "" for none.
func placeText(line, column int) string {
	if line == 0 {
		return ""
	}
	return fmt.Sprintf(":%d:%d", line, column)
}

// written is what lint reads of a configuration beside what is compiled: where things are, and
// what is silenced.
type written struct {
	Grants, Denies []struct {
		Name    string
		Members []string
	}
	IAM    []struct{ Name string }
	Routes []json.RawMessage
	Lint   []struct{ Check, Of, Reason string }
}

// lintFindings lists the findings of a configuration that compiles, but for those that it silences.
func (t *terminal) lintFindings(s source) (list []finding, err error) {
	g, err := gate.New(s.JSON, t.secrets)
	if err != nil {
		return nil, err
	}
	found, err := analysis.Lint(analysis.NewSide(g, time.Now()))
	if err != nil {
		return nil, err
	}
	var doc written
	if err := json.Unmarshal([]byte(s.JSON), &doc); err != nil {
		return nil, err
	}
	add := func(check, pointer, message string) {
		place := s.Find(pointer)
		list = append(list, finding{place.Line, place.Column, pointer, check, message})
	}
	for _, f := range found {
		silenced := func(l struct{ Check, Of, Reason string }) bool { return l.Check == string(f.Check) && l.Of == f.Of }
		if !slices.ContainsFunc(doc.Lint, silenced) {
			pointer, what := doc.place(f)
			add(string(f.Check), pointer, what+strconv.Quote(f.Of)+" "+f.Text)
		}
	}
	for i, l := range doc.Lint {
		if !slices.ContainsFunc(found, func(f analysis.Finding) bool { return l.Check == string(f.Check) && l.Of == f.Of }) {
			add(l.Check, fmt.Sprintf("/lint/%d", i), fmt.Sprintf("nothing is to be silenced: there is no such finding of %q", l.Of))
		}
	}
	slices.SortStableFunc(list, func(a, b finding) int { return a.Line - b.Line })
	return list, nil
}

// place returns the pointer to what a finding is about, and what that is.
func (doc *written) place(f analysis.Finding) (pointer, what string) {
	rules, name := doc.Grants, "grants"
	switch f.Check {
	case analysis.UnreachableModel:
		return doc.placeOfModel(f.Of), "the model "
	case analysis.ShadowedDeny:
		rules, name, what = doc.Denies, "denies", "deny "
	default:
		what = "grant "
	}
	for i, r := range rules {
		if r.Name != f.Of {
			continue
		}
		if m := slices.Index(r.Members, f.Member); m >= 0 {
			return fmt.Sprintf("/%s/%d/members/%d", name, i, m), what
		}
		return fmt.Sprintf("/%s/%d", name, i), what
	}
	for i, r := range doc.IAM {
		if len(f.Of) > len(r.Name) && f.Of[:len(r.Name)+1] == r.Name+"/" {
			return fmt.Sprintf("/iam/%d", i), "binding of "
		}
	}
	return "", what
}

// placeOfModel returns the pointer to the route that names a model, or its service.
func (doc *written) placeOfModel(model string) string {
	for name := model; strings.Contains(name, "/"); name = path.Dir(name) {
		for i, r := range doc.Routes {
			if strings.Contains(string(r), strconv.Quote(name)) {
				return fmt.Sprintf("/routes/%d", i)
			}
		}
	}
	return "/routes"
}
