package gate

import (
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/scan"
)

// document scans a body that is one document, in JSON or as a form.
type document interface {
	Scan(chunk []byte) *scan.Error
	End() *scan.Error
	Values() []scan.Value
	Complete() int64 // the bytes up to the one by which a server may act; -1 before it
	Bytes() int
}

// newDocument begins a document: a form if it has a boundary, else JSON.
func newDocument(spec *inference.Body, boundary string) document {
	limits := scan.Limits{Refuses: spec.Refuses}
	if boundary != "" {
		return scan.NewMultipart(boundary, spec.Keys, limits)
	}
	return scan.NewJSON(spec.Keys, limits)
}

// scanDocument scans the next bytes of a document.
func (x *Exchange) scanDocument(env Env, chunk []byte) reason.Reason {
	b := x.body
	if err := b.document.Scan(chunk); err != nil {
		if x.scanFault = err; err.Kind == scan.Refused {
			x.refusedKey = err.Where
		}
		return scanReason(err)
	}
	b.scanned += int64(len(chunk))
	complete := b.document.Complete() >= 0
	named := b.match.Body.PathNames() // then nothing more must be known before bytes flow
	if values := b.document.Values(); len(values) > b.fields || complete && b.leftOut || named && !b.granted {
		b.fields = len(values)
		if b.leftOut = false; !complete { // that no key names a model is known only at the end
			values, b.leftOut = withoutEmpty(values)
		}
		if len(values) > 0 || named {
			if why := x.authorizeMessage(env, values, true); why != reason.Allowed {
				return why
			}
		}
	}
	if b.granted && !complete {
		b.releasable = b.scanned
	}
	return reason.Allowed
}

// withoutEmpty returns the values that have a text, and whether there are others.
func withoutEmpty(values []scan.Value) (named []scan.Value, left bool) {
	for i := range values {
		if values[i].Text != "" {
			named = append(named, values[i])
		}
	}
	return named, len(named) < len(values)
}
