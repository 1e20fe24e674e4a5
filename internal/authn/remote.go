package authn

import (
	"slices"

	"github.com/modelgate/modelgate/internal/keys"
)

// Remote is an issuer that publishes its keys.
type Remote struct {
	Name   string // the issuer's, in the configuration
	Source *keys.Source
	issuer *Issuer
}

// Remotes lists the issuers whose keys are fetched, in configured order.
func (a *Authenticator) Remotes() (list []Remote) {
	for _, is := range a.issuers {
		if is.remote != nil {
			list = append(list, Remote{is.Name, is.remote, is})
		}
	}
	return list
}

// CheckKeys returns what is wrong with a fetched document, or nil if it has a usable
// key.
func (r Remote) CheckKeys(document string) error {
	if r.issuer.apiKeys != nil {
		_, _, err := parseAPIKeys(document)
		return err
	}
	_, _, err := parsePublished(document, r.issuer)
	return err
}

// Notes returns what becomes of each key of a document. For API keys there are none.
func (r Remote) Notes(document string) (notes []KeyNote) {
	if r.issuer.apiKeys == nil && document != "" {
		_, notes, _ = parsePublished(document, r.issuer)
	}
	return notes
}

// With returns a snapshot in which the issuer has the keys of document and those in
// the configuration. document is "" or passes CheckKeys. Of two keys with one kid
// and algorithm, and of two equal ones, the published one counts.
func (k *Keys) With(r Remote, document string) *Keys {
	is := r.issuer
	next := &Keys{sets: slices.Clone(k.sets)}
	if is.apiKeys != nil {
		next.sets[is.index] = nil
		if set, _, err := parseAPIKeys(document); err == nil {
			next.sets[is.index] = &KeySet{apiKeys: set}
		}
		return next
	}
	fetched := KeySet{partial: true}
	if document != "" {
		if set, _, err := parsePublished(document, is); err == nil {
			fetched = *set
		}
	}
	all := fetched.keys
	for _, key := range is.inline.keys {
		if !slices.ContainsFunc(fetched.keys, func(f *Key) bool { return sameKey(f, key) }) {
			all = append(all, key)
		}
	}
	next.sets[is.index] = nil // not known, which is not the same as none
	if len(all) > 0 {
		next.sets[is.index] = &KeySet{keys: all, partial: fetched.partial}
	}
	return next
}

// sameKey reports whether a published key takes the place of one in the configuration.
func sameKey(published, configured *Key) bool {
	return published.alg == configured.alg && published.ID == configured.ID && (published.ID != "" || published.equals(configured))
}
