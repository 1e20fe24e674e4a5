// Package importer writes a configuration of the gate from what other systems say of callers
// and models: policies of Istio, of Envoy and of Google IAM, and the models of KServe, LiteLLM
// and Envoy AI Gateway. The module does not link it.
//
// What the gate cannot say is never wider for it: an allowing condition that is not carried over
// drops what it allows, and a denying one leaves a deny that denies more. Every such place is in
// the notes of the result.
package importer

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/document"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// File is a file that is read, in JSON or YAML. It may have several documents.
type File struct {
	Name, Text string
}

// Options are what the sources do not say.
type Options struct {
	Service       string            // NAMESPACE/NAME: the workload of Istio and Envoy, the server of model lists
	Labels        map[string]string // of the workload, by which Istio's policies select it
	RootNamespace string            // of Istio; "" is istio-system
	TrustDomain   string            // of certificates; "" is cluster.local, or what an Envoy's rules name
	Port          string            // on which the workload gets its requests; "" if it is not known
	Hosts         []string          // that the proxy serves, beside those in rules
	AnyPort       bool              // a host in a rule is meant with any port
	KeepCustom    bool              // external authorizers remain beside the gate
	Audiences     []string          // for issuers of which the source names none
	AnyAudience   bool              // such issuers accept tokens for anybody
	Algorithms    []string          // of issuers that publish their keys; nil is one for each type of key
	Issuer        string            // URL of who makes the callers' tokens, where the source does not say
	Groups        string            // JSON Pointer to the groups in the tokens of Issuer; "" if they name none
	Members       []string          // who may use the models, where the source does not say
	Models        []string          // what an IAM policy is on, as patterns
	Roles         map[string]string // viewer, invoker or admin by a role of IAM
}

// Result is a configuration, and what is to be said of it.
type Result struct {
	Config string // JSON, which compiles
	Notes  []Note // in the order of their places
}

// Effect is what became of a place in a file.
type Effect string

// The effects.
const (
	LeftOut Effect = "left out"   // who could do something by it cannot any more
	Wider   Effect = "wider deny" // more is denied than by the source
	Remark  Effect = "note"       // carried over, or nothing that allows or denies
)

// Note says what became of one place in a file.
type Note struct {
	File    string
	Place   document.Place
	Pointer string // RFC 6901, in the document
	Effect  Effect
	Message string
}

// String writes the note as FILE:LINE:COLUMN: "/pointer": effect: message.
func (n Note) String() string {
	place := ""
	if n.Place.Line > 0 {
		place = ":" + n.Place.String()
	}
	return fmt.Sprintf("%s%s: %q: %s: %s", n.File, place, n.Pointer, n.Effect, n.Message)
}

// IsLoss reports whether the configuration allows less than the source.
func (n Note) IsLoss() bool { return n.Effect != Remark }

// source is a kind of what is read.
type source struct {
	kind string
	is   func(value) bool              // of the kind
	read func(*session, []value) error // adds to the configuration
}

// sources are the kinds, in the order in which they add to a configuration. Whose documents
// have a kind comes before what is told by a field alone.
var sources = []source{
	{"kserve", isInferenceService, (*session).readKServe},
	{"ai-gateway", isAIGateway, (*session).readAIGateway},
	{"litellm", isLiteLLM, (*session).readLiteLLM},
	{"iam", isIAM, (*session).readIAM},
	{"istio", isIstio, (*session).readIstio},
	{"envoy", isEnvoy, (*session).readEnvoy},
}

// Kinds lists the names of the kinds.
func Kinds() (names []string) {
	for _, s := range sources {
		names = append(names, s.kind)
	}
	return names
}

// Import writes a configuration from files, all of one kind, or with "" of the kind that each
// document has. An error says why there is no configuration; it is of the type *FileError where
// a file is no JSON and no YAML.
func Import(kind string, files []File, o Options) (*Result, error) {
	s := &session{options: o}
	found := map[string][]value{}
	for _, f := range files {
		s.files = append(s.files, f.Name)
		objects, err := s.objects(f)
		if err != nil {
			return nil, err
		}
		for _, v := range objects {
			if err := s.sort(kind, v, found); err != nil {
				return nil, err
			}
		}
	}
	if len(found) == 0 {
		want := kind
		if want == "" {
			want = strictjson.Or(Kinds())
		}
		return nil, fmt.Errorf("must have something of %s; got nothing of these", want)
	}
	return s.translate(found)
}

