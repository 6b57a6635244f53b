// Settings of the stand-in, the trace of calls and work, and the failures that tests ask for.
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <sstream>

#include "driver.h"

Settings settings;

int64_t now_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

// ---------------------------------------------------------------- settings

static bool set(const std::string& key, double value) {
    if (key == "devices") settings.devices = (int)value;
    else if (key == "capability") settings.capability = (int)value;
    else if (key == "processors") settings.processors = (int)value;
    else if (key == "jitter_us") settings.jitter_us = (int)value;
    else if (key == "order") settings.order = (int)value;
    else if (key == "seed") settings.seed = (int)value;
    else if (key == "guard") settings.guard = value != 0;
    else if (key == "memory_mb") settings.memory_bytes = (size_t)value << 20;
    else if (key == "pinned_mb") settings.pinned_bytes = (size_t)value << 20;
    else if (key == "bus_gb_per_s") settings.to_device_gb_per_s = settings.to_host_gb_per_s = value;
    else if (key == "to_device_gb_per_s") settings.to_device_gb_per_s = value;
    else if (key == "to_host_gb_per_s") settings.to_host_gb_per_s = value;
    else if (key == "newest_ptx") settings.newest_ptx = value;
    else if (key == "paused") settings.paused = value != 0;
    else if (key == "dropped_wait") settings.dropped_wait = (int)value;
    else return false;
    return true;
}

// Returns 0, or 1 for a key that does not exist. Devices, memory and guard pages must be set before cuInit.
API int standin_set(const char* key, double value) { return set(key, value) ? 0 : 1; }

static std::mutex& libraries_mutex() {
    static auto* mutex = new std::mutex;
    return *mutex;
}
static std::vector<std::string>& libraries() {
    static auto* list = new std::vector<std::string>;
    return *list;
}

// Adds a library of kernels compiled for the host; PTX modules are matched against all of them, newest first.
API void standin_add_kernels(const char* path) {
    std::lock_guard<std::mutex> lock(libraries_mutex());
    libraries().insert(libraries().begin(), path);
}

std::vector<std::string> kernel_libraries() {
    std::lock_guard<std::mutex> lock(libraries_mutex());
    return libraries();
}

// ---------------------------------------------------------------- trace

static std::mutex trace_mutex;
static std::atomic<FILE*> trace_file{nullptr};

// Writes the trace to path from here on; an empty path ends it. Returns 0, or 1 if the file cannot be opened.
API int standin_trace(const char* path) {
    std::lock_guard<std::mutex> lock(trace_mutex);
    FILE* file = *path ? fopen(path, "w") : nullptr;
    FILE* old = trace_file.exchange(file);
    if (old) fclose(old);
    return *path && !file;
}

// One line: time in ns, thread, text.
void trace(const char* format, ...) {
    if (!trace_file) return;
    std::lock_guard<std::mutex> lock(trace_mutex);
    FILE* file = trace_file;
    if (!file) return;
    fprintf(file, "%lld %ld ", (long long)now_ns(), (long)syscall(SYS_gettid));
    va_list arguments;
    va_start(arguments, format);
    vfprintf(file, format, arguments);
    va_end(arguments);
    fputc('\n', file);
    fflush(file);
}

static std::mutex complaint_mutex;
static char last_complaint[512];

// To standard error, to the trace, and kept for standin_complaint.
void complain(const char* format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    {
        std::lock_guard<std::mutex> lock(complaint_mutex);
        memcpy(last_complaint, text, sizeof text);
    }
    fprintf(stderr, "cuda stand-in: %s\n", text);
    trace("complaint %s", text);
}

// Copies the last complaint, for example the report of a deadlock.
API void standin_complaint(char* text, int capacity) {
    std::lock_guard<std::mutex> lock(complaint_mutex);
    snprintf(text, capacity, "%s", last_complaint);
}

// ---------------------------------------------------------------- failures on request

struct Failure {
    int calls_to_go;
    int status;
    bool forever;
};
static std::mutex calls_mutex;
static std::map<std::string, Failure>& failures() {
    static auto* map = new std::map<std::string, Failure>;
    return *map;
}
static std::map<std::string, int>& call_counts() {
    static auto* map = new std::map<std::string, int>;
    return *map;
}

