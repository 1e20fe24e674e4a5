package scan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"strconv"
	"strings"
	"testing"
)

const question = `Who may call which model?\nSay \"why\", and in two sentences at most.`

// The bodies of the benchmarks: numbers, prose, an image as base64, and text
// that is not ASCII; the model last.
var bodies = map[string]string{
	"numbers": `{"instances":[` + strings.Repeat(`[6.8,2.8,4.8,1.4],`, 5000) + `[1,2,3,4]],"model":"m"}`,
	"prose":   `{"messages":[` + strings.Repeat(`{"role":"user","content":"`+question+`"},`, 1000) + `{}],"model":"m"}`,
	"base64":  `{"image":"` + strings.Repeat("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwC", 2500) + `","model":"m"}`,
	"chinese": `{"messages":[` + strings.Repeat(`{"role":"user","content":"谁可以调用哪个模型？请用两句话回答。"},`, 1000) +
		`{}],"model":"m"}`,
}

// tensors is a ModelInferRequest with n bytes of raw_input_contents (field 7)
// in so many fields; the name comes last.
func tensors(n, fields int) []byte {
	return []byte(strings.Repeat(sub(7, strings.Repeat("x", n/fields)), fields) + sub(1, "m"))
}

const chunkSize = 16 << 10 // what Envoy reads at a time

func feed(body []byte, scan func([]byte) *Error) *Error {
	for len(body) > chunkSize {
		if err := scan(body[:chunkSize]); err != nil {
			return err
		}
		body = body[chunkSize:]
	}
	return scan(body)
}

func BenchmarkJSON(b *testing.B) {
	for _, kind := range []string{"numbers", "prose", "base64", "chinese"} {
		body := []byte(bodies[kind])
		b.Run(kind+"/scan", func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				j := NewJSON(model, Limits{})
				if err := feed(body, j.Scan); err != nil || j.End() != nil || j.Values()[0].Text != "m" {
					b.Fatal(err)
				}
			}
		})
		b.Run(kind+"/encoding-json", func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				var m map[string]any
				if err := json.NewDecoder(bytes.NewReader(body)).Decode(&m); err != nil || m["model"] != "m" {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkMultipart scans a form with a file of 1 MiB, beside mime/multipart, which copies it.
func BenchmarkMultipart(b *testing.B) {
	random, audio := rand.New(rand.NewPCG(1, 1)), make([]byte, 1<<20)
	for i := range audio {
		audio[i] = byte(random.Uint32())
	}
	files := map[string]string{
		"audio": string(audio), "text": strings.Repeat(question+"\r\n", 1<<20/len(question)), "dashes": strings.Repeat("-", 1<<20),
	}
	for _, boundary := range []string{"------------------------d74496d66958873e", "0123456789abcdef0123456789abcdef"} {
		for _, kind := range []string{"audio", "text", "dashes"} {
			body := []byte(strings.ReplaceAll(form("model=m", disposition("file")+"\n\n"), "--B", "--"+boundary))
			body = bytes.Replace(body, []byte("\r\n\r\n\r\n"), []byte("\r\n\r\n"+files[kind]+"\r\n"), 1)
			b.Run(kind+"/"+boundary[:1]+"/scan", func(b *testing.B) {
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				for b.Loop() {
					m := NewMultipart(boundary, model, Limits{})
					if err := feed(body, m.Scan); err != nil || m.End() != nil || m.Values()[0].Text != "m" {
						b.Fatal(err, m.End())
					}
				}
			})
			b.Run(kind+"/"+boundary[:1]+"/mime-multipart", func(b *testing.B) {
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				for b.Loop() {
					r := multipart.NewReader(bytes.NewReader(body), boundary)
					for part, err := r.NextRawPart(); err != io.EOF; part, err = r.NextRawPart() {
						if err != nil {
							b.Fatal(err)
						}
						io.Copy(io.Discard, part)
					}
				}
			})
		}
	}
}

// BenchmarkNames scans documents whose cost is that of the set of names of a
// watched object: few names, as most requests have, and as many as are allowed.
func BenchmarkNames(b *testing.B) {
	for _, n := range []int{4, 16, MaxMembers - 1} {
		var doc strings.Builder
		doc.WriteString("{")
		for i := range n {
			fmt.Fprintf(&doc, `"member_%d":0,`, i)
		}
		doc.WriteString(`"model":"m"}`)
		body := []byte(doc.String())
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				j := NewJSON(model, Limits{})
				if err := feed(body, j.Scan); err != nil || j.End() != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkProto(b *testing.B) {
	for _, fields := range []int{1, 1 << 10, 1 << 16} {
		body := tensors(1<<20, fields)
		b.Run(fmt.Sprintf("%d-fields", fields), func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				p := NewProto(infer, len(body), Limits{})
				if err := feed(body, p.Scan); err != nil || !p.Complete() {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkFrames(b *testing.B) {
	for _, size := range []int{16, 1 << 10, 1 << 20} {
		header := string([]byte{0, 0, byte(size >> 16), byte(size >> 8), byte(size)})
		body := []byte(strings.Repeat(header+strings.Repeat("x", size), 1<<20/size))
		b.Run(fmt.Sprintf("%d-bytes", size), func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				f := NewFrames(false, 1<<20)
				if err := feed(body, f.all); err != nil || f.End() != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// all reads every part of a chunk.
func (f *Frames) all(chunk []byte) *Error {
	for len(chunk) > 0 {
		p, err := f.Next(chunk)
		if err != nil {
			return err
		}
		chunk = chunk[p.Size:]
	}
	return nil
}

// What a chunk holds is not kept: once a document or message is under way, its
// chunks cost no allocation, whatever is in them, and a watched object's names
// none beyond the growth of their set.
func TestNoAllocations(t *testing.T) {
	none := func(what string, scan func([]byte) *Error, chunk string) {
		t.Helper()
		b := []byte(chunk)
		if n := testing.AllocsPerRun(100, func() {
			if err := scan(b); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations a chunk", what, n)
		}
	}
	for kind, body := range bodies {
		j := NewJSON(model, Limits{})
		j.Scan([]byte(`{"a":[0`))
		none(kind, j.Scan, ","+body)
	}
	j := NewJSON(model, Limits{})
	j.Scan([]byte(`{"a":"`))
	none("a string", j.Scan, `x\n\u0041\ud83d\ude00é`)
	j = NewJSON(model, Limits{})
	j.Scan([]byte(`{"a":[0`))
	none("numbers", j.Scan, `,1,-2.5e3,true,[null,{"a":{}}]`)

	p := NewProto(infer, 1<<40, Limits{})
	none("fields", p.Scan, sub(7, "xyz")+fixed(7, 8)+fixed(7, 4)+tagged(7, 0)+varint(1<<60))
	p.Scan([]byte(tagged(7, 2) + varint(1<<39)))
	none("a tensor", p.Scan, strings.Repeat("x", chunkSize))
	none("an unnamed message", func(b []byte) *Error { p.Reset(len(b)); return p.Scan(b) }, sub(1)+sub(7, "xyz"))
	none("frames", NewFrames(false, 10).all, frameAB+frameEmpty)
}
