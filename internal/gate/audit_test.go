package gate_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

type auditLine struct {
	Decision string   `json:"modelgate"`
	Shadow   bool     `json:"shadow"`
	Peer     string   `json:"peer"`
	Issuer   string   `json:"issuer"`
	Subject  string   `json:"subject"`
	Verb     string   `json:"verb"`
	Models   []string `json:"models"`
	Rule     string   `json:"rule"`
	ID       string   `json:"request_id"`
}

// readAudit decodes one line, and holds it to what any line must be: JSON, of
// one line, bounded, and without the token.
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
	for _, c := range []struct {
		name  string
		line  string
		token *corpus.Token
		more  []pair
		want  auditLine
	}{
		{"allowed", askStaff, &corpus.Token{Issuer: "corp"}, []pair{{"x-request-id", "r-1"}}, auditLine{Decision: "allowed", Issuer: "corp", Subject: "subject-1", Verb: "predict", Models: []string{"prod/fraud"}, Rule: "staff", ID: "r-1"}},
		{"anonymous, allowed", askPublic, nil, nil, auditLine{Decision: "allowed", Verb: "predict", Models: []string{"public/iris"}, Rule: "showcase"}},
		{"anonymous, refused", askStaff, nil, nil, auditLine{Decision: "credential_missing", Verb: "predict", Models: []string{"prod/fraud"}}},
		{"denied", "POST /kfserving/prod/frozen:explain", &corpus.Token{Issuer: "corp"}, nil, auditLine{Decision: "denied", Issuer: "corp", Subject: "subject-1", Verb: "explain", Models: []string{"prod/frozen"}, Rule: "frozen"}},
		{"not granted", "GET /kfserving/secret/m", &corpus.Token{Issuer: "corp"}, nil, auditLine{Decision: "grant_missing", Issuer: "corp", Subject: "subject-1", Verb: "ready", Models: []string{"secret/m"}}},
		{"forged", askStaff, &corpus.Token{Issuer: "corp", Fault: "tampered"}, nil, auditLine{Decision: "signature_invalid"}},
		{"expired", askStaff, &corpus.Token{Issuer: "corp", Claims: map[string]any{"exp": "now-1h"}}, nil, auditLine{Decision: "token_expired"}},
		{"injection by sub", askStaff, &corpus.Token{Issuer: "corp", Claims: map[string]any{"sub": injection}}, nil, auditLine{Decision: "allowed", Issuer: "corp", Subject: injection, Verb: "predict", Models: []string{"prod/fraud"}, Rule: "staff"}},
		{"injection by kid", askStaff, &corpus.Token{Issuer: "corp", Header: map[string]any{"kid": injection}}, nil, auditLine{Decision: "key_unknown"}},
		{"injection by path", "POST /kfserving/prod/fraud\n{}:predict", &corpus.Token{Issuer: "corp"}, nil, auditLine{Decision: "path_invalid", Issuer: "corp", Subject: "subject-1"}},
		{"injection by request id", askStaff, &corpus.Token{Issuer: "corp"}, []pair{{"x-request-id", "a\n\"b"}}, auditLine{Decision: "allowed", Issuer: "corp", Subject: "subject-1", Verb: "predict", Models: []string{"prod/fraud"}, Rule: "staff"}},
		{"long sub", askStaff, &corpus.Token{Issuer: "corp", Claims: map[string]any{"sub": "x" + long}}, nil, auditLine{Decision: "allowed", Issuer: "corp", Subject: "x" + long[:254] + "…", Verb: "predict", Models: []string{"prod/fraud"}, Rule: "staff"}},
		{"unread head", askStaff, &corpus.Token{Issuer: "corp"}, []pair{{"upgrade", "h2c"}, {"x-request-id", "r"}}, auditLine{Decision: "upgrade_refused", ID: "r"}},
	} {
		h, token := head(c.line, c.more...), ""
		if c.token != nil {
			token = mint(t, s, *c.token)
			h.Pairs = append(h.Pairs, pair{"authorization", "Bearer " + token})
		}
		_, step := begin(g, h)
		if got := readAudit(t, step.Audit, token); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: audit %s, want %+v", c.name, step.Audit, c.want)
		}
	}
}

func TestAuditOfRefusalsOnly(t *testing.T) {
	for _, config := range []string{strings.Replace(world, `"audit": "all"`, `"audit": "refused"`, 1), strings.Replace(world, ",\n\t\"audit\": \"all\"", "", 1)} {
		g, _ := load(t, config)
		if _, step := begin(g, head(askPublic)); step.Act != gate.Forward || step.Audit != "" {
			t.Errorf("allowed: audit %q", step.Audit)
		}
		x, step := begin(g, head(askStaff))
		if step.Audit == "" {
			t.Error("refused: no audit")
		}
		if step := x.Trailers(gate.Env{}, gate.Upstream, []pair{{"cookie", "x"}}); readAudit(t, step.Audit, "").Decision != "trailer_forbidden" {
			t.Errorf("trailers: audit %q", step.Audit)
		}
	}
}
