package parsers

import (
	"math/rand/v2"
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/modelgate/modelgate/internal/scan"
)

// scannedProto is what the scanner reports of a message that comes in chunks of
// at most so many bytes. A request without a task has one naming, of nothing.
func scannedProto(fields []scan.Field, body []byte, most int) ([]naming, *scan.Error) {
	p := scan.NewProto(fields, len(body), scan.Limits{})
	for rest := body; len(rest) > 0; {
		n := min(len(rest), most)
		if err := p.Scan(rest[:n]); err != nil {
			return nil, err
		}
		rest = rest[n:]
	}
	var all []naming
	for _, v := range p.Values() {
		for v.Item >= len(all) {
			all = append(all, naming{})
		}
		switch n := &all[v.Item]; v.ID {
		case modelName:
			n.name = v.Text
		case modelVersion:
			n.version = v.Text
		case versionNumber:
			n.number, n.numbered = v.Int, v.Present
		case versionLabel:
			n.label, n.labelled = v.Text, v.Present
		}
	}
	if !p.Complete() {
		return nil, &scan.Error{}
	}
	return all, nil
}

// agrees holds what the scanner accepts to what Unmarshal selects; ok is false
// if Unmarshal refuses the message.
func agrees(t testing.TB, d protoreflect.MessageDescriptor, body []byte, got []naming) (ok bool) {
	t.Helper()
	m := dynamicpb.NewMessage(d)
	if proto.Unmarshal(body, m) != nil {
		return false
	}
	want := selects(m)
	if want == nil {
		want = []naming{{}}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s %q: the scanner reports %+v, Unmarshal selects %+v", d.Name(), body, got, want)
	}
	return true
}

func TestProto(t *testing.T) {
	file := requests(t)
	w := writer{rand.New(rand.NewPCG(*seed, 2))}
	accepted, invalid, taken := 0, 0, 0
	refusals := map[scan.Kind]int{}
	for i := range *count {
		request := protoRequests[i%len(protoRequests)]
		d := file.Messages().ByName(request.name)
		body := w.message(d)
		for range pick(w, 0, 0, 1, 2) {
			body = w.spoilProto(body)
		}
		got, err := scannedProto(request.fields, body, 1+w.IntN(40))
		if err != nil {
			refusals[err.Kind]++
			if m := dynamicpb.NewMessage(d); err.Kind != scan.TooLong && proto.Unmarshal(body, m) == nil {
				taken++
			}
			continue
		}
		if accepted++; !agrees(t, d, body, got) {
			invalid++
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("seed %d: %d messages, %d accepted, of which Unmarshal refuses %d, disagreements 0; of the refused, Unmarshal takes %d", *seed,
		*count, accepted, invalid, taken)
	t.Logf("refused: %v", refusals)
	for _, k := range []scan.Kind{scan.Syntax, scan.Encoding, scan.Truncated, scan.Duplicate, scan.Conflict, scan.Type, scan.TooLong,
		scan.NonMinimal, scan.Group} {
		if *count >= 100_000 && refusals[k] == 0 {
			t.Errorf("no message was refused as %s", k)
		}
	}
	if accepted < *count/5 || taken < *count/100 || invalid > accepted/4 {
		t.Errorf("of %d messages %d are accepted (Unmarshal refuses %d of them), and Unmarshal takes %d of the refused", *count, accepted,
			invalid, taken)
	}
}

// FuzzProto: the same of whatever the fuzzer makes.
func FuzzProto(f *testing.F) {
	file := requests(f)
	w := writer{rand.New(rand.NewPCG(1, 3))}
	for i := range 30 {
		request := protoRequests[i%len(protoRequests)]
		f.Add(uint8(i), w.message(file.Messages().ByName(request.name)))
	}
	f.Fuzz(func(t *testing.T, kind uint8, body []byte) {
		request := protoRequests[int(kind)%len(protoRequests)]
		if got, err := scannedProto(request.fields, body, 7); err == nil {
			agrees(t, file.Messages().ByName(request.name), body, got)
		}
	})
}

func BenchmarkProto(b *testing.B) {
	file := requests(b)
	for _, x := range []struct {
		name   string
		fields int
	}{{"1-tensor", 1}, {"1024-tensors", 1 << 10}, {"65536-tensors", 1 << 16}} {
		var body []byte
		for range x.fields {
			body = protowire.AppendBytes(protowire.AppendTag(body, 7, protowire.BytesType), make([]byte, 1<<20/x.fields))
		}
		body = protowire.AppendString(protowire.AppendTag(body, 1, protowire.BytesType), "m")
		b.Run(x.name+"/scan", func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, err := scannedProto(protoRequests[0].fields, body, 16<<10); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(x.name+"/Unmarshal", func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			m := dynamicpb.NewMessage(file.Messages().ByName("ModelInferRequest"))
			for b.Loop() {
				if err := proto.Unmarshal(body, m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
