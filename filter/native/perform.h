// What the hooks in C and what they call have in common.
#ifndef MODELGATE_PERFORM_H
#define MODELGATE_PERFORM_H

#include "commands.h"
#include "shim.h"

// enter and leave are called at the start and at the end of each hook of a stream. The stream may be
// gone after leave.
void enter(struct stream *s);
void leave(struct stream *s);

// finish performs what Go has asked for in a hook and takes over the result. It returns the
// action, which is to pause if the stream has been refused or destroyed.
int finish(struct stream *s, int result);

// perform performs what a hook in Go has asked for. It returns false if the stream must be
// refused because something failed. Envoy may destroy the stream inside it.
bool perform(struct stream *s);

// drop_commands drops what a hook in Go has asked for.
void drop_commands(struct worker *w);

// refuse answers the stream with its configuration's refusal. Envoy may destroy the stream inside it.
void refuse(struct stream *s, const char *why);

// send_reply sends the local reply that the arguments of a command reply are.
bool send_reply(struct stream *s, const char *arguments, size_t size);

// edit_body makes a body be the bytes front, and after them the first keep bytes of what it was.
bool edit_body(struct stream *s, uint32_t buffer, const char *front, size_t front_size, uint64_t keep);

// tell performs a command that tells Envoy of the stream: by metadata, filter state or labels.
bool tell(struct stream *s, const struct command *c, const char *payload);

// body_size returns the size of a body as Go sees it: what Envoy has buffered, and what has just come.
size_t body_size(struct stream *s, uint32_t buffer);

#endif
