package corpus

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/modelgate/modelgate/internal/gate"
)

// ForHeads divides scenarios by whether their requests are decided by their heads alone. Of
// those that are, the configuration has "lists": false on every route of kserve-v1, which no
// case asks for. rest has the others, with the first place for which heads are not enough.
func ForHeads(all []*Scenario) (heads []*Scenario, rest map[*Scenario]string, err error) {
	rest = map[*Scenario]string{}
	for _, s := range all {
		config, err := withoutLists(s.Config)
		if err != nil {
			return nil, nil, err
		}
		g, err := gate.New(config, s.Secret)
		if err != nil {
			return nil, nil, err
		}
		if beyond := g.BeyondHead(); beyond != nil {
			rest[s] = beyond[0].Pointer
			continue
		}
		without := *s
		without.Config, without.nonces = config, maps.Clone(s.nonces)
		heads = append(heads, &without)
	}
	return heads, rest, nil
}

// Names returns the names of scenarios, sorted.
func Names(list []*Scenario) (names []string) {
	for _, s := range list {
		names = append(names, s.Name)
	}
	slices.Sort(names)
	return names
}

func withoutLists(config string) (string, error) {
	var doc map[string]any
	d := json.NewDecoder(bytes.NewReader([]byte(config)))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		return "", err
	}
	routes, _ := doc["routes"].([]any)
	for _, row := range routes {
		if r, ok := row.(map[string]any); ok && r["protocol"] == "kserve-v1" {
			r["lists"] = false
		}
	}
	text, err := json.Marshal(doc)
	return string(text), err
}
