package gate

import (
	"maps"
	"slices"
	"time"

	"github.com/modelgate/modelgate/internal/phrase"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// includes are the components that have what others have too.
var includes = map[string][]string{
	"@authority": {"@target-uri"}, "@path": {"@target-uri", "@request-target"}, "@query": {"@target-uri", "@request-target"},
}

// warnings says where signatures may not mean what their author thinks.
func (s *signatures) warnings(now time.Time) (list strictjson.Problems) {
	if s == nil {
		return nil
	}
	warn := func(at, format string, args ...any) {
		list = append(list, strictjson.Problem{Pointer: "/signatures" + at, Message: phrase.Sprintf(format, args...)})
	}
	for _, name := range defaultComponents {
		if !s.requires(append(includes[name], name)...) {
			warn("", "\"signatures\" has components without %s: a signature is good for a request with another one", name)
		}
	}
	if s.replays {
		warn("", "\"signatures\" allows replays: whoever sees a signed request can send it again for %s", s.times.MaxAge)
	}
	for _, id := range slices.Sorted(maps.Keys(s.keys)) {
		switch k := s.keys[id]; {
		case k.period.Until != 0 && k.period.Until <= now.Unix():
			warn("/keys", "the key %q of \"signatures\" is no longer good", id)
		case k.callers == nil && !s.requires("authorization", "proxy-authorization", "cookie"):
			warn("/keys", "the key %q of \"signatures\" is for any caller, and no component has the credential: "+
				"who has the key can use another caller's token", id)
		}
	}
	return list
}

// requires reports whether each signature must cover one of the components.
func (s *signatures) requires(names ...string) bool {
	for _, c := range s.components {
		if slices.Contains(names, c.Name) {
			return true
		}
	}
	return false
}
