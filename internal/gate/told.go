package gate

import (
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// Asks is what "host" asks of the proxy. A host that cannot do it must refuse the configuration.
type Asks struct {
	Metadata    bool // write what the gate knows of a request as dynamic metadata
	FilterState bool // write it as filter state
	Labels      bool // count decisions in a metric with labels
}

// Asks returns what the configuration asks of the proxy.
func (g *Gate) Asks() Asks { return g.asks }

// compileHost reads "host".
func (g *Gate) compileHost(v strictjson.Value) {
	o := v.Object("holdHeaders", "metadata", "filterState", "labels")
	if v.Exists() && len(o.Members) == 0 {
		o.Fail(`must have one of "holdHeaders", "metadata", "filterState" and "labels"; leave it out instead`)
	}
	g.holdsHeaders = o.Get("holdHeaders").Bool()
	g.asks = Asks{o.Get("metadata").Bool(), o.Get("filterState").Bool(), o.Get("labels").Bool()}
}

// Told is what the gate knows of a request, for the proxy's other filters, its access log and
// its metrics. A field is empty where the gate does not know it, or there is nothing to know. There is
// no token in it, and no claim but issuer and subject. Its strings are valid until the callback
// ends.
type Told struct {
	Reason  reason.Reason
	Shadow  bool   // the request passes, although Reason refuses
	Issuer  string // its name in the configuration, also of a token that is refused for its claims
	Subject string
	Peer    string // the name of the certificate
	Verb    string
	Model   string // as grants write it, if the call has exactly one
	Rule    string // the grant, or the deny
}

// Pairs returns the fields by their names: all of them, or those that are not empty.
func (t *Told) Pairs(all bool) (pairs [][2]string) {
	shadow := ""
	if t.Shadow {
		shadow = "true"
	}
	for _, p := range [...][2]string{
		{"reason", t.Reason.String()}, {"shadow", shadow}, {"issuer", t.Issuer}, {"subject", t.Subject}, {"peer", t.Peer},
		{"verb", t.Verb}, {"model", t.Model}, {"rule", t.Rule},
	} {
		if all || p[1] != "" {
			pairs = append(pairs, p)
		}
	}
	return pairs
}

// tell has the proxy told what the gate knows at a step by which the request goes on or ends.
func (x *Exchange) tell(step *Step) {
	if x.gate.asks == (Asks{}) || step.Act == AwaitKeys || step.Act == Hold && !step.SendsHead() {
		return
	}
	t := &Told{
		Reason: step.Reason, Shadow: step.Act == Forward && step.Reason.Refuses(),
		Issuer: x.Issuer(), Subject: x.Principal.Subject, Peer: x.Principal.Peer, Rule: x.Rule,
	}
	if len(x.Call.Models) > 0 {
		t.Verb = x.Call.Verb.String()
	}
	if step.Act != Hold || x.body == nil || x.body.granted {
		t.Model = callPlaceholder("model")(x.Call)
	}
	step.Told = t
}
