package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// request is one line of decide's input. Header names are changed to lower case, as
// every proxy passes them to the filter. Nothing else is changed.
type request struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Authority string `json:"authority"`
	Headers   []pair `json:"headers"`
	Trailers  []pair `json:"trailers"`
	Body      []byte `json:"body"` // base64
	Peer      struct {
		URI         string `json:"uri"`
		Subject     string `json:"subject"`
		Certificate string `json:"certificate"` // in PEM
		Validated   bool   `json:"validated"`
		Digest      string `json:"digest"`
	} `json:"peer"` // the client certificate
}

// pair is the name and the value of a header. As an array, encoding/json would
// accept one string or three.
type pair [2]string

func (p *pair) UnmarshalJSON(raw []byte) error {
	var list []string
	if err := json.Unmarshal(raw, &list); err != nil {
		return err
	}
	if len(list) != 2 {
		return fmt.Errorf(`a header must be ["name", "value"]; got %s`, raw)
	}
	*p = pair(list)
	return nil
}

// lowerNames returns the headers with their names in lower case.
func lowerNames(pairs []pair) (list [][2]string) {
	for _, p := range pairs {
		list = append(list, [2]string{strings.ToLower(p[0]), p[1]})
	}
	return list
}

func parseRequest(line []byte) (r request, err error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return r, err
	}
	if _, err := d.Token(); err != io.EOF { // Decoder.More would accept a closing bracket
		return r, errors.New("a line must be one JSON object; got something after it")
	}
	return r, nil
}