// Versions of a function share its name: cuMemAlloc_v2 is cuMemAlloc.
static std::string plain_name(const char* function) {
    std::string name = function;
    size_t length = name.size();
    if (length > 3 && name[length - 3] == '_' && name[length - 2] == 'v') name.resize(length - 3);
    return name;
}

// Makes the n-th call of function from now fail with status, once. "*" is a call of any function; n = 0 forgets it.
API void standin_fail(const char* function, int nth, int status) {
    std::lock_guard<std::mutex> lock(calls_mutex);
    if (nth > 0) failures()[plain_name(function)] = {nth, status, false};
    else failures().erase(plain_name(function));
}

// The same, and every call after the n-th fails too.
API void standin_fail_from(const char* function, int nth, int status) {
    std::lock_guard<std::mutex> lock(calls_mutex);
    failures()[plain_name(function)] = {nth, status, true};
}

// How often function was called since the start; "*" for all.
API int standin_calls(const char* function) {
    std::lock_guard<std::mutex> lock(calls_mutex);
    return call_counts()[plain_name(function)];
}

// CUDA_STANDIN_FAIL=cuInit=999,cublasCreate=3: all calls of these functions fail, from the first one of the process.
static void read_failures() {
    const char* text = getenv("CUDA_STANDIN_FAIL");
    std::istringstream list(text ? text : "");
    for (std::string part; std::getline(list, part, ',');) {
        size_t equals = part.find('=');
        if (equals == std::string::npos) complain("CUDA_STANDIN_FAIL: %s has no status", part.c_str());
        else standin_fail_from(part.substr(0, equals).c_str(), 1, atoi(part.c_str() + equals + 1));
    }
}

static int due(const std::string& name) {
    auto found = failures().find(name);
    if (found == failures().end() || --found->second.calls_to_go > 0) return 0;
    int status = found->second.status;
    if (!found->second.forever) failures().erase(found);
    return status;
}

// These only translate a status into words: they fail for nobody and count for nothing.
static bool is_harmless(const std::string& name) { return name.starts_with("cuGetError") || name == "nvrtcGetErrorString"; }

API int standin_enter(const char* function) {
    static std::once_flag environment_read;
    std::call_once(environment_read, read_failures);
    std::string name = plain_name(function);
    int status = 0;
    if (!is_harmless(name)) {
        std::lock_guard<std::mutex> lock(calls_mutex);
        call_counts()[name]++;
        call_counts()["*"]++;
        status = due(name);
        if (!status) status = due("*");
    }
    trace("call %s%s", name.c_str(), status ? " failed on request" : "");
    return status;
}

API void standin_unsupported(const char* function) { complain("%s has no body here", function); }

// ---------------------------------------------------------------- the environment, for runs without a test's control

// Several processes share an environment, but not a file: %p in its name becomes the number of the process.
static std::string of_this_process(std::string path) {
    size_t at = path.find("%p");
    return at == std::string::npos ? path : path.replace(at, 2, std::to_string(getpid()));
}

static void add_all_kernels(const std::string& paths) {
    std::istringstream list(paths);
    for (std::string path; std::getline(list, path, ':');) standin_add_kernels(path.c_str());
}

void read_environment() {
    static const std::string prefix = "CUDA_STANDIN_";
    for (char** variable = environ; *variable; variable++) {
        std::string text = *variable;
        size_t equals = text.find('=');
        if (!text.starts_with(prefix) || equals == std::string::npos) continue;
        std::string key = text.substr(prefix.size(), equals - prefix.size()), value = text.substr(equals + 1);
        for (char& c : key) c = (char)tolower(c);
        if (key == "trace") standin_trace(of_this_process(value).c_str());
        else if (key == "kernels") add_all_kernels(value);
        else if (key == "fail") continue; // read before
        else if (!set(key, atof(value.c_str()))) complain("%s is no setting", text.substr(0, equals).c_str());
    }
}