// FileError is what is wrong with a file.
type FileError struct {
	File     string
	Problems document.Problems
}

// Error returns a line for each problem.
func (e *FileError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = fmt.Sprintf("%s:%s: %q: %s", e.File, p.Place, p.Pointer, p.Message)
	}
	return strings.Join(lines, "\n")
}

// objects returns the documents of a file. The items of a Kubernetes List are documents.
func (s *session) objects(f File) (list []value, err error) {
	documents, err := document.Documents(f.Text)
	var problems document.Problems
	switch {
	case errors.As(err, &problems):
		return nil, &FileError{f.Name, problems}
	case err != nil:
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	for _, d := range documents {
		root := newValue(f.Name, d)
		if !root.isObject() {
			return nil, root.problem("must be an object; got %s", root.found())
		}
		if strings.HasSuffix(root.get("kind").text(), "List") && root.get("items").isArray() {
			list = append(list, root.get("items").items()...)
			continue
		}
		list = append(list, root)
	}
	return list, nil
}

// sort adds a document to those of its kind.
func (s *session) sort(kind string, v value, found map[string][]value) error {
	for _, source := range sources {
		if (kind == "" || kind == source.kind) && source.is(v) {
			found[source.kind] = append(found[source.kind], v)
			return nil
		}
	}
	if named := v.get("kind").text(); named != "" {
		s.remark(v, "%s %s is not read", named, v.get("metadata").get("name").text())
		return nil
	}
	if v.get("rules").exists() && v.get("displayName").exists() {
		return v.problem("must not be a deny policy of IAM, which is not read: without it more would be allowed")
	}
	want := kind
	if want == "" {
		want = strictjson.Or(Kinds())
	}
	return v.problem("must be of %s; got none of these", want)
}

// translate reads the documents of each kind.
func (s *session) translate(found map[string][]value) (*Result, error) {
	for _, alone := range []string{"istio", "envoy"} {
		if _, ok := found[alone]; ok && len(found) > 1 {
			return nil, fmt.Errorf("must have policies of %s alone, because they say which paths there are; got other kinds too", alone)
		}
	}
	_, s.hasPolicy = found["iam"]
	for _, source := range sources {
		if list := found[source.kind]; list != nil {
			if err := source.read(s, list); err != nil {
				return nil, err
			}
		}
	}
	s.finish()
	text := s.config.json()
	if _, err := gate.New(text, func(string) (string, bool) { return "", false }); err != nil {
		return nil, fmt.Errorf("the configuration of this would not compile:\n%w", err)
	}
	slices.SortStableFunc(s.notes, func(a, b Note) int {
		return cmp.Or(cmp.Compare(slices.Index(s.files, a.File), slices.Index(s.files, b.File)),
			cmp.Compare(a.Place.Line, b.Place.Line), cmp.Compare(a.Place.Column, b.Place.Column))
	})
	return &Result{text, s.notes}, nil
}

// session is one import.
type session struct {
	options   Options
	files     []string // their names, in order
	config    config
	notes     []Note
	services  []string // of imported routes, which a policy of IAM is on
	hasPolicy bool     // a policy of IAM says who calls
}

func (s *session) note(v value, effect Effect, format string, args ...any) {
	n := Note{v.file, v.document.Find(v.pointer), v.pointer, effect, fmt.Sprintf(format, args...)}
	if !slices.Contains(s.notes, n) {
		s.notes = append(s.notes, n)
	}
}

func (s *session) leftOut(v value, format string, args ...any) { s.note(v, LeftOut, format, args...) }
func (s *session) wider(v value, format string, args ...any)   { s.note(v, Wider, format, args...) }
func (s *session) remark(v value, format string, args ...any)  { s.note(v, Remark, format, args...) }
