package main

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/document"
)

// parseFragment returns the values of a fragment: of JSON, of YAML, of members of an object
// without the object, or of lines of JSON.
func parseFragment(text string) (values []any, err error) {
	all, err := document.AllToJSON(text)
	if err != nil {
		if members, errMembers := document.AllToJSON("{" + text + "}"); errMembers == nil {
			all, err = members, nil
		} else if lines := strings.Split(strings.TrimSpace(text), "\n"); len(lines) > 1 && json.Valid([]byte(lines[0])) {
			all, err = lines, nil
		}
	}
	for _, one := range all {
		var value any
		if e := json.Unmarshal([]byte(one), &value); e != nil {
			return nil, e
		}
		values = append(values, value)
	}
	return values, err
}

func isWhole(value any) bool {
	object, _ := value.(map[string]any)
	return object["version"] != nil && (object["issuers"] != nil || object["routes"] != nil)
}

// casesOf returns the cases that a value is; nil if it is something else.
func casesOf(value any) []any {
	list, isList := value.([]any)
	if !isList {
		list = []any{value}
	}
	for _, item := range list {
		if one, _ := item.(map[string]any); one["request"] == nil || one["want"] == nil {
			return nil
		}
	}
	return list
}

// tree is an object of JSON.
type tree = map[string]any

// completed returns a configuration with a value in it that is a part of one, and nil for another
// value. Fields are known by the schema.
func completed(t *testing.T, value any) tree {
	part, _ := value.(tree)
	var schema struct{ Properties tree }
	if err := json.Unmarshal([]byte(readDocument(t, filepath.Join(repository, "manifests", "config.schema.json"))), &schema); err != nil {
		t.Fatal(err)
	}
	known := func(name string) bool { return schema.Properties[name] != nil && part[name] != nil }
	config := tree{"version": 1}
	switch {
	case part["protocol"] != nil:
		config["routes"] = []any{part}
	case part["models"] != nil && (part["role"] != nil || part["verbs"] != nil):
		config["grants"] = []any{part}
	case part["preset"] != nil || part["audiences"] != nil || part["apiKeys"] != nil:
		config["issuers"] = []any{withKeys(part)}
	case part["symmetric"] != nil:
		config["issuers"] = []any{withKeys(tree{"algorithms": []string{"HS256"}, "symmetric": part["symmetric"]})}
	case part["jwks"] != nil:
		config["issuers"] = []any{withKeys(part)}
	case part["remote"] != nil:
		config["issuers"] = []any{withKeys(tree{"jwks": part})}
	case slices.ContainsFunc(slices.Collect(maps.Keys(schema.Properties)), known):
		maps.Copy(config, part)
	default:
		return nil
	}
	issuers, _ := config["issuers"].([]any)
	have := map[string]bool{}
	for _, item := range issuers {
		have[textOf(item, "name")] = true
	}
	for _, name := range namedIssuers(config, nil) {
		if !have[name] {
			issuers, have[name] = append(issuers, withKeys(tree{"name": name, "groups": "/groups"})), true
		}
	}
	if len(issuers) == 0 {
		issuers = []any{withKeys(nil)}
	}
	config["issuers"] = issuers
	if config["routes"] == nil {
		config["routes"] = []any{tree{"protocol": "kserve-v1", "prefix": "/models", "names": "kserve"}}
	}
	return config
}

// withKeys returns an issuer with what it leaves out.
func withKeys(issuer tree) tree {
	whole := tree{"name": "corp"}
	if issuer["preset"] == nil && issuer["apiKeys"] == nil && issuer["relay"] == nil {
		whole = tree{"name": "corp", "issuer": "https://login.example.com", "audiences": []string{"models"}, "algorithms": []string{"ES256"}}
		if name := textOf(issuer, "name"); name != "" {
			whole["issuer"] = "https://" + name + ".example.com"
		}
	}
	if issuer["symmetric"] == nil && issuer["apiKeys"] == nil && issuer["relay"] == nil {
		whole["jwks"] = tree{"remote": tree{"uri": "https://login.example.com/keys", "cluster": "keys"}}
	}
	maps.Copy(whole, issuer)
	return whole
}

// namedIssuers returns the names in each list "issuers" of names.
func namedIssuers(value any, names []string) []string {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			names = namedIssuers(item, names)
		}
	case tree:
		list, _ := v["issuers"].([]any)
		for _, item := range list {
			if name, ok := item.(string); ok {
				names = append(names, name)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			names = namedIssuers(v[key], names)
		}
	}
	return names
}

func textOf(value any, name string) string {
	o, _ := value.(tree)
	text, _ := o[name].(string)
	return text
}
