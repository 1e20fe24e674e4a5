package signatures

import (
	"encoding/base64"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/modelgate/modelgate/internal/signature"
)

// generator makes signed requests and changes them.
type generator struct {
	*rand.Rand
	t *testing.T
}

func pick[T any](g *generator, from ...T) T { return from[g.IntN(len(from))] }

// components are what a request is signed over, some of them.
var components = []string{
	`"@method"`, `"@authority"`, `"@path"`, `"@query"`, `"@scheme"`, `"@target-uri"`, `"@request-target"`,
	`"@query-param";name="version"`, `"@query-param";name="q"`, `"content-type"`, `"content-digest"`,
	`"content-digest";sf`, `"content-digest";key="sha-256"`, `"date"`, `"x-a"`,
	`"x-a";bs`, `"x-dict"`, `"x-dict";key="a"`, `"x-dict";key="c"`, `"accept"`, `"accept";bs`, `"x-empty"`,
}

// ofResponse are what a response is signed over, beside its headers.
var ofResponse = []string{
	`"@status"`, `"@status"`, `"@method";req`, `"@authority";req`, `"@path";req`, `"@query";req`, `"@target-uri";req`,
	`"content-digest";req`, `"x-a";req`, `"x-dict";req;key="a"`, `"accept";req;bs`, `"@query-param";name="version";req`,
}

// next returns a request, or a response: as signed, or with one change or two.
func (g *generator) next() *request {
	r := g.unsigned()
	if g.IntN(4) == 0 { // before it is signed, so that what is odd is signed as well
		pick(g, changePath, changeAuthority, changeHeader, changeByte)(g, r)
	}
	for !g.sign(r) {
		r = g.unsigned()
	}
	for range pick(g, 0, 1, 1, 1, 1, 1, 2, 2) {
		change := pick(g, changePath, changeAuthority, changeHeader, changeByte, changeInput, changeInput, changeInput, changeSpace,
			changeValue, changeDigest, changeLabels)
		if r.of != nil && g.IntN(4) == 0 { // the request that it answers
			pick(g, changePath, changeAuthority, changeHeader, changeByte, changeDigest)(g, r.of)
		} else {
			change(g, r)
		}
	}
	return r
}

func (g *generator) unsigned() *request {
	algorithm := pick(g, signature.HMACSHA256, signature.HMACSHA256, signature.HMACSHA256, signature.Ed25519, signature.Ed25519,
		signature.ECDSAP256SHA256, signature.RSAPSSSHA512, signature.RSAv15SHA256)
	r := &request{
		method: pick(g, "POST", "GET", "PUT"), authority: pick(g, "models.example.com", "a.example:8443", "127.0.0.1:8080"),
		path: pick(g, "/v1/models/fraud:predict", "/v2/models/m/infer?version=3", "/p?q=a%20b&version=1", "/", "/a%2Fb/c?x"),
		body: pick(g, `{"instances": [[1, 2]]}`, "", "x"), algorithm: algorithm, keyID: keyOf[algorithm], label: "sig1",
	}
	r.headers = [][2]string{
		{"content-type", "application/json"}, {"date", "Tue, 20 Apr 2021 02:07:55 GMT"}, {"x-a", pick(g, "1", "a, b", "", "x=y;z")},
		{"x-dict", pick(g, "a=1, b=2;x=1;y=2, c=(a b c), d", "a=1,   c=()", "a")}, {"accept", "application/json"}, {"accept", "*/*"},
		{"x-empty", ""},
	}
	if g.IntN(3) > 0 {
		sum := signature.NewSum(pick(g, signature.SHA256, signature.SHA512))
		sum.Write([]byte(r.body))
		r.headers = append(r.headers, [2]string{"content-digest", sum.Header()})
	}
	if g.IntN(4) == 0 {
		of := *r
		of.headers = slices.Clone(r.headers)
		r.of, r.status = &of, pick(g, "200", "200", "404", "503")
	}
	return r
}

// sign signs a request, and reports whether it can be signed.
func (g *generator) sign(r *request) bool {
	var covered []signature.Component
	for range g.IntN(5) {
		from := components
		if r.of != nil && g.IntN(2) == 0 {
			from = ofResponse
		}
		c, err := signature.ParseComponent(pick(g, from...))
		if err != nil {
			g.t.Fatal(err)
		}
		covered = append(covered, c)
	}
	p := signature.Params{KeyID: r.keyID, Created: 1_700_000_000}
	p.Nonce, p.Tag, p.Algorithm = pick(g, "", "n"), pick(g, "", "", "app"), pick(g, "", "", r.algorithm)
	input, value, err := signer(g.t, r.algorithm).Sign(r.message(), r.label, covered, p)
	if err != nil {
		return false
	}
	r.headers = append(r.headers, [2]string{"signature-input", input}, [2]string{"signature", value})
	return true
}

