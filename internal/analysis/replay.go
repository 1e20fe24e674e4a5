package analysis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-air/gini/z"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/authz"
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// Logged is a decision as an audit line has it: what is known of the caller, what was asked
// for, and whether it was allowed. A caller without a token has no Issuer.
type Logged struct {
	Issuer, Subject, Peer string
	Signed                bool
	Verb                  inference.Verb
	Models                []inference.Model
	Allowed               bool
}

// policyReasons are the reasons with which a policy decides; of every other line it is not the
// policy that refused.
var policyReasons = []string{"allowed", "grant_missing", "denied", "credential_missing", "request_signature_missing"}

// ParseLogged reads an audit line: its JSON object, whatever precedes it. ok is false if the line
// has none, or tells of a decision that no policy made.
func ParseLogged(line string) (l Logged, ok bool, err error) {
	start := strings.Index(line, `{"modelgate":`)
	if start < 0 {
		return l, false, nil
	}
	doc := strings.TrimRight(line[start:], " \t\r\n")
	if err := strictjson.Check(doc); err != nil {
		return l, false, fmt.Errorf("must end with the JSON object of an audit line: %w", err)
	}
	v := strictjson.Read(doc)
	why := v.Get("modelgate").Str
	if !slices.Contains(policyReasons, why) || !v.Get("models").Exists() || v.Get("narrowing").Exists() {
		return l, false, nil
	}
	l.Issuer, l.Subject, l.Peer = v.Get("issuer").Str, v.Get("subject").Str, v.Get("peer").Str
	l.Signed, l.Allowed = v.Get("signed_by").Str != "", why == "allowed" || v.Get("shadow").Bool()
	if strings.HasSuffix(l.Subject, "…") || strings.HasSuffix(l.Peer, "…") {
		return l, false, fmt.Errorf("the caller's name was too long for the line")
	}
	var known bool
	if l.Verb, known = inference.ParseVerb(v.Get("verb").Str); !known {
		return l, false, fmt.Errorf("must have a verb; got %q", v.Get("verb").Str)
	}
	v.Get("models").ForEach(func(_, item strictjson.Result) bool {
		var m inference.Model
		if m, err = inference.ParseModel(item.Str); err == nil {
			l.Models = append(l.Models, m)
		}
		return err == nil
	})
	return l, err == nil && l.Models != nil, err
}

// key is equal for two that are decided alike.
func (l *Logged) key() string {
	return fmt.Sprint(l.Issuer, "\x00", l.Subject, "\x00", l.Peer, "\x00", l.Signed, l.Verb, l.Models, l.Allowed)
}

// Flip says whether a configuration decides otherwise than a line of the log.
type Flip struct {
	Of      Extent  // of the callers of whom the line could be: None keeps the decision, All flips it
	Unknown bool    // no caller can be as the line says: another configuration wrote it
	Example *Caller // for whom it flips, or nil
	Now     string  // how the example is decided
}

// Replay asks a configuration about decisions that another one made. A line of the log
// names the caller by the subject and the certificate; what else a token said it does not tell. So
// the answer is for all callers of whom the line could be. If the configuration is given
// that wrote the log, these are only callers whom that one decided so.
func Replay(next, logged *Side, lines []Logged) ([]Flip, error) {
	flips, known := make([]Flip, len(lines)), map[string]Flip{}
	for chunk := range slices.Chunk(distinct(lines), maxReplayed) {
		r := replay{sides: []*Side{next}}
		if logged != nil {
			r = replay{sides: []*Side{logged, next}, next: 1}
		}
		if err := r.prepare(chunk); err != nil {
			return nil, err
		}
		for i := range chunk {
			f, err := r.flip(&chunk[i])
			if err != nil {
				return nil, err
			}
			known[chunk[i].key()] = f
		}
	}
	for i := range lines {
		flips[i] = known[lines[i].key()]
	}
	return flips, nil
}

// maxReplayed bounds the callers that are described at once.
const maxReplayed = 100

func distinct(lines []Logged) (list []Logged) {
	seen := map[string]bool{}
	for _, l := range lines {
		if !seen[l.key()] {
			seen[l.key()] = true
			list = append(list, l)
		}
	}
	return list
}

