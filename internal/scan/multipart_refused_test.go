package scan

import (
	"fmt"
	"strings"
	"testing"
)

// refusedForms say which rule refuses a form, and the name of the part in question.
var refusedForms = []struct {
	name, body string
	kind       Kind
	rule       string
}{
	{"nothing", "", Truncated, "the form ends too early"},
	{"no part", "--B--\r\n", Syntax, "the first delimiter expected"},
	{"a preamble", "x\r\n" + form("model=a"), Syntax, "the first delimiter expected"},
	{"an empty line before", "\r\n" + form("model=a"), Syntax, "the first delimiter expected"},
	{"another boundary", strings.ReplaceAll(form("model=a"), "--B", "--C"), Syntax, "the first delimiter expected"},
	{"a longer boundary", strings.ReplaceAll(form("model=a"), "--B", "--Bx"), Syntax, "the first delimiter expected"},
	{"LF", strings.ReplaceAll(form("model=a"), "\r\n", "\n"), Syntax, "the first delimiter expected"},
	{"CR", strings.ReplaceAll(form("model=a"), "\r\n", "\r"), Syntax, "the first delimiter expected"},
	{"white space after the first boundary", strings.Replace(form("model=a"), "--B\r", "--B \r", 1), Syntax,
		"the first delimiter expected"},
	{"white space after a boundary", form("model=a", "x=\n--B \n"), Syntax, afterBoundary},
	{"white space after the last boundary", strings.Replace(form("model=a"), "--B--", "--B --", 1), Syntax, afterBoundary},
	{"white space after the closing delimiter", form("model=a") + " ", Trailing, "data after the form"},
	{"CR after a boundary", strings.Replace(form("model=a", "x=y"), "a\r\n--B\r\n", "a\r\n--B\r", 1), Syntax, afterBoundary},
	{"LF after a boundary", strings.Replace(form("model=a", "x=y"), "a\r\n--B\r\n", "a\r\n--B\n", 1), Syntax, afterBoundary},
	{"one dash after a boundary", form("model=a", "x=\n--B-\n"), Syntax, afterBoundary},
	{"a boundary that goes on", form("model=a", "x=\n--Bx\n"), Syntax, afterBoundary},
	{"a boundary after LF", strings.Replace(form("model=a", "x=y"), "a\r\n--B", "a\n--B", 1), Syntax, insidePart},
	{"a boundary after CR", strings.Replace(form("model=a", "x=y"), "a\r\n--B", "a\r--B", 1), Syntax, insidePart},
	{"a boundary after LF CR", form("x=\n\r\r--B\n"), Syntax, insidePart},
	{"a boundary inside of a line", form("model=a", "x=0123456789--B"), Syntax, insidePart},
	{"a boundary at once after a head", strings.Replace(form("x=", "model=a"), "\r\n\r\n\r\n", "\r\n\r\n", 1), Syntax, insidePart},
	{"a boundary without dashes", form("x=0123456789B"), Syntax, insidePart},
	{"a boundary without dashes in the model", form("model=aB"), Syntax, insidePart},
	{"a boundary without dashes in a head", form("x=", "B=y"), Syntax, "the boundary inside of a head"},
	{"a boundary in the model", form("model=a--B"), Syntax, insidePart},
	{"a boundary after one more dash", form("x=\n---B\n"), Syntax, insidePart},
	{"a boundary in a head", form("Content-Disposition: form-data; name=\"f\"; filename=\"--B\"\n\nx"), Syntax,
		"the boundary inside of a head"},
	{"data after the form", form("model=a") + "x", Trailing, "data after the form"},
	{"another form after it", form("model=a") + form("model=b"), Trailing, "data after the form"},
	{"an empty line after it", form("model=a") + "\r\n", Trailing, "data after the form"},
	{"LF after the form", strings.TrimSuffix(form("model=a"), "\r\n") + "\n", Trailing, "data after the form"},
	{"data after the closing delimiter", strings.TrimSuffix(form("model=a"), "\r\n") + "x", Trailing, "data after the form"},
	{"three dashes at the end", strings.Replace(form("model=a"), "--B--", "--B---", 1), Trailing, "data after the form"},
	{"half of the last CRLF", strings.TrimSuffix(form("model=a"), "\n"), Truncated, "the form ends too early"},
	{"no closing delimiter", strings.TrimSuffix(form("model=a", "x=y"), "--B--\r\n"), Truncated, "the form ends too early"},
	{"half a closing delimiter", strings.TrimSuffix(form("model=a"), "-\r\n"), Truncated, "the form ends too early"},
	{"half a head", "--B\r\nContent-Dispo", Truncated, "the form ends too early"},

	{"the model twice", form("model=a", wav, "model=a"), Duplicate, "a watched part occurs twice"},
	{"an empty one after it", form("model=a", "model="), Duplicate, "a watched part occurs twice"},
	{"another case", form("model=a", "Model=b"), Twin, twin},
	{"another case alone", form("MODEL=b"), Twin, twin},
	{"an array", form("model=a", "model[]=b"), Twin, twin},
	{"an index", form("model=a", "model[0]=b"), Twin, twin},
	{"a key", form("model=a", "model[x]=b"), Twin, twin},
	{"a member of nothing", form("model=a", "[model]=b"), Twin, twin},
	{"a member of an object", form("model=a", "request.Model=b"), Twin, twin},
	{"a member of an array", form("model=a", "x[0][model]=b"), Twin, twin},
	{"an open bracket", form("model=a", "model[=b"), Twin, twin},
	{"an object of it", form("model=a", "model.x=b"), Twin, twin},
	{"an escape", form("model=a", `mod\el=b`), Syntax, badName},
	{"an escaped quote", form("model=a", `mod\"el=b`), Syntax, badName},
	{"a percent encoding", form("model=a", `mod%65l=b`), Syntax, badName},
	{"an encoded word", form("model=a", disposition("=?utf-8?q?model?=")+"\n\nb"), Syntax, badName},
	{"white space after", form("model=a", "model =b"), Syntax, badName},
	{"white space before", form("model=a", " model=b"), Syntax, badName},
	{"a letter beyond ASCII", form("model=a", "mo\u1d05el=b"), Syntax, badName},
	{"a byte beyond ASCII", form("model=a", "model\xa0=b"), Encoding, "the head of a part is not UTF-8"},
	{"no name", form("model=a", "=b"), Syntax, badName},
	{"a long name", form("model=a", strings.Repeat("n", MaxKey+1)+"=b"), TooLong, "the name of a part is too long"},
	{"a name that is refused", form("model=a", "draft_x=b"), Refused, "a name that is refused"},
	{"an array that is refused", form("model=a", "draft[]=b"), Refused, "a name that is refused"},
	{"the charset of the form", form("_charset_=utf-7", "model=a"), Encoding, "a part that says the charset"},
	{"the charset, in another case", form("model=a", "_Charset_=utf-16"), Encoding, "a part that says the charset"},
	{"an object", strings.Replace(form("x=y"), `"x"`, `"parameters"`, 1), Type, "a part that must be an object"},

	{"no head", "--B\r\n\r\nx\r\n--B--\r\n", Syntax, "a part without a name"},
	{"no disposition", form("Content-Type: text/plain\n\nx"), Syntax, "a part without a name"},
	{"two dispositions", form(disposition("model") + "\n" + disposition("x") + "\n\na"), Duplicate, "a header of a part occurs twice"},
	{"two types", form(disposition("x") + "\nContent-Type: text/plain\ncontent-type: text/plain\n\na"), Duplicate,
		"a header of a part occurs twice"},
	{"no name in it", form("Content-Disposition: form-data\n\na"), Syntax, badDisposition},
	{"another disposition", form("Content-Disposition: attachment; name=\"model\"\n\na"), Syntax, badDisposition},
	{"a disposition in capitals", form("Content-Disposition: Form-Data; name=\"model\"\n\na"), Syntax, badDisposition},
	{"an extended name", form("Content-Disposition: form-data; name*=utf-8''model\n\na"), Syntax, badDisposition},
	{"the name in capitals", form("Content-Disposition: form-data; Name=\"model\"\n\na"), Syntax, badDisposition},
	{"white space before the name", form("Content-Disposition: form-data;  name=\"model\"\n\na"), Syntax, badDisposition},
	{"white space before the semicolon", form("Content-Disposition: form-data ; name=\"model\"\n\na"), Syntax, badDisposition},
	{"the file first", form("Content-Disposition: form-data; filename=\"x\"; name=\"model\"\n\na"), Syntax, badDisposition},
	{"an open quote", form("Content-Disposition: form-data; name=\"model\n\na"), Syntax, badDisposition},
	{"a comma", form("Content-Disposition: form-data, name=\"model\"\n\na"), Syntax, badDisposition},
	{"an encoded file name", form("Content-Disposition: form-data; name=\"x\"; filename*=\"utf-8''x\"\n\na"), Syntax, afterNames},
	{"two names", form("Content-Disposition: form-data; name=\"model\"; name=\"x\"\n\na"), Syntax, afterNames},
	{"two names, one extended", form("Content-Disposition: form-data; name=\"model\"; name*=utf-8''x\n\na"), Syntax, afterNames},
	{"a name after the file", form("Content-Disposition: form-data; name=\"x\"; filename=\"x\"; name=\"model\"\n\na"), Syntax, afterNames},
	{"two files", form("Content-Disposition: form-data; name=\"x\"; filename=\"x\"; filename=\"y\"\n\na"), Syntax, afterNames},
	{"another parameter", form("Content-Disposition: form-data; name=\"x\"; size=1\n\na"), Syntax, afterNames},
	{"a semicolon at the end", form("Content-Disposition: form-data; name=\"x\";\n\na"), Syntax, afterNames},
	{"an open quote of a file", form(`Content-Disposition: form-data; name="x"; filename="C:\"` + "\n\na"), Syntax, afterNames},
	{"a name in a file's", form(`Content-Disposition: form-data; name="x"; filename="y; name=model"` + "\n\na"), Syntax, afterNames},
	{"a name in a file's, by escapes", form(`Content-Disposition: form-data; name="x"; filename="y\"; name*=model"` + "\n\na"), Syntax,
		afterNames},
	{"a file called model of a part without quotes", form(`Content-Disposition: form-data; name=x; filename="Model"` + "\n\na"), Twin,
		"a file that is called as a watched part"},

	{"the model is a file", form("Content-Disposition: form-data; name=\"model\"; filename=\"x\"\n\na"), Type, "a watched part is a file"},
	{"the model is a file without a name", form("Content-Disposition: form-data; name=\"model\"; filename=\"\"\n\na"), Type,
		"a watched part is a file"},
	{"the model is a file in an encoding", form("Content-Disposition: form-data; name=\"model\"; filename*=utf-8''x\n\na"), Type,
		"a watched part is a file"},
	{"the model in base64", form(disposition("model") + "\nContent-Transfer-Encoding: base64\n\nYQ=="), Encoding,
		"a watched part is encoded"},
	{"the model as quoted-printable", form(disposition("model") + "\nContent-Transfer-Encoding: quoted-printable\n\n=61"), Encoding,
		"a watched part is encoded"},
	{"the model in JSON", form(disposition("model") + "\nContent-Type: application/json\n\n\"a\""), Type, notText},
	{"the model as bytes", form(disposition("model") + "\nContent-Type: application/octet-stream\n\na"), Type, notText},
	{"the model in UTF-16", form(disposition("model") + "\nContent-Type: text/plain; charset=utf-16\n\na"), Type, notText},
	{"the model in UTF-7", form(disposition("model") + "\nContent-Type: text/plain; charset=utf-7\n\na"), Type, notText},
	{"two charsets", form(disposition("model") + "\nContent-Type: text/plain; charset=utf-8; charset=utf-16\n\na"), Type, notText},
	{"another parameter of the type", form(disposition("model") + "\nContent-Type: text/plain; format=flowed\n\na"), Type, notText},
	{"the model with an unknown header", form(disposition("model") + "\nX-Any: 1\n\na"), Type, notText},
	{"an unknown header about content", form(disposition("x") + "\nContent-Encoding: gzip\n\na"), Syntax,
		"an unknown header about the content of a part"},
	{"a form in a part", form(disposition("x") + "\nContent-Type: multipart/mixed; boundary=C\n\na"), Syntax,
		"a part with parts of its own"},
	{"a form in a part, in capitals", form(disposition("x") + "\nContent-Type: Multipart/Form-Data\n\na"), Syntax,
		"a part with parts of its own"},
	{"a message in a part", form(disposition("x") + "\nContent-Type: message/rfc822\n\na"), Syntax, "a part with parts of its own"},
	{"no media type", form(disposition("x") + "\nContent-Type: text\n\na"), Syntax, "a media type expected"},
	{"an empty media type", form(disposition("x") + "\nContent-Type:\n\na"), Syntax, "a media type expected"},
	{"two media types", form(disposition("x") + "\nContent-Type: text/plain,multipart/mixed\n\na"), Syntax, "a media type expected"},
	{"a length that is none", form(disposition("x") + "\nContent-Length: +1\n\na"), Syntax, "a length expected"},
	{"a length that is too small", form(disposition("x") + "\nContent-Length: 0\n\na"), Syntax, badLength},
	{"a length that is too large", form(disposition("x") + "\nContent-Length: 99\n\na"), Syntax, badLength},
	{"a model in another alphabet", form("model=\u0430"), Encoding, "a watched part is not printable ASCII"},
	{"a line in the model", form("model=a\nb"), Encoding, "a watched part is not printable ASCII"},
	{"a line before the model", form("model=\na"), Encoding, "a watched part is not printable ASCII"},
	{"a NUL in the model", form("model=a\x00b"), Encoding, "a watched part is not printable ASCII"},
	{"a model that is too long", form("model=" + long + "x"), TooLong, "a watched part is too long"},
	{"a model that does not end", form("model=" + long + long), TooLong, "a watched part is too long"},

	{"a folded header", form("Content-Disposition: form-data;\n name=\"model\"\n\na"), Syntax, badDisposition},
	{"a folded header, and then a name", form(disposition("x") + "\n ; filename=\"y\"\n\na"), Syntax, badHeader},
	{"white space before the colon", form("Content-Disposition : form-data; name=\"model\"\n\na"), Syntax, badHeader},
	{"white space at the end", form(disposition("model") + " \n\na"), Syntax, badHeader},
	{"two spaces", form("Content-Disposition:  form-data; name=\"model\"\n\na"), Syntax, badHeader},
	{"no colon", form("Content-Disposition\n\na"), Syntax, badHeader},
	{"a sign in the name of a header", form(disposition("x") + "\nX%-Any: y\n\na"), Syntax, badHeader},
	{"a file name in Latin-1", form("Content-Disposition: form-data; name=\"x\"; filename=\"\xe9\"\n\na"), Encoding,
		"the head of a part is not UTF-8"},
	{"no name of a header", form(": x\n\na"), Syntax, badHeader},
	{"a tab", form("Content-Disposition:\tform-data; name=\"model\"\n\na"), Syntax, control},
	{"a NUL in a head", form("model=a", "x\x00=b"), Syntax, control},
	{"LF in a head", strings.Replace(form(disposition("model")+"\nX: y\n\na"), "\"\r\n", "\"\n", 1), Syntax, control},
	{"CR in a head", strings.Replace(form(disposition("model")+"\nX: y\n\na"), "\"\r\n", "\"\r", 1), Syntax, "LF expected after CR"},
	{"a long head", form(disposition("x") + "\nX: " + strings.Repeat("y", maxHead) + "\n\na"), TooLong, "the head of a part is too long"},
	{"many headers", form(disposition("x") + strings.Repeat("\nX: y", maxLines) + "\n\na"), TooMany, "too many headers of a part"},
	{"many parts", form(many(MaxMembers + 1)...), TooMany, "too many parts"},
}

