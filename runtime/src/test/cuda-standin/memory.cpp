// Device memory, pinned host memory and copies.
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "driver.h"

static constexpr size_t PAGE_BYTES = 4096;
static constexpr size_t ALLOCATION_BYTES = 512;  // device memory is given out in multiples of this
static constexpr size_t GUARDED_ALIGNMENT_BYTES = 256;
static constexpr size_t FILLED_BYTES = size_t{64} << 20;  // larger allocations are filled only so far
static constexpr int FRESH = 0xff;                        // NaN in every floating-point type
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

static bool is_device_range(const void* start, size_t bytes) {
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

// ---------------------------------------------------------------- pinned host memory

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

enum Pinning { PAGEABLE, PINNED, PARTLY_PINNED };

static Pinning pinning_of(const void* start, size_t bytes) {
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

// ---------------------------------------------------------------- copies

enum Direction { TO_DEVICE, TO_HOST, ON_DEVICE };
static const char* const direction_names[] = {"h2d", "d2h", "d2d"};

// Rows of bytes; a plain copy is one row.
struct Copy {
    char* to;
    const char* from;
    size_t row_bytes, rows, to_pitch, from_pitch;
    size_t bytes() const { return row_bytes * rows; }
    size_t to_span() const { return (rows - 1) * to_pitch + row_bytes; }
    size_t from_span() const { return (rows - 1) * from_pitch + row_bytes; }
};

static Copy plain(const void* to, const void* from, size_t bytes) {
    return {(char*)to, (const char*)from, bytes, 1, bytes, bytes};
}

static void move_rows(const Copy& copy) {
    for (size_t row = 0; row < copy.rows; row++) {
        memmove(copy.to + row * copy.to_pitch, copy.from + row * copy.from_pitch, copy.row_bytes);
    }
}

// A copy that takes time. Its target is undefined from the start to the end of that time, and stays so if the source
// has changed meanwhile: whoever reads, overwrites or reuses either of them too early is found out.
static CUresult move_slowly(const Copy& copy, double gb_per_s) {
    std::vector<char> before(copy.from_span());
    CUresult fault = run_guarded([&] {
        memcpy(before.data(), copy.from, before.size());
        for (size_t row = 0; row < copy.rows; row++) memset(copy.to + row * copy.to_pitch, FRESH, copy.row_bytes);
    });
    if (fault) return fault;
    std::this_thread::sleep_for(std::chrono::nanoseconds((int64_t)(copy.bytes() / gb_per_s)));
    return run_guarded([&] {
        if (memcmp(before.data(), copy.from, before.size()) == 0) move_rows(copy);
        else trace("source changed during a copy of %zu bytes", copy.bytes());
    });
}

// One engine per direction, as fast as the bus.
static CUresult move(Device* device, const Copy& copy, Direction direction) {
    if (direction == ON_DEVICE) return run_guarded([&] { move_rows(copy); });
    bool up = direction == TO_DEVICE;
    std::lock_guard<std::mutex> engine(up ? device->to_device : device->to_host);
    double gb_per_s = up ? settings.to_device_gb_per_s : settings.to_host_gb_per_s;
    return gb_per_s > 0 ? move_slowly(copy, gb_per_s) : run_guarded([&] { move_rows(copy); });
}

static std::string name_of(Direction direction, const Copy& copy) {
    return std::string(direction_names[direction]) + " bytes=" + std::to_string(copy.bytes());
}

// The rules of the driver: a pageable source is read before the call returns, a pageable target is written before it
// returns, and a range may not be pinned in part.
static CUresult submit(const Copy& copy, Direction direction, void* handle, bool asynchronous) {
    NEED_CONTEXT(context);
    Stream* stream = find_stream(context, handle);
    if (!stream) return INVALID_HANDLE;
    if (!copy.bytes()) return SUCCESS;
    bool host_source = direction == TO_DEVICE, host_target = direction == TO_HOST;
    if (!host_target && !is_device_range(copy.to, copy.to_span())) return INVALID_VALUE;
    if (!host_source && !is_device_range(copy.from, copy.from_span())) return INVALID_VALUE;
    Pinning pinning = PINNED;
    if (direction != ON_DEVICE) {
        const void* host = host_source ? copy.from : copy.to;
        if (owner_of(host)) return INVALID_VALUE;  // a device address where a host one belongs
        pinning = pinning_of(host, host_source ? copy.from_span() : copy.to_span());
        if (pinning == PARTLY_PINNED) return INVALID_VALUE;
    }
    Device* device = context->device;
    std::string what = name_of(direction, copy);
    if (asynchronous && host_source && pinning == PAGEABLE) {
        auto staged = std::make_shared<std::vector<char>>(copy.from, copy.from + copy.from_span());
        Copy from_stage = copy;
        from_stage.from = staged->data();
        enqueue(stream, what, [=] { return (void)staged, move(device, from_stage, direction); });
        return SUCCESS;
    }
    CompletionRef done = enqueue(stream, what, [=] { return move(device, copy, direction); });
    if (asynchronous ? host_target && pinning == PAGEABLE : direction != ON_DEVICE) {
        done->wait();
        return context->fault;
    }
    return SUCCESS;
}

API CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void* from, size_t bytes) {
    ENTER(cuMemcpyHtoD_v2);
    return submit(plain((void*)to, from, bytes), TO_DEVICE, nullptr, false);
}

API CUresult cuMemcpyDtoH_v2(void* to, CUdeviceptr from, size_t bytes) {
    ENTER(cuMemcpyDtoH_v2);
    return submit(plain(to, (void*)from, bytes), TO_HOST, nullptr, false);
}

API CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
    ENTER(cuMemcpyDtoD_v2);
    return submit(plain((void*)to, (void*)from, bytes), ON_DEVICE, nullptr, false);
}

API CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void* from, size_t bytes, void* stream) {
    ENTER(cuMemcpyHtoDAsync_v2);
    return submit(plain((void*)to, from, bytes), TO_DEVICE, stream, true);
}

API CUresult cuMemcpyDtoHAsync_v2(void* to, CUdeviceptr from, size_t bytes, void* stream) {
    ENTER(cuMemcpyDtoHAsync_v2);
    return submit(plain(to, (void*)from, bytes), TO_HOST, stream, true);
}

API CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, void* stream) {
    ENTER(cuMemcpyDtoDAsync_v2);
    return submit(plain((void*)to, (void*)from, bytes), ON_DEVICE, stream, true);
}

API CUresult cuMemcpyPeer(CUdeviceptr to, void*, CUdeviceptr from, void*, size_t bytes) {
    ENTER(cuMemcpyPeer);
    return submit(plain((void*)to, (void*)from, bytes), ON_DEVICE, nullptr, false);
}

API CUresult cuMemcpyPeerAsync(CUdeviceptr to, void*, CUdeviceptr from, void*, size_t bytes, void* stream) {
    ENTER(cuMemcpyPeerAsync);
    return submit(plain((void*)to, (void*)from, bytes), ON_DEVICE, stream, true);
}

// CUDA_MEMCPY2D of the driver API.
struct Copy2D {
    size_t from_x, from_y;
    int from_type;
    const void* from_host;
    CUdeviceptr from_device;
    void* from_array;
    size_t from_pitch;
    size_t to_x, to_y;
    int to_type;
    void* to_host;
    CUdeviceptr to_device;
    void* to_array;
    size_t to_pitch;
    size_t width_bytes, height;
};
enum { HOST_TYPE = 1, DEVICE_TYPE = 2 };

static CUresult submit_2d(const Copy2D* d, void* stream, bool asynchronous) {
    bool known = (d->from_type == HOST_TYPE || d->from_type == DEVICE_TYPE) &&
                 (d->to_type == HOST_TYPE || d->to_type == DEVICE_TYPE);
    if (!known || (d->from_type == HOST_TYPE && d->to_type == HOST_TYPE)) return NOT_SUPPORTED;
    size_t from_pitch = d->from_pitch ? d->from_pitch : d->width_bytes;
    size_t to_pitch = d->to_pitch ? d->to_pitch : d->width_bytes;
    if (from_pitch < d->from_x + d->width_bytes || to_pitch < d->to_x + d->width_bytes) return INVALID_VALUE;
    const char* from = d->from_type == HOST_TYPE ? (const char*)d->from_host : (const char*)d->from_device;
    char* to = d->to_type == HOST_TYPE ? (char*)d->to_host : (char*)d->to_device;
    Copy copy = {to + d->to_y * to_pitch + d->to_x, from + d->from_y * from_pitch + d->from_x,
                 d->width_bytes, d->height, to_pitch, from_pitch};
    Direction direction = d->from_type == HOST_TYPE ? TO_DEVICE : d->to_type == HOST_TYPE ? TO_HOST : ON_DEVICE;
    return submit(copy, direction, stream, asynchronous);
}

API CUresult cuMemcpy2D_v2(const Copy2D* description) {
    ENTER(cuMemcpy2D_v2);
    return submit_2d(description, nullptr, false);
}

API CUresult cuMemcpy2DUnaligned_v2(const Copy2D* description) {
    ENTER(cuMemcpy2DUnaligned_v2);
    return submit_2d(description, nullptr, false);
}

API CUresult cuMemcpy2DAsync_v2(const Copy2D* description, void* stream) {
    ENTER(cuMemcpy2DAsync_v2);
    return submit_2d(description, stream, true);
}

template <class Value>
static CUresult fill(CUdeviceptr address, Value value, size_t count, void* handle) {
    NEED_CONTEXT(context);
    Stream* stream = find_stream(context, handle);
    if (!stream) return INVALID_HANDLE;
    if (!count) return SUCCESS;
    if (!is_device_range((void*)address, count * sizeof(Value))) return INVALID_VALUE;
    enqueue(stream, "fill bytes=" + std::to_string(count * sizeof(Value)), [=] {
        return run_guarded([&] { std::fill_n((Value*)address, count, value); });
    });
    return SUCCESS;
}

API CUresult cuMemsetD8_v2(CUdeviceptr address, unsigned char value, size_t count) {
    ENTER(cuMemsetD8_v2);
    return fill(address, value, count, nullptr);
}

API CUresult cuMemsetD32_v2(CUdeviceptr address, unsigned value, size_t count) {
    ENTER(cuMemsetD32_v2);
    return fill(address, value, count, nullptr);
}

API CUresult cuMemsetD8Async(CUdeviceptr address, unsigned char value, size_t count, void* stream) {
    ENTER(cuMemsetD8Async);
    return fill(address, value, count, stream);
}

API CUresult cuMemsetD16Async(CUdeviceptr address, unsigned short value, size_t count, void* stream) {
    ENTER(cuMemsetD16Async);
    return fill(address, value, count, stream);
}

API CUresult cuMemsetD32Async(CUdeviceptr address, unsigned value, size_t count, void* stream) {
    ENTER(cuMemsetD32Async);
    return fill(address, value, count, stream);
}
