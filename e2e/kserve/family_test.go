package kserve

import (
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/inference"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/modelgate/modelgate/internal/scan"
	"github.com/modelgate/modelgate/internal/strictjson"
)

// compile makes the routes of a family.
func (f *family) compile(t *testing.T) *inference.Routes {
	t.Helper()
	var problems strictjson.Problems
	root, ok := strictjson.Parse(f.config, &problems)
	var routes *inference.Routes
	if ok {
		o := root.Object("routes", "serves")
		routes = inference.Compile(o.Need("routes"), o.Get("serves"), false)
	}
	if problems != nil {
		t.Fatalf("%s: %v", f.name, problems)
	}
	return routes
}

// decision is what the gate made of a request that it may let pass: what is
// authorized, and what is sent on.
type decision struct {
	id          int
	asked, sent ask
	call        inference.Call
}

// decide reads a request as the gate does.
func decide(routes *inference.Routes, a ask) (d decision, ok bool) {
	r := inference.Request{Method: a.method, Authority: a.authority, Path: a.path, Headers: a.headers}
	m, why := routes.Match(r)
	if why != reason.Allowed {
		return d, false
	}
	if m.Body != nil {
		j := scan.NewJSON(m.Body.Keys, scan.Limits{})
		if j.Scan([]byte(a.body)) != nil || j.End() != nil {
			return d, false
		}
		if m, why = m.Complete(j.Values()); why != reason.Allowed {
			return d, false
		}
	}
	d = decision{asked: a, sent: a, call: m.Call}
	d.sent.authority, d.sent.path, d.sent.headers = m.Authority, m.Path, nil
	for _, h := range a.headers {
		if !stripped(h[0]) {
			d.sent.headers = append(d.sent.headers, h)
		}
	}
	return d, true
}

// stripped are the headers that the gate takes from every request.
func stripped(name string) bool {
	return strings.HasPrefix(name, "x-") && name != "x-litellm-model" || strings.HasPrefix(name, "mm-") || strings.HasPrefix(name, "kserve-")
}

// hostReadings are the services that a host can be: one by the name of its
// component, and one by its own name. Where the gate made the host it has only
// the first in mind.
func (d *decision) hostReadings() []inference.Model {
	namespace, service := hostSelects(d.sent.authority)
	if service == "" {
		return nil
	}
	own, _, _ := strings.Cut(strings.ToLower(d.sent.authority), ".")
	if d.sent.authority != d.asked.authority {
		own = service
	}
	return []inference.Model{{Namespace: namespace, Service: service}, {Namespace: namespace, Service: own}}
}

// family is servers of one kind, and how to ask them.
type family struct {
	name, config string
	share        int  // of the requests, in percent
	fixed        bool // whose server it is does not stand in the request
	labels       bool // a version can be a label
	templates    []string
	verbs        map[string]inference.Verb // of what a server does
	body         func(*generator) string
	app          string // of the Python oracle; "" for a reference in Go
	reference    func(method, target string) selection
}

const publicRoutes = `{"routes": [{"protocol": %q, "prefix": "/serving", "names": "kserve", "serviceHosts": true}]}`
