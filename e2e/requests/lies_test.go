package requests

import (
	"fmt"
	"strings"

	"github.com/modelgate/modelgate/e2e/internal/rawhttp"
)

// lies are the ways in which a head departs from an honest one; some stand here
// more than once because there is more to them. A lie need not make a head one
// that may not pass: that is for the reference to say.
var lies = []func(*generator){
	(*generator).lieMethod, (*generator).liePath, (*generator).liePath, (*generator).liePath, (*generator).lieModel, (*generator).lieQuery,
	(*generator).lieAuthority, (*generator).lieAuthority, (*generator).lieToken, (*generator).lieToken, (*generator).lieAssertion,
	(*generator).lieAssertion,
	(*generator).lieRepeated, (*generator).lieConnection, (*generator).lieFraming, (*generator).lieTrailers,
}

func (g *generator) lieMethod() {
	g.odd = true
	g.Method = pick(g, "post", "Post", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "PATCH", "GET", "POST", "CONNECT", "", "PRI", "POST ",
		"PREDICT", "M-SEARCH")
}

func (g *generator) liePath() {
	g.odd = true
	if g.Path == "" {
		g.Path = "/" // another lie took it away
	}
	slash := strings.Index(g.Path[1:]+"/", "/") + 1
	first, rest := g.Path[:min(slash, len(g.Path))], g.Path[min(slash, len(g.Path)):]
	at := g.IntN(len(g.Path))
	switch g.IntN(6) {
	case 0: // a segment that somebody takes away
		g.Path = first + pick(g, "/", "/.", "/x/..", "/%2e", "/x/%2e%2e", "/x/..;", "/%2f", "/..%2f", "%2f", "\\", "/\\..", "//x/../..") + rest
	case 1: // a byte escaped
		g.Path = g.Path[:at] + fmt.Sprintf(pick(g, "%%%02x", "%%%02X", "%%25%02x", "%%u00%02x"), g.Path[at]) + g.Path[at+1:]
	case 2:
		g.Path += pick(g, "/", "//", "/.", "/..", ":predict", ":explain", ";v=1", "%00", "%", "#f", ".json", "/versions/1", "/infer", "\x00",
			"\x7f", "\x01", " ", "\t", " x",
			"é", "\xff", "\xc0\xaf", "&", "~", strings.Repeat("a", 300), strings.Repeat("/x", 5000))
	case 3:
		g.Path = pick(g, "/", "//", "/x", "/..", "/x/..", "/.", "x", "*", "?", "#", " ", "http://models.example.com", "https://"+g.ownHost(),
			"http://other-predictor-default.kubeflow",
			"HTTP://ana@models.example.com", "http://fraud-predictor-default.prod@"+g.ownHost(),
			"http://"+g.ownHost()+"@fraud-predictor-default.prod", "http://a@b@"+g.ownHost(), "http://"+g.ownHost()+"\\@models.example.com",
			"//models.example.com", "/v1/models/"+service+":predict/..", "/kfserving", "/v2") + g.Path
	case 4:
		g.Path = strings.ReplaceAll(g.Path, "/", pick(g, "//", "\\", "%2f", "/./", "\xe2\x88\x95"))
	default:
		g.Path = g.mangle(g.Path)
	}
}

func (g *generator) lieModel() {
	g.Path = pick(g, "/kfserving/kubeflow/sklearn-iap-admin:predict", "/kfserving/prod/fraud:predict", "/kfserving/prod/sklearn-iap",
		"/v1/models/fraud:predict", "/v1/models/sklearn-iap",
		"/v2/models/sklearn-iap/infer", "/v1/models", "/", "*", "/healthz", "/kfserving/kubeflow",
		"/kfserving/"+strings.Repeat("a", 63)+"/"+strings.Repeat("b", 63)+":predict", "/Kfserving/kubeflow/sklearn-iap")
	g.odd = true
}

func (g *generator) lieQuery() {
	path, query, _ := strings.Cut(g.Path, "?")
	switch g.IntN(4) {
	case 0:
		query = pick(g, "", "a&", "a;", "access_toke&", "?") + pick(g, "access_token=x", "access_token", "access%5ftoken=x", "%61ccess_token",
			"%41ccess_token=", "access_token%3d=x", "access_token2", "access%token", "access_token\x00") + pick(g, "", "&b", ";b")
	case 1: // as long as a path may be, or longer by one
		query = strings.Repeat("x", max(0, 8191-len(path)+g.IntN(2)))
	case 2:
		query += pick(g, "#", "#f", " ", "\x01", "\x7f", "\t", "é", "\\", "\x00", "%", "%0d%0a", "<>\"'`{}|^[]")
		g.odd = true
	default:
		query = g.mangle(query)
		g.odd = true
	}
	g.Path = path + "?" + query
}

