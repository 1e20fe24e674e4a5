package main

import (
	"math"
	"testing"

	"github.com/modelgate/modelgate/filter/driver"
)

func TestSharedData(t *testing.T) {
	d := sharedData{entries: map[string]sharedEntry{}}
	if _, _, err := d.get("k"); err != driver.ErrNotFound {
		t.Errorf("get = %v, want %v", err, driver.ErrNotFound)
	}
	if err := d.set("k", []byte("a"), math.MaxUint32); err != nil { // no entry: every version is accepted
		t.Fatal(err)
	}
	value, first, err := d.get("k")
	if err != nil || string(value) != "a" || first == 0 {
		t.Fatalf("get = %q, %d, %v", value, first, err)
	}
	value[0] = 'x'
	if value, _, _ := d.get("k"); string(value) != "a" {
		t.Errorf("get = %q after a change of what it had returned, want a", value)
	}
	if err := d.set("k", []byte("b"), math.MaxUint32); err != driver.ErrConflict {
		t.Errorf("set of a version that no entry has = %v, want %v", err, driver.ErrConflict)
	}
	if err := d.set("k", []byte("b"), first); err != nil {
		t.Errorf("set of the present version = %v", err)
	}
	if err := d.set("k", []byte("c"), first); err != driver.ErrConflict {
		t.Errorf("set of an earlier version = %v, want %v", err, driver.ErrConflict)
	}
	if err := d.set("k", []byte("d"), 0); err != nil {
		t.Errorf("set of any version = %v", err)
	}
	if value, last, _ := d.get("k"); string(value) != "d" || last == first {
		t.Errorf("get = %q, version %d", value, last)
	}
}
