//go:build wasip1

package main

import (
	"encoding/binary"
	"unsafe"

	"github.com/modelgate/modelgate/internal/gate"
)

// proxySendLocalResponse is imported here a second time because the SDK's own
// wrapper has no argument for the details that reach the access log as
// %RESPONSE_CODE_DETAILS%.
//
//go:wasmimport env proxy_send_local_response
func proxySendLocalResponse(status uint32, details *byte, detailsSize int32, body *byte, bodySize int32,
	headers *byte, headersSize int32, grpcStatus int32) uint32

// sendLocalReply answers the request. The result is a status of the Proxy-Wasm
// ABI, 0 for success.
func sendLocalReply(r gate.Reply) uint32 {
	headers := serialize(r.Headers)
	return proxySendLocalResponse(uint32(r.Status),
		unsafe.StringData(r.Details), int32(len(r.Details)),
		unsafe.StringData(r.Body), int32(len(r.Body)),
		unsafe.SliceData(headers), int32(len(headers)), int32(r.GRPC))
}

// serialize is the ABI's form of a header map: how many, all lengths, and then
// all names and values, each ended by a zero octet.
func serialize(pairs [][2]string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(pairs)))
	for _, p := range pairs {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(p[0])))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(p[1])))
	}
	for _, p := range pairs {
		b = append(append(b, p[0]...), 0)
		b = append(append(b, p[1]...), 0)
	}
	return b
}
