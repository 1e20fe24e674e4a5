package main

import (
	"bytes"
	"encoding/json"
)

// fields are the members of an object that is written in their order.
type fields []field

// field is one member. It is left out if its value is nil.
type field struct {
	name  string
	value any
}

// MarshalJSON implements json.Marshaler.
func (f fields) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	for _, m := range f {
		if m.value == nil {
			continue
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		if err := encoder.Encode(m.name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := encoder.Encode(m.value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// typed is an object of Envoy with its type.
func typed(name string, members ...field) fields {
	return append(fields{{"@type", "type.googleapis.com/" + name}}, members...)
}

// resource is a Kubernetes resource.
func resource(apiVersion, kind, name, namespace string, spec fields) fields {
	return fields{
		{"apiVersion", apiVersion}, {"kind", kind},
		{"metadata", fields{{"name", name}, {"namespace", namespace}}},
		{"spec", spec},
	}
}
