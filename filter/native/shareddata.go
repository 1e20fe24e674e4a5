package main

import (
	"slices"
	"sync"

	"github.com/modelgate/modelgate/filter/driver"
)

// sharedData is what all configurations of the process share. It outlives each of them: keys
// that one has fetched are the next one's, and so are nonces.
type sharedData struct {
	mu      sync.Mutex
	entries map[string]sharedEntry
	version uint32 // the last that was given
}

type sharedEntry struct {
	value   []byte
	version uint32 // not 0, nor the largest, which the driver takes for one that no entry has
}

// get is driver.Host's SharedData. The value is a copy: whoever asks may change it.
func (d *sharedData) get(key string) (value []byte, version uint32, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e, ok := d.entries[key]
	if !ok {
		return nil, 0, driver.ErrNotFound
	}
	return slices.Clone(e.value), e.version, nil
}

// set is driver.Host's SetSharedData.
func (d *sharedData) set(key string, value []byte, version uint32) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	e, ok := d.entries[key]
	if ok && version != 0 && version != e.version {
		return driver.ErrConflict
	}
	if d.version++; d.version == ^uint32(0) {
		d.version = 1
	}
	d.entries[key] = sharedEntry{slices.Clone(value), d.version}
	return nil
}
