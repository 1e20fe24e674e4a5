//go:build kserve

package kserve

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/e2e/internal/process"
	"github.com/modelgate/modelgate/internal/inference"
)

var (
	requests = flag.Int("requests", 100_000, "how many requests the oracle generates")
	seed     = flag.Uint64("seed", 1, "of the requests: the same seed makes the same requests")
	one      = flag.Int("one", -1, "only the request of this number")
)

// tally is what one family's requests came to.
type tally struct{ generated, allowed, selected, sampled, disagreed int }

// TestOracle holds what the gate authorizes to what the servers' own parsers
// select.
func TestOracle(t *testing.T) {
	var all tally
	for i := range families {
		families[i].gate = families[i].compile(t)
	}
	python, real := startOracle(t, "kserve", "litellm"), startServer(t)
	for i := range families {
		f := &families[i]
		share := *requests * f.share / 100
		c := f.compare(t, python, real, share)
		t.Logf("%-10s %7d requests, %6d allowed, %6d of them select a model, %d disagreements", f.name, c.generated, c.allowed, c.selected,
			c.disagreed)
		if *one < 0 && (c.allowed < share/10 || c.selected < c.allowed/4) {
			t.Errorf("%s: too few allowed or selected to prove anything", f.name)
		}
		all.generated += c.generated
		all.allowed += c.allowed
		all.sampled += c.sampled
		all.disagreed += c.disagreed
	}
	t.Logf("oracle: %d requests generated, %d allowed, disagreements %d (seed %d; %d of them over HTTP to the server's own process)",
		all.generated, all.allowed, all.disagreed, *seed, all.sampled)
}

// batch is how many requests a server is asked about at once.
const batch = 1000

// enough disagreements of a family end it.
const enough = 10

func (f *family) compare(t *testing.T, python *oracle, real *server, n int) (c tally) {
	g := f.gate
	var pending []decision
	settle := func() {
		answers, err := f.ask(python, pending)
		if err != nil {
			t.Fatal(err)
		}
		if f.app == "kserve" {
			c.sampled += real.sample(t, f, pending, answers)
		}
		for i, d := range pending {
			if len(answers[i].models) > 0 {
				c.selected++
			}
			if wrong := f.disagree(d, answers[i]); wrong != "" {
				if c.disagreed++; c.disagreed <= enough {
					t.Errorf("%s %d of seed %d: %s\n%v\nallowed as %s %v, sent on as %v", f.name, d.id, *seed, wrong, d.asked, d.call.Verb,
						d.call.Models, d.sent)
				}
			}
		}
		pending = pending[:0]
	}
	for id := range n {
		if *one >= 0 && id != *one {
			continue
		}
		c.generated++
		if d, ok := decide(g, generate(f, *seed, id)); ok {
			d.id = id
			c.allowed++
			pending = append(pending, d)
		}
		if len(pending) == batch {
			settle()
		}
	}
	settle()
	return c
}

// disagree says how a server's selection is not what was authorized, or "".
func (f *family) disagree(d decision, s selection) string {
	for _, reading := range d.hostReadings() {
		if !f.fixed && !covers(d.call.Models, reading) {
			return fmt.Sprintf("the host is also %s/%s", reading.Namespace, reading.Service)
		}
	}
	verb, known := f.verbs[s.call]
	switch {
	case s.call == "" || len(s.models) == 0 && known && verb == d.call.Verb:
		return ""
	case !known:
		return fmt.Sprintf("the server does %q", s.call)
	case verb != d.call.Verb:
		return fmt.Sprintf("the server's verb is %s", verb)
	}
	for _, m := range d.call.Models {
		version := m.Version
		if f.labels && version != "" && strings.Trim(version, "0123456789") != "" {
			version = "label " + version
		}
		for _, name := range s.models {
			if f.ownName(name) != m.Name {
				return fmt.Sprintf("the server selects %q", name)
			}
		}
		if s.version != version {
			return fmt.Sprintf("the server selects version %q", s.version)
		}
	}
	return ""
}

// publisherName is the second name that KServe's LLMInferenceService gives a model.
var publisherName = regexp.MustCompile(`^publishers/[^/]+/models/(.+)$`)

