package gate

import (
	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// Gate is a compiled configuration. It is immutable.
type Gate struct {
	keys         *authn.Keys
	authn        *authn.Authenticator
	routes       *inference.Routes
	policy       *authz.Policy
	signatures   *signatures // nil if requests are not signed
	exemptions   []exemption
	activators   []string // the names of the certificates of Knative's activator; nil for none
	cors         *cors    // nil if no browser's script may call
	identity     []identityHeader
	tellsCall    bool // an identity header says what the call is for
	headers      headerTable
	metadataURL  string // of the protected resource (RFC 9728), for challenges; "" for none
	auditAllowed bool   // requests that are allowed are logged too
	caches       bool   // the configuration wants a cache
	asks         Asks
	holdsHeaders bool // the host can hold the headers back until the body is read
	waitingLimit int  // bytes that waiting requests may hold in one VM
	beyondHead   strictjson.Problems
}

// Keys returns the keys that the configuration itself contains.
func (g *Gate) Keys() *authn.Keys { return g.keys }

// Issuers returns the names of the issuers.
func (g *Gate) Issuers() []string { return g.authn.IssuerNames() }

// Remotes returns the issuers whose published keys the host must fetch.
func (g *Gate) Remotes() []authn.Remote { return g.authn.Remotes() }

// NewCache returns an empty cache for a host that keeps one; nil if the configuration
// wants none.
func (g *Gate) NewCache() *Cache {
	if !g.caches {
		return nil
	}
	return newCache()
}

// WaitingLimit returns the most bytes that waiting requests may hold in one VM.
func (g *Gate) WaitingLimit() int { return g.waitingLimit }

// PeerNeeds returns what the host must hand in of the connection's certificate.
func (g *Gate) PeerNeeds() authn.PeerNeeds { return g.authn.PeerNeeds() }

// Hosts returns the hosts to which the gate sends requests for a service that came by a
// public path; see inference.Routes.Hosts.
func (g *Gate) Hosts(namespace, service string) (hosts []string, ok bool) {
	return g.routes.Hosts(namespace, service)
}

// Parts returns what the gate decides with, for those who ask about all callers at once.
func (g *Gate) Parts() (*authn.Authenticator, *inference.Routes, *authz.Policy) {
	return g.authn, g.routes, g.policy
}
