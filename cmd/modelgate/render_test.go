package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/testing/corpus"
	"github.com/modelgate/modelgate/internal/testing/edit"
)

// TestRender: what is rendered has the example's configuration again, in each form.
func TestRender(t *testing.T) {
	scenarios, err := corpus.LoadAll("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scenarios {
		t.Run(s.Name, func(t *testing.T) {
			holds := strings.Contains(s.Config, `"holdHeaders"`)
			file := writeFile(t, t.TempDir(), "config.json", s.Config)
			for _, form := range []string{"wasmplugin", "envoyfilter", "envoyfilter --native", "envoy", "envoy --native"} {
				args := append(append([]string{"render"}, strings.Fields(form)...), "--config", file)
				got := runCommand(s.Secret, "", args...)
				if form == "wasmplugin" && holds {
					if got.status != 1 || got.out != "" || !strings.Contains(got.err, "must be rendered as envoyfilter") {
						t.Errorf("render %s of a configuration that holds headers = %+v", form, got)
					}
					continue
				}
				shared := strings.HasSuffix(got.err, `"partner" leads to several servers of keys, and is not written`+"\n")
				if got.status != 0 || got.err != "" && !shared {
					t.Errorf("render %s = %d, %s", form, got.status, got.err)
					continue
				}
				found, _, err := (&terminal{in: strings.NewReader(got.out)}).sources("-")
				if err != nil || len(found) != 1 {
					t.Fatalf("render %s has the configurations %v, %v, want one", form, found, err)
				}
				want := compact(t, s.Config)
				if !strings.HasPrefix(form, "envoy ") && form != "envoy" {
					want = compact(t, istioClusters(t, s))
				}
				if have := compact(t, found[0].JSON); have != want {
					t.Errorf("render %s has %s\nwant %s", form, have, want)
				}
			}
		})
	}
}

// istioClusters names the clusters of the example remote-keys as Istio does.
func istioClusters(t *testing.T, s *corpus.Scenario) string {
	if s.Name != "remote-keys" {
		return s.Config
	}
	doc := s.Config
	doc = edit.Set(t, doc, "/issuers/0/jwks/remote/cluster", `"outbound|80||keys.example.com"`)
	doc = edit.Set(t, doc, "/issuers/1/jwks/remote/cluster", `"outbound|80||login.partner.example"`)
	return edit.Set(t, doc, "/issuers/1/jwks/remote/jwksClusters/keys.partner.example", `"outbound|80||keys.partner.example"`)
}

// rendered runs render, and returns its resources as JSON.
func rendered(t *testing.T, doc string, args ...string) (text, warnings string) {
	t.Helper()
	file := writeFile(t, t.TempDir(), "config.json", doc)
	got := runCommand(func(string) (string, bool) { return "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OQ", true }, "",
		append(append([]string{"render"}, args...), "-o", "json", "--config", file)...)
	if got.status != 0 {
		t.Fatalf("render %q = %+v", args, got)
	}
	var compact any
	if err := json.Unmarshal([]byte(got.out), &compact); err != nil {
		t.Fatal(err)
	}
	raw, _ := json.Marshal(compact)
	return string(raw), strings.ReplaceAll(got.err, file, "FILE")
}

// remotes is a configuration with keys at this URI, and at a host of jwksClusters.
func remotes(t *testing.T, source, host string) string {
	t.Helper()
	jwks := `{"remote": {"discovery": "` + source + `", "cluster": "a", "jwksClusters": {"` + host + `": "b"}}}`
	return edit.Set(t, remoteConfig, "/issuers/0/jwks", jwks)
}

