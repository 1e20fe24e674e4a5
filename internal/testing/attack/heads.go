package attack

import (
	"strconv"
	"strings"
)

// usual are the headers of most requests.
var usual = [][2]string{
	{"user-agent", "bench/1"}, {"accept", "application/json"}, {"content-type", "application/json"},
	{"x-forwarded-for", "203.0.113.7"}, {"x-request-id", "5ab4c1c2-7f3b-4f0e-8d6a-1f2e3d4c5b6a"},
}

// honestHead returns an allowed request of a caller who came before, with a head of n
// bytes.
func (w *World) honestHead(n int) func() Request {
	r := Request{Method: "POST", Authority: publicURL, Path: "/kfserving/prod/fraud:predict", Body: []byte(`{"instances":[[1]]}`),
		Headers: with(usual, assertion, w.seen)}
	if pad := n - r.Size() - len("x-note"); pad > 0 {
		r.Headers = with(r.Headers, "x-note", strings.Repeat("x", pad))
	}
	return always(r)
}

func always(r Request) func() Request { return func() Request { return r } }

func with(headers [][2]string, name, value string) [][2]string {
	return append(headers[:len(headers):len(headers)], [2]string{name, value})
}

// fill repeats text up to n bytes.
func fill(text string, n int) string { return strings.Repeat(text, n/len(text)) }

func get(path string) Request {
	return Request{Method: "GET", Authority: publicURL, Path: path, Headers: usual}
}

// Heads are attacks by the path, the query and the headers. No caller is known.
func (w *World) Heads() (list []Case) {
	add := func(name string, r Request) {
		list = append(list, Case{Name: name, Attack: always(r), Honest: w.honestHead(r.Size())})
	}
	const long = headSize - 1<<10
	for _, q := range []string{"&", "a&", ";", "access_toke&", "access%5Ftoke&", "%61ccess_toke=1&", "a=%", "??"} {
		add("query "+q, get("/?"+fill(q, long)))
	}
	for _, p := range []string{"/", ":", "a/", "%2e/", "../"} {
		add("path "+p, get("/"+fill(p, long)))
	}
	for _, p := range []string{"a/", "v1/", "openai/v1/", "v1/models/", "v1/chat/completions/"} {
		add("path publishers/ns/models/…"+p, get("/publishers/ns/models/"+fill(p, 1900)+"x"))
		add("path of 8 kB publishers/ns/models/…"+p, get("/publishers/ns/models/"+fill(p, 8000)+"x"))
	}
	add("path of 8 kB", get("/kfserving/prod/"+fill("a/", 8000)))
	add("path of 2 kB", get("/kfserving/prod/"+fill("a/", 1900)))
	add("query of 8 kB", get("/v2/models?"+fill("a&", 8000)))

	for _, name := range []string{"a", "a_", "x-forwarded-user", "X_Forwarded_User", "content-typf"} {
		r := get("/")
		for i := range 40 * 1000 / (len(name) + 6) {
			r.Headers = with(r.Headers, name+strconv.Itoa(i), "")
		}
		add("headers "+name+"…", r)
	}
	for _, name := range []string{assertion, "authorization", "x-user", "cookie", "forwarded", "x-forwarded-user"} {
		r := get("/")
		for range 40 * 1000 / (len(name) + 2) {
			r.Headers = with(r.Headers, name, "a")
		}
		add("repeated "+name, r)
	}
	for _, h := range [][2]string{
		{"accept", ","}, {"connection", "close,"}, {"connection", ","}, {"cookie", "a=b; "},
		{"authorization", ","}, {"authorization", "Bearer ,"},
		{assertion, ","}, {"content-type", ";"}, {"x-request-id", "a"}, {"authorization", " "},
	} {
		r := get("/")
		r.Headers = with(r.Headers, h[0], fill(h[1], long))
		add(h[0]+": "+h[1], r)
	}
	for _, h := range []string{"a.", "a", "-", ":", "1.", "[::", "fraud-predictor-default.prod."} {
		r := get("/v1/models")
		r.Authority = fill(h, long)
		add("host "+h, r)
		r.Authority = fill(h, 200)
		add("short host "+h, r)
	}
	r := get("/v2/models")
	r.Method = fill("X", long)
	add("method X", r)
	for _, name := range []string{
		"x-gateway-model-name", "seldon-model", "kserve-isvc-name", "x-api-key", "x_forwarded_user", "x-maas-user", "accept",
	} {
		r := get("/v2/models")
		for i := range 90 { // Envoy's default number of headers
			header := name
			if name == "x-maas-user" {
				header += strconv.Itoa(i)
			}
			r.Headers = with(r.Headers, header, fill("publishers/a/models/b", 400))
		}
		add("90 headers "+name, r)
	}
	return append(list, w.policies()...)
}

// policies are attacks on what a configuration makes expensive.
func (w *World) policies() []Case {
	anonymous := func(host string) func() Request {
		r := get("/v2/models")
		r.Authority = host
		return always(r)
	}
	honest := w.honestHead(0)
	manyGroups := func() Request {
		claims := w.corpClaims("eve@example.com")
		var groups []string
		for i := range 200 {
			groups = append(groups, "team-"+strconv.Itoa(i))
		}
		claims["groups"] = groups
		r := anonymous("teams.example.com")()
		r.Headers = with(r.Headers, "authorization", "Bearer "+w.mustToken(claims))
		return r
	}
	r := manyGroups()
	return []Case{
		{Name: "anonymous, a service with 10,000 patterns", Attack: anonymous("many.example.com"), Honest: honest},
		{Name: "200 groups, 1,000 patterns", Attack: manyGroups, Honest: w.honestToken(r.Size()), Known: true, Signed: true},
	}
}
