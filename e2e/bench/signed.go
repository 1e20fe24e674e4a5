package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"github.com/modelgate/modelgate/internal/signature"
	"github.com/modelgate/modelgate/internal/testing/jose"
)

// signedKinds are how the requests of the curves are signed: the algorithm, what RFC 7518 calls
// it, and the digest of the body.
var signedKinds = []struct{ algorithm, alg, digest string }{
	{signature.Ed25519, "EdDSA", signature.SHA256},
	{signature.Ed25519, "EdDSA", signature.SHA512},
	{signature.ECDSAP256SHA256, "ES256", signature.SHA256}, // which Envoy verifies for the module
	{signature.RSAPSSSHA512, "PS512", signature.SHA256},
}

// signedCurves measures how long a signed request takes, divided by how long the same one takes
// without a signature, through the same gate. The requests come one after the other.
func (b *bench) signedCurves() error {
	doc := map[string]any{}
	_ = json.Unmarshal([]byte(b.gateConf), &doc) // gateConfig has marshalled it
	signers, keys := map[string]*signature.Signer{}, []any{}
	for _, k := range signedKinds {
		if signers[k.algorithm] != nil {
			continue
		}
		private, err := jose.NewKey(k.alg)
		if err != nil {
			return err
		}
		if signers[k.algorithm], err = signature.NewSigner(k.algorithm, private, rand.Reader); err != nil {
			return err
		}
		keys = append(keys, map[string]any{
			"keyid": k.algorithm, "algorithm": k.algorithm, "anyCaller": true, "jwk": jose.JWK(private, "", k.alg),
		})
	}
	doc["signatures"] = map[string]any{"keys": keys}
	text, _ := json.Marshal(doc) // strings and numbers only
	gate := inWasm.proxy(b.fixture, "signatures", string(text))
	if err := gate.start(b.fixture); err != nil {
		return err
	}
	defer gate.stop()
	token := b.contenders[0].tokens.nextToken()
	for _, k := range signedKinds {
		c := curve{Name: "signed by " + k.algorithm + ", " + k.digest, X: "bytes", Y: "time of a request, times an unsigned one"}
		added := curve{Name: c.Name, X: "bytes", Y: "ms added to a request"}
		for _, size := range []int{1 << 10, 64 << 10, 1 << 20} {
			times := min(300, (64<<20)/size)
			var ratios, more []float64
			for round := range b.curveRounds() + 1 { // the first warms up
				signed, err := signedPool(signers[k.algorithm], k.digest, token, size, times)
				if err != nil {
					return err
				}
				var took []time.Duration
				for _, tokens := range []*pool{{tokens: []string{token}}, signed} {
					began := time.Now()
					if err := post(contender{proxy: gate, tokens: tokens}, size, times); err != nil {
						return fmt.Errorf("%s: body of %d: %w", c.Name, size, err)
					}
					took = append(took, time.Since(began))
				}
				if round > 0 {
					ratios = append(ratios, took[1].Seconds()/took[0].Seconds())
					more = append(more, (took[1]-took[0]).Seconds()*1e3/float64(times))
				}
			}
			c.Points = append(c.Points, point{float64(size), statOf(ratios)})
			added.Points = append(added.Points, point{float64(size), statOf(more)})
		}
		b.curves = append(b.curves, c, added)
	}
	return nil
}

// signedPool returns a token for each of n requests with a body of zeros, each followed by the headers of
// a signature of its own.
func signedPool(signer *signature.Signer, digest, token string, size, n int) (*pool, error) {
	sum := signature.NewSum(digest)
	sum.Write(make([]byte, size))
	m := signature.Message{
		Method: "POST", Scheme: "http", Authority: headers[0][1], Path: largePath, Headers: [][2]string{{"content-digest", sum.Header()}},
	}
	var components []signature.Component
	for _, name := range []string{"@method", "@authority", "@path", "@query", "content-digest"} {
		c, err := signature.ParseComponent(name)
		if err != nil {
			return nil, err
		}
		components = append(components, c)
	}
	p := &pool{}
	for range n {
		input, value, err := signer.Sign(&m, "sig1", components, signature.Params{
			KeyID: signer.Algorithm(), Created: time.Now().Unix(), Nonce: jose.Base64URL(jose.Random(12)),
		})
		if err != nil {
			return nil, err
		}
		p.tokens = append(p.tokens, token+"\r\nContent-Digest: "+sum.Header()+"\r\nSignature-Input: "+input+"\r\nSignature: "+value)
	}
	return p, nil
}
