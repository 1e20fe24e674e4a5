package wasmhost

import (
	"bytes"
	"sync"
)

// SharedData is data shared among VMs. The zero value is empty and ready.
type SharedData struct {
	mu     sync.Mutex
	values map[string]sharedValue
	cas    uint32
}

type sharedValue struct {
	data []byte
	cas  uint32
}

// Get returns a value and the number it changes with.
func (d *SharedData) Get(key string) (value []byte, cas uint32, status Status) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v, ok := d.values[key]
	if !ok {
		return nil, 0, NotFound
	}
	return bytes.Clone(v.data), v.cas, OK
}

// Set stores a value. A cas other than zero must be that of the present value;
// if there is none, Envoy accepts any.
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
