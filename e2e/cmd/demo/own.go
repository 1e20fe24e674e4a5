package main

import (
	"encoding/json"
	"flag"
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
	stands   string // what the server stands in for
	stage    *stage
}

const ownName = "own"

// startOwn runs a configuration in an Envoy with the listener and the limits of examples/vllm. The
// gate, and the clusters for its keys, are what `modelgate render envoy` writes. Every request that
// passes the gate goes to the one server.
func startOwn(root, module, config, upstream string) (*own, error) {
	o := &own{config: config, upstream: upstream, stage: &stage{envoys: map[string]*harness.Envoy{}}}
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
		o.stands = "  there is no model: this stands in for all, and answers with the request that has reached it (UPSTREAM=host:port is yours)"
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

// showOwn runs a configuration until Ctrl-C, as the flags say.
func showOwn(args []string) error {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	config := flags.String("config", "", "`FILE` with the configuration, or FILE#NAME of the plugin NAME in it")
	upstream := flags.String("upstream", "", "`HOST:PORT` of the server behind the gate; the default answers with what it got")
	keys := flags.String("keys", "", "development: development keys replace those of the issuers")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *keys != "" && *keys != "development" {
		return fmt.Errorf("KEYS must be development, or left out; got %q", *keys)
	}
	file, err := filepath.Abs(*config)
	if err != nil {
		return err
	}
	root, err := testbed.Root()
	if err == nil {
		err = os.Chdir(root) // the commands are written for the repository's root
	}
	if err != nil {
		return err
	}
	module, err := testbed.Build(root, filepath.Join(root, "build"), "modelgate")
	if err != nil {
		return err
	}
	t, err := prepareOwn(root, "build/modelgate", "build/run/own", file, *keys == "development")
	if err != nil {
		return err
	}
	o, err := startOwn(root, module, t.file(), *upstream)
	defer o.stage.stop()
	if err != nil {
		return err
	}
	o.config = *config + ", as it runs: " + t.file()
	o.print(module)
	t.print(o.stage.envoys[ownName].Addr())
	fmt.Println("Ctrl-C ends it.")
	return wait(t.mint)
}

// prepareOwn builds the command, and has it check a configuration.
func prepareOwn(root, command, dir, file string, development bool) (*trial, error) {
	build := exec.Command("go", "build", "-o", command, "./cmd/modelgate")
	build.Dir, build.Stderr = root, os.Stderr
	if err := build.Run(); err != nil {
		return nil, err
	}
	t, err := newTrial(command, dir, file)
	switch {
	case err != nil:
	case development:
		err = t.trust()
	default:
		t.note("tokens are those of the issuers; with KEYS=development there are some to try")
	}
	return t, err
}

// print says where everything is.
func (o *own) print(module string) {
	envoy := o.stage.envoys[ownName]
	fmt.Printf("Envoy     %s\n", o.stage.binary)
	fmt.Printf("module    build/%s\n", filepath.Base(module))
	fmt.Printf("listener  http://%s  with %s\n", envoy.Addr(), o.config)
	fmt.Printf("server    %s%s\n", o.upstream, o.stands)
	fmt.Printf("admin     http://%s\n", envoy.AdminAddr())
	fmt.Printf("log       %s\n", envoy.LogFile())
}
