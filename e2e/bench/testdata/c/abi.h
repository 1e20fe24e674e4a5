// The part of Proxy-Wasm ABI 0.2 that the two filters in C need, without an
// SDK or a C library.
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define EXPORT(name) __attribute__((export_name(#name), visibility("default"))) name
#define IMPORT(name) __attribute__((import_module("env"), import_name(#name))) name

// What the host hands in lies here until the next callback.
static u8 arena[1 << 20] __attribute__((aligned(16)));
static u32 used;

void *EXPORT(proxy_on_memory_allocate)(u32 size) {
	u32 at = used;
	used += (size + 15) & ~15u;
	return used <= sizeof arena ? arena + at : 0;
}

void EXPORT(proxy_abi_version_0_2_0)(void) {}
u32 EXPORT(proxy_on_vm_start)(u32 id, u32 size) { return 1; }
