//go:build vllm

package servers

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/modelgate/modelgate/e2e/internal/process"
)

func init() { names = append(names, "vllm") }

// startVLLM serves base, and adapter, which is a LoRA of it.
func startVLLM(t *testing.T) started {
	t.Helper()
	dir := t.TempDir()
	program := exec.Command(python["vllm"], filepath.Join(root, "e2e", "servers", "testdata", "vllm", "models.py"))
	program.Dir, program.Env = dir, append(os.Environ(), "HF_HUB_OFFLINE=1")
	if out, err := program.CombinedOutput(); err != nil {
		t.Fatalf("models.py: %v\n%s", err, out)
	}
	bin := filepath.Dir(python["vllm"])
	addrs := serve(t, "vLLM", 1, func(addrs []string) *exec.Cmd {
		command := exec.Command(filepath.Join(bin, "vllm"), "serve", "base", "--served-model-name", "base", "--host", "127.0.0.1",
			"--port", process.Port(addrs[0]), "--max-model-len", "256", "--dtype", "float32", "--enforce-eager", "--max-num-seqs", "4",
			"--enable-lora", "--max-lora-rank", "8", "--lora-modules", "adapter=adapter")
		command.Dir = dir
		// Nothing is asked of a hub, and nothing is reported.
		command.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "HF_HUB_OFFLINE=1", "TRANSFORMERS_OFFLINE=1",
			"VLLM_NO_USAGE_STATS=1", "DO_NOT_TRACK=1", "VLLM_CPU_KVCACHE_SPACE=1", "VLLM_CPU_OMP_THREADS_BIND=0",
			"TORCHINDUCTOR_CACHE_DIR="+filepath.Join(dir, "inductor"))
		return command
	}, func(addrs []string) error { return answers("GET", "http://"+addrs[0]+"/health") })
	return started{http: addrs[0]}
}

// vllmCalls are calls of an analyst, who may use base and not its adapter.
var vllmCalls = []call{
	{"chat", "base", "", `answer "base"`}, {"chat", "adapter", "", "PermissionDeniedError grant_missing"},
	{"chat_stream", "base", "", `answer "base"`}, {"chat_stream", "adapter", "", "PermissionDeniedError grant_missing"},
	{"completion", "base", "", `answer "base"`}, {"completion", "adapter", "", "PermissionDeniedError grant_missing"},
	{"response", "base", "", `answer "base"`}, {"response", "adapter", "", "PermissionDeniedError grant_missing"},
	{"models", "", "", `answer ["base"]`},
	{"message", "base", "", `answer "base"`}, {"message", "adapter", "", "PermissionDeniedError grant_missing"},
	{"message_stream", "base", "", `answer "base"`}, {"message_stream", "adapter", "", "PermissionDeniedError grant_missing"},
	{"count_tokens", "base", "", "answer true"}, {"count_tokens", "adapter", "", "PermissionDeniedError grant_missing"},
}

// vllmOperator are calls of an operator.
var vllmOperator = []call{
	{"chat", "adapter", "", `answer "adapter"`}, {"message", "adapter", "", `answer "adapter"`},
	{"models", "", "", `answer ["base", "adapter"]`},
}

// vllmHTTP are calls for which those clients have no function.
var vllmHTTP = []httpCall{
	{"POST /tokenize", `{"model":"base","prompt":"which"}`, 200, "tokens"},
	{"POST /tokenize", `{"model":"adapter","prompt":"which"}`, 403, "grant_missing"},
	{"POST /detokenize", `{"model":"base","tokens":[5]}`, 200, "prompt"},
	{"POST /v1/load_lora_adapter", `{"lora_name":"x","lora_path":"adapter"}`, 403, "grant_missing"},
	{"POST /v1/chat/completions", `{"messages":[]}`, 400, "model_missing"},
}

func TestVLLM(t *testing.T) {
	s := startVLLM(t)
	t.Run("Endpoints", func(t *testing.T) { classified(t, "vllm", openAPI(t, "http://"+s.http+"/openapi.json")) })
	t.Run("Clients", func(t *testing.T) {
		b := startGate(t, map[string]string{"vllm": s.http})
		for token, calls := range map[string][]call{b.analyst: vllmCalls, b.operator: vllmOperator} {
			for i, got := range b.ask(t, "vllm", "python/vllm_clients.py", token, calls) {
				if c := calls[i]; !comesTo(got, c.want) {
					t.Errorf("%s of %s: %s, want %s", c.Call, c.Model, got, c.want)
				}
			}
		}
		b.call(t, "vllm.example.com", b.analyst, vllmHTTP)
	})
	t.Run("Oracle", func(t *testing.T) { vllmOracle(t, s) })
}

