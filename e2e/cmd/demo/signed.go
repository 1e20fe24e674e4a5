package main

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"

	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// startSigned brings up examples/signed, and returns calls of its clients and its cases. A case
// is signed once, and counts once; a client signs each time.
func startSigned(root, module string) (*stage, []line, error) {
	s, cases, err := startExample(root, module, "signed")
	if err != nil {
		return s, nil, err
	}
	const dir = "build/run/signed"
	if err := writeSigningKeys(s.scenarios["signed"], dir); err != nil {
		return s, nil, err
	}
	for _, name := range []string{"ana", "sam"} {
		claims := map[string]any{"email": name + "@example.com", "email_verified": true, "exp": "now+8h"}
		if err := s.addToken(filepath.Join(dir, name+".jwt"), s.scenarios["signed"], corpus.Token{Issuer: "corp", Claims: claims}); err != nil {
			return s, nil, err
		}
	}
	return s, append(signedLines(dir, "http://"+s.envoys["signed"].Addr()), cases...), nil
}

// writeSigningKeys writes the clients' keys for the commands.
func writeSigningKeys(s *corpus.Scenario, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	files := map[string][]byte{"other.key": []byte(base64.RawURLEncoding.EncodeToString(make([]byte, 32)))}
	for _, id := range []string{"ana-laptop", "ana-phone"} {
		der, err := x509.MarshalPKCS8PrivateKey(s.MessageKey(id))
		if err != nil {
			return err
		}
		files[id+".pem"] = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	}
	secret, ok := s.MessageKey("sam-shell").([]byte)
	if !ok {
		return fmt.Errorf("sam-shell has no secret")
	}
	files["sam-shell.key"] = []byte(base64.RawURLEncoding.EncodeToString(secret))
	var err error
	if files["gate.pem"], err = gatePEM(s); err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// gatePEM returns the public key of the gate, by which clients verify its replies.
func gatePEM(s *corpus.Scenario) ([]byte, error) {
	seed, err := base64.RawURLEncoding.DecodeString(s.Env["GATE_SIGNING_KEY"])
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(ed25519.NewKeyFromSeed(seed).Public())
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), err
}

func signedLines(dir, gate string) []line {
	const body, path = "examples/iap/iris.json", "/serving/pay/fraud:predict"
	bearer := func(who string) string {
		return ` -H "authorization: Bearer $(cat ` + dir + "/" + who + `.jwt)" -H 'content-type: application/json'`
	}
	inGo := func(key, who string) string {
		const up = "../../../"
		return "go run -C examples/signed/client . -keyid " + key + " -key " + up + dir + "/" + key + ".pem -token " + up + dir + "/" + who +
			".jwt -data " + up + body + " '" + gate + path + "'"
	}
	python := func(key, who, path string) string {
		return "$(build/tools/httpsig) examples/signed/client.py --keyid " + key + " --key " + dir + "/" + key + ".pem --token " + dir + "/" +
			who + ".jwt --data " + body + " '" + gate + path + "'"
	}
	shell := func(key, who string) string {
		return "SIGNING_KEY=$(cat " + dir + "/" + key + ".key) examples/signed/sign.sh sam-shell '" + gate + path + "' " + body + bearer(who)
	}
	unsigned := "curl -s -w '%{http_code}\\n'" + bearer("ana") + " -d @" + body + " '" + gate + path + "'"
	const paid = `"path":"/v1/models/fraud:predict"|200`
	return []line{
		{inGo("ana-laptop", "ana"), paid, "the Go client: Ed25519 by httpsig-go"},
		{python("ana-phone", "ana", path), paid, "the Python client: ECDSA by http-message-signatures"},
		{python("ana-phone", "ana", path) + " --answers " + dir + "/gate.pem", paid, "and the answer is signed by the gate"},
		{shell("sam-shell", "sam"), paid, "a shell: HMAC by openssl"},
		{unsigned, reply("request_signature_missing", 401), "the grant requires a signature"},
		{inGo("ana-laptop", "sam"), reply("request_signature_caller", 401), "Sam's token with Ana's key"},
		{python("ana-phone", "sam", "/serving/prod/iris:predict"), reply("request_signature_caller", 401),
			"even where no signature is required"},
		{shell("other", "sam"), reply("request_signature_invalid", 401), "another secret"},
	}
}
