package gate

import (
	"slices"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
)

// callPlaceholder returns what a placeholder of the call is replaced with; nil if there is
// none of that name. A value "" means that the call does not have exactly one.
func callPlaceholder(name string) func(inference.Call) string {
	switch name {
	case "verb":
		return func(c inference.Call) string { return c.Verb.String() }
	case "model":
		return func(c inference.Call) string { return onlyOne(c, inference.Model.String) }
	case "models":
		return modelList
	case "namespace":
		return func(c inference.Call) string {
			return onlyOne(c, func(m inference.Model) string { return m.Namespace })
		}
	case "service":
		return func(c inference.Call) string {
			return onlyOne(c, func(m inference.Model) string { return m.Service })
		}
	}
	return nil
}

// onlyOne returns a text of the call's models; "" if they do not have the same.
func onlyOne(c inference.Call, textOf func(inference.Model) string) (text string) {
	for i := range c.Models {
		switch s := textOf(c.Models[i]); {
		case i == 0:
			text = s
		case s != text:
			return ""
		}
	}
	return text
}

// modelList writes all models of a call, each as grants do, as a list of RFC 9110 section
// 5.6.1: no name contains a comma.
func modelList(c inference.Call) (text string) {
	for i, m := range c.Models {
		if i > 0 {
			text += ","
		}
		text += m.String()
	}
	return text
}

// tellCall writes the head for a message, of a gate whose identity headers say what the
// call is for: those of the first message. A message after it must be for the same, because
// what is behind the gate decides by these headers.
func (x *Exchange) tellCall(m *inference.Match, complete bool) reason.Reason {
	b := x.body
	if b.told.Models == nil || b.document != nil && b.released == 0 {
		if b.edit = x.editHead(m, b.byRoute); complete {
			b.told = m.Call
		}
		if complete && x.untold {
			return reason.CallUntold
		}
		return reason.Allowed
	}
	if complete && (b.told.Verb != m.Call.Verb || !slices.Equal(b.told.Models, m.Call.Models)) {
		return reason.IdentityConflict
	}
	return reason.Allowed
}
