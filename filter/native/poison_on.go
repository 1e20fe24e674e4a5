//go:build native && faults

package main

import "unsafe"

// poison hands Go copies of what is in Envoy's memory, and overwrites them after the hook, when
// Envoy may change or free its own. So a test sees whatever keeps a string too long.
type poison struct{ copies [][]byte }

func (p *poison) pairs(pairs [][2]string) [][2]string {
	list := make([][2]string, len(pairs))
	for i := range pairs {
		list[i] = [2]string{p.text(pairs[i][0]), p.text(pairs[i][1])}
	}
	return list
}

func (p *poison) text(s string) string {
	b := p.bytes([]byte(s))
	return unsafe.String(unsafe.SliceData(b), len(b))
}

func (p *poison) bytes(b []byte) []byte {
	c := append([]byte(nil), b...)
	p.copies = append(p.copies, c)
	return c
}

// overwrite overwrites what was handed out.
func (p *poison) overwrite() {
	for _, c := range p.copies {
		for i := range c {
			c[i] = 0xdb
		}
	}
	p.copies = nil
}
