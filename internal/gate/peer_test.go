package gate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/authn"
)

// TestPeers: a certificate and a token are two parts of a caller. A bad token refuses the
// request whatever the certificate is.
func TestPeers(t *testing.T) {
	g, s := load(t, shadowWorld(t))
	ok, bad := bearer(t, s, corp(nil)), pair{"authorization", "Bearer x"}
	const (
		batch      = "spiffe://cluster.local/ns/batch/sa/x"
		quarantine = "spiffe://cluster.local/ns/quarantine/sa/x"
		predict    = "POST /kfserving/batch/x:predict"
		explain    = "POST /kfserving/batch/x:explain"
		frozen     = "POST /kfserving/batch/frozen:predict"
	)
	for _, c := range []struct {
		line, uri string
		more      []pair
		want      string
	}{
		{predict, batch, nil, "allowed"},
		{predict, batch, []pair{ok}, "allowed"},
		{predict, batch, []pair{bad}, "token_malformed"},
		{predict, batch, []pair{ok, ok}, "credential_repeated"},
		{explain, batch, nil, "credential_missing"},
		{explain, batch, []pair{ok}, "grant_missing"},
		{predict, "", nil, "credential_missing"},
		{predict, "", []pair{ok}, "grant_missing"},
		{predict, "spiffe://other.local/ns/batch/sa/x", nil, "credential_missing"},
		{frozen, batch, nil, "credential_missing"},
		{frozen, batch, []pair{ok}, "denied"},
		{askStaff, batch, []pair{ok}, "allowed"},
		{askPublic, batch, nil, "allowed"},
		{askPublic, "spiffe://cluster.local/x", nil, "allowed"},
		{askStaff, quarantine, []pair{ok}, "denied"},
		{askPublic, quarantine, nil, "credential_missing"},
		{askPublic, quarantine, []pair{ok}, "denied"},
	} {
		t.Run(fmt.Sprintf("%s by %s with %.20q", c.line, c.uri, c.more), func(t *testing.T) {
			h := head(c.line, c.more...)
			h.Peer = authn.Peer{URI: c.uri, Validated: true}
			x, step := begin(g, h)
			if audit := readAudit(t, step.Audit, ""); outcome(step) != c.want || audit.Peer != x.Principal.Peer {
				t.Errorf("Begin = %s, want %s; it logs %s", outcome(step), c.want, step.Audit)
			}
			if got := sent(h, step); strings.Contains(fmt.Sprint(got), "spiffe") {
				t.Errorf("Begin: the upstream gets %q", got)
			}
			h.Peer.Validated = false
			x, step = begin(g, h)
			h.Peer = authn.Peer{}
			_, without := begin(g, h)
			if outcome(step) != outcome(without) || x.Principal.Peer != "" || step.Audit != without.Audit {
				t.Errorf("Begin(not validated) = %s, want %s as without a certificate", outcome(step), outcome(without))
			}
			if got := sent(h, step); strings.Contains(fmt.Sprint(got), "spiffe") {
				t.Errorf("Begin(not validated): the upstream gets %q", got)
			}
		})
	}
}
