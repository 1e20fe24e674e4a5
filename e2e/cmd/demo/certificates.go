package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/certs"
	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// startCertificates brings up examples/client-certificates, the gate and the proxy in front
// of it, with certificates of this run, and returns calls of curl to both.
func startCertificates(root, module string) (*stage, []line, error) {
	const name, dir = "client-certificates", "build/run/client-certificates"
	s := &stage{scenarios: map[string]*corpus.Scenario{}, envoys: map[string]*harness.Envoy{}, upstreams: map[string]string{}}
	scenario, err := corpus.Load(filepath.Join(root, "examples", name))
	if err != nil {
		return s, nil, err
	}
	if s.binary, err = harness.FindEnvoy(); err != nil {
		return s, nil, err
	}
	mesh, err := certs.NewAuthority("the mesh's authority")
	if err != nil {
		return s, nil, err
	}
	if err := writeHolders(mesh, dir); err != nil {
		return s, nil, err
	}
	for name, token := range map[string]corpus.Token{
		"ana":     {Issuer: "corp", Claims: map[string]any{"email": "ana@example.com"}},
		"partner": {Issuer: "partner"},
	} {
		if err := s.addToken(filepath.Join(dir, name+".jwt"), scenario, token); err != nil {
			return s, nil, err
		}
	}
	servers, addrs, err := testbed.Upstreams("models")
	for _, server := range servers {
		s.stoppers = append(s.stoppers, func() { server.Close() })
	}
	if err != nil {
		return s, nil, err
	}
	s.scenarios[name] = scenario
	for _, e := range []struct{ name, bootstrap, id string }{
		{"gate", "envoy.yaml", "spiffe://cluster.local/ns/edge/sa/gate"}, {"edge", "edge/envoy.yaml", "spiffe://cluster.local/ns/edge/sa/proxy"},
	} {
		own := filepath.Join(root, dir, e.name)
		if err := os.MkdirAll(own, 0o700); err != nil {
			return s, nil, err
		}
		if err := mesh.Write(own, e.id); err != nil {
			return s, nil, err
		}
		options := harness.Options{
			Binary: s.binary, Bootstrap: filepath.Join(scenario.Dir, e.bootstrap), Upstreams: addrs, Timeout: 3 * time.Minute,
			Edit: func(bootstrap map[string]any) { certs.Move(bootstrap, own) },
		}
		if e.name == "gate" {
			options.PluginConfig, options.Module = scenario.Config, module
		}
		envoy, err := harness.StartEnvoy(options)
		if err != nil {
			return s, nil, err
		}
		s.envoys[e.name], addrs = envoy, map[string]string{"gate": envoy.Addr()}
		s.stoppers = append(s.stoppers, envoy.Stop)
	}
	return s, certificateLines(dir, s.envoys["gate"].Addr(), s.envoys["edge"].Addr()), nil
}

// writeHolders writes the clients' certificates, each by the name of its file.
func writeHolders(mesh *certs.Authority, dir string) error {
	stranger, err := certs.NewAuthority("the mesh's authority")
	if err != nil {
		return err
	}
	files := map[string][]byte{}
	for name, of := range map[string]struct {
		by *certs.Authority
		certs.Leaf
	}{
		"web":      {mesh, certs.Leaf{URI: "spiffe://cluster.local/ns/prod/sa/web"}},
		"batch":    {mesh, certs.Leaf{DNS: []string{"batch.example.com"}}},
		"scorer":   {mesh, certs.Leaf{Subject: "CN=scorer,OU=risk,O=Example"}},
		"stolen":   {mesh, certs.Leaf{DNS: []string{"stolen.clients.example.com"}}},
		"other":    {mesh, certs.Leaf{Subject: "CN=other,O=Example", DNS: []string{"other.example.org"}}},
		"stranger": {stranger, certs.Leaf{URI: "spiffe://cluster.local/ns/prod/sa/web"}},
	} {
		pair, err := of.by.New(of.Leaf)
		if err != nil {
			return err
		}
		files[name+".crt"], files[name+".key"] = pair.Cert, pair.Key
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func certificateLines(dir, gate, edge string) []line {
	const fraud, risk, churn = "fraud", "risk", "churn"
	curl := func(addr, holder, token, model, more string) string {
		command := "curl -s -k -w '%{http_code}\\n' -X POST" + more
		if holder != "" {
			command += fmt.Sprintf(" --cert %[2]s/%[1]s.crt --key %[2]s/%[1]s.key", holder, dir)
		}
		if token != "" {
			command += fmt.Sprintf(` -H "authorization: Bearer $(cat %s/%s.jwt)"`, dir, token)
		}
		return command + " https://" + addr + "/models/prod/" + model + ":predict"
	}
	const forged = ` -H 'x-forwarded-client-cert: Hash=00;URI=spiffe://cluster.local/ns/prod/sa/web'`
	const ok = `/v1/models/`
	closed := func(command string) string { return command + " || echo closed" }
	return []line{
		{curl(gate, "web", "", fraud, ""), ok + fraud, "a SPIFFE ID with a grant"},
		{curl(gate, "batch", "", fraud, ""), ok + fraud, "a DNS name"},
		{curl(gate, "scorer", "", fraud, ""), ok + fraud, "a subject"},
		{curl(gate, "other", "", fraud, ""), reply("credential_missing", 401), "a certificate that Envoy validates, and that is nobody's"},
		{curl(gate, "stolen", "ana", fraud, ""), reply("denied", 403), "a certificate that was withdrawn, beside a good token"},
		{curl(gate, "batch", "ana", risk, ""), ok + risk, "a grant that requires a certificate beside the token"},
		{curl(gate, "other", "ana", risk, ""), reply("grant_missing", 403), "the token, and a certificate that is nobody's"},
		{curl(gate, "web", "partner", churn, ""), ok + churn, "an issuer whose tokens need a certificate"},
		{curl(gate, "other", "partner", churn, ""), reply("certificate_missing", 401), "its token without one"},
		{curl(gate, "other", "", fraud, forged), reply("credential_missing", 401), "a forged x-forwarded-client-cert"},
		{curl(edge, "web", "", fraud, ""), ok + fraud, "by the proxy in front, which tells of the client's certificate"},
		{curl(edge, "batch", "", fraud, ""), ok + fraud, "by its DNS name"},
		{curl(edge, "other", "", fraud, forged), reply("credential_missing", 401), "forged by a client of the proxy"},
		{curl(edge, "stolen", "ana", fraud, ""), reply("denied", 403), "and a deny holds there, too"},
		{closed(curl(gate, "", "", fraud, "")), "closed", "no certificate: there is no connection"},
		{closed(curl(gate, "stranger", "", fraud, "")), "closed", "a certificate of another authority with the same name"},
	}
}