// edit changes the first header of that name.
func (r *request) edit(name string, change func(value string) string) {
	for i := range r.headers {
		if r.headers[i][0] == name {
			r.headers[i][1] = change(r.headers[i][1])
			return
		}
	}
}

// insert puts text in front of one of the places where old stands.
func (g *generator) insert(s, old, text string) string {
	n := strings.Count(s, old)
	if n == 0 {
		return s
	}
	parts := strings.Split(s, old)
	at := 1 + g.IntN(n)
	return strings.Join(parts[:at], old) + text + old + strings.Join(parts[at:], old)
}

func changePath(g *generator, r *request) {
	r.path = pick(g,
		r.path+"?", r.path+"&x=1", r.path+"/", r.path+"?version=3", r.path+"&version=3", r.path+"&%76ersion=3", r.path+"#x", r.path+"%",
		"/"+r.path, "*", "",
		strings.Replace(r.path, "a", "%61", 1), strings.Replace(r.path, "%2F", "%2f", 1), strings.Replace(r.path, "%20", "+", 1),
		strings.Replace(r.path, "?", "??", 1), strings.Replace(r.path, "/", "/./", 1), strings.Replace(r.path, "/", "/x/../", 1))
}

func changeAuthority(g *generator, r *request) {
	r.authority = pick(g, strings.ToUpper(r.authority), r.authority+":443", r.authority+":", r.authority+".", "user@"+r.authority,
		"other.example", "[::1]", r.authority+":80", strings.Replace(r.authority, ":", ":0", 1))
}

// changeByte changes, removes or inserts a byte anywhere.
func changeByte(g *generator, r *request) {
	change := func(s string) string {
		at := g.IntN(len(s) + 1)
		rest := s[min(at+g.IntN(2), len(s)):]
		return s[:at] + pick(g, "", "a", "A", "0", " ", "\t", `"`, `\`, ";", ",", "=", ":", "(", ")", "?", "*", "%", "-", "\x7f", "\xe9", "@",
			"/", "x") + rest
	}
	switch i := g.IntN(len(r.headers) + 8); {
	case i == 0 && r.of != nil:
		r.status = change(r.status)
	case i == 0:
		r.method = change(r.method)
	case i == 1:
		r.authority = change(r.authority)
	case i == 2:
		r.path = change(r.path)
	case i == 3:
		r.body = change(r.body)
	case i < 8:
		r.edit(pick(g, "signature-input", "signature"), change)
	default:
		r.headers[i-8][1] = change(r.headers[i-8][1])
	}
}

// changeHeader drops, repeats, moves, splits, joins or renames one.
func changeHeader(g *generator, r *request) {
	i := g.IntN(len(r.headers))
	h := r.headers[i]
	rest := append(append([][2]string{}, r.headers[:i]...), r.headers[i+1:]...)
	switch g.IntN(6) {
	case 0:
		r.headers = rest
	case 1:
		r.headers = append(r.headers, h)
	case 2:
		r.headers = append(rest, h)
	case 3:
		if a, b, ok := strings.Cut(h[1], ","); ok {
			r.headers = append(append(append([][2]string{}, r.headers[:i]...), [2]string{h[0], a}, [2]string{h[0], b}), r.headers[i+1:]...)
		}
	case 4:
		r.headers[i][0] = pick(g, "x-"+h[0], strings.ReplaceAll(h[0], "-", "_"))
	case 5:
		r.headers[i][1] = pick(g, h[1]+", more", " "+h[1]+"\t", h[1]+",", strings.ToUpper(h[1]), strings.ReplaceAll(h[1], ", ", ","), "")
	}
}

// changeInput changes the components or the parameters.
func changeInput(g *generator, r *request) {
	r.edit("signature-input", func(s string) string {
		list, params, ok := strings.Cut(s, ")")
		label, list, _ := strings.Cut(list, "(")
		if !ok {
			return s
		}
		items := strings.Split(list, " ")
		switch i := g.IntN(len(items)); g.IntN(7) {
		case 0:
			items = append(items[:i:i], items[i+1:]...)
		case 1:
			items = append(items, items[i])
		case 2:
			items[0], items[i] = items[i], items[0]
		case 3:
			items[i] += pick(g, ";sf", ";bs", ";req", ";req=?0", ";tr", `;key="a"`, `;name="q"`, ";bs=?1", ";bs=?0", ";x", "; bs", ";sf;bs")
		case 4:
			items = append(items, pick(g, components...))
		case 5:
			items[i] = strings.ToUpper(items[i])
		case 6:
			params += pick(g, ";created=1", `;created="1"`, ";created=1.0", ";created", ";expires=9999999999", ";expires=1", ";expires=?1",
				`;nonce="m"`, ";nonce=m", `;alg="`+r.algorithm+`"`, `;alg="none"`, ";alg="+r.algorithm,
				`;keyid="`+r.keyID+`"`, `;keyid="x"`, `;tag="t"`, `;tag=""`, ";x=1", ";x")
		}
		return label + "(" + strings.Join(items, " ") + ")" + params
	})
}

// changeSpace changes only how the lists are spelt, or nothing that is legal.
func changeSpace(g *generator, r *request) {
	name := pick(g, "signature-input", "signature-input", "signature", "content-digest", "x-dict")
	r.edit(name, func(s string) string {
		return pick(g,
			g.insert(s, `"`, " "), g.insert(s, ";", " "), strings.ReplaceAll(s, ";", "; "), strings.ReplaceAll(s, " ", "  "), g.insert(s, ")", " "),
			" "+s+" ", "\t"+s, g.insert(s, "=", " "), strings.ReplaceAll(s, "=", "= "), s+",", s+" , ", g.insert(s, ",", " \t"),
			strings.ReplaceAll(s, "1700000000", "01700000000"), strings.ReplaceAll(s, `"n"`, `"\n"`), strings.ReplaceAll(s, `"app"`, `"\"app"`))
	})
}

