// Shared by the files of the stand-in driver. Start reading at streams.cpp: everything asynchronous passes there.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "cuda_standin.h"

#define API extern "C" __attribute__((visibility("default")))

using CUresult = int;
using CUdevice = int;
using CUdeviceptr = uint64_t;

// The statuses that the stand-in gives, with the driver's numbers.
enum : CUresult {
    SUCCESS = 0,
    INVALID_VALUE = 1,
    OUT_OF_MEMORY = 2,
    NOT_INITIALIZED = 3,
    NO_DEVICE = 100,
    INVALID_DEVICE = 101,
    INVALID_IMAGE = 200,
    INVALID_CONTEXT = 201,
    NO_BINARY_FOR_GPU = 209,
    PEER_ACCESS_UNSUPPORTED = 217,
    INVALID_PTX = 218,
    UNSUPPORTED_PTX_VERSION = 222,
    INVALID_HANDLE = 400,
    NOT_FOUND = 500,
    NOT_READY = 600,
    ILLEGAL_ADDRESS = 700,
    PEER_ACCESS_ALREADY_ENABLED = 704,
    HOST_MEMORY_ALREADY_REGISTERED = 712,
    HOST_MEMORY_NOT_REGISTERED = 713,
    LAUNCH_FAILED = 719,
    NOT_SUPPORTED = 801,
};

// First line of every entry: counts and traces the call, and fails it if a test has asked for that.
#define ENTER(function)                                          \
    if (CUresult failure_ = standin_enter(#function)) return failure_

// Second line of entries that need a context: the calling thread's, which no fault has broken.
#define NEED_CONTEXT(variable)                           \
    if (!is_initialized()) return NOT_INITIALIZED;       \
    Context* variable = current_context();               \
    if (!variable) return INVALID_CONTEXT;               \
    if (CUresult fault_ = variable->fault) return fault_

// ---------------------------------------------------------------- settings (settings.cpp)

enum Order { FORWARD = 0, REVERSE = 1, RANDOM = 2, GREEDY = 3 };  // GREEDY: a warp goes on as far as it can

struct Settings {
    std::atomic<int> devices{1};
    std::atomic<int> capability{86}; // compute capability: an 8.6, which has the least shared memory
    std::atomic<int> processors{1};  // blocks that run at once
    std::atomic<int> jitter_us{0};   // longest random delay before each piece of work
    std::atomic<int> order{FORWARD};
    std::atomic<int> seed{1};
    std::atomic<bool> guard{false};  // a page without access behind each allocation
    std::atomic<size_t> memory_bytes{size_t{256} << 20};
    std::atomic<size_t> pinned_bytes{size_t{4} << 30};
    std::atomic<double> to_device_gb_per_s{0};  // the bus; 0: as fast as memcpy
    std::atomic<double> to_host_gb_per_s{0};
    std::atomic<double> newest_ptx{8.5};  // what a driver of CUDA 12.6 reads
    std::atomic<bool> paused{false};   // no stream begins anything: a test submits all its work first
    std::atomic<int> dropped_wait{0};     // the n-th cuStreamWaitEvent from now does nothing
};
extern Settings settings;

void read_environment();
void trace(const char* format, ...) __attribute__((format(printf, 1, 2)));
void complain(const char* format, ...) __attribute__((format(printf, 1, 2)));
std::vector<std::string> kernel_libraries();
int64_t now_ns();

// ---------------------------------------------------------------- objects; those that workers use are never deleted

// Set once, when a piece of work is done.
class Completion {
public:
    void set();
    void wait();
    bool is_set();
    int64_t time_ns = 0;

private:
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
};
using CompletionRef = std::shared_ptr<Completion>;

struct Context;

struct Allocation {
    size_t bytes;
    Context* owner;
};

struct Device {
    int index;
    char* base;
    size_t capacity_bytes;
    size_t used_bytes = 0;
    std::mutex mutex;
    std::map<char*, Allocation> live;
    std::map<char*, size_t> holes;
    std::mutex to_device, to_host;  // one copy engine per direction
    Context* primary = nullptr;
    int primary_references = 0;
};

struct Stream;

struct Context {
    Device* device;
    std::mutex mutex;
    std::set<Stream*> streams;
    Stream* legacy = nullptr;  // the default stream, which orders itself against the blocking ones
    std::set<Context*> peers;
    std::atomic<CUresult> fault{SUCCESS};  // sticky: every later call answers with it
};

struct Work {
    std::string what;
    std::function<CUresult()> run;  // empty: only order
    std::vector<CompletionRef> after;
    CompletionRef done;
};

struct Stream {
    Context* context;
    bool blocking;
    unsigned flags;
    int id, priority;
    std::mutex mutex;
    std::condition_variable arrived;
    std::deque<Work> queue;
    CompletionRef last;
    bool stopped = false, started = false;
};

struct Event {
    Context* context;
    unsigned flags;
    CompletionRef recorded;
};

// ---------------------------------------------------------------- who offers what to whom

bool is_initialized();  // driver.cpp
Context* current_context();
const std::vector<Device*>& all_devices();
Device* device_at(CUdevice index);
void add_handle(void* handle);
void drop_handle(void* handle);
bool is_handle(const void* handle);

Stream* find_stream(Context* context, void* handle);  // streams.cpp
CompletionRef enqueue(Stream* stream, std::string what, std::function<CUresult()> run,
                      std::vector<CompletionRef> after = {});
void finish_all(Context* context);
void destroy_streams(Context* context);

Device* make_device(int index);  // memory.cpp
Device* owner_of(const void* address);
bool is_device_range(const void* start, size_t bytes);
constexpr int FRESH = 0xff;  // bytes of memory that nobody has written: NaN in every floating-point type

enum Pinning { PAGEABLE, PINNED, PARTLY_PINNED };  // pinned.cpp
Pinning pinning_of(const void* start, size_t bytes);
size_t all_pinned_bytes();
void free_all(Context* owner);

struct Launch {  // grid.cpp
    const standin_kernel* kernel;
    standin_dim3 grid, block;
    size_t dynamic_bytes;
    std::vector<char> arguments;
    std::vector<void*> parameters;
};
CUresult run_kernel(Launch& launch);

CUresult run_guarded(const std::function<void()>& access);  // faults.cpp; ILLEGAL_ADDRESS where the access faults
[[noreturn]] void leave_with(CUresult status);              // ends the guarded access in which it is called
void catch_device_faults();
void prepare_worker_thread(const char* name);
