//go:build wasip1

package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/modelgate/modelgate/filter/abi"
	"github.com/modelgate/modelgate/internal/authn"
	"github.com/modelgate/modelgate/internal/gate"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// vm is what the configurations of one VM share.
type vm struct {
	vmMetrics
	warm bool // the ways of a request have been gone
}

// plugin is one configuration in one VM.
type plugin struct {
	vm     *vm
	id     uint32     // of the context
	gate   *gate.Gate // nil refuses every request
	keys   *authn.Keys
	rings  map[string]*ring // issuers with published keys, by name
	woken  []wakeup         // requests that are to go on
	period uint32           // of ticks, in milliseconds
	verify func(k *authn.Key, signed, signature string) (ok, done bool)
	cache  *gate.Cache               // nil where the configuration wants none
	calls  map[uint32]func(size int) // what is to be done with the answer to a call
}

// tick is for published keys. It runs in the main thread's VM too.
func (p *plugin) tick() {
	p.guard(func() {
		now := clock()
		for _, r := range p.rings {
			r.tick(now)
		}
		p.wakeSome()
	})
}

// called is the answer to a call, with a body of size bytes.
func (p *plugin) called(call uint32, size int) {
	if answered := p.calls[call]; answered != nil {
		delete(p.calls, call)
		p.guard(func() { answered(size) })
	}
}

// guard keeps a panic that belongs to no request from ending the VM.
func (p *plugin) guard(f func()) {
	defer func() {
		if r := recover(); r != nil {
			abi.Log(abi.Critical, "model gate: panic: ", said(r))
		}
	}()
	f()
}

// start compiles the configuration, first in the main thread and then
// in each worker.
//
// Envoy turns down a configuration whose start fails in the main thread, which
// is right. But where the start fails on a worker only, Envoy removes the
// filter there and lets every request pass, whatever its failure policy (seen
// in 1.40.0). So a start that succeeded once is remembered in the data that all
// VMs share, and after that no start fails: the worker refuses every request
// and says so.
func (p *plugin) start(size int) (status types.OnPluginStartStatus) {
	status = types.OnPluginStartStatusOK // whatever else happens below, a nil gate refuses
	key := compiledKey
	defer func() {
		if r := recover(); r != nil {
			p.gate = nil
			status = failed(key, "panic: "+said(r))
		}
	}()
	config, err := abi.PluginConfiguration.Bytes(0, size)
	if err != nil {
		return failed(key, "no configuration: "+err.Error())
	}
	sum := sha256.Sum256(config)
	key += "/" + hex.EncodeToString(sum[:])
	if err := p.vm.define(); err != nil {
		return failed(key, "metrics: "+err.Error())
	}
	faultAtStart(key)
	g, err := gate.New(string(config), syscall.Getenv)
	if err != nil {
		return failed(key, "the configuration has errors:\n"+err.Error())
	}
	for _, k := range []string{compiledKey, key} {
		if err := abi.SetSharedData(k, []byte{1}, 0); err != nil {
			return failed(key, "shared data: "+err.Error())
		}
	}
	v := newVerifier(&p.vm.vmMetrics)
	p.verify = v.verify
	abi.Log(abi.Info, "model gate: signatures are verified by the host: ", strconv.FormatBool(v.works))
	if !p.vm.warm {
		p.vm.warm = true
		warm(v.check)
	}
	p.cache = g.NewCache()
	if err := p.fetchKeys(g); err != nil {
		return failed(key, "published keys: "+err.Error())
	}
	p.gate = g
	runtime.GC() // so that none goes on when requests come: see verifier.giveWay
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
	p.rings, p.calls = map[string]*ring{}, map[uint32]func(int){}
	now := clock()
	for _, remote := range remotes {
		r, err := newRing(p, remote, binary.LittleEndian.Uint64(number[:]))
		if err != nil {
			return err
		}
		p.rings[remote.Name] = r
		raw, _, err := r.shared()
		if err != nil {
			return err
		}
		if err := r.refresher.Load(raw); err != nil {
			r.log(abi.Error, err.Error())
		}
		r.install(now)
	}
	p.period = tickMilliseconds
	return abi.SetTickPeriod(p.period)
}

// clock is the host's wall clock. The VMs of a proxy compare times with each
// other, which a VM's own monotonic clock has no part in.
func clock() time.Time {
	now, err := abi.Now()
	if err != nil {
		panic(err)
	}
	return time.Unix(0, now)
}

func hexadecimal(octets string) string { return hex.EncodeToString([]byte(octets)) }

// compiledKey is where a start that succeeded is remembered; below it stands
// the hash of the configuration.
const compiledKey = "modelgate/compiled"

// failed is the answer to a start that cannot go on: a failure, unless the same
// configuration has compiled before in this proxy, or that cannot be told.
func failed(key, why string) types.OnPluginStartStatus {
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
