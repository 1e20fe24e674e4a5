package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/testing/corpus"
)

// startExample brings up one example by itself, before servers that answer with
// what they got, and returns its cases as commands. Calls of gRPC, replies that list
// models and handshakes need more than curl: the tests have those.
func startExample(root, module, name string) (*stage, []line, error) {
	s := &stage{scenarios: map[string]*corpus.Scenario{}, envoys: map[string]*harness.Envoy{}, upstreams: map[string]string{}}
	dir := filepath.Join(root, "examples", name)
	scenario, err := corpus.Load(dir)
	if err != nil {
		return s, nil, err
	}
	clusters, err := clustersOf(filepath.Join(dir, "envoy.yaml"))
	if err != nil {
		return s, nil, err
	}
	if s.binary, err = harness.FindEnvoy(); err != nil {
		return s, nil, err
	}
	servers, addrs, err := testbed.Upstreams(clusters...)
	for _, server := range servers {
		s.stoppers = append(s.stoppers, func() { server.Close() })
	}
	if err != nil {
		return s, nil, err
	}
	if slices.Contains(clusters, "authorizer") {
		if addrs["authorizer"], err = s.startAuthorizer(root); err != nil {
			return s, nil, err
		}
	}
	s.upstreams, s.scenarios[name] = addrs, scenario
	envoy, err := harness.StartEnvoy(harness.Options{
		Binary: s.binary, Bootstrap: filepath.Join(dir, "envoy.yaml"), PluginConfig: scenario.Config,
		Module: module, Upstreams: addrs, HostEnv: scenario.Env, Timeout: 3 * time.Minute,
	})
	if err != nil {
		return s, nil, err
	}
	s.envoys[name] = envoy
	s.stoppers = append(s.stoppers, envoy.Stop)
	lines, err := s.commands(scenario, envoy.Addr())
	return s, lines, err
}

// startAuthorizer starts the example's server of ext_authz, and returns its address.
func (s *stage) startAuthorizer(root string) (string, error) {
	binary := filepath.Join(root, "build", "authorizer")
	if err := testbed.BuildAuthorizer(root, binary); err != nil {
		return "", err
	}
	a, err := testbed.StartAuthorizer(root, binary, "127.0.0.1:0", "-data", "data.json")
	if err != nil {
		return "", err
	}
	s.stoppers = append(s.stoppers, a.Stop)
	return a.Addr, nil
}

// clustersOf are the names of an Envoy configuration's clusters.
func clustersOf(path string) (names []string, err error) {
	var bootstrap struct {
		Static struct {
			Clusters []struct{ Name string }
		} `yaml:"static_resources"`
	}
	text, err := os.ReadFile(path)
	if err == nil {
		err = yaml.Unmarshal(text, &bootstrap)
	}
	for _, c := range bootstrap.Static.Clusters {
		names = append(names, c.Name)
	}
	if err == nil && names == nil {
		err = errors.New(path + " has no clusters")
	}
	return names, err
}

// jwt finds a token, whose header is a JSON object; a host or a version is none.
var jwt = regexp.MustCompile(`eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*`)

// commands writes cases as commands, with their tokens in files.
func (s *stage) commands(scenario *corpus.Scenario, addr string) (lines []line, err error) {
	files := map[string]string{}
	for _, c := range scenario.Cases {
		if c.GRPC || c.Reply != nil || len(c.Trailers) > 0 || c.Peer != nil || waits(c) || cutsFragment(c) {
			continue
		}
		r, err := scenario.Request(c, time.Now())
		if err != nil {
			return nil, err
		}
		want, challenge := answer(cmp.Or(c.Envoy, c.Want)), ""
		if c.Challenge != "" {
			challenge = " -D -"
			want = `www-authenticate: Bearer realm="model gate"` + c.Challenge + "|" + want
		}
		command := "curl -s -g --path-as-is -w '%{http_code}\\n'" + challenge + " -X " + r.Method + " -H 'host: " + r.Authority + "'"
		for _, h := range r.Headers {
			value := quote(h[0] + ": " + h[1])
			if h[1] == "" {
				value = quote(h[0] + ";") // for curl, "name:" is no header
			}
			if token := jwt.FindString(h[1]); token != "" && c.Token != nil {
				key, _ := json.Marshal(c.Token)
				if len(c.Sign) > 0 {
					key = append(key, c.Name...)
				}
				file, written := files[string(key)]
				if !written {
					file = fmt.Sprintf("build/run/%s-%d.jwt", scenario.Name, len(files)+1)
					files[string(key)] = file
					if len(c.Sign) > 0 { // the signature may cover this very token, and is too old before the token is
						err = writeToken(file, token)
					} else {
						err = s.addToken(file, scenario, *c.Token)
					}
					if err != nil {
						return nil, err
					}
				}
				value = `"` + h[0] + ": " + strings.Replace(h[1], token, "$(cat "+file+")", 1) + `"`
			}
			command += " -H " + value
		}
		if r.Body != "" {
			command += " --data-binary " + quote(r.Body)
		}
		lines = append(lines, line{command + " " + quote("http://"+addr+r.Path), want, c.Name})
	}
	return lines, nil
}

// cutsFragment reports whether curl would leave out a part of the path.
func cutsFragment(c corpus.Case) bool { return strings.Contains(c.Request, "#") }

// waits reports whether curl would wait after the answer: for a body after HEAD, and for messages
// after a handshake.
func waits(c corpus.Case) bool {
	upgrades := slices.ContainsFunc(c.Headers, func(h [2]string) bool { return h[0] == "upgrade" })
	return upgrades && strings.HasPrefix(c.Want, "allow ") || strings.HasPrefix(c.Request, "HEAD ")
}

// quote writes a word for a shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// answer is what a client sees of a case's line.
func answer(want string) string {
	first, second, _ := strings.Cut(want, " ")
	if second == "" {
		return first // another filter's answer
	}
	if second == reason.Preflight.String() { // its answer is its head
		return first
	}
	if second == reason.ResourceMetadata.String() {
		return `"resource":|` + first
	}
	if names, isList := strings.CutSuffix(second, " "+reason.ListAnswered.String()); isList {
		name, _, _ := strings.Cut(names, ",")
		return `"` + name + `"|` + first
	}
	if first != "allow" {
		return `{"reason":"` + second + `"|` + first
	}
	authority, path, _ := strings.Cut(second, " ")
	path = strings.ReplaceAll(path, "&", `\u0026`) // as the upstream's JSON has it
	return `"authority":"` + authority + `","path":"` + path + `"|200`
}
