package schema_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/modelgate/modelgate/internal/gate"
)

const (
	withSigners = `{"signatures": {"keys": [{"keyid": "a", "algorithm": "hmac-sha256", "symmetric": {"env": "A"}, "anyCaller": true}], "%s": "%s"}}`
	withIssuer  = `{"issuers": [{"name": "corp", "issuer": "https://login.example.com", "algorithms": ["RS256"], "audiences": ["models"],
		"jwks": {"remote": {"uri": "https://login.example.com/keys", "cluster": "login"}}, "%s": "%s"}]}`
	withRemote = `{"issuers": [{"name": "corp", "issuer": "https://login.example.com", "algorithms": ["RS256"], "audiences": ["models"],
		"jwks": {"remote": {"uri": "https://login.example.com/keys", "cluster": "login", BESIDE"%s": "%s"}}}]}`
)

// durations are the configurations in which a duration has a value, by the object of the schema
// that has it.
var durations = map[string]string{
	"/properties/signatures/properties": withSigners, "/$defs/issuer/properties": withIssuer, "/$defs/remote/properties": withRemote,
}

// TestLimitsOfDurations: what a description says of the least and the most of a duration is what the
// parser takes. The schema cannot say it.
func TestLimitsOfDurations(t *testing.T) {
	schema := readSchema(t, schemaFile)
	limits := regexp.MustCompile(`from (\w+) to (\w+)`)
	found := 0
	visitSchema(schema, "", false, func(at string, s map[string]any, isField bool) {
		if s["$ref"] != "#/$defs/duration" || !isField {
			return
		}
		slash := strings.LastIndexByte(at, '/')
		template, known := durations[at[:slash]]
		m := limits.FindStringSubmatch(s["description"].(string))
		if !known || m == nil {
			t.Errorf("%s has no limits, or no configuration", at)
			return
		}
		found++
		least, errLeast := time.ParseDuration(m[1])
		most, errMost := time.ParseDuration(m[2])
		if errLeast != nil || errMost != nil {
			t.Fatal(errLeast, errMost)
		}
		for d, want := range map[time.Duration]bool{least: true, most: true, least - time.Millisecond: false, most + time.Millisecond: false} {
			beside := "" // of refresh nothing else says anything; maxStale is at least refresh
			if strings.HasSuffix(at, "/maxStale") {
				beside = `"refresh": "1s", `
			}
			config := merged(t, fmt.Sprintf(strings.Replace(template, "BESIDE", beside, 1), at[slash+1:], d))
			if _, err := gate.New(config, secret); (err == nil) != want {
				t.Errorf("%s: %s is taken: %v, want %v\n%v", at, d, err == nil, want, err)
			}
		}
	})
	if found < 9 {
		t.Errorf("%d durations, want at least 9", found)
	}
}

// merged is the configuration without mistakes, with these fields.
func merged(t *testing.T, fields string) string {
	t.Helper()
	config, more := map[string]any{}, map[string]any{}
	for text, into := range map[string]*map[string]any{right: &config, fields: &more} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	maps.Copy(config, more)
	return text(config)
}

// TestDefaultsAreSaid: the default that editors fill in is the one that the description says.
func TestDefaultsAreSaid(t *testing.T) {
	schema := readSchema(t, schemaFile)
	var seen []string
	visitSchema(schema, "", false, func(at string, s map[string]any, _ bool) {
		if value, ok := s["default"]; ok {
			seen = append(seen, at)
			said := fmt.Sprintf("Default: %v", value)
			if description, _ := s["description"].(string); !strings.Contains(description, said+".") && !strings.Contains(description, said+";") {
				t.Errorf("%s: the description does not say %q", at, said)
			}
		}
	})
	if slices.Sort(seen); len(seen) < 20 {
		t.Errorf("defaults of %q, want at least 20", seen)
	}
}
