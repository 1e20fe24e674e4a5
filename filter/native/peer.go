//go:build native

package main

/*
#include "shim.h"
*/
import "C"

import (
	"errors"
	"strconv"
	"unsafe"

	"github.com/modelgate/modelgate/internal/authn"
)

// The keys of the filter state that tell about the client's certificate.
const (
	validatedKey   = "modelgate.peer_validated"   // "true" or "false": whether Envoy has verified it
	certificateKey = "modelgate.peer_certificate" // in PEM, which may be percent-encoded
)

// Peer returns the client certificate of the connection. Envoy's interface does not say whether
// the certificate was verified, and does not hand it over. So the filter before this one, Envoy's
// envoy.filters.http.set_filter_state, says both. Where a client presents a certificate and that
// filter is missing, the request is refused: nobody knows whether a deny is about its caller.
func (r *request) Peer(needs authn.PeerNeeds) (p authn.Peer, err error) {
	p.Digest = r.attribute(C.envoy_dynamic_module_type_attribute_id_ConnectionSha256PeerCertificateDigest)
	if p.Digest == "" {
		return p, nil // no certificate
	}
	switch validated := r.filterState(validatedKey); validated {
	case "true":
		p.Validated = true
	case "false":
	default:
		return p, errors.New("filter state " + validatedKey + " must be true or false; got " + strconv.Quote(validated))
	}
	p.URI = r.attribute(C.envoy_dynamic_module_type_attribute_id_ConnectionUriSanPeerCertificate)
	if needs.Subject {
		p.Subject = r.attribute(C.envoy_dynamic_module_type_attribute_id_ConnectionSubjectPeerCertificate)
	}
	if needs.Certificate {
		if p.Certificate = r.filterState(certificateKey); p.Certificate == "" {
			return p, errors.New("filter state " + certificateKey + " must be the client's certificate; got none")
		}
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
