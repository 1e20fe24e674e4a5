// The commands with which a hook in Go answers. commands.go writes them.
#ifndef MODELGATE_COMMANDS_H
#define MODELGATE_COMMANDS_H

#include <stdint.h>

enum command_kind {
	COMMAND_LOG = 1,      // a: level, payload: text
	COMMAND_ADD_COUNTER,  // a: id, b: how much
	COMMAND_ADD_GAUGE,    // a: id, b: how much
	COMMAND_SUB_GAUGE,    // a: id, b: how much
	COMMAND_SET_GAUGE,    // a: id, b: value
	COMMAND_REMOVE,       // a: header map, payload: name
	COMMAND_SET,          // a: header map, b: size of the name, payload: name and value
	COMMAND_CLEAR_ROUTE,
	COMMAND_BODY,         // a: buffer, b: how many bytes of it stay, payload: what comes before them
	COMMAND_REPLY,        // payload: see reply.c
	COMMAND_METADATA,     // b: size of the name, payload: name and value
	COMMAND_FILTER_STATE, // b: size of the key, payload: key and value
	COMMAND_COUNT_LABELS, // a: id, payload: the labels, each after its size
	COMMAND_RECORD,       // a: id of a histogram, b: value
};

// A command is this, and its payload after it.
struct command {
	uint32_t kind;
	uint32_t a;
	uint64_t b;
	uint64_t size; // of the payload
};

#endif
