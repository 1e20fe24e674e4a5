package faults

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/modelgate/modelgate/e2e/internal/keyserver"
	"github.com/modelgate/modelgate/e2e/internal/load"
)

const keyUnknown = "401 api_key_unknown"

// apiKeys publishes a list of API keys in place of corp's key set. Keys that nobody has
// are refused at once and make no worker fetch, a list takes effect with the next
// refresh, and it is used while its publisher is gone.
func apiKeys(w *world) {
	a, b, c := "mg_"+strings.Repeat("a", 40), "mg_"+strings.Repeat("b", 40), "mg_"+strings.Repeat("c", 40)
	w.corp.Behave(publish(a, b))
	before := w.corp.Count(keyserver.JWKS)
	w.configureAPIKeys(object{"refresh": "30m"})
	w.until(load.Allowed, a, granted, unavailable)
	for range 100 {
		if got := w.ask(c, granted); got != keyUnknown {
			w.t.Fatalf("a key that is not published: %s, want %s", got, keyUnknown)
		}
	}
	if got := w.ask(a, notGranted); got != "403 grant_missing" {
		w.t.Errorf("without a grant: %s, want 403 grant_missing", got)
	}
	if n := w.corp.Count(keyserver.JWKS) - before; n != 1 {
		w.t.Errorf("%d fetches, want 1: unknown keys cause none, and one is for all workers", n)
	}

	w.configureAPIKeys(object{"refresh": "1s"})
	w.until(load.Allowed, a, granted, unavailable)
	w.corp.Behave(publish(b, c))
	w.until(keyUnknown, a, granted, load.Allowed)
	w.until(load.Allowed, c, granted, keyUnknown)
	w.corp.Behave(keyserver.Garbage)
	at := w.corp.Count(keyserver.JWKS)
	for w.corp.Count(keyserver.JWKS) < at+2 {
		if got := w.ask(b, granted); got != load.Allowed {
			w.t.Fatalf("while the publisher answers with garbage: %s, want %s", got, load.Allowed)
		}
	}
}

// publish answers with a list of these keys, all of one team.
func publish(keys ...string) keyserver.Behaviour {
	var list []object
	for _, key := range keys {
		digest := sha256.Sum256([]byte(key))
		list = append(list, object{"sha256": hex.EncodeToString(digest[:]), "subject": "team"})
	}
	text, _ := json.Marshal(object{"keys": list}) // strings only
	return func(w http.ResponseWriter, _ *http.Request, _ []byte) { w.Write(text) }
}

// configureAPIKeys pushes the example's configuration with API keys for corp's tokens.
func (w *world) configureAPIKeys(schedule object) {
	w.t.Helper()
	*w.serial++
	remote := w.schedule(schedule)
	remote["uri"], remote["cluster"] = "http://keys.example.com"+keyserver.JWKS, "keys"
	grant := object{"name": "team", "issuers": []string{"corp"}, "members": []string{"sub:team"},
		"role": "invoker", "models": []string{"prod/fraud"}}
	var doc object
	if err := json.Unmarshal([]byte(w.configuration(nil, w.schedule(nil), grant)), &doc); err != nil {
		w.t.Fatal(err)
	}
	doc["issuers"].([]any)[0] = object{"name": "corp", "apiKeys": object{"prefix": "mg_", "remote": remote}}
	text, err := json.Marshal(doc)
	if err != nil {
		w.t.Fatal(err)
	}
	w.push(string(text))
}
