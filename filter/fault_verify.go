//go:build wasip1 && faults

package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/modelgate/modelgate/filter/abi"
	"github.com/modelgate/modelgate/filter/driver"
	"github.com/modelgate/modelgate/internal/testing/mutate"
)

func init() { driver.FaultVerify = faultVerify }

// faultVerify lets the host verify signatures the way the filter does, and logs the
// result: a bit for each signature that is valid, and the number of signatures for
// which the host returned no result. The header x-vectors has the vectors as JSON in
// base64. With the header x-mutate, "SEED FROM COUNT", mutations of the vectors are
// verified instead.
func faultVerify(pairs [][2]string) {
	headers := map[string]string{}
	for _, p := range pairs {
		headers[p[0]] = p[1]
	}
	var vectors []mutate.Vector
	text, err := base64.StdEncoding.DecodeString(headers["x-vectors"])
	if err == nil {
		err = json.Unmarshal(text, &vectors)
	}
	if err != nil {
		panic(err)
	}
	var seed, from uint64
	count, pick := len(vectors), func(i uint64) mutate.Vector { return vectors[i] }
	if _, err := fmt.Sscan(headers["x-mutate"], &seed, &from, &count); err == nil {
		pick = func(i uint64) mutate.Vector { return mutate.At(vectors, seed, from+i) }
	}
	v, valid, failed := &verifier{works: true}, mutate.NewBits(count), 0
	for i := range count {
		c := pick(uint64(i))
		ok, done := v.ask(c.Algorithm, c.Key, string(c.Signed), string(c.Signature))
		if ok {
			valid.Set(i)
		}
		if !done {
			failed++
		}
	}
	abi.Log(abi.Warn, "fault: verified ", headers["x-batch"], " ", strconv.Itoa(failed), " ", base64.StdEncoding.EncodeToString(valid), ".")
}
