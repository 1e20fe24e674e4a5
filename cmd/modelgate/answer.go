package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
)

// answer is one line of decide's output. The help lists its fields. Their names are
// those of the audit log where both have one.
type answer struct {
	Allow     bool     `json:"allow"`
	Shadow    bool     `json:"shadow,omitempty"`
	Status    int      `json:"status"`
	GRPC      int      `json:"grpc"`
	Reason    string   `json:"reason"`
	Issuer    string   `json:"issuer,omitempty"` // of a refused token whose signature holds
	Claim     string   `json:"claim,omitempty"`  // that is at fault
	Part      string   `json:"part,omitempty"`   // of a request's signature, that is at fault
	Principal string   `json:"principal"`
	SignedBy  string   `json:"signed_by,omitempty"`
	Verb      string   `json:"verb"`
	Models    []string `json:"models"`
	Rule      string   `json:"rule"`
	Narrowing string   `json:"narrowing,omitempty"` // that refused
	Authority string   `json:"authority"`
	Path      string   `json:"path"`
	Removed   []string `json:"removed,omitempty"`
	Challenge string   `json:"challenge,omitempty"` // of a refusal

	List json.RawMessage `json:"list,omitempty"` // of models, with which the gate answers
}

// String returns the line for people.
func (a answer) String() string {
	caller := a.Principal
	if caller == "" {
		caller = "anonymous"
	}
	var b strings.Builder
	switch {
	case a.Allow && a.Shadow:
		fmt.Fprintf(&b, "allow (shadow: %d %s): %s", a.Status, a.Reason, caller)
	case a.Allow:
		fmt.Fprintf(&b, "allow (%s): %s", a.Reason, caller)
	default:
		fmt.Fprintf(&b, "refuse (%d %s): %s", a.Status, a.Reason, caller)
	}
	if len(a.Models) > 0 {
		fmt.Fprintf(&b, ", %s %s", a.Verb, strings.Join(a.Models, " "))
	}
	if a.Rule != "" {
		fmt.Fprintf(&b, ", by %q", a.Rule)
	}
	if a.Narrowing != "" {
		fmt.Fprintf(&b, " of the narrowing %q", a.Narrowing)
	}
	if a.Claim != "" {
		fmt.Fprintf(&b, ", claim %s of a token of %s", a.Claim, a.Issuer)
	}
	if a.Part != "" {
		fmt.Fprintf(&b, ", part %s of the signature", a.Part)
	}
	if a.Authority != "" {
		fmt.Fprintf(&b, ", to %s%s", a.Authority, a.Path)
	}
	return b.String()
}

func newAnswer(r request, x *gate.Exchange, step gate.Step) answer {
	forward := step.Act == gate.Forward
	a := answer{
		Allow: forward, Shadow: forward && step.Reason.Refuses(), Status: step.Reason.HTTP(), GRPC: step.Reason.GRPC(),
		Reason: step.Reason.String(), Rule: x.Rule, Narrowing: x.NarrowedBy(), Models: []string{},
	}
	a.Issuer, a.Claim = x.Fault()
	a.Part, a.SignedBy = x.SignatureFault(), x.Principal.SignedBy
	if !x.Principal.Anonymous() {
		a.Principal = x.Principal.Issuer + "/" + x.Principal.Subject
	}
	for _, m := range x.Call.Models {
		a.Verb = x.Call.Verb.String()
		a.Models = append(a.Models, m.String())
	}
	if step.Reason == reason.ListAnswered {
		a.Allow, a.List = true, json.RawMessage(step.Reply.Body)
	}
	for _, h := range step.Reply.Headers {
		if h[0] == "www-authenticate" {
			a.Challenge = h[1]
		}
	}
	if forward {
		a.Authority, a.Path = r.Authority, r.Path
		a.Removed = slices.Sorted(slices.Values(step.Edit.Remove))
		for _, h := range step.Edit.Set {
			switch h[0] {
			case ":authority":
				a.Authority = h[1]
			case ":path":
				a.Path = h[1]
			}
		}
	}
	return a
}
