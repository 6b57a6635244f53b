// Initialisation, devices and contexts.
#include <cstdio>
#include <cstring>

#include "driver.h"

static std::atomic<bool> initialized{false};
static std::mutex global_mutex;

const std::vector<Device*>& all_devices() {
    static auto* list = new std::vector<Device*>;
    return *list;
}
static std::set<const void*>& handles() {
    static auto* set = new std::set<const void*>;
    return *set;
}

bool is_initialized() { return initialized; }

Device* device_at(CUdevice index) {
    return index >= 0 && index < (int)all_devices().size() ? all_devices()[index] : nullptr;
}

void add_handle(void* handle) {
    std::lock_guard<std::mutex> lock(global_mutex);
    handles().insert(handle);
}
void drop_handle(void* handle) {
    std::lock_guard<std::mutex> lock(global_mutex);
    handles().erase(handle);
}
bool is_handle(const void* handle) {
    std::lock_guard<std::mutex> lock(global_mutex);
    return handles().count(handle) != 0;
}

// ---------------------------------------------------------------- initialisation

API CUresult cuInit(unsigned) {
    ENTER(cuInit);
    std::lock_guard<std::mutex> lock(global_mutex);
    if (initialized) return SUCCESS;
    read_environment();
    if (settings.devices <= 0) return NO_DEVICE;
    auto& devices = const_cast<std::vector<Device*>&>(all_devices());
    for (int i = 0; i < settings.devices; i++) devices.push_back(make_device(i));
    catch_device_faults();
    initialized = true;
    return SUCCESS;
}

API CUresult cuDriverGetVersion(int* version) {
    ENTER(cuDriverGetVersion);
    *version = 12060;
    return SUCCESS;
}

API CUresult cuDeviceGetCount(int* count) {
    ENTER(cuDeviceGetCount);
    if (!initialized) return NOT_INITIALIZED;
    *count = (int)all_devices().size();
    return SUCCESS;
}

API CUresult cuDeviceGet(CUdevice* device, int ordinal) {
    ENTER(cuDeviceGet);
    if (!initialized) return NOT_INITIALIZED;
    if (!device_at(ordinal)) return INVALID_DEVICE;
    *device = ordinal;
    return SUCCESS;
}

API CUresult cuDeviceGetName(char* name, int capacity, CUdevice device) {
    ENTER(cuDeviceGetName);
    if (!device_at(device)) return INVALID_DEVICE;
    snprintf(name, capacity, "CUDA stand-in on the CPU");
    return SUCCESS;
}

API CUresult cuDeviceTotalMem_v2(size_t* bytes, CUdevice device) {
    ENTER(cuDeviceTotalMem_v2);
    if (!device_at(device)) return INVALID_DEVICE;
    *bytes = device_at(device)->capacity_bytes;
    return SUCCESS;
}

static int attribute(int number) {
    switch (number) {
        case 1: case 2: return 1024;                   // threads of a block; its x
        case 3: return 1024;                           // y
        case 4: return 64;                             // z
        case 5: return 0x7fffffff;                     // blocks of a grid: x
        case 6: case 7: return 65535;                  // y, z
        case 8: return 48 * 1024;                      // shared memory of a block
        case 10: return 32;                            // threads of a warp
        case 12: return 65536;                         // registers of a block
        case 16: return settings.processors;
        case 19: case 31: case 41: case 115: return 1; // maps host memory, concurrent kernels, one address space, pools
        case 39: return 2048;                          // threads of a processor
        case 40: return 2;                             // copy engines
        case 75: return settings.capability / 10;      // compute capability: major
        case 76: return settings.capability % 10;      // minor
        case 81: return 100 * 1024;                    // shared memory of a processor
        case 97: return 99 * 1024;                     // of a block that has asked for more
        default: return 0;
    }
}

API CUresult cuDeviceGetAttribute(int* value, int number, CUdevice device) {
    ENTER(cuDeviceGetAttribute);
    if (!device_at(device)) return INVALID_DEVICE;
    *value = attribute(number);
    return SUCCESS;
}

