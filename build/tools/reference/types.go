package main

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// values are the definitions of texts that the page explains once, and what it calls them.
var values = map[string]string{
	"label": "label", "host": "host", "trustDomain": "trust domain", "spiffeID": "SPIFFE ID", "peerName": "certificate name",
	"headerPattern": "header pattern", "headerName": "header name", "corsHeader": "header name",
	"pointer": "JSON Pointer", "instant": "time", "duration": "duration", "scopeToken": "scope", "word": "word",
	"pattern": "model pattern", "member": "member", "modelName": "model name", "freeName": "model name of OpenAI's API",
	"serviceName": "service", "servicePattern": "service pattern", "serverPrefix": "path prefix", "publicPath": "path template",
	"templateOfNamespaces": "host template", "fetched": "URI", "httpsURL": "https URL",
}

// typeOf says in words what a field takes. It links what the page explains once.
func typeOf(s schema) string {
	resolved, name := s.resolve()
	if word, ok := values[name]; ok {
		return "[" + word + "](#values)"
	}
	s = resolved
	if branch, isList := listOr(s); isList {
		return typeOf(branch) + ", or a list" + times(s.get("then"))
	}
	switch hasType := s.get("type").exists(); {
	case s.get("enum").exists():
		return either(s.get("enum").items())
	case s.get("const").exists():
		return either([]schema{s.get("const")})
	case s.get("if", "type").text() == "object":
		return "object, or " + typeOf(s.get("else"))
	case s.get("if", "type").text() == "string": // keys, in PEM or as an object
		return "object, or text"
	case !hasType && len(shapes(s)) > 0:
		return "object"
	case !hasType && s.get("allOf").exists():
		return typeOf(s.get("allOf").items()[0])
	case !hasType && s.get("anyOf").exists():
		return typeOf(s.get("anyOf").items()[0])
	}
	return simpleType(s)
}

// listOr returns what a field takes that takes a list of it, too.
func listOr(s schema) (one schema, ok bool) {
	if s.get("if", "type").text() != "array" {
		return s, false
	}
	return s.get("else"), true
}

const scalar = "text, number, `true` or `false`"

// simpleType says what a type of JSON with its limits is.
func simpleType(s schema) string {
	switch s.get("type").text() {
	case "boolean":
		return "`true` or `false`"
	case "integer":
		return "integer, " + s.get("minimum").text() + " to " + s.get("maximum").text()
	case "array":
		items := s.get("items")
		if !items.exists() { // of a list that may be "*" alone
			items = s.get("else", "items")
		}
		return "list of " + plural(typeOf(items)) + times(s)
	case "object":
		if values := s.get("additionalProperties"); values.get("type").exists() || values.get("$ref").exists() {
			return "object: " + plural(typeOf(values)) + " by name"
		}
		return "object"
	case "string":
		if most := s.get("maxLength"); most.exists() {
			return "text, at most " + most.text() + " characters"
		}
		return "text"
	}
	if s.get("type").has("string") {
		return scalar
	}
	return "any"
}

// times says how many items a list may have.
func times(s schema) string {
	if most := s.get("maxItems"); most.exists() {
		return " (at most " + most.text() + ")"
	}
	return ""
}

// plural is the plural of a type in words.
func plural(words string) string {
	if rest, ok := strings.CutPrefix(words, "object, or "); ok {
		return "objects or " + plural(rest)
	}
	if words == scalar {
		return "texts, numbers, `true` or `false`"
	}
	noun, _, _ := strings.Cut(words, ",")
	if slices.Contains([]string{"text", "object", "integer"}, noun) {
		return noun + "s" + strings.TrimPrefix(words, noun)
	}
	if strings.HasPrefix(words, "[") { // a link
		return strings.Replace(words, "](", "s](", 1)
	}
	return words
}

// either lists the values that a field takes.
func either(list []schema) string {
	words := make([]string, len(list))
	for i, value := range list {
		words[i] = "`" + value.text() + "`"
		if value.node.Kind == yaml.SequenceNode {
			words[i] = "`" + value.json() + "`"
		}
	}
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
