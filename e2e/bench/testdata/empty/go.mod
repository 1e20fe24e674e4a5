// A module of its own: it is built for Wasm, by the benchmark.
module empty

go 1.26

require github.com/proxy-wasm/proxy-wasm-go-sdk v0.0.0-20250212164326-ab4161dcf924