API CUresult cuDeviceGetPCIBusId(char* text, int capacity, CUdevice device) {
    ENTER(cuDeviceGetPCIBusId);
    if (!device_at(device)) return INVALID_DEVICE;
    snprintf(text, capacity, "0000:%02x:00.0", device + 1);
    return SUCCESS;
}

// ---------------------------------------------------------------- contexts: a stack for each thread, as in the driver

static thread_local std::vector<Context*>* context_stack;

static std::vector<Context*>& stack() {
    if (!context_stack) context_stack = new std::vector<Context*>;
    return *context_stack;
}

Context* current_context() { return stack().empty() ? nullptr : stack().back(); }

static Context* make_context(Device* device) {
    Context* context = new Context;
    context->device = device;
    add_handle(context);
    return context;
}

// Frees what the program forgot. A fault ends with its context, which is kinder than the driver: there the process
// has to end.
static void destroy_context(Context* context) {
    finish_all(context);
    destroy_streams(context);
    free_all(context);
    drop_handle(context);
}

API CUresult cuCtxCreate_v2(void** handle, unsigned, CUdevice device) {
    ENTER(cuCtxCreate_v2);
    if (!initialized) return NOT_INITIALIZED;
    if (!device_at(device)) return INVALID_DEVICE;
    Context* context = make_context(device_at(device));
    stack().push_back(context);
    *handle = context;
    return SUCCESS;
}

API CUresult cuCtxDestroy_v2(void* handle) {
    ENTER(cuCtxDestroy_v2);
    if (!is_handle(handle)) return INVALID_CONTEXT;
    Context* context = (Context*)handle;
    destroy_context(context);
    if (current_context() == context) stack().pop_back();
    return SUCCESS;
}

API CUresult cuCtxSetCurrent(void* handle) {
    ENTER(cuCtxSetCurrent);
    if (handle && !is_handle(handle)) return INVALID_CONTEXT;
    if (!stack().empty()) stack().pop_back();
    if (handle) stack().push_back((Context*)handle);
    return SUCCESS;
}

API CUresult cuCtxGetCurrent(void** handle) {
    ENTER(cuCtxGetCurrent);
    *handle = current_context();
    return SUCCESS;
}

API CUresult cuCtxPushCurrent_v2(void* handle) {
    ENTER(cuCtxPushCurrent_v2);
    if (!is_handle(handle)) return INVALID_CONTEXT;
    stack().push_back((Context*)handle);
    return SUCCESS;
}

API CUresult cuCtxPopCurrent_v2(void** handle) {
    ENTER(cuCtxPopCurrent_v2);
    if (stack().empty()) return INVALID_CONTEXT;
    if (handle) *handle = current_context();
    stack().pop_back();
    return SUCCESS;
}

API CUresult cuCtxGetDevice(CUdevice* device) {
    ENTER(cuCtxGetDevice);
    NEED_CONTEXT(context);
    *device = context->device->index;
    return SUCCESS;
}

API CUresult cuCtxSynchronize() {
    ENTER(cuCtxSynchronize);
    NEED_CONTEXT(context);
    finish_all(context);
    return context->fault;
}

API CUresult cuCtxGetStreamPriorityRange(int* least, int* greatest) {
    ENTER(cuCtxGetStreamPriorityRange);
    NEED_CONTEXT(context);
    (void)context;
    if (least) *least = 0;
    if (greatest) *greatest = -5;
    return SUCCESS;
}

API CUresult cuDevicePrimaryCtxRetain(void** handle, CUdevice index) {
    ENTER(cuDevicePrimaryCtxRetain);
    if (!initialized) return NOT_INITIALIZED;
    Device* device = device_at(index);
    if (!device) return INVALID_DEVICE;
    std::lock_guard<std::mutex> lock(device->mutex);
    trace("device %d", index);
    if (!device->primary) device->primary = make_context(device);
    device->primary_references++;
    *handle = device->primary;
    return SUCCESS;
}

