//go:build wasip1

package abi

import "math"

// Buffer is a byte buffer of the host.
type Buffer uint32

// The buffers that the filter uses.
const (
	RequestBody         Buffer = 0
	ResponseBody        Buffer = 1
	CallBody            Buffer = 4 // of the response to an HTTPCall
	PluginConfiguration Buffer = 7
)

// MaxChunk is the largest number of bytes that Chunk returns.
const MaxChunk = 64 << 10

// Bytes returns up to size bytes from position start.
func (b Buffer) Bytes(start, size int) ([]byte, error) {
	return hostResult(proxyGetBufferBytes(b, uint32(start), uint32(size), &outParams.data, &outParams.size))
}

// Chunk returns up to MaxChunk bytes of a body, in memory that the next call of
// Chunk overwrites: the memory of a module never shrinks, so bodies are read in
// pieces. KeepResults does not keep a chunk.
func (b Buffer) Chunk(start, size int) ([]byte, error) {
	if bodyBuf == nil {
		bodyBuf = make([]byte, MaxChunk)
	}
	chunkMode = true
	chunk, err := b.Bytes(start, min(size, MaxChunk))
	chunkMode = false
	return chunk, err
}

// Replace replaces the whole content of the buffer.
func (b Buffer) Replace(content []byte) error {
	return proxySetBufferBytes(b, 0, math.MaxInt32, bytesPtr(content), bytesLen(content)).err()
}

// Prepend inserts bytes before the content of the buffer.
func (b Buffer) Prepend(content []byte) error {
	return proxySetBufferBytes(b, 0, 0, bytesPtr(content), bytesLen(content)).err()
}
