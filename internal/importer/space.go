package importer

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// cell is a set of requests that one resource of a route takes: one method on one host, with
// one path or with all paths below one.
type cell struct {
	space  *space
	host   string // "" for any
	path   path
	method string
	probe  string // a host as requests write it
}

// path is one path, or with rest all that begin with it and a slash, but for those that have
// a narrower path.
type path struct {
	text string // "" is the root
	rest bool
}

// String writes the path as a resource does.
func (p path) String() string {
	if p.rest {
		return p.text + "/*"
	}
	return p.text
}

// space is how the requests of a workload are told apart.
type space struct {
	hosts   []string // nil if no rule is about hosts: then any host
	paths   map[path]bool
	methods []string
	anyPort bool
}

// ownRoots are the first segments of model servers' own paths, which no wider resource takes:
// see reserve in internal/inference.
var ownRoots = []string{"/v1", "/v1beta", "/v2", "/openai", "/publishers", "/engines"}

// newSpace returns the space of the literals.
func newSpace(literals []*literal, o Options) *space {
	s := &space{
		paths: map[path]bool{{"", true}: true}, anyPort: o.AnyPort, hosts: slices.Clone(o.Hosts),
		methods: []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"},
	}
	for _, root := range ownRoots {
		s.paths[path{root, false}], s.paths[path{root, true}] = true, true
	}
	for _, l := range literals {
		switch l.kind {
		case onPath:
			s.addPath(l.text)
		case onMethod:
			if m := l.text.text; l.text.kind == exactly && !l.text.fold && isMethod(m) && !slices.Contains(s.methods, m) {
				s.methods = append(s.methods, m)
			}
		case onHost:
			if h := strings.ToLower(l.text.text); l.text.kind == exactly && isHost(h) && !slices.Contains(s.hosts, h) {
				s.hosts = append(s.hosts, h)
			}
		}
	}
	return s
}

// addPath sets apart what a test is about, as far as a resource can have such a path.
func (s *space) addPath(t textTest) {
	if t.fold || t.kind != exactly && t.kind != begins {
		return
	}
	base := strings.TrimSuffix(t.text, "/")
	switch {
	case base == "" && t.kind == exactly && t.text == "/":
		s.paths[path{"/", false}] = true
	case !isPath(base):
	case t.kind == exactly:
		s.paths[path{t.text, false}] = true
	default:
		s.paths[path{base, false}], s.paths[path{base, true}] = true, true
	}
}

var (
	pathForm   = regexp.MustCompile(`^(/[A-Za-z0-9._~!$&'()+,=:@-]+)+$`)
	dotSegment = regexp.MustCompile(`/\.\.?(/|$)`)
	methodForm = regexp.MustCompile(`^[A-Z_-]{1,16}$`)
	hostForm   = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`)
)

// isPath reports whether a resource can have the path, which ends without a slash.
func isPath(text string) bool {
	return len(text) < 2048 && pathForm.MatchString(text) && !dotSegment.MatchString(text)
}

func isMethod(text string) bool { return methodForm.MatchString(text) && text != "CONNECT" }
func isHost(text string) bool   { return len(text) <= 253 && hostForm.MatchString(text) }

// sortedPaths returns the paths in the order of their texts.
func (s *space) sortedPaths() []path {
	return slices.SortedFunc(maps.Keys(s.paths), func(a, b path) int {
		return cmp.Or(strings.Compare(a.text, b.text), strings.Compare(a.String(), b.String()))
	})
}

// sortedHosts returns the hosts; "" is any.
func (s *space) sortedHosts() []string {
	if s.hosts == nil {
		return []string{""}
	}
	return slices.Sorted(slices.Values(s.hosts))
}

// above returns the nearest path with rest that takes what p does not; ok is false for the root.
func (s *space) above(p path) (wider path, ok bool) {
	for text := p.text; text != ""; {
		text = text[:max(0, strings.LastIndexByte(text, '/'))]
		if wider = (path{text, true}); s.paths[wider] {
			return wider, true
		}
	}
	return path{}, false
}

// test tells what a literal about paths, methods or hosts says of the cell's requests.
func (c *cell) test(l *literal) truth {
	switch l.kind {
	case onMethod:
		return truthOf(l.text.holds(c.method))
	case onHost:
		if c.host == "" && l.text.kind != present {
			return maybe
		}
		return truthOf(c.host == "" || l.text.holds(c.probe))
	case onPath:
		if !c.path.rest {
			return truthOf(l.text.holds(c.path.text))
		}
		return l.text.below(c.path.text+"/", func(text string, rest bool) bool {
			if text == "" && rest {
				return c.path.text != ""
			}
			return c.space.paths[path{text, rest}] && (path{text, rest}) != c.path
		})
	}
	return maybe
}

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// probes returns the cell once for each form in which requests may write its host. The gate
// means a host with any port.
func (c *cell) probes() []*cell {
	c.probe = c.host
	if c.host == "" || c.space.anyPort {
		return []*cell{c}
	}
	withPort := *c
	withPort.probe = c.host + ":1"
	return []*cell{c, &withPort}
}
