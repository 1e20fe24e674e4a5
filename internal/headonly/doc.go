// Package headonly says whether this build decides requests by their heads alone. The build
// tag "head" makes such a build. It is smaller and has fewer callbacks, so that its host
// enters it less often; and it rejects a configuration for which heads are not enough.
//
// Enabled is a constant: Go compiles and links nothing of a branch that is never taken.
package headonly
