// A module of its own: the harness is tested with the SDK, not built on it.
module hello

go 1.26

require github.com/proxy-wasm/proxy-wasm-go-sdk v0.0.0-20250212164326-ab4161dcf924
