package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
)

// stage is where on its way a request is refused.
type stage int

const (
	atHead stage = iota
	atCredential
	atSignature
	atRoute
	atPolicy
	atBody
	nowhere
)

// stageOf returns where a request was refused, by the Reason and the place at fault. routed says
// that its caller is known by then.
func stageOf(why reason.Reason, c *gate.Cause, routed bool) stage {
	body := c != nil && (strings.HasPrefix(c.Place, "body") || strings.HasPrefix(c.Place, "trailer "))
	switch {
	case !why.Refuses():
		return nowhere
	case body, why == reason.BodyType, why == reason.BodyEncoded, why == reason.CallUntold, why == reason.ListWithheld,
		why == reason.Overloaded:
		return atBody
	case why == reason.GrantMissing && c != nil && c.Place != "grant":
		return atRoute // of a model that the path names, and that does not exist
	case why == reason.GrantMissing, why == reason.Denied, why == reason.CredentialMissing:
		return atPolicy
	case why == reason.RequestSignatureMissing && c != nil && c.Near.Grant != "":
		return atPolicy
	case why >= reason.RequestSignatureMissing && why <= reason.NoncesFull:
		return atSignature
	case why >= reason.CredentialRepeated && why <= reason.CertificateMissing, why == reason.KeysUnavailable:
		return atCredential
	case why == reason.HostInvalid, why == reason.GRPCWeb, why == reason.QueryToken && routed:
		return atRoute
	case why <= reason.TrailerForbidden, why == reason.QueryToken, why == reason.OriginRefused:
		return atHead
	}
	return atRoute
}

// way is the way of a request through the gate, as it is explained.
type way struct {
	*explanation
	d    *decider
	r    request
	x    *gate.Exchange
	step gate.Step
	at   stage // that refuses it
}

// explain decides a request, and says step by step why.
func (d *decider) explain(r request) (*explanation, error) {
	x, step, err := d.decide(r)
	if err != nil {
		return nil, err
	}
	a := newAnswer(r, x, step)
	e := &explanation{Verdict: a.verdict(), Answer: &a, Cause: newCauseLines(x.Cause(), step.Reason.String())}
	if e.Cause != nil {
		e.Cause.Passes = passes(x.Cause(), step.Reason, d.env.Now)
	}
	w := way{e, d, r, x, step, stageOf(step.Reason, x.Cause(), !x.Principal.Anonymous())}
	for _, part := range []func() (more bool){w.head, w.credential, w.signature, w.route, w.policy, w.body} {
		if !part() {
			return e, nil
		}
	}
	w.forward()
	return e, nil
}

// refused adds the step that refuses, if that is the stage.
func (w *way) refused(at stage, name string) bool {
	if w.at == at && w.Cause != nil {
		w.add(name, false, "%s %s", w.Cause.Place, w.Cause.text)
	}
	return w.at == at
}

func (w *way) head() (more bool) {
	if w.refused(atHead, "head") {
		return false
	}
	w.add("head", true, "%d headers, those of the protocol included", len(w.r.head().Pairs))
	switch why := w.step.Reason; why {
	case reason.Exempt, reason.ResourceMetadata, reason.Preflight:
		w.add("answer", true, "the gate asks neither who calls nor what for: %s", why)
		return false
	}
	return true
}

func (w *way) credential() (more bool) {
	issuers, _, _ := w.d.gate.Parts()
	h, env := w.r.head(), w.d.env
	for _, f := range issuers.Examine(authn.Env{Now: env.Now, Keys: env.Keys, WaitPolicy: env.WaitPolicy}, h.Pairs, h.Peer) {
		w.add(f.What, f.OK, "%s", f.Says)
	}
	if w.at == atCredential && w.Steps[len(w.Steps)-1].OK {
		w.refused(atCredential, "credential")
	}
	return w.at != atCredential
}

// signature adds what is found of a signature of the request.
func (w *way) signature() (more bool) {
	if w.refused(atSignature, "signature") {
		return false
	}
	if by := w.x.Principal.SignedBy; by != "" {
		w.add("signature", true, "of the request, by the key %s", by)
	}
	return true
}

func (w *way) route() (more bool) {
	call := &w.x.Call
	switch {
	case w.refused(atRoute, "route"):
		return false
	case len(call.Models) == 0:
		w.add("route", true, "not reached, or the call names no model")
		return true
	}
	var models []string
	for _, m := range call.Models {
		models = append(models, m.String())
	}
	w.add("route", true, "%s on %s, by the protocol %s", call.Verb, strings.Join(models, " and "), call.Protocol)
	if n := len(call.Possible); n > 0 {
		w.add("route", true, "the host could mean %d more: a deny on one of them applies too", n)
	}
	return true
}

func (w *way) policy() (more bool) {
	if len(w.x.Call.Models) > 0 {
		denied := w.step.Reason == reason.Denied || w.Cause != nil && w.Cause.Hides == reason.Denied.String()
		w.explanation.policy(w.d.gate, w.x.Principal, &w.x.Call, w.d.env.Now, !denied)
	}
	denied := slices.ContainsFunc(w.Steps, func(s stepLine) bool { return !s.OK && s.Step == "deny" })
	switch narrowing := w.x.NarrowedBy(); {
	case narrowing != "" && w.Cause != nil:
		w.add("narrowing", false, "%s: %s", narrowing, w.Cause.text)
	case w.at == atPolicy && !denied:
		w.refused(atPolicy, "policy")
	}
	return w.at != atPolicy || w.Answer.Allow
}

func (w *way) body() (more bool) { return !w.refused(atBody, "body") }

// forward says where a request goes that passes.
func (w *way) forward() {
	a := w.Answer
	switch {
	case w.step.Reason == reason.ListAnswered:
		w.add("answer", true, "the gate answers with the list of models that the caller may use")
		return
	case !a.Allow:
		return
	case a.Authority == w.r.Authority && a.Path == w.r.Path:
		w.add("forward", true, "to %s%s, as it came", a.Authority, a.Path)
	default:
		w.add("forward", true, "rewritten to %s%s", a.Authority, a.Path)
	}
	if len(a.Removed) > 0 {
		w.add("forward", true, "without %s", strings.Join(a.Removed, ", "))
	}
	if w.step.Edit == nil {
		return
	}
	for _, h := range w.step.Edit.Set {
		if h[0] != ":authority" && h[0] != ":path" {
			w.add("forward", true, "with %s: %s", h[0], h[1])
		}
	}
}

// verdict says in words what becomes of a request.
func (a *answer) verdict() string {
	switch {
	case a.Allow && a.Shadow:
		return fmt.Sprintf("passes, but only in shadow: else it would be refused with %d %s", a.Status, a.Reason)
	case a.Allow:
		return "passes: " + a.Reason
	case a.Status < 400:
		return "is answered by the gate: " + a.Reason
	}
	return fmt.Sprintf("refused with %d %s (gRPC %d)", a.Status, a.Reason, a.GRPC)
}

// passes says what would pass in the place of what is at fault.
func passes(c *gate.Cause, why reason.Reason, now time.Time) string {
	if c.Place == "grant" { // of which each condition must hold
		return strings.Join(c.Want, " and ")
	}
	r := authn.Refusal{Cause: c.Cause}
	if c.Late != 0 {
		r.Limit = now
	}
	return r.Passes(now, why)
}
