package importer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// fuzz: whatever a file says, there is a configuration, which Import has compiled, or an error,
// and each note has a place in the file.
func fuzz(f *testing.F, kind string) {
	files, err := filepath.Glob(filepath.Join("testdata", kind, "*.yaml"))
	if err != nil || len(files) == 0 {
		f.Fatal(err, "no seeds")
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	o := Options{
		Audiences: []string{"/projects/1/global/backendServices/2"}, Models: []string{"prod/*"}, Issuer: "https://issuer.example.com",
		Members: []string{"allAuthenticatedUsers"}, Port: "8080",
	}
	f.Fuzz(func(t *testing.T, text string) {
		result, err := Import(kind, []File{{"f", text}}, o)
		if err != nil {
			return
		}
		if !json.Valid([]byte(result.Config)) {
			t.Errorf("the configuration is no JSON: %s", result.Config)
		}
		for _, n := range result.Notes {
			if n.Place.Line < 1 || n.Message == "" || n.File != "f" {
				t.Errorf("a note without a place or a message: %+v", n)
			}
		}
	})
}

func FuzzIstio(f *testing.F)     { fuzz(f, "istio") }
func FuzzEnvoy(f *testing.F)     { fuzz(f, "envoy") }
func FuzzIAM(f *testing.F)       { fuzz(f, "iam") }
func FuzzKServe(f *testing.F)    { fuzz(f, "kserve") }
func FuzzLiteLLM(f *testing.F)   { fuzz(f, "litellm") }
func FuzzAIGateway(f *testing.F) { fuzz(f, "ai-gateway") }