const (
	afterBoundary  = "CRLF or two dashes expected after the boundary"
	insidePart     = "the boundary inside of a part"
	twin           = "another spelling of a watched name"
	badName        = "a part's name of letters, digits and _-.[]:/@$+~ expected"
	badDisposition = "form-data and a name expected"
	afterNames     = "nothing expected after the names of the part and its file"
	notText        = "a watched part is not plain text"
	badLength      = "a part is not as long as its Content-Length says"
	badHeader      = "a header expected in the head of a part"
	control        = "control character in the head of a part"
)

func TestMultipartRefuses(t *testing.T) {
	for _, x := range refusedForms {
		t.Run(x.name, func(t *testing.T) {
			want := fmt.Sprintf("%s (%s at ", x.rule, x.kind)
			if got := everyForm(t, "B", anyKey, x.body); !strings.Contains(got, want) {
				t.Errorf("form %.300q\n got %s\nwant %s", x.body, got, want)
			}
		})
	}
}

// What an error says beside its rule.
func TestMultipartSaysWhere(t *testing.T) {
	for _, x := range []struct{ body, want string }{
		{form("model=a", "draft_x=b"), `0="a"; a name that is refused (refused at "/draft_x", byte 108)`},
		{form("model=a", "x=--B"), `0="a"; the boundary inside of a part (syntax at "/x", byte 107)`},
		{form("model=a\x00"), `a watched part is not printable ASCII (encoding at "/model", byte 54)`},
		{form("model=a") + "x", `0="a"; data after the form (trailing at "", byte 63)`},
		{form("model=" + long + "x"), `a watched part is too long (too_long at "/model", byte 1077)`},
	} {
		if got := everyForm(t, "B", model, x.body); got != x.want {
			t.Errorf("form %.300q\n got %s\nwant %s", x.body, got, x.want)
		}
	}
}