// changeValue changes how the signature is written.
func changeValue(g *generator, r *request) {
	r.edit("signature", func(s string) string {
		label, rest, _ := strings.Cut(s, "=:")
		value, ok := strings.CutSuffix(rest, ":")
		if !ok {
			return s
		}
		raw, _ := base64.StdEncoding.DecodeString(value)
		if len(raw) == 0 {
			return s
		}
		written := base64.StdEncoding.EncodeToString
		switch g.IntN(9) {
		case 0:
			value = strings.TrimRight(value, "=")
		case 1:
			value = base64.URLEncoding.EncodeToString(raw)
		case 2: // bits behind the end
			if at := len(strings.TrimRight(value, "=")) - 1; at+1 < len(value) {
				value = value[:at] + string(value[at]+1) + value[at+1:]
			}
		case 3:
			value = written(raw[:len(raw)-1])
		case 4:
			value = written(append(raw, 0))
		case 5:
			value = written(append([]byte{0}, raw...))
		case 6:
			raw[g.IntN(len(raw))] ^= 1 << g.IntN(8)
			value = written(raw)
		case 7:
			return label + `="` + value + `"`
		case 8:
			return label + "=:" + value + ":" + pick(g, ";x=1", ";created=1", " ", ";x", "x")
		}
		return label + "=:" + value + ":"
	})
}

// changeDigest changes Content-Digest.
func changeDigest(g *generator, r *request) {
	r.edit("content-digest", func(s string) string {
		return pick(g, s+", md5=:AA==:", "md5=:AA==:, "+s, s+", sha-256=:AA==:", s+", "+s, s+";q=1", strings.Replace(s, "=:", ":", 1),
			strings.TrimSuffix(s, "=:")+":", "md5=:AA==:", "sha-256=:AA==:", strings.ToUpper(s), s+",x=1", s+", x", s+", sha-512=:AA==:")
	})
}

// changeLabels adds a signature, or renames one.
func changeLabels(g *generator, r *request) {
	for _, c := range pick(g,
		[][2]string{{"signature-input", `, b=("@method")`}, {"signature", `, b=:AA==:`}},
		[][2]string{{"signature-input", `, b=("@method");x=1`}, {"signature", `, b=:AA==:`}},
		[][2]string{{"signature-input", `, b="x"`}, {"signature", `, b=:AA==:`}},
		[][2]string{{"signature-input", `, b=()`}},
		[][2]string{{"signature", `, b=:AA==:`}},
		[][2]string{{"signature-input", `, sig1=()`}},
		[][2]string{{"signature", `, sig1=:AA==:`}},
		[][2]string{{"signature-input", `, b=(), c=(), d=(), e=()`}, {"signature", `, b=::, c=::, d=::, e=::`}},
	) {
		r.edit(c[0], func(s string) string { return s + c[1] })
	}
	if g.IntN(4) == 0 {
		name := pick(g, "signature-input", "signature")
		r.edit(name, func(s string) string { return strings.Replace(s, "sig1", pick(g, "sig2", "Sig1", "sig1 "), 1) })
	}
}
