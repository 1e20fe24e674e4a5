package gate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/strictjson"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		name   string
		config string
		want   []string
	}{
		{
			"none", edit.Set(t, world, "/exempt", `[{"method": "GET", "path": "/", "hosts": ["*"]}]`),
			nil,
		},
		{
			"two routes with the same hosts, an issuer without a grant",
			edit.Set(t, edit.Set(t, world, "/routes/1/names", `"kfserving"`), "/grants/0/issuers", `["iap"]`),
			[]string{
				"routes 0 and 1 read the same hosts; the first decides about credentials and shadow, " +
					"and a caller needs a grant on every service that one of them reads",
				`issuer "corp" is trusted, but no grant names it: its tokens make their callers known and grant nothing`,
			},
		},
		{
			"any certificate is a principal",
			edit.Set(t, edit.Set(t, world, "/exempt", `[{"method": "GET", "path": "/", "hosts": ["*"]}]`),
				"/peer", `{"dns": ["*.a"], "certificates": ["*"]}`),
			[]string{`peer has "*" in "certificates": whoever has a certificate of an authority that the listener trusts ` +
				`is a principal, and meets "require"`},
		},
		{
			"headers that cannot say what is in a body",
			edit.Set(t, edit.Insert(t, world, "/routes/0", `{"protocol": "triton", "service": "prod/gpu", "hosts": ["gpu.example.com"]}`),
				"/identity/-", `{"header": "x-gate-model", "value": "{model}"}`),
			[]string{"an identity header says what a call is for, and the headers go before the body: requests on route 0 whose body names " +
				"the model are refused as call_untold, unless \"host\" has \"holdHeaders\": true"},
		},
		{
			"a version that is a part of a name",
			edit.Set(t, edit.Set(t, edit.Insert(t, world, "/routes/0", `{"protocol": "openai", "service": "prod/llm", "hosts": ["llm.example.com"]}`),
				"/exempt", `[{"method": "GET", "path": "/", "hosts": ["*"]}]`), "/grants/0/models/-", `"prod/llm/claude@2025"`),
			[]string{`grant "staff" is on a version, which no request of its routes names: if "@2025" is a part of the model's name, write "@@2025"`},
		},
		{
			"signatures that say less than they could",
			edit.Set(t, edit.Set(t, world, "/exempt", `[{"method": "GET", "path": "/", "hosts": ["*"]}]`), "/signatures", `{"keys": [
				{"keyid": "a", "algorithm": "hmac-sha256", "symmetric": {"env": "CORP"}, "anyCaller": true},
				{"keyid": "b", "algorithm": "hmac-sha256", "symmetric": {"env": "CORP"}, "anyCaller": true, "until": "2020-01-01T00:00:00Z"}],
				"components": ["@method", "@request-target"], "replay": "allowed"}`),
			[]string{
				`"signatures" has components without @authority: a signature is good for a request with another one`,
				`"signatures" has components without content-digest: a signature is good for a request with another one`,
				`"signatures" allows replays: whoever sees a signed request can send it again for 5m0s`,
				`the key "a" of "signatures" is for any caller, and no component has the credential: ` +
					`who has the key can use another caller's token`,
				`the key "b" of "signatures" is no longer good`,
			},
		},
		{
			"headers that say what is in a path",
			edit.Set(t, world, "/identity/-", `{"header": "x-gate-model", "value": "{model}"}`),
			nil,
		},
		{
			"rules on services to which no route leads",
			`{"version": 1,
			"issuers": [{"name": "corp", "issuer": "https://i.example.com", "audiences": ["m"], "algorithms": ["HS256"],
				"symmetric": {"env": "CORP"}}],
			"routes": [{"protocol": "triton", "service": "prod/gpu", "hosts": ["gpu.example.com"]}],
			"grants": [{"name": "g", "issuers": ["corp"], "members": ["allAuthenticatedUsers"], "role": "admin",
				"models": ["prod/gpu", "*/gpu/m", "prod/gpus"]}],
			"denies": [{"name": "d", "models": ["test/gpu", "prod/*"], "shadow": {"until": "2099-01-01T00:00:00Z"}}]}`,
			[]string{
				`deny "d" is on the service test/gpu, to which no route leads`,
				`grant "g" is on the service prod/gpus, to which no route leads`,
			},
		},
		{
			"an issuer without an audience; capital letters where addresses are folded",
			`{"version": 1,
			"issuers": [{"name": "corp", "issuer": "https://i.example.com", "noAudience": true, "algorithms": ["HS256"],
				"requiredClaims": ["/jti", {"pointer": "/client_id", "anyOf": ["a"]}, {"pointer": "/typ", "anyOf": ["b"]}],
				"address": {"folded": true}, "symmetric": {"env": "CORP"}}],
			"routes": [{"protocol": "triton", "service": "prod/gpu", "hosts": ["gpu.example.com"]}],
			"grants": [{"name": "g", "issuers": ["corp"], "members": ["user:ana@example.com", "user:Bob@example.com"], "role": "admin",
				"models": ["prod/gpu"]}]}`,
			[]string{
				`issuer "corp" has "noAudience": its tokens for any other service count here too, unless they differ in /client_id and /typ`,
				`grant "g" names Bob@example.com with capital letters, and its issuer folds addresses: write it in lower case`,
			},
		},
		{
			"a deny of certificates; a grant in shadow uses its issuers",
			shadowWorld(t),
			[]string{
				`deny "quarantine" names certificates, and a caller without one avoids it: ` +
					`require mutual TLS on every port (PeerAuthentication STRICT)`,
			},
		},
		{
			"shadows that have ended",
			edit.Set(t, edit.Set(t, edit.Set(t, world, "/grants/0/shadow", past), "/denies/0/shadow", past), "/routes/1/shadow", past),
			[]string{
				`the shadow of route 1 ended at 2023-11-14T22:13:20Z: the route refuses since then; leave "shadow" out`,
				`the shadow of deny "frozen" ended at 2023-11-14T22:13:20Z: the deny denies since then; leave its "shadow" out`,
				`the shadow of grant "staff" ended at 2023-11-14T22:13:20Z: the grant grants nothing since then; ` +
					`leave it out, or its "shadow"`,
			},
		},
		{
			"a group that no issuer of a grant tells; one that is listed; one that its issuer tells",
			edit.Set(t, edit.Set(t, edit.Set(t, edit.Set(t, world, "/grants/-", groupGrant("science", "iap")),
				"/grants/-", groupGrant("listed", "iap")), "/grants/-", groupGrant("told", "corp")),
				"/groups", `[{"name": "listed", "members": ["user:ana@example.com"]}]`),
			[]string{
				`grant "science" names the group "science", and none of its issuers tells groups: nobody is its member; ` +
					`set "groups" of an issuer, or list its members in "groups"`,
			},
		},
		{
			"a group of subjects, for two issuers",
			edit.Set(t, edit.Set(t, world, "/grants/-", `{"name": "s", "issuers": ["iap", "corp"], "members": ["group:listed"],
				"role": "viewer", "models": ["prod/fraud"]}`), "/groups", `[{"name": "listed", "members": ["sub:7"]}]`),
			[]string{
				`group "listed" is in "groups", and issuer "corp" names groups in its tokens too: a grant to the group accepts both`,
				`grant "s" names the group "listed", which has members sub:, and several issuers: ` +
					`a subject of one issuer is another caller at the next`,
			},
		},
		{
			"conditions on scopes, on arrays, and denies of what may be missing",
			edit.Set(t, edit.Set(t, edit.Set(t, edit.Set(t, world, "/grants/-", conditionGrant(
				`{"scope": "a"}`, `{"pointer": "/scope", "word": "a"}`, `{"pointer": "/scp", "word": "a"}`, `{"pointer": "/scope", "exists": true}`,
				`{"pointer": "/roles", "contains": ["a", "b"]}`, `{"pointer": "/role", "anyOf": ["a", "b"]}`)), "/grants/-", conditionGrant(
				`{"pointer": "/scope", "contains": "a"}`, `{"pointer": "/scope", "prefix": "a"}`, `{"pointer": "/scp", "anyOf": ["a", "a b"]}`,
				`{"pointer": "/roles", "anyOf": ["a", "b"]}`, `{"pointer": "/groups", "word": "a"}`)), "/denies/-",
				`{"name": "d", "models": ["prod/a"], "claims": [{"scope": "a"}, {"pointer": "/country", "equals": "XX"}]}`), "/denies/-",
				`{"name": "told", "models": ["prod/a"], "claims": [{"scope": "a"}, {"pointer": "/scp", "exists": true},
				{"pointer": "/country", "equals": "XX"}, {"pointer": "/country", "exists": true}, {"pointer": "/sub", "prefix": "x"}]}`),
			[]string{
				`deny "d" applies to callers whose token has no /scope and no /scp, too: add {"pointer": "/scope", "exists": true} ` +
					`to its claims, or list it in "requiredClaims" of its issuers`,
				`deny "d" applies to callers whose token has no /country, too: add {"pointer": "/country", "exists": true} ` +
					`to its claims, or list it in "requiredClaims" of its issuers`,
				`grant "c5" has "contains" on /scope, which holds all scopes of a token, mostly in one string: write {"scope": "…"}`,
				`grant "c5" has "prefix" on /scope, which holds all scopes of a token, mostly in one string: write {"scope": "…"}`,
				`grant "c5" has "anyOf" on /scp, which holds all scopes of a token, mostly in one string: write {"scope": "…"}`,
				`grant "c5" has "anyOf" on /roles, which mostly is an array, and no array meets it: write "contains"`,
				`grant "c5" has "word" on /groups, which mostly is an array, and no array meets it: write "contains"`,
			},
		},
		{
			"issuers beside allUsers in a deny",
			edit.Set(t, world, "/denies/0", `{"name": "no", "issuers": ["corp"], "members": ["allUsers"], "models": ["prod/a"]}`),
			[]string{`deny "no" has issuers beside allUsers, and denies everybody: allAuthenticatedUsers is every caller of the issuers`},
		},
		{
			"allUsers, or issuers, alone in a deny",
			edit.Set(t, edit.Set(t, world, "/denies/0", `{"name": "no", "members": ["allUsers"], "models": ["prod/a"]}`),
				"/denies/-", `{"name": "nor", "issuers": ["corp"], "members": ["allAuthenticatedUsers"], "models": ["prod/a"]}`),
			nil,
		},
		{
			"groups from two sources, denies that can be avoided",
			evadableWorld(t),
			[]string{
				`group "team" is in "groups", and issuer "corp" names groups in its tokens too: a grant to the group accepts both`,
				`group "team" is in "groups", and issuer "gateway" names groups in its tokens too: a grant to the group accepts both`,
				`deny "old" names a version, and nothing tells which version a request is for that names none or a label: ` +
					`the deny applies to it, unless its route says in "unversioned" what none means`,
				`deny "old" applies to callers of issuer "gateway" without x-caller-email or x-caller-groups, ` +
					`"iap" without /email, "corp" without /email or /groups, too: list the claims in "requiredClaims", ` +
					`say in "absent" that there is none, or name the denied by a condition on /sub`,
				`deny "one" names certificates, and a caller without one avoids it: ` +
					`require mutual TLS on every port (PeerAuthentication STRICT)`,
			},
		},
		{
			"denies of what tokens leave out, and a grant by an address that may not be verified",
			untellingWorld(t),
			[]string{
				`deny "contractors" applies to all callers of issuer "plain", "iap", whose tokens cannot tell whether they are its members: ` +
					`give the deny its "issuers", or say in the issuer's "absent" that there are none`,
				`deny "contractors" applies to callers of issuer "corp" without /groups, "open" without /groups or /words or /paths, ` +
					`"partner" without /groups, too: ` +
					`list the claims in "requiredClaims", say in "absent" that there is none, or name the denied by a condition on /sub`,
				`deny "forks" applies to callers of issuer "partner" without attribute team, too: ` +
					`list the claims in "requiredClaims", say in "absent" that there is none, or name the denied by a condition on /sub`,
				`grant "colleagues" has a condition on /email, which holds only for tokens of issuer "corp" with "email_verified": true`,
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, s := load(t, c.config)
			got, err := gate.Review(s.Config, s.Secret, now)
			if err != nil || !slices.Equal(messages(got), c.want) {
				t.Errorf("Review() = %q, %v, want %q", messages(got), err, c.want)
			}
			for _, w := range got {
				if p, err := strictjson.ParsePointer(w.Pointer); err != nil || !p.In(strictjson.Read(s.Config)).Exists() {
					t.Errorf("the configuration has no %q, about which Review says %q", w.Pointer, w.Message)
				}
			}
		})
	}
}

