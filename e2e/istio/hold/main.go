//go:build wasip1

// Command hold is a filter for the tests of delivery: it shows whether a body
// arrives while the head of its request is held, which is what routing by body
// takes, and what a filter can do where it does not.
package main

import (
	"bytes"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func main() {}

func init() { proxywasm.SetPluginContext(func(uint32) types.PluginContext { return &plugin{} }) }

type plugin struct{ types.DefaultPluginContext }

func (*plugin) NewHttpContext(uint32) types.HttpContext { return &stream{} }

type stream struct {
	types.DefaultHttpContext
	head bool
}

// OnHttpRequestHeaders holds the head where x-hold asks for it.
func (s *stream) OnHttpRequestHeaders(_ int, end bool) types.Action {
	what, _ := proxywasm.GetHttpRequestHeader("x-hold")
	if s.head = what == "head"; s.head && !end {
		return types.ActionPause
	}
	return types.ActionContinue
}

// OnHttpRequestBody holds the body to its end, refuses one that says so, and
// routes by it where the head is still here.
func (s *stream) OnHttpRequestBody(size int, end bool) types.Action {
	if !end {
		return types.ActionPause
	}
	body, err := proxywasm.GetHttpRequestBody(0, size)
	switch {
	case err != nil || bytes.Contains(body, []byte("refuse")):
		proxywasm.SendHttpResponse(403, nil, []byte(`{"reason":"refused"}`), -1)
		return types.ActionPause
	case s.head:
		proxywasm.ReplaceHttpRequestHeader(":authority", string(body))
	}
	return types.ActionContinue
}
