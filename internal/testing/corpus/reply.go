package corpus

import (
	"crypto/ed25519"
	"fmt"

	"github.com/modelgate/modelgate/internal/signature"
	"github.com/modelgate/modelgate/internal/testing/jose"
)

// freshReplyKey draws the key by which the gate signs replies.
func (s *Scenario) freshReplyKey(section map[string]any) error {
	row, _ := section["responses"].(map[string]any)
	private, _ := row["private"].(map[string]any)
	env, _ := private["env"].(string)
	if row == nil {
		return nil
	}
	seed := jose.Random(ed25519.SeedSize)
	var public any = seed
	if row["algorithm"] == signature.Ed25519 {
		public = ed25519.NewKeyFromSeed(seed).Public()
	}
	var err error
	s.Env[env] = jose.Base64URL(seed)
	s.replyKey, err = signature.NewKey(row["algorithm"].(string), public)
	return err
}

// CheckReply returns nil if a reply is signed by the gate, for this request. Its body is what its
// digest says.
func (s *Scenario) CheckReply(r Request, status string, headers [][2]string, body string) error {
	list, err := signature.Parse(headers)
	if err != nil || len(list) != 1 {
		return fmt.Errorf("%d signatures, %v", len(list), err)
	}
	minimum := []string{"@status", "content-digest", `"@method";req`, `"@authority";req`, `"@path";req`, `"@query";req`}
	for _, name := range minimum {
		c, _ := signature.ParseComponent(name) // one of those above
		if err := list[0].Covers([]signature.Component{c}); err != nil {
			return err
		}
	}
	request := signature.Message{Method: r.Method, Scheme: "http", Authority: r.Authority, Path: r.Path, Headers: r.Headers}
	if err := list[0].Verify(&signature.Message{Status: status, Headers: headers, Request: &request}, s.replyKey, nil); err != nil {
		return err
	}
	digest, err := signature.ParseDigest(headers)
	if err != nil || digest == nil {
		return fmt.Errorf("no digest: %v", err)
	}
	digest.Write([]byte(body))
	return digest.Check()
}
