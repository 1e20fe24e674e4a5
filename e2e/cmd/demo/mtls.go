package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/modelgate/modelgate/e2e/internal/certs"
	"github.com/modelgate/modelgate/e2e/internal/channel"
	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/tfserving"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// startMTLS brings up examples/tfserving-mtls with its server and with certificates of
// this run, and returns calls of curl and of TensorFlow Serving's own Python client.
func startMTLS(root, module string) (*stage, []line, error) {
	const dir = "build/run/tfserving-mtls"
	s := &stage{scenarios: map[string]*corpus.Scenario{}, envoys: map[string]*harness.Envoy{}, upstreams: map[string]string{}}
	if err := os.RemoveAll(dir); err != nil {
		return s, nil, err
	}
	c, err := channel.Prepare(root, filepath.Join(root, dir))
	if err != nil {
		return s, nil, err
	}
	s.stoppers = append(s.stoppers, c.Stop)
	if s.binary, err = harness.FindEnvoy(); err != nil {
		return s, nil, err
	}
	python, err := exec.Command("build/tools/tfserving-client").Output()
	if err != nil {
		return s, nil, fmt.Errorf("build/tools/tfserving-client: %w", err)
	}
	if err := writeClients(c, dir); err != nil {
		return s, nil, err
	}
	const account = "client@project.iam.gserviceaccount.com"
	for name, claims := range map[string]map[string]any{
		"good":  {"email": account, "email_verified": true},
		"old":   {"email": account, "email_verified": true, "iat": "now-2h", "exp": "now-1h"},
		"other": {"email": "other@project.iam.gserviceaccount.com", "email_verified": true},
	} {
		if err := s.addToken(filepath.Join(dir, name+".jwt"), c.Scenario, corpus.Token{Issuer: "google", Claims: claims}); err != nil {
			return s, nil, err
		}
	}
	if err := c.Start(module); err != nil {
		return s, nil, err
	}
	s.scenarios["tfserving-mtls"], s.envoys["tfserving-mtls"] = c.Scenario, c.Gate
	s.upstreams = map[string]string{"grpc": c.GRPC, "rest": c.Pod.Addr()}
	return s, mtlsLines(dir, c.Gate.Addr(), c.GRPC, strings.TrimSpace(string(python))), nil
}

// writeClients writes the clients' certificates for the commands.
func writeClients(c *channel.Channel, dir string) error {
	stranger, err := certs.NewAuthority("the clients' authority")
	if err != nil {
		return err
	}
	files := map[string][]byte{"root.crt": c.Servers.PEM()}
	pairs := map[string]certs.Pair{}
	for name, of := range map[string]struct {
		by *certs.Authority
		certs.Leaf
	}{
		"client":   {c.Clients, certs.Leaf{Name: "client", URI: channel.ClientID}},
		"batch":    {c.Clients, certs.Leaf{Name: "batch", URI: channel.BatchID}},
		"expired":  {c.Clients, certs.Leaf{Name: "client", URI: channel.ClientID, Expired: true}},
		"revoked":  {c.Clients, certs.Leaf{Name: "client", URI: channel.ClientID}},
		"stranger": {stranger, certs.Leaf{Name: "client", URI: channel.ClientID}},
	} {
		if pairs[name], err = of.by.New(of.Leaf); err != nil {
			return err
		}
		files[name+".crt"], files[name+".key"] = pairs[name].Cert, pairs[name].Key
	}
	list, err := c.Revoked(pairs["revoked"])
	if err != nil {
		return err
	}
	if err := c.Replace("clients", list); err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func mtlsLines(dir, gate, server, python string) []line {
	_, port, _ := strings.Cut(gate, ":")
	cert := func(flags, name string) string {
		return fmt.Sprintf(flags+" %[2]s/%[1]s.crt --key %[2]s/%[1]s.key", name, dir)
	}
	call := func(client, token, more string) string {
		command := python + " examples/tfserving-mtls/client.py " + gate + " --root " + dir + "/root.crt"
		if client != "" {
			command += cert(" --cert", client)
		}
		if token != "" {
			command += " --token-file " + dir + "/" + token + ".jwt"
		}
		return command + more
	}
	const y, status = "y = [2.5, 3.0, 4.5]", "version 123: AVAILABLE"
	curl := func(client, token, more, path string) string {
		// Over HTTP/2, curl 7.88 loses an answer that comes before it has sent the body.
		command := "curl -s --http1.1 -w '%{http_code}\\n' --cacert " + dir + "/root.crt" + more
		if client != "" {
			command += cert(" --cert", client)
		}
		if token != "" {
			command += ` -H "authorization: Bearer $(cat ` + dir + "/" + token + `.jwt)"`
		}
		return command + " --connect-to ::" + gate + " https://" + channel.Host + ":" + port + "/v1/models/" + path
	}
	const predict, body = tfserving.Model + ":predict", ` -d '{"instances": [1, 2, 5]}'`
	closed := func(command string) string { return command + " || echo closed" }
	return []line{
		{call("client", "good", ""), y, "gRPC: the service account's ID token over mutual TLS"},
		{call("client", "good", " --call metadata"), "serving_default: ['x'] -> ['y']", "metadata"},
		{call("client", "good", " --call status"), status, "status, by ModelService"},
		{call("client", "old", ""), "UNAUTHENTICATED token_expired", "a token that has expired"},
		{call("client", "", ""), "UNAUTHENTICATED credential_missing", "a certificate is not enough for this client"},
		{call("client", "other", ""), "PERMISSION_DENIED grant_missing", "a service account without a grant"},
		{call("client", "good", " --model half_plus_three"), "PERMISSION_DENIED grant_missing", "a model without a grant"},
		{call("batch", "", ""), y, "the batch has its grant by its certificate"},
		{call("stranger", "good", "") + " 2>/dev/null", "UNAVAILABLE", "a certificate of another authority: there is no connection"},
		{call("revoked", "good", "") + " 2>/dev/null", "UNAVAILABLE", "a revoked certificate"},
		{curl("client", "good", body, predict), "[2.5,3,4.5]|200", "REST: the same server, the same grant"},
		{curl("client", "good", "", tfserving.Model), "AVAILABLE|200", "REST: status"},
		{curl("client", "old", body, predict), reply("token_expired", 401), "REST: a token that has expired"},
		{curl("client", "other", body, predict), reply("grant_missing", 403), "REST: no grant"},
		{closed(curl("", "good", body, predict)), "000|closed", "no certificate"},
		{closed(curl("expired", "good", body, predict)), "000|closed", "a certificate that has expired"},
		{closed(curl("revoked", "good", body, predict)), "000|closed", "a revoked certificate"},
		{closed(curl("client", "good", " --tls-max 1.2"+body, predict)), "000|closed", "TLS 1.2"},
		{closed("curl -s -w '%{http_code}\\n' http://" + gate + "/v1/models/" + predict), "000|closed", "no TLS"},
		{closed("curl -s -w '%{http_code}\\n' -k --http2-prior-knowledge https://" + server + "/"), "000|closed",
			"the server itself: it wants the gate's certificate"},
	}
}
