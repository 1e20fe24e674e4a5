package wasmhost

import (
	"bytes"
	"sync"
)

// SharedData is the data that VMs share. The zero value is empty and ready to use.
type SharedData struct {
	mu     sync.Mutex
	values map[string]sharedValue
	cas    uint32
}

type sharedValue struct {
	data []byte
	cas  uint32
}

// Get returns a value and its version for a compare-and-swap.
func (d *SharedData) Get(key string) (value []byte, cas uint32, status Status) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v, ok := d.values[key]
	if !ok {
		return nil, 0, NotFound
	}
	return bytes.Clone(v.data), v.cas, OK
}

// Set stores a value. A cas other than zero must be the version of the present value.
// If there is no value, Envoy accepts any cas.
func (d *SharedData) Set(key string, value []byte, cas uint32) Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	if old, ok := d.values[key]; ok && cas != 0 && cas != old.cas {
		return CasMismatch
	}
	if d.values == nil {
		d.values = map[string]sharedValue{}
	}
	d.cas++
	d.values[key] = sharedValue{bytes.Clone(value), d.cas}
	return OK
}