// ownName is a model's own name. The gate takes a publisher's name for it on every
// route with OpenAI's API.
func (f *family) ownName(name string) string {
	if m := publisherName.FindStringSubmatch(name); m != nil && f.name == "openai" {
		return m[1]
	}
	return name
}

func covers(models []inference.Model, m inference.Model) bool {
	for _, other := range models {
		if other.Namespace == m.Namespace && other.Service == m.Service {
			return true
		}
	}
	return false
}

// oracle is the Python process that asks the servers' own code.
type oracle struct {
	t    *testing.T
	apps []string
	in   io.WriteCloser
	out  *bufio.Scanner
}

// answer is one of its lines.
type answer struct {
	Status   int               `json:"status"`
	Endpoint string            `json:"endpoint"`
	Given    map[string]string `json:"given"` // to the endpoint
	Models   []string          `json:"models"`
}

func startOracle(t *testing.T, apps ...string) *oracle {
	t.Helper()
	o := &oracle{t: t, apps: apps}
	o.start()
	return o
}

func (o *oracle) start() {
	o.t.Helper()
	command := python(o.t, append([]string{"-W", "ignore", "oracle.py"}, o.apps...)...)
	in, err := command.StdinPipe()
	if err != nil {
		o.t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		o.t.Fatal(err)
	}
	process.Begin(o.t, command, "oracle.py", os.Kill)
	o.in, o.out = in, bufio.NewScanner(out)
	o.out.Buffer(nil, 1<<20)
	if !o.out.Scan() {
		o.t.Fatalf("the oracle says nothing: %v", o.out.Err())
	}
}

// ask asks an application about requests as they are sent on to it. Among the C modules that
// LiteLLM loads is one that crashes in some runs (a segmentation fault, seen twice in ten).
// Each request has one answer, so the same are asked again in a new process.
func (o *oracle) ask(app string, pending []decision) ([]answer, error) {
	const tries = 4
	for try := 1; ; try++ {
		answers, err := o.askOnce(app, pending)
		if !errors.Is(err, process.ErrEnded) || try == tries {
			return answers, err
		}
		o.t.Logf("the oracle crashed after %d answers of %d, and is asked again", len(answers), len(pending))
		o.start()
	}
}

func (o *oracle) askOnce(app string, pending []decision) ([]answer, error) {
	failed := make(chan error, 1)
	go func(in io.Writer) {
		w := bufio.NewWriter(in)
		for i, d := range pending {
			line, _ := json.Marshal(map[string]any{"app": app, "raw": latin1(d.sent.wire()), "more": i < len(pending)-1})
			w.Write(append(line, '\n'))
		}
		failed <- w.Flush()
	}(o.in)
	var answers []answer
	for range pending {
		if !o.out.Scan() {
			return answers, fmt.Errorf("the oracle: %w: %v", process.ErrEnded, o.out.Err())
		}
		var a answer
		if err := json.Unmarshal(o.out.Bytes(), &a); err != nil {
			return nil, fmt.Errorf("%s: %w", o.out.Bytes(), err)
		}
		answers = append(answers, a)
	}
	return answers, <-failed
}

// wire is a request as Envoy writes it over HTTP/1.1.
func (a ask) wire() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nhost: %s\r\n", a.method, a.path, a.authority)
	for _, h := range a.headers {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	if a.body != "" {
		fmt.Fprintf(&b, "content-length: %d\r\n", len(a.body))
	}
	return b.String() + "\r\n" + a.body
}

// latin1 makes a character of each byte, which JSON can carry.
func latin1(s string) string {
	r := make([]rune, len(s))
	for i := range len(s) {
		r[i] = rune(s[i])
	}
	return string(r)
}

// ask asks the server that a family is of.
func (f *family) ask(python *oracle, pending []decision) (list []selection, err error) {
	if f.reference != nil {
		for _, d := range pending {
			list = append(list, f.reference(d.sent.method, d.sent.path))
		}
		return list, nil
	}
	answers, err := python.ask(f.app, pending)
	for _, a := range answers {
		s := selection{models: a.Models, call: a.Endpoint, version: a.Given["model_version"]}
		for _, parameter := range []string{"model_name", "model_id"} {
			if name, ok := a.Given[parameter]; ok && !slices.Contains(s.models, name) {
				s.models = append(s.models, name)
			}
		}
		list = append(list, s)
	}
	return list, err
}
