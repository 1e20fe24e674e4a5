package signature_test

import (
	"crypto/rand"
	"testing"
	"time"

	. "github.com/modelgate/modelgate/internal/signature"
)

// A response is signed as its client has asked, and the client can verify it.
func TestAnswer(t *testing.T) {
	const status, all = `("@status")`, `("@status" "content-type" "content-digest" "@method";req "@path";req "content-digest";req)`
	for _, tt := range []struct{ asked, want string }{ // the labels, and the parameters of the last
		{`a=` + status, "a {gate created 1700000000}"},
		{`a=` + all + `;created`, "a {gate created 1700000000}"},
		{`a=` + status + `;created;expires;nonce="n";alg="ed25519";keyid="gate";tag="t"`,
			"a {gate ed25519 n t created 1700000000 expires 1700000300}"},
		{`a=` + status + `, b=` + all + `;nonce="n"`, "a b {gate n created 1700000000}"},
		{`a=();nonce="n"`, "a {gate n created 1700000000}"},
		{`a=` + status + `;keyid="other"`, ""},
		{`a=` + status + `;alg="hmac-sha256"`, ""},
		{`a=("@status" "x-none")`, ""},
		{`a=("@method")`, ""},
		{`a=("x-none";req), b=` + status, "b {gate created 1700000000}"},
	} {
		requests, err := ParseAccept(headersOf("accept-signature: " + tt.asked))
		if err != nil {
			t.Fatal(err)
		}
		private := readKey(t, "test-key-ed25519")
		signer, err := NewSigner(Ed25519, private, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		headers := headersOf("content-type: application/json", "content-digest: sha-256=:AA==:")
		m := &Message{Status: "200", Headers: headers, Request: request("/p")}
		input, value := signer.Answer(m, requests, "gate", time.Unix(1_700_000_000, 0))
		got := ""
		if input != "" {
			m.Headers = append(m.Headers, [2]string{"signature-input", input}, [2]string{"signature", value})
			signatures, err := Parse(m.Headers)
			if err != nil {
				t.Fatalf("%s: %s: %v", tt.asked, input, err)
			}
			key, _ := NewKey(Ed25519, public(private))
			for i := range signatures {
				got += signatures[i].Label + " "
				if err := signatures[i].Verify(m, key, nil); err != nil {
					t.Errorf("%s: %v", tt.asked, err)
				}
			}
			got += show(signatures[len(signatures)-1].Params)
		}
		if got != tt.want {
			t.Errorf("Answer(%s) = %s, want %s", tt.asked, got, tt.want)
		}
	}
}

func TestWantsDigest(t *testing.T) {
	for asked, want := range map[string]bool{
		`a=("@status" "content-digest")`:       true,
		`a=("content-digest";bs)`:              true,
		`a=("@status"), b=("content-digest")`:  true,
		`a=("@status" "content-digest";req)`:   false,
		`a=("@status" "content-length")`:       false,
		`a=("content-digest";key="sha-256")`:   true,
		`a=("content-digest";req;key="sha-1")`: false,
	} {
		requests, err := ParseAccept(headersOf("accept-signature: " + asked))
		if got := WantsDigest(requests); err != nil || got != want {
			t.Errorf("WantsDigest(%s) = %v, %v, want %v", asked, got, err, want)
		}
	}
}
