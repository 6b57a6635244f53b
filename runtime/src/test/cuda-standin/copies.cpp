// Copies and fills, by the rules of the driver and at the speed of a bus.
#include <algorithm>
#include <chrono>
#include <cstring>

#include "driver.h"

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
