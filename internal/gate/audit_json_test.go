package gate

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
)

// escaped is v as encoding/json writes it, with everything escaped that is not visible
// ASCII.
func escaped(v any) string {
	b, _ := json.Marshal(v)
	var out strings.Builder
	for _, r := range string(b) {
		if r < 0x7f {
			out.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&out, `\u%04x`, unit)
		}
	}
	return out.String()
}

func compareText(t *testing.T, s string) {
	t.Helper()
	if got, want := string(appendJSONString(nil, s)), escaped(s); got != want {
		t.Errorf("appendJSONString(%q) = %s, want %s", s, got, want)
	}
}

func TestAppendJSONString(t *testing.T) {
	for r := rune(0); r < 0x11000; r++ {
		compareText(t, "a"+string(r)+"b")
	}
	for i := range 256 {
		for j := range 256 {
			compareText(t, string([]byte{byte(i), byte(j), 'x'}))
		}
	}
}

func FuzzAppendJSONString(f *testing.F) {
	for _, s := range []string{
		"",
		"corp",
		"\"\\/\b\f\n\r\t\x00\x1f\x7f",
		"<script>&",
		"\u2028\u2029\u202e\u0085😀\ufffd\U0010ffff",
		"\xff\xc0\xaf\xed\xa0\x80é",
	} {
		f.Add(s)
	}
	f.Fuzz(compareText)
}

// TestAuditFields compares random lines with those of encoding/json.
func TestAuditFields(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		text := func() string {
			b := make([]byte, []int{0, 0, 1, 5, maxAuditField - 1, maxAuditField, maxAuditField + 1, 300}[random.IntN(8)])
			for i := range b {
				b[i] = byte(random.IntN(256))
			}
			return string(b)
		}
		x := &Exchange{Principal: &authn.Principal{Holder: authn.Holder{Peer: text()}, Issuer: text(), Subject: text()}, Rule: text()}
		x.head.id.set([]string{"", "r-1", "0-b_Z"}[random.IntN(3)])
		x.Call.Verb = inference.Verb(random.IntN(9))
		passing := []reason.Reason{reason.Exempt, reason.ListAnswered, reason.Allowed} // which have no cause
		why, shadow := passing[random.IntN(len(passing))], random.IntN(2) == 0
		line := struct {
			Decision string   `json:"modelgate"`
			Shadow   bool     `json:"shadow,omitempty"`
			Peer     string   `json:"peer,omitempty"`
			Issuer   string   `json:"issuer,omitempty"`
			Subject  string   `json:"subject,omitempty"`
			Verb     string   `json:"verb,omitempty"`
			Models   []string `json:"models,omitempty"`
			Rule     string   `json:"rule,omitempty"`
			ID       string   `json:"request_id,omitempty"`
		}{
			Decision: why.String(),
			Shadow:   shadow,
			Peer:     clip(x.Principal.Peer),
			Issuer:   x.Principal.Issuer,
			Subject:  clip(x.Principal.Subject),
			Rule:     clip(x.Rule),
			ID:       x.head.id.String(),
		}
		for range random.IntN(4) {
			m := inference.Model{Namespace: text(), Service: text(), Name: text(), Version: text()}
			x.Call.Models = append(x.Call.Models, m)
			line.Verb = x.Call.Verb.String()
			line.Models = append(line.Models, clip(m.String()))
		}
		if got, want := x.auditLine(why, shadow), escaped(line); got != want {
			t.Fatalf("auditLine = %s, want %s", got, want)
		}
	}
}
