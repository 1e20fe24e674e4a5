package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// newKeyPool makes n API keys, which come as bearer tokens do.
func newKeyPool(n int) *pool {
	p := &pool{tokens: make([]string, n)}
	for i := range p.tokens {
		random := sha256.Sum256(fmt.Append(nil, "a key of the benchmark ", i))
		p.tokens[i] = "mg_" + hex.EncodeToString(random[:])
	}
	return p
}

// withKeys adds an issuer with these API keys, all of the caller, to a configuration of
// gateConfig.
func withKeys(config string, keys *pool) string {
	type object = map[string]any
	var doc object
	_ = json.Unmarshal([]byte(config), &doc) // gateConfig has marshalled it
	var entries []object
	for i, key := range keys.tokens {
		digest := sha256.Sum256([]byte(key))
		entries = append(entries, object{"sha256": hex.EncodeToString(digest[:]), "subject": fmt.Sprint("subject-", i), "email": caller})
	}
	doc["issuers"] = append(doc["issuers"].([]any), object{"name": "keys", "apiKeys": object{"prefix": "mg_", "inline": entries}})
	rule := doc["grants"].([]any)[0].(object)
	rule["issuers"] = append(rule["issuers"].([]any), "keys")
	text, _ := json.Marshal(doc) // strings and numbers only
	return string(text)
}
