// Pinned host memory: what a device may copy from and to by itself.
#include <sys/mman.h>

#include "driver.h"

struct Pinned {
    size_t bytes;
    bool owned;
};
static std::mutex pinned_mutex;
static size_t pinned_bytes;
static std::map<char*, Pinned>& pinned_ranges() {
    static auto* map = new std::map<char*, Pinned>;
    return *map;
}

size_t all_pinned_bytes() {
    std::lock_guard<std::mutex> lock(pinned_mutex);
    return pinned_bytes;
}

Pinning pinning_of(const void* start, size_t bytes) {
    std::lock_guard<std::mutex> lock(pinned_mutex);
    auto after = pinned_ranges().upper_bound((char*)start);
    char* end = (char*)start + bytes;
    if (after != pinned_ranges().begin()) {
        auto found = std::prev(after);
        char* pinned_end = found->first + found->second.bytes;
        if (end <= pinned_end) return PINNED;
        if ((char*)start < pinned_end) return PARTLY_PINNED;
    }
    return after != pinned_ranges().end() && after->first < end ? PARTLY_PINNED : PAGEABLE;
}

static CUresult allocate_pinned(void** address, size_t bytes) {
    NEED_CONTEXT(context);
    (void)context;
    if (!bytes) return INVALID_VALUE;
    std::lock_guard<std::mutex> lock(pinned_mutex);
    if (pinned_bytes + bytes > settings.pinned_bytes) return OUT_OF_MEMORY;
    void* mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return OUT_OF_MEMORY;
    pinned_ranges()[(char*)mapped] = {bytes, true};
    pinned_bytes += bytes;
    *address = mapped;
    return SUCCESS;
}

API CUresult cuMemHostAlloc(void** address, size_t bytes, unsigned) {
    ENTER(cuMemHostAlloc);
    return allocate_pinned(address, bytes);
}

API CUresult cuMemAllocHost_v2(void** address, size_t bytes) {
    ENTER(cuMemAllocHost_v2);
    return allocate_pinned(address, bytes);
}

static CUresult unpin(void* address, bool owned, CUresult otherwise) {
    std::lock_guard<std::mutex> lock(pinned_mutex);
    auto found = pinned_ranges().find((char*)address);
    if (found == pinned_ranges().end() || found->second.owned != owned) return otherwise;
    if (owned) munmap(address, found->second.bytes);
    pinned_bytes -= found->second.bytes;
    pinned_ranges().erase(found);
    return SUCCESS;
}

API CUresult cuMemFreeHost(void* address) {
    ENTER(cuMemFreeHost);
    NEED_CONTEXT(context);
    finish_all(context);
    return unpin(address, true, INVALID_VALUE);
}

API CUresult cuMemHostRegister_v2(void* address, size_t bytes, unsigned) {
    ENTER(cuMemHostRegister_v2);
    NEED_CONTEXT(context);
    (void)context;
    if (!address || !bytes) return INVALID_VALUE;
    if (pinning_of(address, bytes) != PAGEABLE) return HOST_MEMORY_ALREADY_REGISTERED;
    std::lock_guard<std::mutex> lock(pinned_mutex);
    if (pinned_bytes + bytes > settings.pinned_bytes) return OUT_OF_MEMORY;
    pinned_ranges()[(char*)address] = {bytes, false};
    pinned_bytes += bytes;
    return SUCCESS;
}

API CUresult cuMemHostUnregister(void* address) {
    ENTER(cuMemHostUnregister);
    NEED_CONTEXT(context);
    finish_all(context);
    return unpin(address, false, HOST_MEMORY_NOT_REGISTERED);
}

API CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr* device_address, void* address, unsigned) {
    ENTER(cuMemHostGetDevicePointer_v2);
    NEED_CONTEXT(context);
    (void)context;
    if (pinning_of(address, 1) != PINNED) return INVALID_VALUE;
    *device_address = (CUdeviceptr)address;
    return SUCCESS;
}
