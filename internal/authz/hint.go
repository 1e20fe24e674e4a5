package authz

import (
	"strings"

	"github.com/modelgate/modelgate/internal/strictjson"
)

// failWithHint adds a problem, and a hint at what was probably meant, if any.
func failWithHint(v strictjson.Value, message, hint string) {
	if hint != "" {
		message += "; " + hint
	}
	v.Fail("%s", message)
}

func didYouMean(meant string) string { return `did you mean "` + meant + `"?` }

// likelyPointer is a hint for the pointer of a condition: the name of a claim
// alone is not one.
func likelyPointer(pointer string) string {
	if pointer == "" || strings.HasPrefix(pointer, "/") {
		return ""
	}
	return didYouMean("/" + strings.TrimPrefix(strings.TrimPrefix(pointer, "$"), "."))
}

// memberKinds are the words before the colon of a member.
var memberKinds = []string{"sub", "user", "serviceAccount", "group", "domain", "principal", "principalSet", "spiffe", "namespace",
	"dns", "subject", "certificate"}

// likelyMember is a hint for a text that is no member: what it becomes by the
// correction of one well-known mistake, if that is a member.
func likelyMember(text string) string {
	for _, all := range []string{"allUsers", "allAuthenticatedUsers"} {
		if strings.EqualFold(strings.TrimSpace(text), all) {
			return didYouMean(all)
		}
	}
	if name, ok := strings.CutPrefix(strings.TrimPrefix(text, "serviceAccount:"), accountPrefix); ok { // as Kubernetes' RBAC has it
		if name = strings.Replace(name, ":", "/", 1); accountForm(name) {
			return didYouMean("serviceAccount:" + name)
		}
	}
	kind, name, found := strings.Cut(text, ":")
	if !found {
		kind, name = "user", text
	}
	kind, name = strings.TrimSpace(kind), strings.TrimSpace(name)
	for _, known := range memberKinds {
		if strings.EqualFold(kind, known) {
			kind = known
		}
	}
	lower := strings.ToLower(name)
	for _, c := range [][2]string{{kind, name}, {kind, lower}, {"user", name}, {"serviceAccount", name}, {"serviceAccount", lower}} {
		if isAddress := kind == "user" || kind == "serviceAccount"; c[0] != kind && !isAddress {
			continue
		}
		id := identifier{member: member{name: c[1]}}
		if meant := c[0] + ":" + c[1]; meant != text && c[1] != "" && id.parse(c[0], meant) == "" {
			return didYouMean(meant)
		}
	}
	return ""
}
