// Package analysis answers questions about all callers at once: who can reach a model, what
// can a caller reach, and what does a change of the configuration open up. It asks the
// compiled policy that decides in the proxy, and parses no rule again.
//
// The answers are exact. Callers are infinitely many, but rules tell them apart by finitely
// many facts. So for each issuer a document is described, such as a token's claims: each
// claim that somebody reads is a slot, and its kinds are values of which every other value
// behaves like one. What a kind does to the caller is found by handing it to package authn
// and asking the policy about the caller that comes back. Whether some caller may do
// something is then a Boolean formula over the choice of a kind for each slot, and a SAT
// solver (gini) decides it.
//
// Models are split into classes in the same way: two models that the same patterns select
// are one.
//
// Each caller that the solver finds is made and handed to authz.Policy.Decide. If that says
// otherwise, the caller does not count and the solver looks on; after some hundred of them
// the answer is an error. So an example is never wrong.
//
// The package is for the terminal. No host links it.
package analysis
