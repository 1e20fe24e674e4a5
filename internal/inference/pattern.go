package inference

import (
	"fmt"
	"strings"
)

// Pattern selects models: by segments, each exact or with one trailing '*', and
// optionally by one exact version. A pattern of two segments covers every model
// inside the services that it selects.
type Pattern struct {
	Segments []string
	Version  string
}

// ParsePattern reads prod/fraud, prod/risk-*, prod/llm/meta-llama/* or
// prod/fraud@3. Its error says what a pattern must be, what was found, and what may
// have been meant.
func ParsePattern(s string) (Pattern, error) {
	path, version, hasVersion := strings.Cut(s, "@")
	p := Pattern{Segments: strings.Split(path, "/"), Version: version}
	problem := ""
	switch {
	case len(p.Segments) < 2:
		problem = "must have a namespace: namespace/service"
	case hasVersion && !isNameSegment(version):
		problem = "must have one exact version after '@'"
	}
	for i := 0; i < len(p.Segments) && problem == ""; i++ {
		problem = segmentProblem(i, p.Segments[i])
	}
	if problem == "" {
		return p, nil
	}
	return p, fmt.Errorf("%s; got %q%s", problem, s, patternHint(s))
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
		return fmt.Sprintf("must have DNS-1123 labels as namespace and service, which %q is not", exact)
	case isLabel && !IsLabel(exact) && !IsLabel(exact+"0"): // "risk-*" continues after the hyphen
		return fmt.Sprintf("must have the beginning of a DNS-1123 label before '*', which %q is not", exact)
	case !isLabel && !isNameSegment(exact):
		return fmt.Sprintf("must have names of models after the service, which %q is not", exact)
	}
	return ""
}

// patternHint says what may have been meant by a text that is no pattern.
func patternHint(s string) string {
	switch lower := strings.ToLower(s); {
	case strings.ContainsAny(s, `^$()[]{}|\?+`) || strings.Contains(s, ".*"):
		return `; a pattern is no regular expression: a "*" at the end of a part matches any further characters`
	case s != "" && !strings.Contains(s, "/"):
		return fmt.Sprintf("; write %q for this service in every namespace", "*/"+s)
	case lower != s:
		if _, err := ParsePattern(lower); err == nil {
			return fmt.Sprintf("; did you mean %q?", lower)
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
	names := strings.Split(m.Name, "/")
	if len(names) != len(inner) {
		return false
	}
	for i := range inner {
		if !segmentMatches(inner[i], names[i]) {
			return false
		}
	}
	return true
}

func segmentMatches(pattern, s string) bool {
	if prefix, star := strings.CutSuffix(pattern, "*"); star {
		return strings.HasPrefix(s, prefix)
	}
	return pattern == s
}
