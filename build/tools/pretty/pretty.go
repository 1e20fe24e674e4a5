// Package pretty takes the place of github.com/tidwall/pretty in the module,
// where it saves what that package links: encoding/json and reflect, 0.6 MB that
// each proxy would compile at each start. gjson calls it only for the path
// modifiers @pretty and @ugly, and the gate uses no gjson paths.
package pretty

// Options are what gjson sets.
type Options struct {
	Width    int
	Prefix   string
	Indent   string
	SortKeys bool
}

// DefaultOptions are copied by gjson.
var DefaultOptions = &Options{}

// Pretty panics.
func Pretty([]byte) []byte { panic("pretty: not in this module") }

// PrettyOptions panics.
func PrettyOptions([]byte, *Options) []byte { panic("pretty: not in this module") }

// Ugly panics.
func Ugly([]byte) []byte { panic("pretty: not in this module") }
