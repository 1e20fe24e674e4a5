package attack

import (
	"fmt"
	"strings"
)

func (w *World) mustToken(claims object) string {
	token, err := w.token(claims, "k")
	if err != nil {
		panic(err)
	}
	return token
}

// honestToken returns allowed requests of n bytes, each with a token that was not seen
// before.
func (w *World) honestToken(n int) func() Request {
	build := func(pad int) Request {
		claims := w.corpClaims("ana@example.com")
		claims["pad"] = strings.Repeat("x", pad)
		r := w.honestHead(0)()
		r.Headers = with(usual, "authorization", "Bearer "+w.mustToken(claims))
		return r
	}
	pad := max(0, n-size(build(0))) * 3 / 4
	return func() Request { return build(pad) }
}

func size(r Request) int { return r.Size() }

// numbered writes numbered items up to n bytes.
func numbered(format string, n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, format, i)
	}
	return strings.TrimSuffix(b.String(), ",")
}

// Tokens are attacks by tokens that nobody has signed. No caller is known.
func (w *World) Tokens() (list []Case) {
	const known, unknown = `{"alg":"ES256","kid":"k"}`, `{"alg":"ES256","kid":"other"}`
	const room = tokenSize * 3 / 4
	nest := strings.Repeat("[", 29) + strings.Repeat("]", 29) + ","
	iss := `{"iss":"` + corpURL + `",`
	add := func(name string, signed bool, token func() string) {
		attack := func() Request {
			r := get("/kfserving/prod/fraud:predict")
			r.Headers = with(usual, "authorization", "Bearer "+token())
			return r
		}
		first := attack()
		list = append(list, Case{Name: "token: " + name, Attack: attack, Honest: w.honestToken(first.Size()), Signed: signed})
	}
	forged := func(name, header, payload string) {
		add(name, header == known, func() string { return forge(header, payload) })
	}
	payloads := []struct{ name, payload string }{
		{"1,180 members", iss + numbered(`"n%d":0,`, room-200) + `}`},
		{"members", iss + numbered(`"%d":0,`, room-200) + `}`},
		{"members in a member", iss + `"a":{` + numbered(`"%d":0,`, room-200) + `}}`},
		{"nesting", iss + `"a":[` + fill(nest, room-200) + `0]}`},
		{"a long number", iss + `"a":0.` + fill("1", room-200) + `}`},
		{"long numbers", iss + `"a":[` + fill(fill("1", 900)+",", room-200) + `0]}`},
		{"members with long numbers", iss + numbered(`"%d":0.`+fill("12345678901234567890", 400)+",", room-800) + `}`},
		{`\u escapes`, iss + `"a":"` + fill(`\u0041`, room-200) + `"}`},
		{`names of \u escapes`, iss + numbered(`"\u0041\u0041%d":0,`, room-200) + `}`},
		{"aud", iss + `"aud":[` + numbered(`"%d",`, room-200) + `]}`},
		{"iss", `{"iss":["` + corpURL + `"` + fill(`,""`, room-200) + `]}`},
	}
	for _, p := range payloads {
		forged(p.name+", unknown kid", unknown, p.payload)
		forged(p.name+", known kid", known, p.payload)
	}
	small := iss + `"aud":"models","sub":"s"}`
	forged("forged, short", known, small)
	forged("forged, long", known, iss+`"pad":"`+fill("x", room-200)+`"}`)
	forged("header of members", `{"alg":"ES256","kid":"other",`+numbered(`"%d":0,`, room-300)+`}`, small)
	forged(`header of \u escapes`, `{"alg":"ES256","kid":"other","a":"`+fill(`\u0041`, room-300)+`"}`, small)
	forged("header of nesting", `{"alg":"ES256","kid":"other","a":[`+fill(nest, room-300)+`0]}`, small)
	for _, text := range []string{".", "a.", "A", "a.a.a", "-_"} {
		add("of "+text, false, func() string { return fill(text, tokenSize) })
	}
	add("two credentials", true, func() string { return forge(known, small) })
	last := &list[len(list)-1]
	bearer := last.Attack
	last.Attack = func() Request {
		r := bearer()
		r.Headers = with(r.Headers, assertion, forge(known, `{"iss":"https://cloud.google.com/iap"}`))
		return r
	}
	return list
}
