package authz

import (
	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/strictjson"
)

var (
	viewer  = inference.NewVerbs(inference.Metadata, inference.Ready, inference.List)
	invoker = viewer | inference.NewVerbs(inference.Predict, inference.Explain, inference.Generate)
	admin   = invoker | inference.NewVerbs(inference.Load, inference.Unload, inference.Admin)
)

// readVerbs reads a role or a list of verbs; 0 where there is neither.
func readVerbs(o strictjson.Object) (verbs inference.Verbs) {
	role, list := o.Get("role"), o.Get("verbs")
	if role.Exists() {
		if list.Exists() {
			list.Fail("stands beside a role")
		}
		switch role.Text() {
		case "viewer":
			return viewer
		case "invoker":
			return invoker
		case "admin":
			return admin
		}
		role.Fail("is viewer, invoker or admin")
	}
	for _, item := range list.Items() {
		verb, ok := inference.ParseVerb(item.Text())
		if !ok {
			item.Fail("is no verb")
		}
		verbs |= inference.NewVerbs(verb)
	}
	return verbs
}

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
