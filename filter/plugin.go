//go:build wasip1

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"syscall"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/reason"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// vm is what the configurations of one VM share: the counters, which a host
// never forgets and gives a new number each time they are defined.
type vm struct {
	types.DefaultVMContext
	counters []proxywasm.MetricCounter // by Reason
	shadows  []proxywasm.MetricCounter // what would have been refused, by Reason
}

func (v *vm) NewPluginContext(uint32) types.PluginContext { return &plugin{vm: v} }

// define makes a counter for each Reason, wasmcustom.modelgate.<reason> in Envoy,
// and one for what passed in shadow.
func (v *vm) define() {
	if v.counters != nil {
		return
	}
	var counters, shadows []proxywasm.MetricCounter
	for _, r := range reason.All() {
		counters = append(counters, proxywasm.DefineCounterMetric("modelgate."+r.String()))
		shadows = append(shadows, proxywasm.DefineCounterMetric("modelgate.shadow."+r.String()))
	}
	v.counters, v.shadows = counters, shadows // all or none: a definition that fails panics
}

// count never changes a decision: a counter that cannot count is logged.
func (v *vm) count(counters []proxywasm.MetricCounter, r reason.Reason) {
	defer func() {
		if p := recover(); p != nil {
			proxywasm.LogErrorf("model gate: counter %s: %v", r, p)
		}
	}()
	counters[r].Increment(1)
}

// countPass counts a request that goes on. A Reason that refuses is one that
// would have refused it, were it not in shadow.
func (v *vm) countPass(r reason.Reason) {
	if r < reason.Exempt {
		v.count(v.shadows, r)
		return
	}
	v.count(v.counters, r)
}

// plugin is one configuration in one VM.
type plugin struct {
	types.DefaultPluginContext
	vm       *vm
	gate     *gate.Gate // nil refuses every request
	verifier *verifier
	cache    *authn.Cache // nil where the configuration wants none
}

func (p *plugin) NewHttpContext(uint32) types.HttpContext { return &stream{plugin: p} }

// OnPluginStart compiles the configuration, first in the main thread and then
// in each worker.
//
// Envoy turns down a configuration whose start fails in the main thread, which
// is right. But where the start fails on a worker only, Envoy removes the
// filter there and lets every request pass, whatever its failure policy (seen
// in 1.40.0). So a start that succeeded once is remembered in the data that all
// VMs share, and after that no start fails: the worker refuses every request
// and says so.
func (p *plugin) OnPluginStart(int) (status types.OnPluginStartStatus) {
	status = types.OnPluginStartStatusOK // whatever else happens below, a nil gate refuses
	key := compiledKey
	defer func() {
		if r := recover(); r != nil {
			p.gate = nil
			status = failed(key, fmt.Sprint("panic: ", r))
		}
	}()
	config, err := proxywasm.GetPluginConfiguration()
	if err != nil {
		return failed(key, "no configuration: "+err.Error())
	}
	sum := sha256.Sum256(config)
	key += "/" + hex.EncodeToString(sum[:])
	p.vm.define()
	faultAtStart(key)
	g, err := gate.New(string(config), syscall.Getenv)
	if err != nil {
		return failed(key, "the configuration has errors:\n"+err.Error())
	}
	for _, k := range []string{compiledKey, key} {
		if err := proxywasm.SetSharedData(k, []byte{1}, 0); err != nil {
			return failed(key, "shared data: "+err.Error())
		}
	}
	p.verifier = newVerifier()
	proxywasm.LogInfof("model gate: signatures are verified by the host: %v", p.verifier.works)
	p.cache = g.NewCache()
	p.gate = g
	return types.OnPluginStartStatusOK
}

// compiledKey is where a start that succeeded is remembered; below it stands
// the hash of the configuration.
const compiledKey = "modelgate/compiled"

// failed is the answer to a start that cannot go on: a failure, unless the same
// configuration has compiled before in this proxy, or that cannot be told.
func failed(key, why string) types.OnPluginStartStatus {
	proxywasm.LogCritical("model gate: " + why)
	if unguarded() {
		return types.OnPluginStartStatusFailed
	}
	if _, _, err := proxywasm.GetSharedData(key); errors.Is(err, types.ErrorStatusNotFound) {
		return types.OnPluginStartStatusFailed
	}
	proxywasm.LogCritical("model gate: this worker refuses every request")
	return types.OnPluginStartStatusOK
}
