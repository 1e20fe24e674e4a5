//go:build wasip1

package abi

import "unsafe"

// The host functions. They return a status, and write their results to the
// addresses that they are given. Bytes are returned as an address and a size, in
// memory from proxy_on_memory_allocate.

//go:wasmimport env proxy_log
func proxyLog(level Level, text *byte, size uint32) Status

//go:wasmimport env proxy_get_current_time_nanoseconds
func proxyGetCurrentTimeNanoseconds(now *uint64) Status

//go:wasmimport env proxy_get_property
func proxyGetProperty(path *byte, pathSize uint32, data *uint32, size *uint32) Status

//go:wasmimport env proxy_get_header_map_pairs
func proxyGetHeaderMapPairs(kind Map, data *uint32, size *uint32) Status

//go:wasmimport env proxy_remove_header_map_value
func proxyRemoveHeaderMapValue(kind Map, name *byte, nameSize uint32) Status

//go:wasmimport env proxy_replace_header_map_value
func proxyReplaceHeaderMapValue(kind Map, name *byte, nameSize uint32, value *byte, valueSize uint32) Status

//go:wasmimport env proxy_get_buffer_bytes
func proxyGetBufferBytes(kind Buffer, start, limit uint32, data *uint32, size *uint32) Status

//go:wasmimport env proxy_set_buffer_bytes
func proxySetBufferBytes(kind Buffer, start, length uint32, data *byte, size uint32) Status

//go:wasmimport env proxy_continue_stream
func proxyContinueStream(kind uint32) Status

//go:wasmimport env proxy_send_local_response
func proxySendLocalResponse(status uint32, details *byte, detailsSize uint32, body *byte, bodySize uint32,
	headers *byte, headersSize uint32, grpc int32) Status

//go:wasmimport env proxy_set_effective_context
func proxySetEffectiveContext(id uint32) Status

//go:wasmimport env proxy_set_tick_period_milliseconds
func proxySetTickPeriodMilliseconds(period uint32) Status

//go:wasmimport env proxy_http_call
func proxyHTTPCall(cluster *byte, clusterSize uint32, headers *byte, headersSize uint32, body *byte, bodySize uint32,
	trailers *byte, trailersSize uint32, timeout uint32, id *uint32) Status

//go:wasmimport env proxy_get_shared_data
func proxyGetSharedData(key *byte, keySize uint32, data *uint32, size *uint32, cas *uint32) Status

//go:wasmimport env proxy_set_shared_data
func proxySetSharedData(key *byte, keySize uint32, value *byte, valueSize uint32, cas uint32) Status

//go:wasmimport env proxy_call_foreign_function
func proxyCallForeignFunction(name *byte, nameSize uint32, argument *byte, argumentSize uint32, data *uint32, size *uint32) Status

//go:wasmimport env proxy_define_metric
func proxyDefineMetric(kind uint32, name *byte, nameSize uint32, id *uint32) Status

//go:wasmimport env proxy_increment_metric
func proxyIncrementMetric(id uint32, n int64) Status

//go:wasmimport env proxy_record_metric
func proxyRecordMetric(id uint32, value uint64) Status

func strPtr(s string) *byte    { return unsafe.StringData(s) }
func strLen(s string) uint32   { return uint32(len(s)) }
func bytesPtr(b []byte) *byte  { return unsafe.SliceData(b) }
func bytesLen(b []byte) uint32 { return uint32(len(b)) }
