// Command client sends a request signed with HTTP Message Signatures (RFC 9421) by
// github.com/remitly-oss/httpsig-go: over the method, the host, the path, the query and the
// digest of the body, with an Ed25519 key.
//
//	go run . -keyid ana-laptop -key key.pem -token token.jwt -data body.json URL
//
// The library signs the decoded path, and @target-uri without a path: so it is not for paths with
// percent signs, and @target-uri is not among the components.
package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"

	httpsig "github.com/remitly-oss/httpsig-go"
)

var (
	keyID = flag.String("keyid", "ana-laptop", "`keyid` of the signature")
	key   = flag.String("key", "", "`file` with the Ed25519 key, as PEM of PKCS #8")
	token = flag.String("token", "", "`file` with the bearer token")
	data  = flag.String("data", "", "`file` with the body; without it, the request is a GET")
)

func main() {
	log.SetFlags(0)
	flag.Parse()
	if err := call(flag.Arg(0)); err != nil {
		log.Fatal(err)
	}
}

func call(url string) error {
	client, err := signingClient()
	if err != nil {
		return err
	}
	req, err := newRequest(url)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(os.Stdout, resp.Body); err != nil {
		return err
	}
	fmt.Println(resp.StatusCode)
	return nil
}

// signingClient signs each request that it sends, with a nonce of its own.
func signingClient() (*http.Client, error) {
	private, err := readKey()
	if err != nil {
		return nil, err
	}
	signer, err := httpsig.NewSigner(httpsig.SigningProfile{
		Algorithm: httpsig.Algo_ED25519,
		Fields:    httpsig.Fields("@method", "@authority", "@path", "@query", "content-digest"),
		Metadata:  []httpsig.Metadata{httpsig.MetaCreated, httpsig.MetaNonce, httpsig.MetaKeyID},
	}, httpsig.SigningKey{Key: private, MetaKeyID: *keyID})
	if err != nil {
		return nil, err
	}
	return httpsig.NewHTTPClient(nil, signer, nil), nil
}

func readKey() (any, error) {
	text, err := os.ReadFile(*key)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New(*key + " is not PEM")
	}
	return x509.ParsePKCS8PrivateKey(block.Bytes)
}

func newRequest(url string) (*http.Request, error) {
	method, body := http.MethodGet, []byte(nil)
	if *data != "" {
		var err error
		if body, err = os.ReadFile(*data); err != nil {
			return nil, err
		}
		method = http.MethodPost
	}
	req, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if *token != "" {
		text, err := os.ReadFile(*token)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(text)))
	}
	return req, nil
}
