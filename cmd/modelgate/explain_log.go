package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
)

// auditLine is a line of the audit log.
type auditLine struct {
	Decision   string   `json:"modelgate"`
	Shadow     bool     `json:"shadow"`
	Peer       string   `json:"peer"`
	Issuer     string   `json:"issuer"`
	KeyID      string   `json:"kid"`
	Algorithm  string   `json:"alg"`
	Subject    string   `json:"subject"`
	Address    string   `json:"address"`
	Verified   *bool    `json:"address_verified"`
	Groups     []string `json:"groups"`
	GroupCount int      `json:"group_count"`
	Verb       string   `json:"verb"`
	Models     []string `json:"models"`
	SignedBy   string   `json:"signed_by"`
	Narrowing  string   `json:"narrowing"`
	Rule       string   `json:"rule"`
	Place      string   `json:"place"`
	Why        string   `json:"why"`
	Want       []string `json:"want"`
	Got        []string `json:"got"`
	Late       int64    `json:"late_seconds"`
	Early      int64    `json:"early_seconds"`
	Grant      string   `json:"grant"`
	Lacks      string   `json:"lacks"`
	Hides      string   `json:"hides"`
	ID         string   `json:"request_id"`
}

// explainLine says in words what a line of the audit log says, and asks the policy about the
// caller as far as the line names it.
func explainLine(g *gate.Gate, text string, now time.Time) (*explanation, error) {
	start := strings.Index(text, `{"modelgate":`)
	if start < 0 {
		return nil, errors.New(`--log must have the JSON object of an audit line, {"modelgate": …}`)
	}
	var l auditLine
	if err := json.NewDecoder(strings.NewReader(text[start:])).Decode(&l); err != nil {
		return nil, fmt.Errorf("--log must have the JSON object of an audit line: %w", err)
	}
	why, known := reasonNamed(l.Decision)
	if !known {
		return nil, fmt.Errorf("--log must have a Reason in \"modelgate\"; got %q", l.Decision)
	}
	e := &explanation{Verdict: fmt.Sprintf("was refused with %d %s (gRPC %d)", why.HTTP(), why, why.GRPC())}
	switch {
	case l.Shadow:
		e.Verdict = fmt.Sprintf("passed, but only in shadow: else it would have been refused with %d %s", why.HTTP(), why)
	case !why.Refuses():
		e.Verdict = "passed: " + why.String()
	}
	if l.Place != "" {
		e.Cause = l.cause(now, why)
	}
	e.caller(&l)
	if l.Rule != "" {
		e.add("rule", !why.Refuses() || l.Shadow, "%s decided", l.Rule)
	}
	if l.Narrowing != "" {
		e.add("narrowing", false, "%s, of the proxy's route, refused it", l.Narrowing)
	}
	if len(l.Models) > 0 {
		return e, e.call(g, &l, now)
	}
	return e, nil
}

func reasonNamed(name string) (reason.Reason, bool) {
	for _, r := range reason.All() {
		if r.String() == name {
			return r, true
		}
	}
	return 0, false
}

func (l *auditLine) cause(now time.Time, why reason.Reason) *causeLines {
	c := &gate.Cause{}
	c.Place, c.Why, c.Want, c.Got, c.Hides = l.Place, l.Why, l.Want, l.Got, l.Hides
	c.Near.Grant, c.Near.Lacks, c.Late = l.Grant, l.Lacks, l.Late-l.Early
	lines := newCauseLines(c, l.Decision)
	if c.Late == 0 {
		lines.Passes = passes(c, why, now)
	}
	return lines
}

// caller says who called, by the line.
func (e *explanation) caller(l *auditLine) {
	switch {
	case l.Subject != "":
		e.add("caller", true, "%q by a credential of the issuer %s", l.Subject, l.Issuer)
	case l.Issuer != "":
		e.add("caller", false, "a credential of the issuer %s, which was refused", l.Issuer)
	default:
		e.add("caller", true, "no credential that was accepted")
	}
	if l.KeyID != "" || l.Algorithm != "" {
		e.add("token", true, "alg %s, kid %s", l.Algorithm, l.KeyID)
	}
	if l.Peer != "" {
		e.add("certificate", true, "%s", l.Peer)
	}
	if l.Address != "" {
		e.add("address", true, "%s", l.Address)
	}
	if l.GroupCount > 0 {
		e.add("groups", true, "%d, of which the line has %s", l.GroupCount, strings.Join(l.Groups, ", "))
	}
}

// call asks the policy that is configured now about what was asked for then.
func (e *explanation) call(g *gate.Gate, l *auditLine, now time.Time) error {
	verb, ok := inference.ParseVerb(l.Verb)
	if !ok {
		return fmt.Errorf("--log must have a verb; got %q", l.Verb)
	}
	c := inference.Call{Verb: verb}
	for _, name := range l.Models {
		m, err := inference.ParseModel(name)
		if err != nil {
			return fmt.Errorf("--log: %w", err)
		}
		c.Models = append(c.Models, m)
	}
	e.add("call", true, "%s on %s", l.Verb, strings.Join(l.Models, " and "))
	if l.Place != "grant" && l.Place != "deny" { // a line of what passed has not what grants ask for
		return nil
	}
	who := &authn.Principal{
		Issuer: l.Issuer, Subject: l.Subject, ClaimedEmail: l.Address, Groups: l.Groups, SignedBy: l.SignedBy,
		Holder: authn.Holder{Peer: l.Peer},
	}
	if l.Verified == nil {
		who.Email = l.Address
	}
	e.add("note", true, "the configuration is asked about a caller with no more than the line has: no claims, and no other groups")
	e.policy(g, who, &c, now, false)
	return nil
}
