// Bare is a filter without an SDK and with few callbacks. The environment variable MODE
// selects what it does wrong.
package main

import (
	"strconv"
	"syscall"
	"unsafe"
)

//go:wasmimport env proxy_log
func proxyLog(level uint32, text *byte, size uint32) uint32

//go:wasmimport env proxy_done
func proxyDone() uint32

//go:wasmimport env proxy_get_buffer_bytes
func proxyGetBufferBytes(kind, start, size uint32, data unsafe.Pointer, length *uint32) uint32

//go:wasmimport wasi_snapshot_preview1 poll_oneoff
func pollOneoff(in, out, subscriptions uint32, events *uint32) uint32

//go:wasmimport wasi_snapshot_preview1 random_get
func randomGet(to *byte, size uint32) uint32

//go:wasmimport wasi_snapshot_preview1 clock_time_get
func clockTimeGet(id uint32, precision uint64, time *uint64) uint32

//go:wasmimport wasi_snapshot_preview1 fd_write
func fdWrite(fd uint32, vectors *byte, count uint32, written *uint32) uint32

//go:wasmimport wasi_snapshot_preview1 fd_fdstat_get
func fdStatGet(fd uint32, stat *byte) uint32

//go:wasmimport wasi_snapshot_preview1 sched_yield
func schedYield() uint32

func main() {}

func mode() string {
	m, _ := syscall.Getenv("MODE")
	return m
}

func log(name string, number uint32) {
	text := name + " " + strconv.Itoa(int(number))
	proxyLog(2, unsafe.StringData(text), uint32(len(text)))
}

func init() {
	log("init", 0)
	switch mode() {
	case "done in init":
		proxyDone()
	case "poll in init":
		log("poll", pollOneoff(0, 0, 0, new(uint32)))
	case "yield in init":
		schedYield()
	}
}

//go:wasmexport proxy_on_memory_allocate
func allocate(size uint32) *byte {
	log("allocate", size)
	switch mode() {
	case "panic in allocate":
		panic("as told")
	case "done in allocate":
		proxyDone()
	case "random in allocate":
		randomGet(new(byte), 1)
	case "poll in allocate":
		log("poll", pollOneoff(0, 0, 0, new(uint32)))
	}
	return unsafe.SliceData(make([]byte, size))
}

// onVMStart reads the VM's configuration, for which the host allocates memory.
//
//go:wasmexport proxy_on_vm_start
func onVMStart(_, size uint32) uint32 {
	var data unsafe.Pointer
	var length uint32
	log("buffer", proxyGetBufferBytes(6, 0, size, unsafe.Pointer(&data), &length))
	if mode() == "wasi" {
		wasi()
	}
	return 1
}

func wasi() {
	log("random", randomGet(unsafe.SliceData(make([]byte, 8)), 8))
	log("much random", randomGet(nil, 1<<20))
	log("other clock", clockTimeGet(7, 0, new(uint64)))
	log("write to 3", fdWrite(3, nil, 0, new(uint32)))
	log("write nothing", fdWrite(1, nil, 0, new(uint32)))
	log("stat of 0", fdStatGet(0, new(byte)))
	stat := make([]byte, 24)
	log("stat of 1", fdStatGet(1, unsafe.SliceData(stat)))
	log("rights", uint32(stat[8]))
	log("poll", pollOneoff(0, 0, 0, new(uint32)))
	log("poll to nowhere", pollOneoffTo(0, 0, 0, 0xfffffff0))
	log("yield", schedYield())
}

//go:wasmimport wasi_snapshot_preview1 poll_oneoff
func pollOneoffTo(in, out, subscriptions, events uint32) uint32