API CUresult cuDevicePrimaryCtxRelease_v2(CUdevice index) {
    ENTER(cuDevicePrimaryCtxRelease_v2);
    Device* device = device_at(index);
    if (!device) return INVALID_DEVICE;
    Context* last = nullptr;
    {
        std::lock_guard<std::mutex> lock(device->mutex);
        if (!device->primary_references) return INVALID_CONTEXT;
        if (--device->primary_references == 0) std::swap(last, device->primary);
    }
    if (last) destroy_context(last);
    return SUCCESS;
}

// Ends all primary contexts, whoever holds them, so that the next test begins anew.
API void standin_reset() {
    for (Device* device : all_devices()) {
        Context* context = nullptr;
        {
            std::lock_guard<std::mutex> lock(device->mutex);
            std::swap(context, device->primary);
            device->primary_references = 0;
        }
        if (context) destroy_context(context);
    }
}

// What the program holds now, so that a test can see what was forgotten: "device_bytes" of all devices, those that
// libraries have taken included, "pinned_bytes" of the host, or "handles" of contexts, streams, events, modules and
// functions; else -1.
API long long standin_held(const char* what) {
    std::string name = what;
    if (name == "pinned_bytes") return (long long)all_pinned_bytes();
    if (name == "device_bytes") {
        long long bytes = 0;
        for (Device* device : all_devices()) {
            std::lock_guard<std::mutex> lock(device->mutex);
            bytes += (long long)device->used_bytes;
        }
        return bytes;
    }
    std::lock_guard<std::mutex> lock(global_mutex);
    return name == "handles" ? (long long)handles().size() : -1;
}

// ---------------------------------------------------------------- peers

API CUresult cuDeviceCanAccessPeer(int* can, CUdevice device, CUdevice peer) {
    ENTER(cuDeviceCanAccessPeer);
    if (!device_at(device) || !device_at(peer)) return INVALID_DEVICE;
    *can = device != peer;
    return SUCCESS;
}

API CUresult cuCtxEnablePeerAccess(void* handle, unsigned) {
    ENTER(cuCtxEnablePeerAccess);
    NEED_CONTEXT(context);
    if (!is_handle(handle)) return INVALID_CONTEXT;
    Context* peer = (Context*)handle;
    if (peer->device == context->device) return PEER_ACCESS_UNSUPPORTED;
    std::lock_guard<std::mutex> lock(context->mutex);
    return context->peers.insert(peer).second ? SUCCESS : PEER_ACCESS_ALREADY_ENABLED;
}

// ---------------------------------------------------------------- names of statuses

static const std::map<CUresult, const char*>& status_names() {
    static const auto* names = new std::map<CUresult, const char*>{
        {SUCCESS, "CUDA_SUCCESS"},
        {INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE"},
        {OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY"},
        {NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED"},
        {NO_DEVICE, "CUDA_ERROR_NO_DEVICE"},
        {INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE"},
        {INVALID_IMAGE, "CUDA_ERROR_INVALID_IMAGE"},
        {INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT"},
        {NO_BINARY_FOR_GPU, "CUDA_ERROR_NO_BINARY_FOR_GPU"},
        {INVALID_PTX, "CUDA_ERROR_INVALID_PTX"},
        {UNSUPPORTED_PTX_VERSION, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"},
        {INVALID_HANDLE, "CUDA_ERROR_INVALID_HANDLE"},
        {NOT_FOUND, "CUDA_ERROR_NOT_FOUND"},
        {NOT_READY, "CUDA_ERROR_NOT_READY"},
        {ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS"},
        {LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED"},
        {NOT_SUPPORTED, "CUDA_ERROR_NOT_SUPPORTED"},
    };
    return *names;
}

static CUresult name_status(CUresult status, const char** text) {
    auto found = status_names().find(status);
    if (found == status_names().end()) {
        *text = nullptr;
        return INVALID_VALUE;
    }
    *text = found->second;
    return SUCCESS;
}

API CUresult cuGetErrorName(CUresult status, const char** text) {
    ENTER(cuGetErrorName);
    return name_status(status, text);
}

API CUresult cuGetErrorString(CUresult status, const char** text) {
    ENTER(cuGetErrorString);
    return name_status(status, text);
}
