package inference_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
)

// reading is what one of TorchServe's ports makes of a request about a model.
type reading struct {
	verb          inference.Verb
	name, version string
}

// torchSegments cuts a target as HttpRequestHandler.java of pytorch/serve does: it decodes the
// path, and leaves out the empty segments at its end.
func torchSegments(target string) (segments []string, query url.Values) {
	path, rest, _ := strings.Cut(target, "?")
	query, _ = url.ParseQuery(rest)
	decoded, err := url.PathUnescape(path)
	if err != nil {
		return nil, query
	}
	segments = strings.Split(decoded, "/")
	for len(segments) > 0 && segments[len(segments)-1] == "" {
		segments = segments[:len(segments)-1]
	}
	return segments, query
}

// torchInference is InferenceRequestHandler.java. ok is false where it runs no model.
func torchInference(target string) (r reading, ok bool) {
	s, query := torchSegments(target)
	at := func(i int) string {
		if i < len(s) {
			return s[i]
		}
		return ""
	}
	colon, _, _ := strings.Cut(at(3), ":")
	switch {
	case at(1) == "ping", at(1) == "api-description":
		return r, false
	case at(1) == "predictions" && len(s) >= 3:
		return reading{inference.Predict, s[2], at(3)}, true
	case at(1) == "explanations" && len(s) >= 3:
		return reading{inference.Explain, s[2], at(3)}, true
	case at(1) == "invocations":
		return reading{inference.Predict, query.Get("model_name"), ""}, len(s) == 2
	case at(1) == "models" && len(s) == 4:
		return reading{inference.Predict, s[2], ""}, s[3] == "invoke"
	case at(1) == "models":
		return r, false
	case len(s) == 3 && s[2] == "predict":
		return reading{inference.Predict, s[1], ""}, true
	case len(s) == 4 && s[3] == "predict":
		return reading{inference.Predict, s[1], s[2]}, true
	case len(s) == 4 && s[1] == "v1" && s[2] == "models" && strings.Contains(s[3], ":predict"):
		return reading{inference.Predict, colon, ""}, true
	case len(s) == 4 && s[1] == "v1" && s[2] == "models" && strings.Contains(s[3], ":explain"):
		return reading{inference.Explain, colon, ""}, true
	case len(s) == 5 && s[1] == "v2" && s[2] == "models" && s[4] == "infer":
		return reading{inference.Predict, colon, ""}, true
	case len(s) == 5 && s[1] == "v2" && s[2] == "models" && s[4] == "explain":
		return reading{inference.Explain, colon, ""}, true
	}
	return r, false
}

// torchManagement is ManagementRequestHandler.java.
func torchManagement(method, target string) (r reading, ok bool) {
	s, query := torchSegments(target)
	if len(s) == 4 && s[1] == "v1" && s[2] == "models" && method == "GET" {
		name, _, _ := strings.Cut(s[3], ":")
		return reading{inference.Ready, name, ""}, true
	}
	if len(s) < 3 || s[1] != "models" || len(s) > 5 || len(s) == 5 && s[4] != "set-default" {
		return r, false
	}
	version := ""
	if len(s) == 4 {
		version = s[3]
	}
	switch method {
	case "GET":
		if version == "all" {
			return reading{inference.List, s[2], ""}, true
		}
		return reading{inference.Metadata, s[2], version}, true
	case "PUT":
		if len(s) == 5 {
			version = s[3]
		} else if version == "" {
			version = query.Get("model_version")
		}
		return reading{inference.Admin, s[2], version}, true
	case "DELETE":
		return reading{inference.Unload, s[2], version}, true
	}
	return r, false
}

// FuzzTorchServe: what is accepted, each port reads in the same way or not at all.
func FuzzTorchServe(f *testing.F) {
	for _, group := range torchServeAccepted {
		for _, c := range group.cases {
			if method, target, _ := strings.Cut(c.request, " "); method != "gRPC" {
				f.Add(method, target)
			}
		}
	}
	for _, group := range torchServeRefused {
		for _, c := range group.cases {
			method, target, _ := strings.Cut(c.request, " ")
			f.Add(method, target)
		}
	}
	routes := compile(f, torch)
	f.Fuzz(func(t *testing.T, method, target string) {
		m, why := routes.Match(inference.Request{Method: method, Authority: public, Path: target})
		if why != reason.Allowed {
			return
		}
		model := m.Call.Models[0]
		got := reading{m.Call.Verb, model.Name, model.Version}
		infers, runs := torchInference(target)
		manages, changes := torchManagement(method, target)
		switch {
		case runs && infers != got:
			t.Errorf("%s %s is %v, and the port of inference reads %v", method, target, got, infers)
		case changes && manages != got:
			t.Errorf("%s %s is %v, and the port of management reads %v", method, target, got, manages)
		case model.Name != "" && !runs && !changes:
			t.Errorf("%s %s is %v, and no port reads it", method, target, got)
		}
	})
}