type replay struct {
	sides  []*Side // the one that wrote the log, if it is known, and the one that is asked
	next   int     // the latter
	spaces map[string]*space
}

func (r *replay) prepare(lines []Logged) (err error) {
	r.spaces, err = spaces(r.sides, func(issuer string) (members []authz.Member) {
		for i := range lines {
			if l := &lines[i]; l.Issuer == issuer {
				members = append(append(members, r.members("sub:"+l.Subject, issuer)...), r.members(l.Peer, "")...)
			}
		}
		return members
	})
	return err
}

// members returns a member as the first side, which wrote the log, has it; none if it cannot be one.
func (r *replay) members(text, issuer string) []authz.Member {
	if text == "" || text == "sub:" {
		return nil
	}
	list, err := authz.ParseMember(text, issuer, r.sides[0].issuers)
	if err != nil {
		return nil
	}
	return list
}

// flip decides a line.
func (r *replay) flip(l *Logged) (Flip, error) {
	sp := r.spaces[l.Issuer]
	if sp == nil { // the configuration has no such issuer: it refuses the token
		return r.flipWithout(l), nil
	}
	is := sp.T
	if l.Issuer != "" {
		is = sp.anyMember(r.members("sub:"+l.Subject, l.Issuer))
	}
	peer := sp.hasPeer(0).Not()
	if l.Peer != "" {
		peer = sp.anyMember(r.members(l.Peer, ""))
	}
	is = sp.And(is, peer)
	if signed := sp.isSigned(); l.Signed {
		is = sp.And(is, signed)
	} else {
		is = sp.And(is, signed.Not())
	}
	is = sp.And(is, sp.valid[0])
	if was := sp.allowedAll(0, l); r.next > 0 && l.Allowed {
		is = sp.And(is, was)
	} else if r.next > 0 {
		is = sp.And(is, was.Not())
	}
	now := sp.allowedAll(r.next, l)
	if l.Allowed {
		now = now.Not()
	}
	other, err := sp.find(sp.And(is, now), func(who []*authn.Principal) bool { return r.matches(l, who, !l.Allowed) })
	if err != nil {
		return Flip{}, err
	}
	same, err := sp.exists(sp.And(is, now.Not()), func(who []*authn.Principal) bool { return r.matches(l, who, l.Allowed) })
	if err != nil {
		return Flip{}, err
	}
	f := Flip{Unknown: other == nil && !same, Example: other}
	switch {
	case other != nil && !same:
		f.Of = All
	case other != nil:
		f.Of = Some
	}
	if other != nil {
		f.Now = r.verdict(l, other)
	}
	return f, nil
}

// flipWithout decides a line of an issuer that the configuration does not have.
func (r *replay) flipWithout(l *Logged) Flip {
	if l.Allowed {
		return Flip{Of: All, Now: "the configuration has no issuer " + l.Issuer}
	}
	return Flip{}
}

func (sp *space) anyMember(list []authz.Member) z.Lit {
	is := sp.F
	for _, m := range list {
		is = sp.Or(is, sp.member(0, m))
	}
	return is
}

// allowedAll says which callers may make the whole call.
func (sp *space) allowedAll(side int, l *Logged) z.Lit {
	all := sp.T
	for _, m := range l.Models {
		all = sp.And(all, sp.allowed(side, Question{Verb: l.Verb, Model: m}))
	}
	return all
}

// matches asks the configurations themselves whether the first one decides so, and the second
// one as the line says.
func (r *replay) matches(l *Logged, who []*authn.Principal, may bool) bool {
	if who[0] == nil || r.next > 0 && r.sides[0].allowsAll(who[0], l) != l.Allowed {
		return false
	}
	return r.sides[r.next].allowsAll(who[r.next], l) == may
}

func (s *Side) allowsAll(who *authn.Principal, l *Logged) bool {
	return !slices.ContainsFunc(l.Models, func(m inference.Model) bool { return !s.allows(who, Question{Verb: l.Verb, Model: m}) })
}

// verdict says how the first model is decided that decides.
func (r *replay) verdict(l *Logged, c *Caller) string {
	text := ""
	for _, m := range l.Models {
		if text = verdict(r.sides[r.next], c, Question{Verb: l.Verb, Model: m}); !strings.HasPrefix(text, "allowed") {
			break
		}
	}
	return text
}
