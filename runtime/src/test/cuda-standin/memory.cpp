// Device memory, with a cap and with guard pages.
#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "driver.h"

static constexpr size_t PAGE_BYTES = 4096;
static constexpr size_t ALLOCATION_BYTES = 512;  // device memory is given out in multiples of this
static constexpr size_t GUARDED_ALIGNMENT_BYTES = 256;
static constexpr size_t FILLED_BYTES = size_t{64} << 20;  // larger allocations are filled only so far
static constexpr int FREED = 0xfd;

static size_t round_up(size_t bytes, size_t multiple) { return (bytes + multiple - 1) / multiple * multiple; }

// ---------------------------------------------------------------- device memory

Device* make_device(int index) {
    Device* device = new Device;
    device->index = index;
    device->capacity_bytes = settings.memory_bytes;
    device->base = (char*)mmap(nullptr, device->capacity_bytes, settings.guard ? PROT_NONE : PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    device->holes[device->base] = device->capacity_bytes;
    return device;
}

// What an allocation takes from the device; with guard pages, whole pages and one more that nobody may touch.
static size_t taken_bytes(size_t bytes) {
    return settings.guard ? round_up(bytes, PAGE_BYTES) + PAGE_BYTES : round_up(bytes, ALLOCATION_BYTES);
}

// With guard pages the end of an allocation lies as near to the page behind it as its alignment allows.
static size_t offset_in_pages(size_t bytes) {
    return settings.guard ? round_up(bytes, PAGE_BYTES) - round_up(bytes, GUARDED_ALIGNMENT_BYTES) : 0;
}

// First fit, so that fragmentation is as real as on a device.
static CUresult take(Context* owner, size_t bytes, CUdeviceptr* address) {
    if (!bytes) return INVALID_VALUE;
    Device* device = owner->device;
    if (bytes > device->capacity_bytes) return OUT_OF_MEMORY;
    size_t needed = taken_bytes(bytes);
    std::lock_guard<std::mutex> lock(device->mutex);
    auto hole = std::find_if(device->holes.begin(), device->holes.end(), [&](auto& h) { return h.second >= needed; });
    if (hole == device->holes.end()) return OUT_OF_MEMORY;
    auto [start, hole_bytes] = *hole;
    device->holes.erase(hole);
    if (hole_bytes > needed) device->holes[start + needed] = hole_bytes - needed;
    if (settings.guard) mprotect(start, needed - PAGE_BYTES, PROT_READ | PROT_WRITE);
    char* user = start + offset_in_pages(bytes);
    device->live[user] = {bytes, owner};
    device->used_bytes += needed;
    memset(user, FRESH, std::min(bytes, FILLED_BYTES));
    *address = (CUdeviceptr)user;
    return SUCCESS;
}

static void add_hole(Device* device, char* start, size_t bytes) {
    auto next = device->holes.lower_bound(start);
    if (next != device->holes.end() && start + bytes == next->first) {
        bytes += next->second;
        next = device->holes.erase(next);
    }
    if (next != device->holes.begin()) {
        auto before = std::prev(next);
        if (before->first + before->second == start) {
            before->second += bytes;
            return;
        }
    }
    device->holes[start] = bytes;
}

static CUresult give_back(Device* device, char* user) {
    std::lock_guard<std::mutex> lock(device->mutex);
    auto found = device->live.find(user);
    if (found == device->live.end()) return INVALID_VALUE;
    size_t bytes = found->second.bytes, taken = taken_bytes(bytes);
    char* start = user - offset_in_pages(bytes);
    device->live.erase(found);
    device->used_bytes -= taken;
    if (settings.guard) {
        madvise(start, taken - PAGE_BYTES, MADV_DONTNEED);
        mprotect(start, taken, PROT_NONE);
    } else {
        memset(user, FREED, std::min(bytes, FILLED_BYTES));
    }
    add_hole(device, start, taken);
    return SUCCESS;
}

void free_all(Context* owner) {
    std::vector<char*> owned;
    {
        std::lock_guard<std::mutex> lock(owner->device->mutex);
        for (auto& [user, allocation] : owner->device->live) {
            if (allocation.owner == owner) owned.push_back(user);
        }
    }
    for (char* user : owned) give_back(owner->device, user);
}

Device* owner_of(const void* address) {
    for (Device* device : all_devices()) {
        if ((char*)address >= device->base && (char*)address < device->base + device->capacity_bytes) return device;
    }
    return nullptr;
}

// The live allocation that holds address: its start and length; false if there is none.
static bool find_allocation(const void* address, char** start, size_t* bytes) {
    Device* device = owner_of(address);
    if (!device) return false;
    std::lock_guard<std::mutex> lock(device->mutex);
    auto after = device->live.upper_bound((char*)address);
    if (after == device->live.begin()) return false;
    auto found = std::prev(after);
    *start = found->first;
    *bytes = found->second.bytes;
    return (char*)address < *start + *bytes;
}

bool is_device_range(const void* start, size_t bytes) {
    char* allocation;
    size_t allocated;
    if (!find_allocation(start, &allocation, &allocated)) return false;
    return bytes <= allocated && (char*)start + bytes <= allocation + allocated;
}

API int standin_is_device_range(const void* start, size_t bytes) { return is_device_range(start, bytes); }

// Memory that a library takes for itself, from the device of the calling thread; null if there is none.
API void* standin_take(size_t bytes) {
    Context* context = current_context();
    CUdeviceptr address = 0;
    return context && !context->fault && take(context, bytes, &address) == SUCCESS ? (void*)address : nullptr;
}

API void standin_give_back(void* address) {
    if (Device* device = owner_of(address)) give_back(device, (char*)address);
}

API CUresult cuMemAlloc_v2(CUdeviceptr* address, size_t bytes) {
    ENTER(cuMemAlloc_v2);
    NEED_CONTEXT(context);
    CUresult status = take(context, bytes, address);
    trace("allocated %zu status=%d used=%zu", bytes, status, context->device->used_bytes);
    return status;
}

API CUresult cuMemFree_v2(CUdeviceptr address) {
    ENTER(cuMemFree_v2);
    NEED_CONTEXT(context);
    if (!address) return SUCCESS;
    finish_all(context);
    Device* device = owner_of((void*)address);
    return device ? give_back(device, (char*)address) : INVALID_VALUE;
}

// Takes the memory at the call and not in stream order: a little stricter than the driver's pool.
API CUresult cuMemAllocAsync(CUdeviceptr* address, size_t bytes, void* handle) {
    ENTER(cuMemAllocAsync);
    NEED_CONTEXT(context);
    return find_stream(context, handle) ? take(context, bytes, address) : INVALID_HANDLE;
}

API CUresult cuMemFreeAsync(CUdeviceptr address, void* handle) {
    ENTER(cuMemFreeAsync);
    NEED_CONTEXT(context);
    Stream* stream = find_stream(context, handle);
    if (!stream) return INVALID_HANDLE;
    Device* device = owner_of((void*)address);
    if (!device || !is_device_range((void*)address, 1)) return INVALID_VALUE;
    enqueue(stream, "free", [=] { return give_back(device, (char*)address); });
    return SUCCESS;
}

API CUresult cuMemGetInfo_v2(size_t* free_bytes, size_t* total_bytes) {
    ENTER(cuMemGetInfo_v2);
    NEED_CONTEXT(context);
    std::lock_guard<std::mutex> lock(context->device->mutex);
    *free_bytes = context->device->capacity_bytes - context->device->used_bytes;
    *total_bytes = context->device->capacity_bytes;
    return SUCCESS;
}

API CUresult cuMemGetAddressRange_v2(CUdeviceptr* start, size_t* bytes, CUdeviceptr address) {
    ENTER(cuMemGetAddressRange_v2);
    char* allocation;
    size_t allocated;
    if (!find_allocation((void*)address, &allocation, &allocated)) return NOT_FOUND;
    if (start) *start = (CUdeviceptr)allocation;
    if (bytes) *bytes = allocated;
    return SUCCESS;
}
