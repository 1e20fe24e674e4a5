//go:build wasip1 && faults

package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/modelgate/modelgate/filter/abi"
	"github.com/modelgate/modelgate/internal/testing/mutate"
)

// faultVerify has the host verify signatures as the filter has it do, and logs
// what it says: which of them hold, and how many it had nothing to say of. The
// header x-vectors holds the vectors as JSON in base64; with x-mutate, "seed from
// count", it is mutations of them that are verified.
func faultVerify(pairs [][2]string) {
	given := map[string]string{}
	for _, p := range pairs {
		given[p[0]] = p[1]
	}
	var vectors []mutate.Vector
	text, err := base64.StdEncoding.DecodeString(given["x-vectors"])
	if err == nil {
		err = json.Unmarshal(text, &vectors)
	}
	if err != nil {
		panic(err)
	}
	var seed, from uint64
	count, pick := len(vectors), func(i uint64) mutate.Vector { return vectors[i] }
	if _, err := fmt.Sscan(given["x-mutate"], &seed, &from, &count); err == nil {
		pick = func(i uint64) mutate.Vector { return mutate.At(vectors, seed, from+i) }
	}
	v, held, silent := &verifier{works: true}, mutate.NewBits(count), 0
	for i := range count {
		c := pick(uint64(i))
		ok, done := v.ask(c.Algorithm, c.Key, string(c.Signed), string(c.Signature))
		if ok {
			held.Set(i)
		}
		if !done {
			silent++
		}
	}
	abi.Log(abi.Warn, "fault: verified ", given["x-batch"], " ", strconv.Itoa(silent), " ", base64.StdEncoding.EncodeToString(held), ".")
}
