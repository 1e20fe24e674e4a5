// Command hello is a Wasm filter that answers with its configuration in the
// header x-config and the variable HELLO in x-env. It refuses to start on the
// configuration "refuse".
package main

import (
	"os"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func main() {}

func init() { proxywasm.SetVMContext(&vm{}) }

type vm struct{ types.DefaultVMContext }

func (*vm) NewPluginContext(uint32) types.PluginContext { return &plugin{} }

type plugin struct {
	types.DefaultPluginContext
	config string
}

func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	config, err := proxywasm.GetPluginConfiguration()
	if err != nil || string(config) == "refuse" {
		proxywasm.LogCriticalf("hello will not start: %q, %v", config, err)
		return types.OnPluginStartStatusFailed
	}
	p.config = string(config)
	return types.OnPluginStartStatusOK
}

func (p *plugin) NewHttpContext(uint32) types.HttpContext { return &exchange{config: p.config} }

type exchange struct {
	types.DefaultHttpContext
	config string
}

func (e *exchange) OnHttpResponseHeaders(int, bool) types.Action {
	proxywasm.AddHttpResponseHeader("x-config", e.config)
	proxywasm.AddHttpResponseHeader("x-env", os.Getenv("HELLO"))
	return types.ActionContinue
}
