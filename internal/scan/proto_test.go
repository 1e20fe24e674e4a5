package scan

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

// The requests whose fields the tests watch, by their upstream numbers: KServe's
// ModelInferRequest, TensorFlow Serving's PredictRequest and
// MultiInferenceRequest.
var (
	infer     = []Field{{Number: 1}, {Number: 2, ID: 1}}
	modelSpec = []Field{{Number: 1}, {Number: 2, Shape: Int64Value, ID: 1, OneOf: 1}, {Number: 4, ID: 2, OneOf: 1}}
	predict   = []Field{{Number: 1, Shape: Message, Fields: modelSpec}}
	multi     = []Field{{Number: 1, Shape: Message, Repeated: true, Fields: predict}, {Number: 9, ID: 3}}
)

// varint, tagged, sub and fixed write the wire format.
func varint(v uint64) string { return string(binary.AppendUvarint(nil, v)) }

func tagged(number, wire int) string { return varint(uint64(number)<<3 | uint64(wire)) }

func sub(number int, content ...string) string {
	all := strings.Join(content, "")
	return tagged(number, 2) + varint(uint64(len(all))) + all
}

func fixed(number, n int) string {
	if n == 8 {
		return tagged(number, 1) + "12345678"
	}
	return tagged(number, 5) + "1234"
}

func scanProto(t testing.TB, p *Proto, body string, cut []int) string {
	t.Helper()
	p.Reset(len(body))
	var before []Value
	chunks([]byte(body), cut, func(chunk []byte) {
		p.Scan(chunk)
		if got := p.Values(); len(got) < len(before) || result(got[:len(before)], nil) != result(before, nil) {
			t.Fatalf("proto %q: values %v became %v", body, before, got)
		}
		before = append([]Value(nil), p.Values()...)
	})
	err := p.Scan(nil)
	if p.Complete() != (err == nil) {
		t.Fatalf("proto %q: complete %v, error %v", body, p.Complete(), err)
	}
	if again := p.Scan([]byte("x")); again == nil || err != nil && again != err {
		t.Fatalf("proto %q: %v became %v", body, err, again)
	}
	return result(p.Values(), err)
}

func everyProto(t testing.TB, fields []Field, body string) string {
	t.Helper()
	all := cuts(len(body))
	p := NewProto(fields, 0, Limits{})
	want := scanProto(t, p, body, all[0])
	for _, cut := range all[1:] {
		if got := scanProto(t, p, body, cut); got != want {
			t.Fatalf("proto %q\n in one: %s\n in %v: %s", body, want, cut, got)
		}
	}
	return want
}

var (
	name, version, label = sub(1, "m"), sub(2, tagged(1, 0), varint(7)), sub(4, "prod")

	acceptedProto = []struct {
		fields     []Field
		body, want string
	}{
		{infer, "", `0 absent; 1 absent; ok`},
		{infer, sub(1, "m"), `0="m"; 1 absent; ok`},
		{infer, sub(2, "1") + sub(1, "m"), `1="1"; 0="m"; ok`},
		{infer, sub(1), `0=""; 1 absent; ok`},
		{infer, sub(5, "x") + sub(1, "mé\x00") + sub(7, "y"), `0="mé\x00"; 1 absent; ok`},
		{infer, sub(1, long), `0="` + long + `"; 1 absent; ok`},
		{infer, sub(5, sub(1, "x"), sub(1, "y")) + sub(5) + name, `0="m"; 1 absent; ok`},
		// What is not watched: every wire type, the largest number, not valid within, integers of ten bytes or padded.
		{infer, tagged(3, 0) + "\x00" + fixed(3, 8) + fixed(3, 4) + sub(3, "\xff\xff") + name, `0="m"; 1 absent; ok`},
		{infer, sub(1<<29-1, "x") + name, `0="m"; 1 absent; ok`},
		{infer, tagged(3, 0) + varint(1<<64-1) + tagged(3, 0) + "\x81\x80\x00" + name, `0="m"; 1 absent; ok`},
		{infer, tagged(3, 0) + "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", `0 absent; 1 absent; ok`},
		{infer, sub(9, strings.Repeat("x", 1<<16)) + name, `0="m"; 1 absent; ok`},
		{predict, "", `0 absent; 1 absent; 2 absent; ok`},
		{predict, sub(1), `0 absent; 1 absent; 2 absent; ok`},
		{predict, sub(1, name), `0="m"; 1 absent; 2 absent; ok`},
		{predict, sub(2, "x") + sub(1, sub(3, "sig"), version, name), `1=7; 0="m"; 2 absent; ok`},
		{predict, sub(1, name, label), `0="m"; 2="prod"; 1 absent; ok`},
		{predict, sub(1, name, sub(2)), `0="m"; 1=""; 2 absent; ok`},
		{predict, sub(1, sub(2, tagged(1, 0), varint(1<<64-1))), `1=-1; 0 absent; 2 absent; ok`},
		{predict, sub(1, sub(2, sub(9, "x"), tagged(1, 0), "\x05")), `1=5; 0 absent; 2 absent; ok`},
		{multi, "", `0 absent; 1 absent; 2 absent; 3 absent; ok`},
		{multi, sub(9, "x"), `3="x"; 0 absent; 1 absent; 2 absent; ok`},
		{multi, sub(1), `0 absent; 1 absent; 2 absent; 3 absent; ok`},
		{multi, sub(1, sub(1, name)) + sub(2, "x") + sub(1, sub(2, "method"), sub(1, sub(1, "n"), version)) + sub(1),
			`0="m"; 1 absent; 2 absent; 0="n" in 1; 1=7 in 1; 2 absent in 1; ` +
				`0 absent in 2; 1 absent in 2; 2 absent in 2; 3 absent; ok`},
		{multi, strings.Repeat(sub(1), MaxItems-1) + sub(1, sub(1, name)), ""},
	}
)

func TestProtoAccepts(t *testing.T) {
	for _, x := range acceptedProto {
		t.Run(fmt.Sprintf("%.60q", x.body), func(t *testing.T) {
			if got := everyProto(t, x.fields, x.body); got != x.want && (x.want != "" || !strings.HasSuffix(got, "ok")) {
				t.Errorf("proto %.200q\n got %s\nwant %s", x.body, got, x.want)
			}
		})
	}
}

// Early: a value is known with its last byte, and lasts over a Reset only as
// text.
func TestProtoReportsEarly(t *testing.T) {
	body := sub(7, "xyz") + name + sub(7, "xyz")
	p := NewProto(infer, len(body), Limits{})
	for i := range len(body) {
		if p.Complete() {
			t.Fatalf("complete after %d of %d bytes", i, len(body))
		}
		if err := p.Scan([]byte{body[i]}); err != nil {
			t.Fatal(err)
		}
		if known := len(p.Values()) > 0; known != (i >= 7) {
			t.Errorf("after %q: %v", body[:i+1], p.Values())
		}
	}
	if p.Reset(0); !p.Complete() || result(p.Values(), nil) != "0 absent; 1 absent; ok" {
		t.Errorf("an empty message: %v, %v", p.Complete(), p.Values())
	}
}
