//go:build forms

package forms

import (
	"math/rand/v2"
	"strings"
)

// writer makes forms: as a client would, and then with lies.
type writer struct{ *rand.Rand }

func pick[T any](w writer, of ...T) T { return of[w.IntN(len(of))] }

// mostly is the first text, more often than not.
func (w writer) mostly(honest string, lies ...string) string {
	if w.IntN(150) > 0 {
		return honest
	}
	return pick(w, lies...)
}

var boundaries = []string{
	"B", "B", "----WebKitFormBoundary7MA4YWxkTrZu0gW", "------------------------d74496d66958873e", "0123456789abcdef0123456789abcdef",
	"-", "--",
	"B--", "=_b/:?", "a b", "'B'", "(B)", "B,C", strings.Repeat("x", 70), strings.Repeat("x", 71),
}

var names = []string{
	"file", "file", "prompt", "timestamp_granularities[]", "image", "x", "Model", "MODEL", "model[]", "model[0]", "model[x]", "[model]",
	"x[model]",
	"x.model", "model.x", " model", "model ", "model\x00", "mod%65l", "model%22", `mod\el`, `model\"`, `\"model`, "mod\u00e9l",
	"m\u1d0fdel", "",
	"=?utf-8?q?model?=", "=?utf-8?b?bW9kZWw=?=", "_charset_", "models", "mode", "model;x", "model\"; x=\"", "x\"; name=\"model", "model'",
}

var values = []string{
	"allowed", "secret", "", "a b", "meta/llama", "allowed\r\n", "\r\nallowed", "all\nowed", "\xff", "\u00e9", "\x00", "YWxsb3dlZA==",
	"--", "-", "\r",
	"\r\n--", "\r\n--B", "\n--B", "--B--", "\r\n\r\n--Bx", strings.Repeat("x", 1024), strings.Repeat("x", 1025), "=61llowed", "+AGE-",
	"\r\n--C\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nsecret\r\n--C--",
}

// form is a form with some parts, more often honest than not.
func (w writer) form() form {
	boundary := boundaries[w.IntN(pick(w, 5, 5, 5, 5, len(boundaries)))]
	var b strings.Builder
	b.WriteString(w.mostly("", "\r\n", "x\r\n", "\n", "--\r\n", " "))
	parts := 1 + w.IntN(4)
	at := w.IntN(parts)
	for i := range parts {
		b.WriteString("--" + boundary + w.mostly("\r\n", "\n", "\r", " \r\n", "\t\r\n", "", "x\r\n", "-\r\n", "\r\n\r\n"))
		w.part(&b, i == at || w.IntN(40) == 0)
		b.WriteString(w.mostly("\r\n", "\n", "\r", "", "\r\n\r\n", "\n\r\n"))
	}
	b.WriteString("--" + boundary + w.mostly("--", "", "-", "---", " --", "\r\n", "--x") + w.mostly(pick(w, "\r\n", ""), "\n", "\r",
		"\r\n\r\n", "x", " "))
	body := b.String()
	for range pick(w, 0, 0, 0, 0, 0, 1, 1, 2) {
		body = w.spoil(body, boundary)
	}
	return form{w.mediaType(boundary), body}
}

func (w writer) mediaType(boundary string) string {
	quoted := strings.ContainsAny(boundary, "=/:? '(),") || w.IntN(4) == 0
	value := boundary
	if quoted {
		value = `"` + boundary + `"`
	}
	return w.mostly("multipart/form-data", "multipart/mixed", "Multipart/Form-Data", "multipart/related", "application/json") +
		w.mostly(pick(w, "; ", ";"), ";  ", " ; ", ";\t", ";;", ", ", " ") +
		w.mostly("boundary=", "Boundary=", "boundary =", "boundary*=utf-8''", "boundary*0=", "boundary=C; boundary=",
			"x=boundary=C; boundary=") + value +
		w.mostly(pick(w, "", "", "", "; charset=utf-8"), "; charset=utf-16", "; charset=utf-7", "; boundary=C", ";", " ", "x", "; x=y", `"`)
}