// messages are the messages of warnings.
func messages(list strictjson.Problems) (texts []string) {
	for _, p := range list {
		texts = append(texts, p.Message)
	}
	return texts
}

// past is a shadow that ends now.
const past = `{"until": "2023-11-14T22:13:20Z"}`

func groupGrant(name, issuer string) string {
	return `{"name": "` + name + `", "issuers": ["` + issuer + `"], "members": ["group:` + name + `"], "role": "viewer", "models": ["prod/a"]}`
}

func untellingWorld(t testing.TB) string {
	s := edit.Set(t, untoldWorld, "/denies", `[
		{"name": "contractors", "members": ["group:contractors"]},
		{"name": "declared", "issuers": ["declared"], "members": ["group:contractors", "user:eve@x.example", "domain:x.example"]},
		{"name": "forks", "members": ["principalSet:`+iamPrefix+partnerPool+`/attribute.team/red"]}
	]`)
	return edit.Set(t, s, "/grants/-", `{"name": "colleagues", "issuers": ["corp", "iap"],
		"claims": [{"pointer": "/email", "suffix": "@x.example"}], "role": "viewer", "models": ["prod/*"]}`)
}

func evadableWorld(t testing.TB) string {
	s := edit.Set(t, relayWorld(t), "/groups", `[
		{"name": "team", "members": ["user:bob@example.com"]},
		{"name": "crew", "members": ["user:bob@example.com"]}
	]`)
	s = edit.Insert(t, s, "/grants/0", `{
		"name": "crowd",
		"issuers": ["iap", "corp"],
		"members": ["group:team", "group:claimed"],
		"role": "viewer",
		"models": ["lab/*", "dev/*"]
	}`)
	s = edit.Insert(t, s, "/denies/0", `{
		"name": "one",
		"members": ["spiffe://cluster.local/x"],
		"shadow": {"until": "2030-01-01T00:00:00Z"}
	}`)
	return edit.Insert(t, s, "/denies/0", `{
		"name": "old",
		"members": ["group:team"],
		"models": ["prod/a", "prod/b@1", "prod/c@2"]
	}`)
}

// conditionGrant is a grant with these conditions, named by their number.
func conditionGrant(conditions ...string) string {
	return fmt.Sprintf(`{"name": "c%d", "issuers": ["iap", "corp"], "claims": [%s], "role": "viewer", "models": ["prod/fraud"]}`,
		len(conditions), strings.Join(conditions, ", "))
}
