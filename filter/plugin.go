//go:build wasip1

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"runtime"
	"strconv"
	"syscall"

	"github.com/modelgate/modelgate/filter/abi"
	"github.com/modelgate/modelgate/filter/driver"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/structjson"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// vm is what the plugins of one VM share.
type vm struct {
	thread  *driver.Thread
	metrics *driver.Metrics // nil until a plugin starts
	warm    bool            // the request path has been run, so V8 has compiled it
	limit   int64           // of the memory, as it is set for the garbage collector
}

// plugin is one configuration in one VM.
type plugin struct {
	vm     *vm
	id     uint32 // of the context
	host   host
	worker *driver.Worker // refuses every request if the plugin could not start
	woken  []woken        // streams that are to be woken
	period uint32         // of ticks, in milliseconds
}

func newPlugin(v *vm, id uint32) *plugin {
	p := &plugin{vm: v, id: id}
	if v.thread == nil {
		v.thread = driver.NewThread(&p.host)
	}
	p.refuseAll()
	return p
}

// refuseAll makes the plugin refuse every request.
func (p *plugin) refuseAll() {
	refusing, _ := driver.NewPlugin(&p.host, p.vm.metrics, nil) // cannot fail
	p.worker = refusing.NewWorker(p.vm.thread, nil)
}

// tick refreshes published keys, and wakes streams. The host also calls it in the main
// thread's VM, which serves no requests.
func (p *plugin) tick() {
	p.worker.Tick()
	p.wakeBatch()
}

// httpCallResponse handles the response to an HTTP call. Its body has size bytes.
func (p *plugin) httpCallResponse(id uint32, size int) {
	p.host.callResponse(id, size)
	p.wakeBatch()
}

// start compiles the configuration, which has size bytes. The host calls it in the
// main thread first, and then in each worker.
//
// Envoy rejects a configuration whose start fails in the main thread, as it should.
// But if the start fails only in a worker, Envoy removes the filter there and lets
// every request pass, whatever its failure policy is (seen in 1.40.0). So a start
// that has succeeded is recorded in the data that all VMs share. After that, no
// start of the same configuration fails: the worker logs the error and refuses
// every request.
func (p *plugin) start(size int) (status types.OnPluginStartStatus) {
	status = types.OnPluginStartStatusOK // whatever fails below, the plugin refuses every request
	key := compiledKey
	defer func() {
		if r := recover(); r != nil {
			p.refuseAll()
			status = startFailed(key, "panic: "+driver.PanicText(r))
		}
	}()
	config, err := abi.PluginConfiguration.Bytes(0, size)
	if err != nil {
		return startFailed(key, "reading the configuration: "+err.Error())
	}
	sum := sha256.Sum256(config)
	key += "/" + hex.EncodeToString(sum[:])
	if p.vm.metrics == nil {
		if p.vm.metrics, err = driver.DefineMetrics(&p.host); err != nil {
			return startFailed(key, "defining the metrics: "+err.Error())
		}
	}
	faultAtStart()
	text, isStruct := structjson.JSON(config)
	if !isStruct {
		text = string(config)
	}
	g, err := gate.New(text, syscall.Getenv)
	if err != nil {
		return startFailed(key, "the configuration has errors:\n"+err.Error())
	}
	if g.Asks() != (gate.Asks{}) {
		return startFailed(key, `"metadata", "filterState" and "labels" of "host" need the gate as a dynamic module`)
	}
	for _, k := range []string{compiledKey, key} {
		if err := abi.SetSharedData(k, []byte{1}, 0); err != nil {
			return startFailed(key, "writing shared data: "+err.Error())
		}
	}
	verify := p.prepare(g)
	started, err := driver.NewPlugin(&p.host, p.vm.metrics, g)
	if err != nil {
		return startFailed(key, "loading published keys: "+err.Error())
	}
	p.worker = started.NewWorker(p.vm.thread, verify)
	p.updateTickPeriod()
	runtime.GC() // so that no collection is running when requests come: see verifier.yield
	return types.OnPluginStartStatusOK
}

// prepare sets up what the gate uses, and returns what verifies signatures.
func (p *plugin) prepare(g *gate.Gate) driver.Verify {
	v := newVerifier(func() { p.vm.metrics.CountFallback(&p.host) })
	abi.Log(abi.Info, "model gate: signatures are verified by the host: ", strconv.FormatBool(v.works))
	if !p.vm.warm {
		p.vm.warm = true
		warmUp(v.check)
	}
	p.vm.limitMemory(g.WaitingLimit())
	return v.verify
}

// compiledKey is the key in shared data that records that a configuration has
// compiled. The same key, a slash and the SHA-256 of a configuration in
// hexadecimal record it for this one.
const compiledKey = "modelgate/compiled"

// startFailed logs why the start fails and returns its status. It rejects the
// configuration, unless the configuration has compiled before in this proxy, or
// shared data cannot be read: then the worker starts and refuses every request.
func startFailed(key, why string) types.OnPluginStartStatus {
	abi.Log(abi.Critical, "model gate: ", why)
	if driver.Unguarded() {
		return types.OnPluginStartStatusFailed
	}
	if _, _, err := abi.SharedData(key); err == abi.NotFound {
		return types.OnPluginStartStatusFailed
	}
	abi.Log(abi.Critical, "model gate: this worker refuses every request")
	return types.OnPluginStartStatusOK
}