// TestRenderKeys: what Istio and Envoy need so that keys can be fetched.
func TestRenderKeys(t *testing.T) {
	const entry = `"spec":{"exportTo":["."],"hosts":["login.example.com"],"location":"MESH_EXTERNAL",` +
		`"ports":[{"name":"https","number":443,"protocol":"HTTPS"}],"resolution":"DNS"}`
	const rule = `"spec":{"exportTo":["."],"host":"login.example.com","trafficPolicy":{"tls":{"mode":"SIMPLE","sni":"login.example.com",` +
		`"subjectAltNames":["login.example.com"]}},"workloadSelector":{"matchLabels":{"app":"fraud"}}}`
	const cluster = `"cluster":"outbound|443||login.example.com"`
	https := remotes(t, "https://login.example.com/d", "keys.example.com:8443")
	for _, c := range []struct {
		name, doc string
		args      string
		want      []string
		without   string
		warnings  string
	}{
		{"a WasmPlugin", https, "wasmplugin --selector app=fraud", []string{entry, rule, cluster,
			`"jwksClusters":{"keys.example.com:8443":"outbound|8443||keys.example.com"}`, `"number":8443`}, `"mode":"SERVER"`, ""},
		{"at a sidecar", https, "wasmplugin --selector app=fraud --inbound --sha256 abc",
			[]string{`"match":[{"mode":"SERVER"}]`, `"sha256":"abc"`}, "env", ""},
		{"an EnvoyFilter", https, "envoyfilter --selector app=fraud", []string{entry, rule, `outbound|443||login.example.com`, `"sha256":"nil"`,
			`"context":"GATEWAY"`, typeWasm, "rbac.v3.RBAC"}, typeDynamicModule, ""},
		{"a dynamic module at a sidecar", https, "envoyfilter --native --inbound --selector app=fraud", []string{entry, rule,
			`"context":"SIDECAR_INBOUND"`, `"do_not_close":true`, `"type_urls":["type.googleapis.com/` + typeDynamicModule + `"]`}, typeWasm, ""},
		{"without TLS", remotes(t, "http://login.example.com/d", "keys.example.com"), "wasmplugin",
			[]string{`{"name":"http","number":80,"protocol":"HTTP"}`, `"outbound|80||keys.example.com"`}, "DestinationRule", ""},
		{"services of the cluster", remotes(t, "https://kubernetes.default.svc/d", "10.0.0.1:6443"), "wasmplugin",
			[]string{`"cluster":"outbound|443||kubernetes.default.svc.cluster.local"`, `{"10.0.0.1:6443":"b"}`}, "ServiceEntry",
			"FILE: warning: /issuers/0/jwks/remote/cluster: kubernetes.default.svc.cluster.local is a service of the cluster: " +
				"its own DestinationRule says how to speak TLS with it\n" +
				"FILE: warning: /issuers/0/jwks/remote/jwksClusters/10.0.0.1:6443: 10.0.0.1 is an address, for which there is no ServiceEntry " +
				"here: the cluster stays \"b\"\n"},
		{"Envoy", https, "envoy --ca /ca.pem --module /m.wasm", []string{`"filename":"/m.wasm"`, `"filename":"/ca.pem"`,
			`"sni":"login.example.com"`,
			`"match_typed_subject_alt_names":[{"matcher":{"exact":"login.example.com"},"san_type":"DNS"}]`, `"port_value":8443`}, "outbound", ""},
		{"Envoy with an address", remotes(t, "https://10.0.0.1/d", "keys.example.com"), "envoy --native", []string{`"san_type":"IP_ADDRESS"`,
			`"type":"STATIC"`, `"name":"modelgate"`}, `"sni":"10`, ""},
		{"Envoy with one cluster for two servers", strings.ReplaceAll(https, `"b"`, `"a"`), "envoy", nil, `"clusters"`,
			"FILE: warning: the cluster \"a\" leads to several servers of keys, and is not written\n"},
		{"client certificates", edit.Set(t, remoteConfig, "/peer", `{"trustDomain": "cluster.local"}`), "envoy --native",
			[]string{`"http_filters":[{"name":"envoy.filters.http.set_filter_state"`}, "", ""},
		{"client certificates in Istio", edit.Set(t, remoteConfig, "/issuers/0/certificateBound", `true`), "envoyfilter --native",
			[]string{`"operation":"INSERT_FIRST","value":{"name":"envoy.filters.http.set_filter_state"`}, "", ""},
		{"no client certificates", remoteConfig, "envoyfilter --native", nil, "set_filter_state", ""},
		{"client certificates for Wasm", edit.Set(t, remoteConfig, "/peer", `{"trustDomain": "cluster.local"}`), "envoy",
			nil, "set_filter_state", ""},
		{"variables", config, "wasmplugin", []string{`"vmConfig":{"env":[{"name":"CORP","valueFrom":"HOST"}]}`}, "MDEyMz", ""},
		{"variables in Envoy", config, "envoy", []string{`"environment_variables":{"host_env_keys":["CORP"]}`}, "MDEyMz", ""},
		{"held headers", edit.Set(t, remoteConfig, "/host", `{"holdHeaders": true}`), "envoyfilter",
			[]string{`"allow_on_headers_stop_iteration":true`}, "", ""},
		{"API keys", edit.Set(t, remoteConfig, "/issuers/0", `{"name": "corp", "from": [{"header": "x-api-key"}],
			"apiKeys": {"remote": {"uri": "https://login.example.com/k", "cluster": "a"}}}`), "wasmplugin", []string{cluster, entry}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, warnings := rendered(t, c.doc, strings.Fields(c.args)...)
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("render %s = %s\nwithout %s", c.args, got, want)
				}
			}
			if c.without != "" && strings.Contains(got, c.without) {
				t.Errorf("render %s = %s\nwith %s", c.args, got, c.without)
			}
			if warnings != c.warnings {
				t.Errorf("render %s warns\n%swant\n%s", c.args, warnings, c.warnings)
			}
		})
	}
}

func TestRenderRefuses(t *testing.T) {
	s, file := writeScenario(t, config)
	for _, c := range []struct {
		args   string
		status int
		want   string
	}{
		{"render", 2, "must have one argument: wasmplugin, envoyfilter or envoy"},
		{"render helm --config x", 2, `got ["helm"]`},
		{"render envoy", 2, "--config FILE is missing"},
		{"render wasmplugin --native --config x", 2, "--native must not be with wasmplugin"},
		{"render envoy --config " + file + ".none", 1, "no such file"},
	} {
		got := runCommand(s.Secret, "", strings.Fields(c.args)...)
		if got.status != c.status || !strings.Contains(got.err, c.want) || got.out != "" {
			t.Errorf("%s = %+v, want %d, %s", c.args, got, c.status, c.want)
		}
	}
	got := runCommand(noSecrets, "", "render", "envoy", "--config", file)
	if got.status != 1 || !strings.Contains(got.err, "must name an environment variable") {
		t.Errorf("render without the variables = %+v, want an error", got)
	}
}