// TestBoundary: the boundary of a Content-Type, where there is one.
func TestBoundary(t *testing.T) {
	const form = "multipart/form-data"
	for _, x := range []struct{ contentType, want string }{
		{form + "; boundary=B", "B"},
		{form + ";boundary=B", "B"},
		{form + `; boundary="B"`, "B"},
		{form + `; boundary="-1_2.3+"`, "-1_2.3+"},
		{form + "; boundary=------------------------d74496d66958873e", "------------------------d74496d66958873e"},
		{form + "; charset=UTF-8; boundary=B", "B"},
		{form + `;boundary=B;charset="utf-8"`, "B"},
		{form + "; boundary=" + strings.Repeat("b", maxBoundary), strings.Repeat("b", maxBoundary)},
	} {
		if got, ok := Boundary(x.contentType); got != x.want || !ok {
			t.Errorf("Boundary(%q) = %q, %v", x.contentType, got, ok)
		}
	}
	for _, contentType := range []string{
		"", "application/json", "multipart/mixed; boundary=B", form, form + ";", form + "; boundary", form + "; boundary=",
		form + `; boundary=""`,
		"Multipart/Form-Data; boundary=B", form + "x; boundary=B", " " + form + "; boundary=B", form + "; boundary=B ",
		form + "; boundary=B;",
		form + " ; boundary=B", form + ";  boundary=B", form + ";\tboundary=B", form + "; Boundary=B", form + "; boundary =B",
		form + "; boundary= B",
		form + "; boundary*=utf-8''B", form + "; boundary*0=B", form + "; boundary=B; boundary=B", form + "; boundary=B; boundary=C",
		form + "; boundary=B, multipart/form-data; boundary=C", form + "; boundary=B; x=y", form + "; x=y; boundary=B",
		form + "; charset=utf-8",
		form + "; boundary=B; charset=utf-16", form + "; boundary=B; charset=iso-8859-1", form + "; boundary=B; charset=",
		form + "; boundary=B; charset=utf-8; charset=utf-8", form + "; boundary=B=C", form + "; boundary=B/C", form + "; boundary=B:C",
		form + `; boundary="B'"`, form + "; boundary='B'", form + "; boundary=-", form + "; boundary=----", form + `; boundary="B,C"`,
		form + `; boundary="(B)"`, form + `; boundary="=B"`, form + `; boundary="B/C"`, form + `; boundary="B C"`,
		form + `; boundary="B`, form + `; boundary=B"`, form + `; boundary="B"C`, form + `; boundary="\B"`, form + `; boundary="B\""`,
		form + "; boundary=B\x00", form + "; boundary=é", form + "; boundary=" + strings.Repeat("b", maxBoundary+1),
	} {
		if got, ok := Boundary(contentType); ok {
			t.Errorf("Boundary(%q) = %q", contentType, got)
		}
	}
}
