// Guest is a filter that performs the operations in its headers and configuration.
//
// The request header x-do has the operations for the request headers. The headers
// x-do-body, x-do-trailers, x-do-response, x-do-response-body, x-do-response-trailers
// and x-do-log have those for later callbacks. Operations are separated by "; ". The
// guest logs the result of an operation as "name: result" at level info.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func main() {}

func init() { proxywasm.SetVMContext(&vm{}) }

type vm struct{ types.DefaultVMContext }

func (*vm) OnVMStart(int) types.OnVMStartStatus {
	if os.Getenv("START") == "panic" {
		panic("at start")
	}
	return os.Getenv("START") != "refuse"
}

func (*vm) NewPluginContext(id uint32) types.PluginContext {
	return &plugin{id: id}
}

type plugin struct {
	types.DefaultPluginContext
	id   uint32
	tick string
}

// OnPluginStart performs the operations in the first line of the configuration. Those
// in the second line are for OnTick.
func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	config, err := proxywasm.GetPluginConfiguration()
	if err != nil {
		proxywasm.LogInfof("config: %v", err)
		return true
	}
	start, tick, _ := strings.Cut(string(config), "\n")
	p.tick = tick
	return do(start) == types.ActionContinue
}

func (p *plugin) OnTick() { do(p.tick) }

func (p *plugin) OnPluginDone() bool {
	proxywasm.LogInfof("plugin %d done", p.id)
	return p.tick != "done"
}

func (p *plugin) NewHttpContext(id uint32) types.HttpContext {
	if os.Getenv("STREAM") == "panic" {
		panic("at stream")
	}
	return &stream{plugin: p.id, id: id}
}

type stream struct {
	types.DefaultHttpContext
	plugin, id uint32
	later      map[string]string
}

func (s *stream) OnHttpRequestHeaders(n int, end bool) types.Action {
	proxywasm.LogDebugf("plugin %d stream %d: %d request headers, end %t", s.plugin, s.id, n, end)
	s.later = map[string]string{}
	headers, _ := proxywasm.GetHttpRequestHeaders()
	for _, h := range headers {
		s.later[strings.Clone(h[0])] = strings.Clone(h[1])
	}
	return do(s.later["x-do"])
}

func (s *stream) OnHttpRequestBody(n int, end bool) types.Action {
	proxywasm.LogDebugf("request body %d, end %t", n, end)
	return do(s.later["x-do-body"])
}

func (s *stream) OnHttpRequestTrailers(n int) types.Action {
	proxywasm.LogDebugf("%d request trailers", n)
	return do(s.later["x-do-trailers"])
}

func (s *stream) OnHttpResponseHeaders(n int, end bool) types.Action {
	proxywasm.LogDebugf("%d response headers, end %t", n, end)
	return do(s.later["x-do-response"])
}

func (s *stream) OnHttpResponseBody(n int, end bool) types.Action {
	proxywasm.LogDebugf("response body %d, end %t", n, end)
	return do(s.later["x-do-response-body"])
}

func (s *stream) OnHttpResponseTrailers(n int) types.Action {
	proxywasm.LogDebugf("%d response trailers", n)
	return do(s.later["x-do-response-trailers"])
}

func (s *stream) OnHttpStreamDone() {
	proxywasm.LogDebug("stream done")
	do(s.later["x-do-log"])
}

// do performs a list of operations. It returns the action of the last operation
// "action".
func do(list string) types.Action {
	action := types.ActionContinue
	if list == "" {
		return action
	}
	for _, op := range strings.Split(list, "; ") {
		words := append(strings.Fields(op), "", "", "", "", "")
		if words[0] == "action" {
			action = types.Action(number(words[1]))
			continue
		}
		if result := operate(words[0], words[1:]); result != "" {
			proxywasm.LogInfo(words[0] + ": " + result)
		}
	}
	return action
}

// show returns the text of a result or of its error.
func show(v any, err error) string {
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%v", v)
}

// failed returns the text of an error, or "".
func failed(err error) string {
	if err != nil {
		return err.Error()
	}
	return ""
}
