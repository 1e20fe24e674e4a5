package signatures

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	httpsig "github.com/remitly-oss/httpsig-go"

	"github.com/modelgate/modelgate/internal/signature"
)

// What http-message-signatures signs, in any form that ours knows, ours takes.
func TestSignedByPython(t *testing.T) {
	g := &generator{rand.New(rand.NewPCG(1, 2)), t}
	requests := make([]*request, *mutations/10)
	for i := range requests {
		r := g.unsigned()
		r.of = nil
		r.components = []string{} // what the request has
		for _, c := range components {
			parsed, err := signature.ParseComponent(c)
			if err != nil {
				t.Fatal(err)
			}
			s := signature.Signature{Components: []signature.Component{parsed}}
			if _, err := s.Base(r.message()); err == nil && g.IntN(4) == 0 {
				r.components = append(r.components, c)
			}
		}
		requests[i] = r
	}
	for i, answer := range startPython(t).ask(requests) {
		r := requests[i]
		fields := strings.Split(answer, "\t")
		if len(fields) != 3 {
			t.Fatalf("%s: %s", r.json(), answer)
		}
		r.headers = append(r.headers, [2]string{"signature-input", fields[1]}, [2]string{"signature", fields[2]})
		if ours := r.ours(t); ours != "" {
			t.Errorf("%s: %s", r.json(), ours)
		}
	}
}

// What httpsig-go signs, ours takes: by each algorithm, over what it knows.
func TestSignedByGo(t *testing.T) {
	known := []string{"@method", "@authority", "@path", "@query", "content-type", "date", "x-a", "x-dict", "content-digest"}
	g := &generator{rand.New(rand.NewPCG(3, 4)), t}
	for range *mutations / 10 {
		r := g.unsigned()
		if r.of = nil; strings.Contains(r.path, "%2F") { // it signs the decoded path
			continue
		}
		req, err := http.NewRequest(r.method, "https://"+r.authority+r.path, strings.NewReader(r.body))
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range r.headers {
			if h[0] != "content-digest" { // it makes that itself
				req.Header.Add(h[0], h[1])
			}
		}
		profile := httpsig.SigningProfile{
			Algorithm: httpsig.Algorithm(r.algorithm), Fields: httpsig.Fields(slices.DeleteFunc(slices.Clone(known), func(string) bool {
				return g.IntN(2) == 0
			})...),
			Metadata: []httpsig.Metadata{httpsig.MetaCreated, httpsig.MetaExpires, httpsig.MetaNonce, httpsig.MetaAlgorithm, httpsig.MetaKeyID},
		}
		key := httpsig.SigningKey{Key: privateKey(t, r.keyID), MetaKeyID: r.keyID}
		key.Secret, _ = key.Key.([]byte)
		if err := httpsig.Sign(req, profile, key); err != nil {
			t.Fatal(err)
		}
		r.headers = nil
		for name, values := range req.Header {
			for _, v := range values {
				r.headers = append(r.headers, [2]string{strings.ToLower(name), v})
			}
		}
		if ours := r.ours(t); ours != "" {
			t.Errorf("%s: %s", r.json(), ours)
		}
	}
}
