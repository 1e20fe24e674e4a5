package analysis

import (
	"maps"
	"slices"
	"strings"

	"github.com/modelgate/modelgate/internal/authn"
)

// lint leaves out each rule of which Lint says that it changes nothing, and compares what callers may
// then with what they may with it. No caller must be a member of which it says that nobody can be.
func (x *trial) lint() {
	found, err := Lint(x.side)
	if err != nil {
		x.differs("%v", err)
	}
	for _, f := range found {
		x.counts[string(f.Check)]++
		switch f.Check {
		case NeverMember:
			x.never(f)
		case UnreachableGrant, RedundantGrant, ShadowedDeny:
			x.useless(f)
		}
	}
}

func (x *trial) never(f Finding) {
	for _, term := range x.side.all {
		if !term.Deny && term.Member.String() == f.Member && term.Member.Issuer() == f.Issuer &&
			slices.ContainsFunc(x.whos, func(who *authn.Principal) bool { return x.side.policy.IsMember(who, term.Member) }) {
			x.differs("a caller is %s, of which Lint says %+v", term.Member, f)
		}
	}
}

func (x *trial) useless(f Finding) {
	without := maps.Clone(x.config)
	leaveOut(without, f)
	other, err := side(without)
	if err != nil {
		x.differs("without %s: %v", f.Of, err)
	}
	whos := make([]*authn.Principal, len(x.callers))
	for i, c := range x.callers {
		whos[i] = other.Principal(c)
	}
	for i, row := range brute(other, whos, x.models, "") {
		for j := range row {
			if row[j].may != x.table[i][j].may {
				x.differs("%s may %v on %s, and %v without %s, of which Lint says %+v", x.callers[i], x.table[i][j].may.List(), x.models[j],
					row[j].may.List(), f.Of, f)
			}
		}
	}
}

// leaveOut takes the rule of a finding out of a configuration.
func leaveOut(c object, f Finding) {
	field := "grants"
	role, isBinding := strings.CutPrefix(f.Of, "google/")
	if f.Check == ShadowedDeny {
		field = "denies"
	} else if isBinding {
		field = "iam"
		policy := c["iam"].([]object)[0]["policy"].(object)
		rest := slices.DeleteFunc(slices.Clone(policy["bindings"].([]object)), func(b object) bool { return b["role"] == role })
		if len(rest) > 0 {
			row := maps.Clone(c["iam"].([]object)[0])
			row["policy"] = object{"bindings": rest}
			c["iam"] = []object{row}
			return
		}
	}
	rules := slices.DeleteFunc(slices.Clone(c[field].([]object)), func(r object) bool { return r["name"] == f.Of || isBinding })
	if c[field] = rules; len(rules) == 0 {
		delete(c, field)
	}
}
