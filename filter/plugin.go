//go:build wasip1

package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// vm is what the configurations of one VM share.
type vm struct {
	types.DefaultVMContext
	vmMetrics
	warmUp sync.Once
}

func (v *vm) NewPluginContext(id uint32) types.PluginContext { return &plugin{vm: v, id: id} }

// plugin is one configuration in one VM.
type plugin struct {
	types.DefaultPluginContext
	vm       *vm
	id       uint32     // of the context
	gate     *gate.Gate // nil refuses every request
	keys     *authn.Keys
	rings    map[string]*ring // issuers with published keys, by name
	woken    []wakeup         // requests that are to go on
	period   uint32           // of ticks, in milliseconds
	verifier *verifier
	cache    *authn.Cache // nil where the configuration wants none
}

func (p *plugin) NewHttpContext(id uint32) types.HttpContext { return &stream{plugin: p, id: id} }

// OnTick is for published keys. It runs in the main thread's VM too.
func (p *plugin) OnTick() {
	p.guard(func() {
		now := clock()
		for _, r := range p.rings {
			r.tick(now)
		}
		p.wakeSome()
	})
}

// guard keeps a panic that belongs to no request from ending the VM.
func (p *plugin) guard(f func()) {
	defer func() {
		if r := recover(); r != nil {
			proxywasm.LogCriticalf("model gate: panic: %v", r)
		}
	}()
	f()
}

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
	p.verifier = newVerifier(&p.vm.vmMetrics)
	proxywasm.LogInfof("model gate: signatures are verified by the host: %v", p.verifier.works)
	p.vm.warmUp.Do(func() { warm(p.verifier.check) })
	p.cache = g.NewCache()
	if err := p.fetchKeys(g); err != nil {
		return failed(key, "published keys: "+err.Error())
	}
	p.gate = g
	return types.OnPluginStartStatusOK
}

// fetchKeys makes a ring for each issuer with published keys. What other VMs
// have fetched is in force at once; nothing is fetched before the first tick,
// since while a plugin starts its clusters need not be there.
func (p *plugin) fetchKeys(g *gate.Gate) error {
	p.keys = g.Keys()
	remotes := g.Remotes()
	if len(remotes) == 0 {
		return nil
	}
	var number [8]byte
	rand.Read(number[:]) // never fails (crypto/rand)
	p.rings = map[string]*ring{}
	now := clock()
	for _, remote := range remotes {
		r := newRing(p, remote, binary.LittleEndian.Uint64(number[:]))
		p.rings[remote.Name] = r
		raw, _, err := r.shared()
		if err != nil {
			return err
		}
		if err := r.keeper.Look(raw); err != nil {
			proxywasm.LogErrorf("model gate: keys of %s: %v", remote.Name, err)
		}
		r.install(now)
	}
	p.period = tickMilliseconds
	return proxywasm.SetTickPeriodMilliSeconds(p.period)
}

// clock is the wall clock alone. The VMs of a proxy compare times with each
// other, which a VM's own monotonic clock has no part in.
func clock() time.Time { return time.Now().Round(0) }

func hexadecimal(octets string) string { return hex.EncodeToString([]byte(octets)) }

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