// vllmFamily is about bodies, and paths that a server decodes.
var vllmFamily = family{name: "vLLM", route: `{"protocol": "openai", "service": "prod/s"}`}

// generateVLLM returns the request of a number: a completion, changed in some way.
func generateVLLM(id int) ask {
	g := &generator{Rand: rand.New(rand.NewPCG(*seed, uint64(id))), family: &vllmFamily}
	model := pick(g, "base", "base", "adapter", "adapter", "Base", "nope", "base:adapter", "")
	members := []string{fmt.Sprintf(`"model":%q`, model), `"prompt":"which model are you"`, `"max_tokens":8`, `"temperature":0`}
	for range g.IntN(3) {
		members = append(members, pick(g, `"model":"adapter"`, `"model":"base"`, `"Model":"adapter"`, `"MODEL":"adapter"`,
			`"mod\u0065l":"adapter"`,
			`"model ":"adapter"`, `"model":null`, `"model":["adapter"]`, `"lora_name":"adapter"`, `"lora_path":"adapter"`, `"user":"adapter"`,
			`"lora_request":{"lora_name":"adapter"}`, `"metadata":{"model":"adapter"}`, `"model_name":"adapter"`, `"extra_body":{"model":"adapter"}`,
			`"n":1`, `"seed":1`, `"stream":false`, `"x":{"model":"adapter"}`, `"nvext":{"model":"adapter"}`))
	}
	g.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	g.ask = ask{method: "POST", path: "/v1/completions", headers: [][2]string{{"content-type", "application/json"}},
		body: "{" + strings.Join(members, ",") + "}"}
	switch g.IntN(6) {
	case 0:
		g.escape()
	case 1:
		g.path += pick(g, "?model=adapter", "?", "/", "?model=base&model=adapter")
	case 2:
		g.headers = append(g.headers, [2]string{pick(g, "x-model", "x-gateway-model-name", "model", "x-lora"), pick(g, "adapter", "base")})
	case 3:
		g.body = pick(g, "\ufeff"+g.body, g.body+"{}", " "+g.body, g.body+"\x00", strings.Replace(g.body, `"base"`, `"b\u0061se"`, 1))
	}
	return g.ask
}

// vllmOracle knows the two models by what they say: an adapter changes what its base says.
func vllmOracle(t *testing.T, s started) {
	server := &target{t: t, http: s.http}
	defer server.close()
	says := map[string]string{}
	for _, model := range []string{"base", "adapter"} {
		answer := server.send(ask{method: "POST", path: "/v1/completions", headers: [][2]string{{"content-type", "application/json"}},
			body: `{"model":"` + model + `","prompt":"which model are you","max_tokens":8,"temperature":0}`})
		says[gjson.Get(answer, "choices.0.text").Str] = model
	}
	if len(says) != 2 {
		t.Fatalf("base and adapter say the same: %q", says)
	}
	g := vllmFamily.compile(t)
	var allowed, answered, refused, wrong, ran int
	for id := range *requests / all {
		d := decide(g, generateVLLM(id))
		if !d.allowed && refused >= teeth || d.allowed && allowed >= *send/all {
			continue
		}
		model := says[gjson.Get(server.send(d.sent), "choices.0.text").Str]
		switch {
		case !d.allowed:
			if refused++; model != "" {
				ran++
			}
			continue
		case model != "" && !vllmFamily.authorized(d.call, model, ""):
			wrong++
			t.Errorf("%d of seed %d: the server ran %s\n%v\nallowed as %v", id, *seed, model, d.asked, d.call.Models)
		}
		if allowed++; model != "" {
			answered++
		}
	}
	t.Logf("oracle: of %d allowed requests that were sent on the server answered %d: %d disagreements (seed %d)",
		allowed, answered, wrong, *seed)
	t.Logf("of %d that were refused and sent all the same, the server answered %d", refused, ran)
	if answered < allowed/5 || ran == 0 {
		t.Error("too few to prove anything")
	}
}
