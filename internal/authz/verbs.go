package authz

import (
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// The verbs of the roles. Each role has the verbs of the one before it.
var (
	viewer  = inference.NewVerbs(inference.Metadata, inference.Ready, inference.List)
	invoker = viewer | inference.NewVerbs(inference.Predict, inference.Explain, inference.Generate)
	admin   = invoker | inference.NewVerbs(inference.Load, inference.Unload, inference.Admin)
)

// needsVerbs is the problem of a rule that has neither.
const needsVerbs = `needs "role" or "verbs"`

// readVerbs reads a role or a list of verbs; 0 if there is neither.
func readVerbs(o strictjson.Object) (verbs inference.Verbs) {
	role, list := o.Get("role"), o.Get("verbs")
	if role.Exists() {
		if list.Exists() {
			list.Fail(`must not be beside "role"`)
		}
		switch role.Text() {
		case "viewer":
			return viewer
		case "invoker":
			return invoker
		case "admin":
			return admin
		}
		role.MustBe("viewer, invoker or admin")
	}
	for _, item := range list.Items() {
		verb, ok := inference.ParseVerb(item.Text())
		if !ok {
			item.MustBe("%s", strictjson.Or(verbNames()))
		}
		verbs |= inference.NewVerbs(verb)
	}
	return verbs
}

func verbNames() (names []string) {
	for v := inference.Predict; v <= inference.Admin; v++ {
		names = append(names, v.String())
	}
	return names
}

// readModels reads the patterns of models.
func readModels(v strictjson.Value) (models []inference.Pattern) {
	for _, item := range v.Items() {
		p, err := inference.ParsePattern(item.Text())
		if err != nil {
			item.Fail("%s", err)
			continue
		}
		models = append(models, p)
	}
	return models
}
