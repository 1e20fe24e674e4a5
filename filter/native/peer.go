//go:build native

package main

/*
#include "shim.h"
*/
import "C"

import (
	"unsafe"

	"github.com/modelgate/modelgate/internal/authn"
)

// Peer returns the client certificate of the connection. Envoy's interface does not say whether
// the certificate was verified, and does not hand it over. So the filter before this one, Envoy's
// envoy.filters.http.set_filter_state, says both. Without it every peer is unknown.
func (r *request) Peer(needs authn.PeerNeeds) (p authn.Peer, err error) {
	p.Validated = r.filterState("modelgate.peer_validated") == "true"
	p.URI = r.attribute(C.envoy_dynamic_module_type_attribute_id_ConnectionUriSanPeerCertificate)
	p.Digest = r.attribute(C.envoy_dynamic_module_type_attribute_id_ConnectionSha256PeerCertificateDigest)
	if needs.Subject {
		p.Subject = r.attribute(C.envoy_dynamic_module_type_attribute_id_ConnectionSubjectPeerCertificate)
	}
	if needs.Certificate {
		p.Certificate = r.filterState("modelgate.peer_certificate")
	}
	return p, nil
}

// filterState returns a value of the filter state, "" if there is none.
func (r *request) filterState(key string) string {
	var value C.envoy_dynamic_module_type_envoy_buffer
	if !C.shim_filter_state(r.c, (*C.char)(unsafe.Pointer(unsafe.StringData(key))), C.size_t(len(key)), &value) {
		return ""
	}
	return C.GoStringN(value.ptr, C.int(value.length))
}

// attribute returns an attribute of the connection, "" if it has none.
func (r *request) attribute(id C.int) string {
	var value C.envoy_dynamic_module_type_envoy_buffer
	if !C.shim_attribute(r.c, id, &value) {
		return ""
	}
	return C.GoStringN(value.ptr, C.int(value.length))
}
