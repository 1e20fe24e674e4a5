package wasmhost

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// maxPages limits the memory of a VM to 1 GiB, which is Envoy's limit. A page has 64
// KiB.
const maxPages = 16384

// Module is a compiled filter. Any number of VMs can be made from it, also
// concurrently.
type Module struct {
	runtime wazero.Runtime
	code    wazero.CompiledModule
}

// Compile compiles a filter and links all its imports. A host call that this host
// does not know returns [Unimplemented]; Envoy would refuse to load the module. So
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

// link defines the host functions with the signatures of the module's own imports,
// so that none is missing or has another signature.
func (m *Module) link(ctx context.Context) error {
	hosts := map[string]wazero.HostModuleBuilder{}
	known := hostCalls()
	for _, f := range m.code.ImportedFunctions() {
		module, name, _ := f.Import()
		if hosts[module] == nil {
			hosts[module] = m.runtime.NewHostModuleBuilder(module)
		}
		hosts[module].NewFunctionBuilder().
			WithGoModuleFunction(hostFunction(name, known[name]), f.ParamTypes(), f.ResultTypes()).
			Export(name)
	}
	var errs []error
	for _, host := range hosts {
		_, err := host.Instantiate(ctx)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// vmKey is the context key of the VM that makes a host call.
type vmKey struct{}

// hostFunction returns the function that the guest imports.
func hostFunction(name string, f hostFunc) api.GoModuleFunction {
	if f == nil {
		f = func(call) Status { return Unimplemented }
	}
	return api.GoModuleFunc(func(ctx context.Context, _ api.Module, stack []uint64) {
		stack[0] = uint64(ctx.Value(vmKey{}).(*VM).dispatch(name, f, stack))
	})
}

// Imports returns the functions that the module imports, as "module.name", sorted.
func (m *Module) Imports() []string {
	var names []string
	for _, f := range m.code.ImportedFunctions() {
		module, name, _ := f.Import()
		names = append(names, module+"."+name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Exports returns the functions that the module exports, sorted.
func (m *Module) Exports() []string {
	return slices.Sorted(maps.Keys(m.code.ExportedFunctions()))
}

// Close releases the module and all VMs made from it.
func (m *Module) Close(ctx context.Context) error { return m.runtime.Close(ctx) }
