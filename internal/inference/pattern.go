package inference

import (
	"strings"

	"github.com/modelgate/modelgate/internal/phrase"
)

// Pattern selects models: by segments, each exact or with one trailing '*', and
// optionally by one exact version. The '*' of the last segment of a model's name takes the
// rest of the name. A pattern of two segments covers every model inside the services that
// it selects. A name that begins with a slash has an empty first segment.
type Pattern struct {
	Segments []string
	Version  string
}

// ParsePattern reads prod/fraud, prod/risk-*, prod/llm/meta-llama/*, prod/fraud@3 or, of the
// model claude@2025, prod/llm/claude@@2025. Its error says what a pattern must be, what was
// found, and what may have been meant.
func ParsePattern(s string) (Pattern, error) {
	path, version, hasVersion := cutVersion(s)
	p := Pattern{Segments: strings.Split(path, "/"), Version: version}
	problem := ""
	switch {
	case len(p.Segments) < 2:
		problem = "must have a namespace: namespace/service"
	case hasVersion && !isNameSegment(version):
		problem = "must have one exact version after '@'"
	}
	for i := 0; i < len(p.Segments) && problem == ""; i++ {
		if i == 2 && p.Segments[i] == "" && len(p.Segments) > 3 {
			continue // the name begins with a slash
		}
		problem = segmentProblem(i, p.Segments[i])
	}
	if problem == "" {
		return p, nil
	}
	return p, phrase.Errorf("%s; got %q%s", problem, s, patternHint(s))
}

// cutVersion cuts a pattern at the '@' before its version. Each two of them are one of the
// model's name.
func cutVersion(s string) (path, version string, ok bool) {
	end := 0
	for end < len(s) && !ok {
		switch {
		case s[end] != '@':
			end++
		case strings.HasPrefix(s[end:], "@@"):
			end += 2
		default:
			version, ok = s[end+1:], true
			s = s[:end]
		}
	}
	return strings.ReplaceAll(s, "@@", "@"), version, ok
}

// String writes the pattern as ParsePattern reads it.
func (p Pattern) String() string {
	s := strings.ReplaceAll(strings.Join(p.Segments, "/"), "@", "@@")
	if p.Version != "" {
		s += "@" + p.Version
	}
	return s
}

// segmentProblem is what is wrong with segment i of a pattern, or "". The first
// two segments are a namespace and a service.
func segmentProblem(i int, segment string) string {
	exact, star := strings.CutSuffix(segment, "*")
	switch isLabel := i < 2; {
	case strings.Contains(exact, "*"):
		return "must have '*' only once in a segment, at its end"
	case segment == "*":
	case isLabel && !star && !IsLabel(exact):
		return phrase.Sprintf("must have DNS-1123 labels as namespace and service, which %q is not", exact)
	case isLabel && !IsLabel(exact) && !IsLabel(exact+"0"): // "risk-*" continues after the hyphen
		return phrase.Sprintf("must have the beginning of a DNS-1123 label before '*', which %q is not", exact)
	case !isLabel && (len(exact) > maxName || !isFreeSegment(exact)):
		return phrase.Sprintf("must have names of models after the service, which %q is not", exact)
	}
	return ""
}

// patternHint says what may have been meant by a text that is no pattern.
func patternHint(s string) string {
	switch lower := strings.ToLower(s); {
	case strings.Count(s, "/") > 1 && strings.Contains(s, "@") && !strings.Contains(s, "@@"):
		return `; in the name of a model, write "@@" for "@"`
	case strings.ContainsAny(s, `^$()[]{}|\?+`) || strings.Contains(s, ".*"):
		return `; a pattern is no regular expression: a "*" at the end of a part matches any further characters`
	case s != "" && !strings.Contains(s, "/"):
		return phrase.Sprintf("; write %q for this service in every namespace", "*/"+s)
	case lower != s:
		if _, err := ParsePattern(lower); err == nil {
			return phrase.Sprintf("; did you mean %q?", lower)
		}
	}
	return ""
}

// Matches reports whether the pattern selects m.
func (p Pattern) Matches(m Model) bool {
	if p.Version != "" && p.Version != m.Version {
		return false
	}
	if !segmentMatches(p.Segments[0], m.Namespace) || !segmentMatches(p.Segments[1], m.Service) {
		return false
	}
	inner := p.Segments[2:]
	if len(inner) == 0 {
		return true
	}
	if m.Name == "" { // the service as a whole is no single model
		return false
	}
	rest, last := m.Name, len(inner)-1
	for i := range last {
		name, after, more := strings.Cut(rest, "/")
		if !more || !segmentMatches(inner[i], name) {
			return false
		}
		rest = after
	}
	return segmentMatches(inner[last], rest)
}

func segmentMatches(pattern, s string) bool {
	if prefix, star := strings.CutSuffix(pattern, "*"); star {
		return strings.HasPrefix(s, prefix)
	}
	return pattern == s
}
