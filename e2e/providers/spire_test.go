//go:build providers

package providers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

// spireServer and spireAgent are the configurations of SPIRE. DIR and PORT are replaced.
const (
	spireServer = `
server {
  bind_address = "127.0.0.1"
  bind_port = "PORT"
  socket_path = "DIR/server.sock"
  trust_domain = "example.org"
  data_dir = "DIR"
  log_level = "WARN"
}
plugins {
  DataStore "sql" { plugin_data { database_type = "sqlite3" connection_string = "DIR/db.sqlite3" } }
  NodeAttestor "join_token" { plugin_data {} }
  KeyManager "memory" { plugin_data {} }
}
`
	spireAgent = `
agent {
  data_dir = "DIR/agent"
  log_level = "WARN"
  server_address = "127.0.0.1"
  server_port = "PORT"
  socket_path = "DIR/agent.sock"
  trust_domain = "example.org"
  insecure_bootstrap = true
}
plugins {
  NodeAttestor "join_token" { plugin_data {} }
  KeyManager "memory" { plugin_data {} }
  WorkloadAttestor "unix" { plugin_data {} }
}
`
	robotID = "spiffe://example.org/ns/prod/sa/robot"
)

// spire is a server of SPIRE, and an agent for the workload of this user.
type spire struct {
	*provider
	binaries, dir string
}

// TestSPIRE has JWT-SVIDs of a SPIRE agent. They have no issuer, and their keys are in a
// bundle of SPIFFE.
func TestSPIRE(t *testing.T) {
	port, err := testbed.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "spire") // short: the names of sockets have 108 bytes at most
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &spire{binaries: installed(t, "spire/build"), dir: dir}
	s.start(t, port)
	bundle := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := exec.Command(filepath.Join(s.binaries, "spire-server"), "bundle", "show", "-format", "spiffe",
			"-socketPath", dir+"/server.sock").Output()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Write(text)
	}))
	defer bundle.Close()
	s.provider = &provider{addr: strings.TrimPrefix(bundle.URL, "http://"), issuers: []object{
		{"name": "svid", "preset": "spiffe", "trustDomain": "example.org", "audiences": []string{"models"}, "algorithms": []string{"ES256"},
			"jwks": object{"remote": object{"uri": bundle.URL, "cluster": "keys", "interval": "1s", "refresh": "2s", "wait": "1m"}}},
	}}
	s.jwks = func(t *testing.T) string { return asJWKS(t, getter(bundle.URL)(t)) }
	s.kinds = []kind{
		{"a JWT-SVID that the server mints", "svid", "models", func(t *testing.T) string {
			return s.run(t, "spire-server", "jwt", "mint", "-spiffeID", robotID, "-audience", "models")
		}, robotID, "", false},
		{"a workload's JWT-SVID, which the agent keeps for minutes", "svid", "models", s.fetch, robotID, "", false},
	}
	s.rotate = s.newKey
	runAll(t, s.provider)
}

// start starts the server and the agent, and registers this user as a workload.
func (s *spire) start(t *testing.T, port string) {
	t.Helper()
	fill := strings.NewReplacer("DIR", s.dir, "PORT", port)
	for name, text := range map[string]string{"server.conf": spireServer, "agent.conf": spireAgent} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(fill.Replace(text)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	start(t, "127.0.0.1:"+port, exec.Command(filepath.Join(s.binaries, "spire-server"), "run", "-config", s.dir+"/server.conf"))
	const agentID = "spiffe://example.org/agent"
	token := strings.TrimPrefix(s.run(t, "spire-server", "token", "generate", "-spiffeID", agentID), "Token: ")
	s.run(t, "spire-server", "entry", "create", "-parentID", agentID, "-spiffeID", robotID,
		"-selector", fmt.Sprintf("unix:uid:%d", os.Getuid()))
	startOn(t, "unix", s.dir+"/agent.sock", exec.Command(filepath.Join(s.binaries, "spire-agent"), "run", "-config", s.dir+"/agent.conf",
		"-joinToken", token))
}

// run runs a command of the server, and returns what it prints.
func (s *spire) run(t *testing.T, name string, arguments ...string) string {
	t.Helper()
	socket := s.dir + "/server.sock"
	if name == "spire-agent" {
		socket = s.dir + "/agent.sock"
	}
	out, err := exec.Command(filepath.Join(s.binaries, name), append(arguments, "-socketPath", socket)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, arguments, err, out)
	}
	return strings.TrimSpace(string(out))
}

// fetch asks the agent, as a workload does. The agent may not know of it yet.
func (s *spire) fetch(t *testing.T) (token string) {
	t.Helper()
	eventually(t, "the agent gives the workload a token", func() bool {
		out, err := exec.Command(filepath.Join(s.binaries, "spire-agent"), "api", "fetch", "jwt", "-audience", "models",
			"-socketPath", s.dir+"/agent.sock", "-output", "json").Output()
		var answer []struct {
			SVIDs []struct{ SVID string } `json:"svids"`
		}
		if err == nil && json.Unmarshal(out, &answer) == nil && len(answer) > 0 && len(answer[0].SVIDs) > 0 {
			token = answer[0].SVIDs[0].SVID
		}
		return token != ""
	})
	return token
}

// newKey makes the server sign with another key. The one before is in the bundle until its
// tokens have expired.
func (s *spire) newKey(t *testing.T) {
	t.Helper()
	var prepared struct {
		Authority struct {
			ID string `json:"authority_id"`
		} `json:"prepared_authority"`
	}
	text := s.run(t, "spire-server", "localauthority", "jwt", "prepare", "-output", "json")
	if err := json.Unmarshal([]byte(text), &prepared); err != nil || prepared.Authority.ID == "" {
		t.Fatalf("%v: %s", err, text)
	}
	s.run(t, "spire-server", "localauthority", "jwt", "activate", "-authorityID", prepared.Authority.ID)
}

// asJWKS returns the keys for JWT-SVIDs of a bundle as other verifiers want them.
func asJWKS(t *testing.T, bundle string) string {
	t.Helper()
	var doc struct{ Keys []object }
	if err := json.Unmarshal([]byte(bundle), &doc); err != nil {
		t.Fatal(err)
	}
	var keys []object
	for _, key := range doc.Keys {
		if key["use"] == "jwt-svid" {
			key["use"] = "sig"
			keys = append(keys, key)
		}
	}
	text, err := json.Marshal(object{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
