package inference

import "github.com/modelgate/modelgate/internal/phrase"

// Verb is what is done to a model, whatever the protocol calls it.
type Verb uint8

// The verbs of every protocol.
const (
	Predict Verb = iota
	Explain
	Generate
	Metadata
	Ready
	List
	Load
	Unload
	Admin
)

var verbNames = [...]string{"predict", "explain", "generate", "metadata", "ready", "list", "load", "unload", "admin"}

func (v Verb) String() string {
	if int(v) < len(verbNames) {
		return verbNames[v]
	}
	return phrase.Sprintf("verb(%d)", uint8(v))
}

// ParseVerb returns the verb of that name.
func ParseVerb(s string) (Verb, bool) {
	for i, name := range verbNames {
		if name == s {
			return Verb(i), true
		}
	}
	return 0, false
}

// Verbs is a set of verbs.
type Verbs uint16

// NewVerbs returns the set of the verbs in list.
func NewVerbs(list ...Verb) (s Verbs) {
	for _, v := range list {
		s |= 1 << v
	}
	return s
}

// Has reports whether v is in the set.
func (s Verbs) Has(v Verb) bool { return s&(1<<v) != 0 }