func (w writer) part(b *strings.Builder, model bool) {
	name := names[w.IntN(pick(w, 6, 6, 6, 6, 6, 6, len(names)))]
	value := values[w.IntN(pick(w, 5, 5, 5, len(values)))]
	if model {
		name = "model"
		value = w.mostly("allowed", values...)
	}
	lines := []string{w.disposition(name, model)}
	if w.IntN(3) == 0 {
		lines = append(lines, w.mostly("Content-Type", "content-type", "CONTENT-TYPE")+": "+w.mostly("text/plain",
			"text/plain; charset=utf-8",
			"text/plain; charset=utf-16", "text/plain; charset=iso-8859-1", "application/octet-stream", "application/json",
			"multipart/mixed; boundary=C",
			"message/rfc822", "text/plain; charset=utf-7", "text", ""))
	}
	if w.IntN(20) == 0 {
		lines = append(lines, pick(w, "Content-Transfer-Encoding: 8bit", "Content-Transfer-Encoding: binary",
			"Content-Transfer-Encoding: base64",
			"Content-Transfer-Encoding: quoted-printable", "Content-Length: 7", "Content-Length: 3", "X-Any: model", "Content-ID: <model>",
			"Content-Encoding: gzip", "Content-Disposition: form-data; name=\"model\"", "X: \"\r\n name=\"model\"", ": x", "x"))
	}
	w.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	for _, line := range lines {
		b.WriteString(line + w.mostly("\r\n", "\n", "\r", " \r\n", "\r\n "))
	}
	b.WriteString(w.mostly("\r\n", "\n", "", "\r", " \r\n") + value)
}

func (w writer) disposition(name string, model bool) string {
	s := w.mostly("Content-Disposition", "content-disposition", "Content-Disposition ", "Content-disposition", "X-Disposition") +
		w.mostly(pick(w, ": ", ":"), ":\t", ":  ", " : ") + w.mostly("form-data", "Form-Data", "attachment", "form-data, x", "", "file") +
		w.mostly(pick(w, "; ", "; ", "; ", "; ", "; ", ";"), ";  ", " ; ", ";\t", ", ", " ", ";\r\n ")
	value := `"` + name + `"`
	if w.IntN(20) == 0 {
		value = name
	}
	s += w.mostly("name=", "Name=", "name*=utf-8''", "name*0=", "name =", "name= ", "x=y; name=", `filename="x"; name=`) + value
	if model && w.IntN(20) > 0 {
		return s
	}
	if w.IntN(10) > 0 {
		return s + pick(w, "", `; filename="a.wav"`, "; filename=a.wav", "; filename=a.wav; filename*=utf-8''a.wav", `; filename=""`)
	}
	return s + pick(w, `; filename="`+name+`"`, `; filename="C:\a\`+`"`, `; filename="a\"; name=\"model"`,
		`; filename="a\\"; name="model"`, `; filename="é;x"`,
		`; name="model"`, `; name=model`, `; filename="x; name=model"`, `; filename="x\"; name=model"`,
		"; filename*=utf-8''%22%3b%20name=model",
		`; filename="x" name="model"`, ";", `; filename="model`)
}

// spoil changes one place of a form.
func (w writer) spoil(body, boundary string) string {
	at := w.IntN(len(body) + 1)
	if i := strings.IndexAny(body[at:], "\r\n;\"-:"); i >= 0 && w.IntN(2) == 0 {
		at += i
	}
	end := min(len(body), at+pick(w, 0, 0, 1, 1, 2))
	piece := pick(w, "", "", "\r\n", "\n", "\r", "--", "-", "--"+boundary, boundary,
		boundary+"\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nsecret\r\n--", "\r\n--"+boundary, "\n--"+boundary+"\r\n",
		"\r\n--"+boundary+"--", " ", "\t",
		";", "\"", "\\", "=", "%", "\x00", "\xff", ":", "model", "; name=\"model\"", "\r\n ", "\v", "\f", "\x1c", "\u0085", "\u2028",
		"\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nsecret",
		"--"+boundary+"\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nsecret\r\n")
	return body[:at] + piece + body[end:]
}
