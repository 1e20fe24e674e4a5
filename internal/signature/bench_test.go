package signature_test

import (
	"strconv"
	"strings"
	"testing"

	. "github.com/modelgate/modelgate/internal/signature"
)

// BenchmarkVerify reads and verifies the signature of a usual request.
func BenchmarkVerify(b *testing.B) {
	for _, a := range algorithms {
		m, key := signed(b, a.name, a.key, usual)
		b.Run(a.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := verify(m, key); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkHostile reads what costs most before a signature is known to be good.
func BenchmarkHostile(b *testing.B) {
	dictionary := "x-dict: " + strings.Repeat("a, ", 10) + `b=(` + strings.Repeat(`"x" `, 32) + `)` + strings.Repeat(`;p="\\`, 1) + `"`
	var parameters, members []string
	for i := range MaxParts {
		parameters = append(parameters, `"@query-param";name="`+strconv.Itoa(i)+`"`)
	}
	for i := range MaxParts {
		members = append(members, `"x-dict";key="`+strconv.Itoa(i)+`"`)
	}
	query := "/p?" + strings.Repeat("%61&", 500)
	for i := range MaxComponents {
		query += strconv.Itoa(i) + "=x&"
	}
	for _, bb := range []struct {
		name, components string
		m                *Message
	}{
		{"query parameters", strings.Join(parameters, " "), &Message{Method: "GET", Path: query}},
		{"members", strings.Join(members, " "), &Message{Method: "GET", Path: "/", Headers: headersOf(dictionary)}},
		{"escapes", `"@method"`, &Message{Method: "GET", Path: "/"}},
	} {
		input := "a=(" + bb.components + ")"
		if bb.name == "escapes" {
			input += `;keyid="` + strings.Repeat(`\\`, 250) + `"`
		}
		headers := headersOf("signature-input: "+input, "signature: a=:AA==:")
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if signatures, err := Parse(headers); err == nil {
					signatures[0].Base(bb.m)
				}
			}
		})
	}
}

// BenchmarkDigest computes the digest of 1 MiB in pieces of 16 KiB.
func BenchmarkDigest(b *testing.B) {
	piece := make([]byte, 16<<10)
	for _, algorithm := range []string{SHA256, SHA512} {
		sum := NewSum(algorithm)
		headers := headersOf("content-digest: " + sum.Header())
		b.Run(algorithm, func(b *testing.B) {
			b.SetBytes(1 << 20)
			for b.Loop() {
				d, _ := ParseDigest(headers)
				for range 64 {
					d.Write(piece)
				}
				d.Check()
			}
		})
	}
}
