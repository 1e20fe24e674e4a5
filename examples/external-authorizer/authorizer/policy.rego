# What a company decides beside the grants: who is suspended, and which models are frozen
# or need a second look. The gate has verified all of the input.
package models

default allow := false

allow if {
	input.verb
	count(input.models) > 0
	not suspended
	every model in input.models { open(model) }
}

suspended if input.subject in data.suspended

# Models are frozen while they are changed. Looking at them does no harm.
open(model) if not model in data.frozen

open(_) if input.verb in {"metadata", "ready", "list"}
