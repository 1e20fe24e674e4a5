package gate_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

type auditLine struct {
	Decision    string   `json:"modelgate"`
	Shadow      bool     `json:"shadow"`
	Peer        string   `json:"peer"`
	ForwardedBy string   `json:"forwarded_by"`
	Issuer      string   `json:"issuer"`
	Claim       string   `json:"claim"`
	Subject     string   `json:"subject"`
	Verb        string   `json:"verb"`
	Models      []string `json:"models"`
	Rule        string   `json:"rule"`
	ID          string   `json:"request_id"`
	Signature   string   `json:"part"`
	auditDetail
}

// auditDetail is what a line says beyond the decision: TestAuditDetail has it.
type auditDetail struct {
	KeyID     string   `json:"kid"`
	Algorithm string   `json:"alg"`
	Address   string   `json:"address"`
	Verified  *bool    `json:"address_verified"`
	Groups    []string `json:"groups"`
	Count     int      `json:"group_count"`
	Place     string   `json:"place"`
	Why       string   `json:"why"`
	Want      []string `json:"want"`
	Got       []string `json:"got"`
	Late      int      `json:"late_seconds"`
	Early     int      `json:"early_seconds"`
	Grant     string   `json:"grant"`
	Lacks     string   `json:"lacks"`
	Hides     string   `json:"hides"`
	Key       string   `json:"key"`
}

// readAudit decodes a line of the log. It checks what is true of each: it is one line of
// bounded JSON in visible ASCII, and contains no part of the token.
func readAudit(t *testing.T, line, token string) (a auditLine) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil || d.More() {
		t.Errorf("audit %q: %v", line, err)
	}
	if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) || len(line) > 4096 {
		t.Errorf("audit %q breaks a log", line)
	}
	for part := range strings.SplitSeq(token, ".") {
		if part != "" && strings.Contains(line, part) {
			t.Errorf("audit %q contains a part of the token", line)
		}
	}
	return a
}

func TestAudit(t *testing.T) {
	g, s := load(t, world)
	injection := "7\n{\"modelgate\":\"allowed\"}\r\x1b[31m\u2028\u0085\u202e\x7f😀\"\\<&>\x00"
	long := strings.Repeat("é", 200)
	allowed := func(subject string) auditLine {
		return auditLine{
			Decision: "allowed", Issuer: "corp", Subject: subject,
			Verb: "predict", Models: []string{"prod/fraud"}, Rule: "staff",
		}
	}
	withID := allowed("subject-1")
	withID.ID = "r-1"
	for _, c := range []struct {
		name  string
		line  string
		token corpus.Token // none without an issuer
		more  []pair
		want  auditLine
	}{
		{
			name: "allowed", line: askStaff, token: corp(nil), more: []pair{{"x-request-id", "r-1"}},
			want: withID,
		},
		{
			name: "anonymous, allowed", line: askPublic,
			want: auditLine{Decision: "allowed", Verb: "predict", Models: []string{"public/iris"}, Rule: "showcase"},
		},
		{
			name: "anonymous, refused", line: askStaff,
			want: auditLine{Decision: "credential_missing", Verb: "predict", Models: []string{"prod/fraud"}},
		},
		{
			name: "denied", line: "POST /kfserving/prod/frozen:explain", token: corp(nil),
			want: auditLine{
				Decision: "denied", Issuer: "corp", Subject: "subject-1",
				Verb: "explain", Models: []string{"prod/frozen"}, Rule: "frozen",
			},
		},
		{
			name: "not granted", line: "GET /kfserving/secret/m", token: corp(nil),
			want: auditLine{
				Decision: "grant_missing", Issuer: "corp", Subject: "subject-1",
				Verb: "ready", Models: []string{"secret/m"},
			},
		},
		{
			name: "forged", line: askStaff, token: forged,
			want: auditLine{Decision: "signature_invalid", Issuer: "corp"},
		},
		{
			name: "expired", line: askStaff, token: corp(claims{"exp": "now-1h"}),
			want: auditLine{Decision: "token_expired", Issuer: "corp", Claim: "/exp"},
		},
		{
			name: "another audience", line: askStaff, token: corp(claims{"aud": "secret-service"}),
			want: auditLine{Decision: "audience_wrong", Issuer: "corp", Claim: "/aud"},
		},
		{
			name: "a claim of the wrong type", line: askStaff, token: corp(claims{"nbf": "secret"}),
			want: auditLine{Decision: "claims_invalid", Issuer: "corp", Claim: "/nbf"},
		},
		{
			name: "another iss", line: askStaff, token: corp(claims{"iss": "https://secret.example"}),
			want: auditLine{Decision: "issuer_unknown", Claim: "/iss"},
		},
		{
			name: "injection by sub", line: askStaff, token: corp(claims{"sub": injection}),
			want: allowed(injection),
		},
		{
			name: "injection by kid", line: askStaff,
			token: corpus.Token{Issuer: "corp", Header: claims{"kid": injection}},
			want:  auditLine{Decision: "key_unknown", Issuer: "corp"},
		},
		{
			name: "injection by path", line: "POST /kfserving/prod/fraud\n{}:predict", token: corp(nil),
			want: auditLine{Decision: "path_invalid", Issuer: "corp", Subject: "subject-1"},
		},
		{
			name: "injection by request id", line: askStaff, token: corp(nil), more: []pair{{"x-request-id", "a\n\"b"}},
			want: allowed("subject-1"),
		},
		{
			name: "long sub", line: askStaff, token: corp(claims{"sub": "x" + long}),
			want: allowed("x" + long[:254] + "…"),
		},
		{
			name: "refused head", line: askStaff, token: corp(nil), more: []pair{{"upgrade", "h2c"}, {"x-request-id", "r"}},
			want: auditLine{Decision: "upgrade_refused", ID: "r"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, token := head(c.line, c.more...), ""
			if c.token.Issuer != "" {
				token = mint(t, s, c.token)
				h.Pairs = append(h.Pairs, pair{"authorization", "Bearer " + token})
			}
			_, step := begin(g, h)
			got := readAudit(t, step.Audit, token)
			if got.Place != "" == (got.Decision == "allowed") {
				t.Errorf("%s says what is at fault exactly if something is", step.Audit)
			}
			got.auditDetail = auditDetail{}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("Begin(%s) logs %s, want %+v", c.line, step.Audit, c.want)
			}
		})
	}
}

func TestAuditOfRefusalsOnly(t *testing.T) {
	for name, config := range map[string]string{
		"refused": edit.Set(t, world, "/audit", `"refused"`),
		"absent":  edit.Delete(t, world, "/audit"),
	} {
		t.Run(name, func(t *testing.T) {
			g, _ := load(t, config)
			if _, step := begin(g, head(askPublic)); step.Act != gate.Forward || step.Audit != "" {
				t.Errorf("Begin(%s) = %s, and logs %q, want nothing", askPublic, step.Reason, step.Audit)
			}
			x, step := begin(g, head(askStaff))
			if step.Audit == "" {
				t.Errorf("Begin(%s) = %s, and logs nothing", askStaff, step.Reason)
			}
			step = x.Trailers(gate.Env{}, gate.Upstream, []pair{{"cookie", "x"}})
			if got := readAudit(t, step.Audit, "").Decision; got != "trailer_forbidden" {
				t.Errorf("Trailers(cookie) logs %s, want trailer_forbidden", got)
			}
		})
	}
}
