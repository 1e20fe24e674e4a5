//go:build native

package main

/*
#include "commands.h"
#include "shim.h"
*/
import "C"

import (
	"unsafe"

	"github.com/modelgate/modelgate/filter/driver"
)

// What C and Go have in common. Where the two differ, a constant is negative, and this does not
// compile.
const (
	_ = uint(commandLog-C.COMMAND_LOG) + uint(C.COMMAND_LOG-commandLog)
	_ = uint(commandAddCounter-C.COMMAND_ADD_COUNTER) + uint(C.COMMAND_ADD_COUNTER-commandAddCounter)
	_ = uint(commandAddGauge-C.COMMAND_ADD_GAUGE) + uint(C.COMMAND_ADD_GAUGE-commandAddGauge)
	_ = uint(commandSubGauge-C.COMMAND_SUB_GAUGE) + uint(C.COMMAND_SUB_GAUGE-commandSubGauge)
	_ = uint(commandSetGauge-C.COMMAND_SET_GAUGE) + uint(C.COMMAND_SET_GAUGE-commandSetGauge)
	_ = uint(commandRemove-C.COMMAND_REMOVE) + uint(C.COMMAND_REMOVE-commandRemove)
	_ = uint(commandSet-C.COMMAND_SET) + uint(C.COMMAND_SET-commandSet)
	_ = uint(commandClearRoute-C.COMMAND_CLEAR_ROUTE) + uint(C.COMMAND_CLEAR_ROUTE-commandClearRoute)
	_ = uint(commandBody-C.COMMAND_BODY) + uint(C.COMMAND_BODY-commandBody)
	_ = uint(commandReply-C.COMMAND_REPLY) + uint(C.COMMAND_REPLY-commandReply)
	_ = uint(commandRecord-C.COMMAND_RECORD) + uint(C.COMMAND_RECORD-commandRecord)

	_ = uint(driver.Pause-C.ACTION_PAUSE) + uint(C.ACTION_PAUSE-driver.Pause)
	_ = uint(driver.Forward-C.ACTION_FORWARD) + uint(C.ACTION_FORWARD-driver.Forward)
	_ = uint(driver.NoBuffer-C.ACTION_NO_BUFFER) + uint(C.ACTION_NO_BUFFER-driver.NoBuffer)

	_ = uint(commandSize-C.sizeof_struct_command) + uint(C.sizeof_struct_command-commandSize)
	// A pair of strings is a header of Envoy's, and a piece is a buffer of Envoy's.
	sizeOfPair, sizeOfPiece = int(unsafe.Sizeof([2]string{})), int(unsafe.Sizeof(piece{}))

	_ = uint(sizeOfPair-C.sizeof_envoy_dynamic_module_type_envoy_http_header) +
		uint(C.sizeof_envoy_dynamic_module_type_envoy_http_header-sizeOfPair)
	_ = uint(sizeOfPiece-C.sizeof_envoy_dynamic_module_type_envoy_buffer) +
		uint(C.sizeof_envoy_dynamic_module_type_envoy_buffer-sizeOfPiece)
)
