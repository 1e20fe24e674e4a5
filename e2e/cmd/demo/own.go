package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

// own is a configuration of the user's, and the server behind it.
type own struct {
	config   string // file
	upstream string // "host:port"; "" is a server that answers with what it got
	stage    *stage
}

const ownName = "own"

// startOwn runs a configuration in an Envoy with the listener and the limits of examples/vllm. The
// gate, and the clusters for its keys, are what `modelgate render envoy` writes. Every request that
// passes the gate goes to the one server.
func startOwn(root, module, config, upstream string) (*own, error) {
	o := &own{config, upstream, &stage{envoys: map[string]*harness.Envoy{}}}
	rendered, err := render(root, config, module)
	if err != nil {
		return o, err
	}
	if o.stage.binary, err = harness.FindEnvoy(); err != nil {
		return o, err
	}
	if o.upstream == "" {
		servers, addrs, err := testbed.Upstreams(ownName)
		for _, server := range servers {
			o.stage.stoppers = append(o.stage.stoppers, func() { server.Close() })
		}
		if err != nil {
			return o, err
		}
		o.upstream = addrs[ownName]
	}
	envoy, err := harness.StartEnvoy(harness.Options{
		Binary: o.stage.binary, Bootstrap: filepath.Join(root, "examples", "vllm", "envoy.yaml"), Module: module,
		Upstreams: map[string]string{"llm": o.upstream}, Edit: rendered.into, Timeout: 3 * time.Minute,
	})
	if err != nil {
		return o, err
	}
	o.stage.envoys[ownName] = envoy
	o.stage.stoppers = append(o.stage.stoppers, envoy.Stop)
	return o, nil
}

// parts are what `modelgate render envoy` writes.
type parts struct {
	Filters  []any `json:"http_filters"`
	Clusters []any `json:"clusters"`
}

// render runs the command in the environment of this process, from which Envoy gets the variables
// that a configuration names.
func render(root, config, module string) (p parts, err error) {
	file, err := filepath.Abs(config)
	if err != nil {
		return p, err
	}
	cmd := exec.Command("go", "run", "./cmd/modelgate", "render", "envoy", "--config", file, "--module", module, "-o", "json")
	cmd.Dir, cmd.Stderr = root, os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return p, fmt.Errorf("modelgate render envoy --config %s: %w", config, err)
	}
	return p, json.Unmarshal(text, &p)
}

// into puts the parts into an Envoy's configuration, in place of the gate that it has. The server
// may have a name as well as an address.
func (p parts) into(bootstrap map[string]any) {
	type object = map[string]any
	static := bootstrap["static_resources"].(object)
	clusters := static["clusters"].([]any)
	clusters[0].(object)["type"] = "STRICT_DNS"
	static["clusters"] = append(clusters, p.Clusters...)
	chain := static["listeners"].([]any)[0].(object)["filter_chains"].([]any)[0].(object)
	manager := chain["filters"].([]any)[0].(object)["typed_config"].(object)
	filters := manager["http_filters"].([]any)
	manager["http_filters"] = append(append([]any{}, p.Filters...), filters[len(filters)-1])
}

// print says where everything is.
func (o *own) print(module string) {
	envoy := o.stage.envoys[ownName]
	fmt.Printf("Envoy     %s\n", o.stage.binary)
	fmt.Printf("module    build/%s\n", filepath.Base(module))
	fmt.Printf("listener  http://%s  with %s\n", envoy.Addr(), o.config)
	fmt.Printf("server    %s\n", o.upstream)
	fmt.Printf("admin     http://%s\n", envoy.AdminAddr())
	fmt.Printf("log       %s\n\nCtrl-C ends it.\n", envoy.LogFile())
}
