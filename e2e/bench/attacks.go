package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
	"github.com/modelgate/modelgate/internal/testing/attack"
)

// attacks measures what an attacker's request costs the gate, beside what an honest one
// of the same size costs: processor time of a real Envoy with the module, above that of
// an Envoy without it. With a second module, both are measured in turn.
func attacks(arguments []string) error {
	flags := flag.NewFlagSet("bench attacks", flag.ExitOnError)
	before := flags.String("before", "", "a second module, with which this one is compared")
	module := flags.String("module", "", "the module (default: build it)")
	rounds := flags.Int("rounds", 5, "rounds; every request is measured once in each")
	only := flags.String("only", ".", "the attacks to run: a regular expression of their names")
	out := flags.String("out", "", "file for the table (default: standard output)")
	flags.Parse(arguments)
	names, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	a := &attackBench{rounds: *rounds}
	if a.dir, err = os.MkdirTemp("", "attacks-"); err != nil {
		return err
	}
	defer os.RemoveAll(a.dir)
	if *module == "" {
		root, err := testbed.Root()
		if err != nil {
			return err
		}
		*module = filepath.Join(a.dir, "gate.wasm")
		if err := testbed.BuildWasm(root, *module); err != nil {
			return err
		}
	}
	defer a.stop()
	world, err := attack.NewWorld(time.Now())
	if err == nil {
		err = a.start(world.Config, "", *module, *before)
	}
	if err != nil {
		return err
	}
	for _, c := range world.Cases() {
		if names.MatchString(c.Name) {
			progress("%s", c.Name)
			if err := a.measure(c); err != nil {
				return fmt.Errorf("%s: %w", c.Name, err)
			}
		}
	}
	if *out == "" {
		return a.write(os.Stdout)
	}
	f, err := os.Create(*out)
	if err != nil {
		return err
	}
	defer f.Close()
	return a.write(f)
}

// attackBench measures the same requests against each of its targets.
type attackBench struct {
	dir     string
	rounds  int
	targets []*target // a bare Envoy, the module, and perhaps the module before
	rows    []attackRow
}

// target is one Envoy, and a connection to it.
type target struct {
	envoy *harness.Envoy
	conn  map[rawhttp.Proto]*rawhttp.Conn
}

// attackRow has the cost of a case, in microseconds: of the attack and of the honest
// request, for each module.
type attackRow struct {
	attack.Case
	bytes  int
	answer string
	costs  [][2]stat
}

func (a *attackBench) start(config string, modules ...string) error {
	text, err := template.ParseFS(templates, "envoy/attacks.yaml")
	if err != nil {
		return err
	}
	quoted, err := json.Marshal(config)
	if err != nil {
		return err
	}
	for i, module := range modules {
		if i > 1 && module == "" {
			continue
		}
		file := filepath.Join(a.dir, fmt.Sprintf("envoy-%d.yaml", i))
		f, err := os.Create(file)
		if err != nil {
			return err
		}
		err = text.Execute(f, map[string]string{"Module": module, "PluginConfig": string(quoted)})
		if err = firstError(err, f.Close()); err != nil {
			return err
		}
		envoy, err := harness.StartEnvoy(harness.Options{Bootstrap: file, LogLevel: "error"})
		if err != nil {
			return err
		}
		a.targets = append(a.targets, &target{envoy: envoy, conn: map[rawhttp.Proto]*rawhttp.Conn{}})
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *attackBench) stop() {
	for _, t := range a.targets {
		t.envoy.Stop()
	}
}

// measured is the processor time for which a phase sends one kind of request to a target.
const measured = 20 * time.Millisecond

// measure measures one case. The first round warms the targets up.
func (a *attackBench) measure(c attack.Case) error {
	row := attackRow{Case: c}
	answer, err := a.targets[1].send(c.Attack())
	if err != nil {
		return err
	}
	// Envoy ends an HTTP/1.1 connection with the answer 400. Then every target gets each
	// attack on a connection of its own, the bare Envoy too.
	ends := strings.HasPrefix(answer, "400")
	costs := make([][2][]float64, len(a.targets))
	for round := range a.rounds + 1 {
		for kind, next := range [...]func() attack.Request{c.Attack, c.Honest} {
			var bare float64
			for i, t := range a.targets {
				cost, answer, err := t.cost(next, ends && kind == 0)
				switch {
				case err != nil:
					return err
				case kind == 1 && answer != "200 ok":
					return fmt.Errorf("the honest request: %s", answer)
				case kind == 0 && i == 1:
					row.answer = answer
				}
				if i == 0 {
					bare = cost
				} else if round > 0 {
					costs[i][kind] = append(costs[i][kind], cost-bare)
				}
			}
		}
	}
	request := c.Attack()
	row.bytes = request.Size()
	for _, values := range costs[1:] {
		row.costs = append(row.costs, [2]stat{statOf(values[0]), statOf(values[1])})
	}
	a.rows = append(a.rows, row)
	return nil
}

// cost sends requests until Envoy has used some processor time, each on a connection of its
// own if alone is set. It returns the time for one, in microseconds, and the answer to the
// last.
func (t *target) cost(next func() attack.Request, alone bool) (cost float64, answer string, err error) {
	begin, err := processTime(t.envoy.Pid())
	if err != nil {
		return 0, "", err
	}
	for n := 1; ; n++ {
		if alone {
			t.hangUp()
		}
		if answer, err = t.send(next()); err != nil {
			return 0, "", err
		}
		if n%4 != 0 {
			continue
		}
		now, err := processTime(t.envoy.Pid())
		if used := now - begin; err != nil || used > measured {
			return float64(used.Nanoseconds()) / 1e3 / float64(n), answer, err
		}
	}
}

// hangUp closes the target's connections.
func (t *target) hangUp() {
	for proto, conn := range t.conn {
		conn.Close()
		delete(t.conn, proto)
	}
}

// send returns the status and the text of an answer. Some answers end a connection.
func (t *target) send(r attack.Request) (answer string, err error) {
	request := rawhttp.Request{Method: r.Method, Path: r.Path, Authority: r.Authority, Headers: r.Headers, Body: r.Body, Frame: r.Frame}
	if r.Frame > 0 {
		request.Proto = rawhttp.H2
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for range 2 {
		conn := t.conn[request.Proto]
		if conn == nil {
			if conn, err = rawhttp.Dial(ctx, t.envoy.Addr(), nil, request.Proto); err != nil {
				return "", err
			}
			t.conn[request.Proto] = conn
		}
		response, failed := conn.Do(ctx, request)
		if err = failed; err == nil {
			text := strings.TrimSpace(string(response.Body)) + response.Headers.Get("grpc-message")
			return fmt.Sprintf("%d %s", response.Status, text), nil
		}
		t.hangUp()
	}
	return "", err
}