func (g *generator) lieAuthority() {
	host := strings.TrimSuffix(g.Authority, ":80")
	g.odd = true
	switch g.IntN(5) {
	case 0:
		g.Authority = pick(g, "fraud-predictor-default.prod.svc.cluster.local", "sklearn-iap-admin-predictor-default.kubeflow",
			"sklearn-iap-predictor-default.prod:80", "sklearn-iap-predictor.kubeflow",
			"sklearn-iap.kubeflow.svc.cluster.local", "FRAUD-Predictor-Default.prod.svc", "x.sklearn-iap-predictor-default.kubeflow.svc",
			"127.0.0.1", "models.example.com", "localhost", "kubeflow", "*.kubeflow",
			"-predictor-default.kubeflow", strings.Repeat("a", 63)+"-predictor-default.kubeflow",
			strings.Repeat("a", 64)+"-predictor-default.kubeflow")
	case 1:
		g.Authority = host + pick(g, ":", ":0", ":443", ":99999", ":123456", ":80:80", ":http", ":-1", ":8 0", ":+80", ".", "..", "/", "/x",
			"?x", "#x", "\\x", "%00", "%2e", ",fraud-predictor-default.prod", ";x", "\t", " ", "\x00", "é", ".evil.example", "@models.example.com")
	case 2:
		g.Authority = pick(g, "ana@", "ana:x@", ".", "-", "_", "[", "%73", "http://", "//", "\"", "fraud-predictor-default.prod,",
			"fraud-predictor-default.prod@", "x.", " ", "\xff") + host
	case 3:
		g.Authority = strings.ToUpper(host)
		if g.IntN(6) == 0 {
			g.Authority, g.NoHost = "", true
		}
	default:
		g.Authority = g.mangle(g.Authority)
	}
}

// lieToken puts another's assertion in the place of ana's, or none.
func (g *generator) lieToken() {
	text := pick(g, append(g.tokens.bad, "", "a.b.c", "a.b", "a.b.c.d.e", "...", "{}", "null", strings.Repeat(".", 5000),
		strings.Repeat("a", 20<<10))...)
	g.replace(text)
}

func (g *generator) replace(values ...string) {
	headers := g.Headers
	g.Headers = nil
	for _, h := range headers {
		if h[0] != assertion {
			g.add(h[0], h[1])
		}
	}
	for _, value := range values {
		g.add(assertion, value)
	}
}

// lookalikes are other headers than the assertion's, for every server.
var lookalikes = []string{"x-goog-iap-jwt-assertion2", "x-goog-iap-jwt"}

// lieAssertion presents ana's assertion as it must not be presented.
func (g *generator) lieAssertion() {
	good, other := pick(g, g.tokens.good...), pick(g, g.tokens.bad...)
	at := g.IntN(len(good))
	switch g.IntN(9) {
	case 0:
		g.replace(good[:at])
	case 1:
		g.odd = true
		g.replace(g.mangle(good))
	case 2:
		g.replace(pick(g, [][]string{{good, good}, {good, other}, {other, good}, {good, ""}, {"", good}, {good, good, good}, {}}...)...)
	case 3:
		g.replace(good + pick(g, ",", ", ", ";", " ") + pick(g, good, other, ""))
	case 4:
		g.replace(pick(g, "Bearer ", "bearer ", "\"", "=", ".", ",", "jwt:") + good)
	case 5:
		g.odd = true // a codec may trim
		g.replace(pick(g, " "+good, good+" ", "\t"+good+"\t", good+"=", good+"\x00", good+"\v", good+"é"))
	case 6: // under a name that only looks the same
		g.replace()
		g.add(pick(g, append(lookalikes, "x_goog_iap_jwt_assertion", "x-goog-iap_jwt-assertion", "authorization", "cookie")...), good)
	case 7: // a second one in another spelling, which does not count and is removed
		g.add("x_goog_iap-jwt-assertion", other)
	default:
		head, rest, _ := strings.Cut(good, ".")
		_, tail, _ := strings.Cut(other, ".")
		g.replace(pick(g, head+"."+tail, good+"."+rest, rest+"."+head, head+".."+rest))
	}
}

// h2 reports whether a lie is told over HTTP/2, where another is needed.
func (g *generator) h2() bool { return g.Proto == rawhttp.H2 }
