package main

import (
	"strconv"
	"unsafe"
)

// Host functions without the SDK, which would not pass wrong arguments.

//go:wasmimport env proxy_log
func proxyLog(level uint32, text, size uint32) uint32

//go:wasmimport env proxy_get_current_time_nanoseconds
func proxyGetCurrentTimeNanoseconds(now *uint64) uint32

//go:wasmimport env proxy_define_metric
func proxyDefineMetric(kind uint32, name *byte, size uint32, id *uint32) uint32

//go:wasmimport env proxy_record_metric
func proxyRecordMetric(id uint32, value uint64) uint32

//go:wasmimport env proxy_get_metric
func proxyGetMetric(id uint32, value *uint64) uint32

//go:wasmimport env proxy_increment_metric
func proxyIncrementMetric(id uint32, offset int64) uint32

//go:wasmimport env proxy_continue_stream
func proxyContinueStream(side uint32) uint32

//go:wasmimport env proxy_close_stream
func proxyCloseStream(side uint32) uint32

//go:wasmimport env proxy_get_buffer_bytes
func proxyGetBufferBytes(kind, start, size uint32, data unsafe.Pointer, length *uint32) uint32

//go:wasmimport env proxy_set_buffer_bytes
func proxySetBufferBytes(kind, start, size uint32, data *byte, length uint32) uint32

//go:wasmimport env proxy_send_local_response
func proxySendLocalResponse(code uint32, details *byte, detailsSize uint32, body *byte, bodySize uint32,
	headers *byte, headersSize uint32, grpc int32) uint32

//go:wasmimport env proxy_http_call
func proxyHTTPCall(cluster *byte, clusterSize uint32, headers *byte, headersSize uint32, body *byte, bodySize uint32,
	trailers *byte, trailersSize uint32, timeout uint32, token uint32) uint32

// raw has the operations whose result is the host's status.
func raw(name string, a []string) string {
	n := uint32(number(a[0]))
	var status uint32
	switch name {
	case "raw-log":
		status = proxyLog(n, 0, 0)
	case "raw-log-nowhere":
		status = proxyLog(2, 0xfffffff0, 8)
	case "raw-define":
		status = proxyDefineMetric(n, unsafe.StringData(a[1]), uint32(len(a[1])), new(uint32))
	case "raw-record":
		status = proxyRecordMetric(n, 7)
	case "raw-metric":
		status = proxyGetMetric(n, new(uint64))
	case "raw-increment":
		status = proxyIncrementMetric(n, int64(number(a[1])))
	case "raw-continue":
		status = proxyContinueStream(n)
	case "raw-close":
		status = proxyCloseStream(n)
	case "raw-buffer":
		status = proxyGetBufferBytes(n, 0, 8, unsafe.Pointer(new(uint32)), new(uint32))
	case "raw-set-buffer":
		status = proxySetBufferBytes(n, uint32(number(a[1])), uint32(number(a[2])), nil, 0)
	case "raw-reply":
		details := "denied by\tthe gate"
		status = proxySendLocalResponse(n, unsafe.StringData(details), uint32(len(details)), nil, 0, nil, 0, 7)
	case "raw-call":
		status = proxyHTTPCall(unsafe.StringData(a[1]), uint32(len(a[1])), nil, 0, nil, 0, nil, 0, 0, n)
	default:
		return ""
	}
	return strconv.Itoa(int(status))
}
