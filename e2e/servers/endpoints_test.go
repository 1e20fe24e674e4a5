//go:build servers || vllm

package servers

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// listed returns the endpoints in internal/inference/testdata/endpoints of a server, with {}
// for each parameter of a path.
func listed(t *testing.T, server string) (list []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "internal", "inference", "testdata", "endpoints", server+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		if fields := strings.Fields(line); len(fields) == 3 {
			list = append(list, anonymous(fields[0]+" "+fields[1]))
		}
	}
	return list
}

var parameter = regexp.MustCompile(`\{[^}]*\}`)

func anonymous(endpoint string) string {
	endpoint, _, _ = strings.Cut(endpoint, "?")
	return parameter.ReplaceAllString(endpoint, "{}")
}

// classified finds each endpoint that a server publishes in the list.
func classified(t *testing.T, server string, published []string) {
	t.Helper()
	list := listed(t, server)
	for _, endpoint := range published {
		if !slices.Contains(list, anonymous(endpoint)) {
			t.Errorf("%s has %s, which internal/inference/testdata/endpoints/%s.txt has not: what may it do?", server, endpoint, server)
		}
	}
	if len(published) < 5 {
		t.Errorf("%s publishes no more than %q", server, published)
	}
	t.Logf("%d endpoints that %s publishes are classified", len(published), server)
}

// read returns what a server answers to GET.
func read(t *testing.T, url string) []byte {
	t.Helper()
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v", url, response.Status, err)
	}
	return text
}

// openAPI returns the endpoints in a server's own description of them.
func openAPI(t *testing.T, url string) (list []string) {
	t.Helper()
	var document struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(read(t, url), &document); err != nil {
		t.Fatal(err)
	}
	for path, methods := range document.Paths {
		for method := range methods {
			list = append(list, strings.ToUpper(method)+" "+path)
		}
	}
	return list
}

// tritonExtensions are what this Triton says it has. One more may have endpoints.
var tritonExtensions = strings.Fields(`classification sequence model_repository model_repository(unload_dependents) schedule_policy
	model_configuration system_shared_memory cuda_shared_memory binary_tensor_data parameters statistics trace logging`)

// tritonEndpoints: Triton publishes its extensions, and its client the methods of gRPC. Each
// path that is listed is one that the server knows.
func tritonEndpoints(t *testing.T, s started) {
	methods, err := exec.Command(python["triton"], "-W", "ignore", "-c", `from tritonclient.grpc import service_pb2
for service in service_pb2.DESCRIPTOR.services_by_name.values():
    for method in service.methods: print("gRPC /%s/%s" % (service.full_name, method.name))`).Output()
	if err != nil {
		t.Fatal(err)
	}
	classified(t, "triton", strings.Split(strings.TrimSpace(string(methods)), "\n"))
	var about struct{ Extensions []string }
	if err := json.Unmarshal(read(t, "http://"+s.http+"/v2"), &about); err != nil {
		t.Fatal(err)
	}
	for _, extension := range about.Extensions {
		if !slices.Contains(tritonExtensions, extension) {
			t.Errorf("Triton has an extension that is not known: %s", extension)
		}
	}
	for _, endpoint := range listed(t, "triton") {
		method, path, _ := strings.Cut(endpoint, " ")
		if method != "GET" || !strings.HasPrefix(path, "/v2") {
			continue
		}
		path = strings.ReplaceAll(strings.Replace(path, "{}", "alpha", 1), "{}", "1")
		response, err := client.Get("http://" + s.http + path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || strings.Contains(string(text), `"Not Found"`) {
			t.Errorf("Triton does not know %s: %v", endpoint, err)
		}
	}
}
