//go:build wasip1

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/modelgate/modelgate/filter/abi"
	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/modelgate/modelgate/internal/replay"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// vm is what the plugins of one VM share.
type vm struct {
	vmMetrics
	warm    bool // the request path has been run, so V8 has compiled it
	waiting gate.Waiting
	limit   int64 // of the memory, as it is set for the garbage collector
}

// plugin is one configuration in one VM.
type plugin struct {
	vm      *vm
	id      uint32     // of the context
	gate    *gate.Gate // nil refuses every request
	keys    *authn.Keys
	remotes map[string]*remoteKeys // by name of the issuer
	resumed []resumedRequest       // requests that wait no longer and are to continue
	refused []refusedStream        // streams that are to be refused
	period  uint32                 // of ticks, in milliseconds
	verify  func(k *authn.Key, signed, signature string) (ok, done bool)
	admit   func(id replay.ID, now, until time.Time) replay.Verdict // nil if no nonces are remembered
	cache   *gate.Cache                                             // nil if the configuration turns it off
	calls   map[uint32]func(bodySize int)                           // what handles the response to an HTTP call, by its id
}

// tick refreshes published keys. The host also calls it in the main thread's VM,
// which serves no requests.
func (p *plugin) tick() {
	p.logPanic(func() {
		now := hostTime()
		for _, r := range p.remotes {
			r.tick(now)
		}
		p.refuseBatch()
		p.resumeBatch()
	})
}

// httpCallResponse handles the response to an HTTP call. Its body has size bytes.
func (p *plugin) httpCallResponse(call uint32, size int) {
	if handle := p.calls[call]; handle != nil {
		delete(p.calls, call)
		p.logPanic(func() { handle(size) })
	}
}

// logPanic calls f. It recovers a panic that belongs to no request, which would
// otherwise end the VM, and logs it.
func (p *plugin) logPanic(f func()) {
	defer func() {
		if r := recover(); r != nil {
			abi.Log(abi.Critical, "model gate: panic: ", panicText(r))
		}
	}()
	f()
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
	status = types.OnPluginStartStatusOK // whatever fails below, a nil gate refuses every request
	key := compiledKey
	defer func() {
		if r := recover(); r != nil {
			p.gate = nil
			status = startFailed(key, "panic: "+panicText(r))
		}
	}()
	config, err := abi.PluginConfiguration.Bytes(0, size)
	if err != nil {
		return startFailed(key, "reading the configuration: "+err.Error())
	}
	sum := sha256.Sum256(config)
	key += "/" + hex.EncodeToString(sum[:])
	if err := p.vm.define(); err != nil {
		return startFailed(key, "defining the metrics: "+err.Error())
	}
	faultAtStart(key)
	g, err := gate.New(string(config), syscall.Getenv)
	if err != nil {
		return startFailed(key, "the configuration has errors:\n"+err.Error())
	}
	for _, k := range []string{compiledKey, key} {
		if err := abi.SetSharedData(k, []byte{1}, 0); err != nil {
			return startFailed(key, "writing shared data: "+err.Error())
		}
	}
	p.prepare(g)
	if err := p.loadRemoteKeys(g); err != nil {
		return startFailed(key, "loading published keys: "+err.Error())
	}
	p.gate = g
	runtime.GC() // so that no collection is running when requests come: see verifier.yield
	return types.OnPluginStartStatusOK
}

// prepare sets up what the gate uses: the verifier of signatures and the cache.
func (p *plugin) prepare(g *gate.Gate) {
	v := newVerifier(&p.vm.vmMetrics)
	p.verify = v.verify
	abi.Log(abi.Info, "model gate: signatures are verified by the host: ", strconv.FormatBool(v.works))
	if !p.vm.warm {
		p.vm.warm = true
		warmUp(v.check)
	}
	p.cache = g.NewCache()
	if pages := g.NoncePages(); pages > 0 {
		p.admit = newNonces(pages).admit
	}
	p.vm.limitMemory(g.WaitingLimit())
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
	if unguarded() {
		return types.OnPluginStartStatusFailed
	}
	if _, _, err := abi.SharedData(key); err == abi.NotFound {
		return types.OnPluginStartStatusFailed
	}
	abi.Log(abi.Critical, "model gate: this worker refuses every request")
	return types.OnPluginStartStatusOK
}

// hostTime returns the host's wall clock. The VMs of a proxy compare these times
// with each other; each VM's own monotonic clock would not serve for that.
func hostTime() time.Time {
	now, err := abi.Now()
	if err != nil {
		panic(err)
	}
	return time.Unix(0, now)
}
