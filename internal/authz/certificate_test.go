package authz_test

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/authn"
)

const (
	digest     = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	everyForm  = `"peer": {"trustDomain": "cluster.local", "dns": ["*"], "subjects": ["*"], "certificates": ["*"]}, `
	grantToAll = `{"name": "all", "issuers": ["google"], "members": ["allAuthenticatedUsers"], "role": "admin", "models": ["*/*"]}`
)

// holding is a caller with a certificate of these names; "?dns" is a form that is untold.
func holding(names string) (h authn.Holder) {
	names, via, _ := strings.Cut(names, " via ")
	for name := range strings.FieldsSeq(names) {
		switch {
		case strings.HasPrefix(name, "?"):
			h.PeerUntold |= map[string]authn.PeerForms{
				"spiffe": authn.FormSPIFFE, "dns": authn.FormDNS, "subject": authn.FormSubject, "certificate": authn.FormDigest,
			}[name[1:]]
		case h.Peer == "":
			h.Peer = name
		default:
			h.PeerNames = append(h.PeerNames, name)
		}
	}
	if via != "" {
		proxy := holding(via)
		h.Via = &proxy
	}
	return h
}

func TestCertificateRules(t *testing.T) {
	p := compile(t, `{`+everyForm+`
		"denies": [
			{"name": "no-dns", "members": ["dns:bad.example.com"], "models": ["x/*"]},
			{"name": "no-subject", "members": ["subject:CN=Bad,O=x"], "models": ["x/*"]},
			{"name": "no-digest", "members": ["certificate:`+digest+`"], "models": ["x/*"]},
			{"name": "no-namespace", "members": ["namespace:batch"], "models": ["x/*"]},
			{"name": "no-id", "members": ["`+web+`"], "models": ["y/*"]}],
		"grants": [
			{"name": "dns", "peer": true, "members": ["dns:a.example.com"], "verbs": ["predict"], "models": ["a/*"]},
			{"name": "subject", "peer": true, "members": ["subject:CN=a,O=x"], "verbs": ["predict"], "models": ["a/*"]},
			{"name": "digest", "peer": true, "members": ["certificate:`+digest+`"], "verbs": ["predict"], "models": ["a/*"]},
			{"name": "id", "peer": true, "members": ["`+web+`"], "verbs": ["predict"], "models": ["a/*"]},
			`+grantToAll+`]}`)
	for _, c := range []struct{ holder, issuer, call, want string }{
		{"dns:a.example.com", "", "predict a/b", "allow dns"},
		{"dns:x dns:a.example.com", "", "predict a/b", "allow dns"},
		{"subject:CN=a,O=x", "", "predict a/b", "allow subject"},
		{"certificate:" + digest, "", "predict a/b", "allow digest"},
		{web + " dns:x", "", "predict a/b", "allow id"},
		{"dns:x " + web, "", "predict a/b", "allow id"},
		{"dns:a.example.com", "", "load a/b", "deny"},
		{"dns:b.a.example.com", "", "predict a/b", "deny"},
		{"dns:A.example.com", "", "predict a/b", "deny"},
		{"subject:CN=A,O=x", "", "predict a/b", "deny"}, // a grant compares exactly
		{"subject:CN=a", "", "predict a/b", "deny"},
		{"subject:a.example.com", "", "predict a/b", "deny"}, // one form is not another
		{"dns:CN=a,O=x", "", "predict a/b", "deny"},
		{"certificate:" + digest[1:] + "0", "", "predict a/b", "deny"},
		{"dns:x via dns:a.example.com", "", "predict a/b", "deny"}, // the proxy's grants are not its clients'
		{" via " + web, "", "predict a/b", "deny"},
		{"?dns ?subject ?certificate ?spiffe", "", "predict a/b", "deny"}, // nor is what is untold
		// Denies.
		{"dns:ok", "google", "load x/b", "allow all"},
		{"dns:bad.example.com", "google", "load x/b", "deny no-dns"},
		{"dns:ok dns:bad.example.com", "google", "load x/b", "deny no-dns"},
		{"subject:CN=Bad,O=x", "google", "load x/b", "deny no-subject"},
		{"subject:cn=bad,o=X", "google", "load x/b", "deny no-subject"}, // a deny folds
		{"certificate:" + digest, "google", "load x/b", "deny no-digest"},
		{batch, "google", "load x/b", "deny no-namespace"},
		{"subject:CN=x/ns/batch/sa/y", "google", "load x/b", "allow all"}, // no SPIFFE ID
		{"dns:ok via dns:bad.example.com", "google", "load x/b", "deny no-dns"},
		{" via " + batch, "google", "load x/b", "deny no-namespace"},
		{"dns:ok ?dns", "google", "load x/b", "deny no-dns"},
		{"?dns", "google", "load x/b", "deny no-dns"},
		{"?subject", "google", "load x/b", "deny no-subject"},
		{"?certificate", "google", "load x/b", "deny no-digest"},
		{"?spiffe", "google", "load x/b", "deny no-namespace"},
		{"?spiffe", "google", "load y/b", "deny no-id"},
		{"?dns", "google", "load y/b", "allow all"}, // no deny by such a name
		{"?dns", "google", "load z/b", "allow all"},
		{" via dns:ok ?subject", "google", "load x/b", "deny no-subject"},
		{"", "google", "load x/b", "allow all"}, // without a certificate: see the warning
	} {
		caller, asked := who(c.issuer, `{}`), call(t, c.call)
		if c.issuer == "" {
			caller = who("", "")
		}
		caller.Holder = holding(c.holder)
		t.Run(c.holder+" "+c.issuer+" "+c.call, func(t *testing.T) {
			if got := line(p.Decide(noon, caller, asked)); got != c.want {
				t.Errorf("Decide(%s %s, %s) = %q, want %q", c.holder, c.issuer, c.call, got, c.want)
			}
		})
	}
}
