package authz

import (
	"bytes"
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/inference"
)

// A deny must find a model under every name by which some server finds it. What servers
// do to names is here, once for the names in requests and once for those in denies:
//
//   - Some compare names without regard to case.
//   - Ollama adds what a name leaves out (types/model/name.go of ollama/ollama): the
//     host registry.ollama.ai, the namespace library and the tag latest. It takes a source off
//     a name (internal/modelref/modelref.go): llama3:8b:local is llama3:8b, and gpt-oss:20b:cloud
//     is gpt-oss:20b-cloud.
//   - A path may be relative to the root: mnt/models is /mnt/models.
//   - SGLang runs the adapter that follows the first colon, whatever precedes it
//     (python/sglang/srt/entrypoints/openai/serving_base.py, _parse_model_parameter).
//   - What a deny calls a version may be a part of the name: claude@2025 of Vertex.
//
// Grants compare names exactly.
const (
	defaultHost      = "registry.ollama.ai"
	defaultNamespace = "library"
	defaultTag       = "latest"
)

// foldName writes a name in lower case, into the same memory if it is ASCII.
func foldName(name []byte) []byte {
	for i, c := range name {
		switch {
		case c >= 0x80:
			return bytes.ToLower(name)
		case 'A' <= c && c <= 'Z':
			name[i] = c + 'a' - 'A'
		}
	}
	return name
}

// shortName returns a name in lower case without what Ollama would add to it.
func shortName(name []byte) []byte {
	if _, after, ok := bytes.Cut(name, []byte("://")); ok {
		name = after
	}
	name = bytes.TrimPrefix(name, []byte("/"))
	parts := 1 + bytes.Count(name, []byte("/"))
	if parts == 3 {
		if after, ok := bytes.CutPrefix(name, []byte(defaultHost+"/")); ok {
			name, parts = after, 2
		}
	}
	if parts == 2 {
		name = bytes.TrimPrefix(name, []byte(defaultNamespace+"/"))
	}
	return shortTag(name)
}

// shortTag returns a name without the tag latest and the source local, and with the source
// cloud in one spelling: gpt-oss:20b-cloud, or gpt-oss:cloud.
func shortTag(name []byte) []byte {
	name = bytes.TrimSuffix(name, []byte(":local"))
	base, isCloud := bytes.CutSuffix(name, []byte(":cloud"))
	if !isCloud {
		base, isCloud = bytes.CutSuffix(name, []byte(":"+defaultTag+"-cloud"))
	}
	untagged := bytes.TrimSuffix(base, []byte(":"+defaultTag))
	switch hasTag := bytes.LastIndexByte(untagged, ':') > bytes.LastIndexByte(untagged, '/'); {
	case !isCloud:
		return untagged
	case hasTag:
		return append(bytes.Clone(untagged), "-cloud"...)
	}
	return append(bytes.Clone(untagged), ":cloud"...)
}

// denyPattern is a pattern of a deny, in lower case.
type denyPattern struct {
	inference.Pattern
	oneSegment bool // the '*' at the end of the last segment takes no slash
}

// foldPattern returns p in lower case, and p for the names that shortName returns.
func foldPattern(p inference.Pattern) (list []denyPattern) {
	folded := inference.Pattern{Segments: slices.Clone(p.Segments), Version: p.Version}
	for i := range folded.Segments {
		folded.Segments[i] = strings.ToLower(folded.Segments[i])
	}
	list = []denyPattern{{Pattern: folded}}
	service, name := folded.Segments[:2], folded.Segments[2:]
	if len(name) == 0 {
		return list
	}
	short := func(name []string, oneSegment bool) {
		segments := append(slices.Clone(service), name...)
		list = append(list, denyPattern{inference.Pattern{Segments: segments, Version: p.Version}, oneSegment})
	}
	_, takesRest := strings.CutSuffix(name[len(name)-1], "*")
	if p.Version != "" && !takesRest { // else the deny covers all names, because they have no version
		asName := slices.Clone(folded.Segments)
		asName[len(asName)-1] += "@" + strings.ToLower(p.Version)
		list = append(list, foldPattern(inference.Pattern{Segments: asName})...)
	}
	oneSegment := false
	if name[0] == "" && len(name) > 1 {
		name = name[1:]
		short(name, false)
	}
	if len(name) == 3 && segmentMatches(name[0], defaultHost) || len(name) == 2 && takesRest && name[0] == defaultHost {
		name = name[1:]
		short(name, false)
	}
	if len(name) == 2 && segmentMatches(name[0], defaultNamespace) {
		name, oneSegment = name[1:], takesRest
		short(name, oneSegment)
	}
	if last, ok := shortLast(name[len(name)-1], takesRest); ok {
		short(append(slices.Clone(name[:len(name)-1]), last), false)
	}
	return list
}

// shortLast returns the last segment of a pattern, or what is before its '*', without what
// shortTag takes off names. ok is false where that is the segment itself.
func shortLast(last string, takesRest bool) (short string, ok bool) {
	if !takesRest {
		short = string(shortTag([]byte(last)))
		return short, short != last
	}
	short, tag, tagged := strings.Cut(strings.TrimSuffix(last, "*"), ":")
	return short, tagged && strings.HasPrefix(defaultTag, tag)
}

func segmentMatches(pattern, s string) bool {
	if prefix, star := strings.CutSuffix(pattern, "*"); star {
		return strings.HasPrefix(s, prefix)
	}
	return pattern == s
}
