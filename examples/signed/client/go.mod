// A module of its own: neither the filter nor its tests depend on this library.
module github.com/modelgate/modelgate/examples/signed/client

go 1.26.0

require github.com/remitly-oss/httpsig-go v1.2.0

require github.com/dunglas/httpsfv v1.0.2 // indirect
