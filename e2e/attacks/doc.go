// Package attacks tries to knock a gate out in a real Envoy, with what a caller
// without any right or with one grant can send. The others must be served meanwhile
// and afterwards, and the VM must live.
//
// Its tests take both processors for a minute and more, so they have the build tag
// attacks:
//
//	make e2e-attacks
//	go test -tags attacks ./attacks -v -args -full   with both failure policies, and stronger
package attacks
