package wasmhost

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// maxPages caps the memory of a VM at 1 GiB, Envoy's limit.
const maxPages = 16384

// Module is a compiled filter, from which any number of VMs can be made,
// also concurrently.
type Module struct {
	runtime wazero.Runtime
	code    wazero.CompiledModule
}

// Compile compiles a filter and provides each of its imports. Calls this host
// does not know answer [Unimplemented], where Envoy would refuse the module:
// compare [Module.Imports] with what Envoy offers.
func Compile(ctx context.Context, wasm []byte) (*Module, error) {
	runtime := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithMemoryLimitPages(maxPages))
	code, err := runtime.CompileModule(ctx, wasm)
	if err != nil {
		return nil, errors.Join(err, runtime.Close(ctx))
	}
	m := &Module{runtime, code}
	return m, m.link(ctx)
}

// link takes the signatures of the host functions from the module's own
// imports, so that none can be missing or mismatched.
func (m *Module) link(ctx context.Context) error {
	hosts := map[string]wazero.HostModuleBuilder{}
	known := hostCalls()
	for _, f := range m.code.ImportedFunctions() {
		module, name, _ := f.Import()
		if hosts[module] == nil {
			hosts[module] = m.runtime.NewHostModuleBuilder(module)
		}
		hosts[module].NewFunctionBuilder().
			WithGoModuleFunction(entry(name, known[name]), f.ParamTypes(), f.ResultTypes()).
			Export(name)
	}
	var errs []error
	for _, host := range hosts {
		_, err := host.Instantiate(ctx)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// vmKey is the context key under which host functions find their VM.
type vmKey struct{}

// entry is the point at which the guest enters the host.
func entry(name string, f hostFunc) api.GoModuleFunction {
	if f == nil {
		f = func(call) Status { return Unimplemented }
	}
	return api.GoModuleFunc(func(ctx context.Context, _ api.Module, stack []uint64) {
		stack[0] = uint64(ctx.Value(vmKey{}).(*VM).answer(name, f, stack))
	})
}

// Imports lists the functions the module needs as "module.name", sorted.
func (m *Module) Imports() []string {
	var names []string
	for _, f := range m.code.ImportedFunctions() {
		module, name, _ := f.Import()
		names = append(names, module+"."+name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Exports lists the functions the module offers, sorted.
func (m *Module) Exports() []string {
	return slices.Sorted(maps.Keys(m.code.ExportedFunctions()))
}

// Close releases the module and every VM made from it.
func (m *Module) Close(ctx context.Context) error { return m.runtime.Close(ctx) }
