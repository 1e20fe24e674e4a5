package iris

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// maxBody is the largest request body, in bytes: some 50,000 flowers.
const maxBody = 1 << 20

type server struct {
	names []string
	model model
}

// New returns a handler that serves the model under each of the names:
//
//	GET  /v1/models                  {"models": [...]}
//	GET  /v1/models/{name}           {"name": ..., "ready": true}
//	POST /v1/models/{name}:predict   {"predictions": [class number, ...]}
//	POST /v1/models/{name}:explain   {"explanations": [{class: [contribution, ...]}, ...]}
//
// A POST carries {"instances": [[6.8, 2.8, 4.8, 1.4], ...]}. Errors are
// {"error": ...}: 400 for a body it cannot read, 404 for anything it has not
// got, 413 for a body over 1 MiB.
func New(models ...string) http.Handler {
	s := &server{names: slices.Clone(models), model: load()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/models", s.list)
	mux.HandleFunc("GET /v1/models/{name}", s.ready)
	mux.HandleFunc("POST /v1/models/{call}", s.call)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusNotFound, fmt.Errorf("no %s %s here", r.Method, r.URL.Path))
	})
	return mux
}

func (s *server) list(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{"models": s.names})
}

func (s *server) ready(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if !slices.Contains(s.names, name) {
		fail(w, http.StatusNotFound, fmt.Errorf("model with name %s does not exist", name))
		return
	}
	answer(w, http.StatusOK, map[string]any{"name": name, "ready": true})
}

func (s *server) call(w http.ResponseWriter, r *http.Request) {
	name, verb, _ := strings.Cut(r.PathValue("call"), ":")
	if !slices.Contains(s.names, name) {
		fail(w, http.StatusNotFound, fmt.Errorf("model with name %s does not exist", name))
		return
	}
	if verb != "predict" && verb != "explain" {
		fail(w, http.StatusNotFound, fmt.Errorf("no method %q, only predict and explain", verb))
		return
	}
	flowers, err := read(w, r)
	if err != nil {
		status := http.StatusBadRequest
		if errors.As(err, new(*http.MaxBytesError)) {
			status = http.StatusRequestEntityTooLarge
		}
		fail(w, status, err)
		return
	}
	if verb == "predict" {
		answer(w, http.StatusOK, map[string]any{"predictions": each(flowers, s.model.predict)})
		return
	}
	answer(w, http.StatusOK, map[string]any{"explanations": each(flowers, s.model.explain)})
}

// read takes the flowers out of a request. It counts the numbers itself:
// decoding into an array would fill up or cut off silently.
func read(w http.ResponseWriter, r *http.Request) ([]flower, error) {
	var body struct {
		Instances [][]float64 `json:"instances"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&body); err != nil {
		return nil, fmt.Errorf("unreadable body: %w", err)
	}
	if len(body.Instances) == 0 {
		return nil, errors.New(`"instances" is missing or empty`)
	}
	flowers := make([]flower, len(body.Instances))
	for i, numbers := range body.Instances {
		if len(numbers) != features {
			return nil, fmt.Errorf("instances[%d] has %d numbers, want %d", i, len(numbers), features)
		}
		flowers[i] = flower(numbers)
	}
	return flowers, nil
}

func each[T any](flowers []flower, ask func(flower) T) []T {
	answers := make([]T, len(flowers))
	for i, f := range flowers {
		answers[i] = ask(f)
	}
	return answers
}

func fail(w http.ResponseWriter, status int, err error) {
	answer(w, status, map[string]any{"error": err.Error()})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}
