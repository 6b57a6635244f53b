// Modules and launches. A PTX module is not executed: it names the source it was made from, and the kernels that g++
// has made from the same source run in its place, if entry points and parameters agree.
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <sstream>

#include "driver.h"

static constexpr int DEFAULT_DYNAMIC_BYTES = 48 * 1024;
static constexpr int LARGEST_DYNAMIC_BYTES = 99 * 1024;

struct Module;

struct Function {
    Module* module;
    const standin_kernel* kernel;
    int dynamic_bytes_limit = DEFAULT_DYNAMIC_BYTES;
};

struct Module {
    void* library;
    const standin_module* description;
    std::vector<Function*> functions;
};

// ---------------------------------------------------------------- libraries of kernels

static std::mutex files_lock;
static std::map<void*, int> files;  // of loaded libraries

// Each load is an instance of its own, so that variables of a module belong to that module. The loader knows libraries by
// their paths, so a descriptor stays open as long as its library: its number must not be given to another one.
static void* open_copy(const std::string& bytes) {
    int file = memfd_create("standin-module", MFD_CLOEXEC);
    if (file < 0) return nullptr;
    size_t written = 0;
    while (written < bytes.size()) {
        ssize_t n = write(file, bytes.data() + written, bytes.size() - written);
        if (n <= 0) break;
        written += n;
    }
    std::string path = "/proc/self/fd/" + std::to_string(file);
    void* library = written == bytes.size() ? dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) : nullptr;
    if (library) {
        std::lock_guard<std::mutex> guard(files_lock);
        files[library] = file;
    } else {
        complain("a library of kernels cannot be opened: %s", dlerror());
        close(file);
    }
    return library;
}

static void close_copy(void* library) {
    std::lock_guard<std::mutex> guard(files_lock);
    dlclose(library);
    close(files[library]);
    files.erase(library);
}

static std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

static const standin_module* description_of(void* library) {
    auto* description = (const standin_module*)dlsym(library, "standin_module_v1");
    return description && description->abi == 1 ? description : nullptr;
}

// ---------------------------------------------------------------- PTX

struct Ptx {
    std::string source_sha256;
    std::map<std::string, std::vector<uint32_t>> parameter_bytes;  // by entry point
};

// Bytes of one parameter, for example ".param .u64 .ptr .align 1 x" or ".param .align 8 .b8 x[24]".
static uint32_t bytes_of_parameter(const std::string& text) {
    size_t bracket = text.find('[');
    if (bracket != std::string::npos) return (uint32_t)atoi(text.c_str() + bracket + 1);
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        if (word.size() >= 3 && word[0] == '.' && strchr("bsuf", word[1]) && isdigit(word[2])) {
            return (uint32_t)atoi(word.c_str() + 2) / 8;
        }
    }
    return 0;
}

static std::vector<uint32_t> parameters_of(const std::string& text) {
    std::vector<uint32_t> bytes;
    std::istringstream list(text);
    for (std::string parameter; std::getline(list, parameter, ',');) {
        if (parameter.find(".param") != std::string::npos) bytes.push_back(bytes_of_parameter(parameter));
    }
    return bytes;
}

static Ptx read_ptx(const std::string& text) {
    static const std::string mark = "kernel-source-sha256:";
    Ptx ptx;
    size_t sha = text.find(mark);
    if (sha != std::string::npos) ptx.source_sha256 = text.substr(sha + mark.size(), 64);
    size_t at = 0;
    while ((at = text.find(".entry ", at)) != std::string::npos) {
        size_t start = text.find_first_not_of(" \t", at + 7), end = text.find_first_of("( \t\n{", start);
        size_t open = text.find_first_of("({", end), close = text.find(')', open);
        std::string name = text.substr(start, end - start);
        bool has_parameters = open != std::string::npos && text[open] == '(';
        ptx.parameter_bytes[name] =
            has_parameters ? parameters_of(text.substr(open + 1, close - open - 1)) : std::vector<uint32_t>{};
        at = end;
    }
    return ptx;
}

static const standin_kernel* find_kernel(const standin_module* module, const std::string& name) {
    for (int i = 0; i < module->kernel_count; i++) {
        if (name == module->kernels[i].name) return &module->kernels[i];
    }
    return nullptr;
}

// Empty if the library can run in place of the PTX, else why not.
static std::string mismatch(const Ptx& ptx, const standin_module* module) {
    if (!ptx.source_sha256.empty() && ptx.source_sha256 != module->source_sha256) {
        return "the PTX was made from another version of the source";
    }
    for (auto& [name, bytes] : ptx.parameter_bytes) {
        const standin_kernel* kernel = find_kernel(module, name);
        if (!kernel) return "the host has no kernel " + name;
        std::vector<uint32_t> host(kernel->parameter_bytes, kernel->parameter_bytes + kernel->parameter_count);
        if (host != bytes) return "the parameters of " + name + " differ in number or size";
    }
    return "";
}

static CUresult load_ptx(const std::string& text, void** library) {
    size_t version = text.find(".version ");
    if (version == std::string::npos || text.find(".target") == std::string::npos) return INVALID_IMAGE;
    if (atof(text.c_str() + version + 9) > settings.newest_ptx) return UNSUPPORTED_PTX_VERSION;
    Ptx ptx = read_ptx(text);
    std::string reasons;
    for (const std::string& path : kernel_libraries()) {
        void* candidate = open_copy(read_file(path));
        if (!candidate) continue;
        const standin_module* description = description_of(candidate);
        std::string reason = description ? mismatch(ptx, description) : "not a library of kernels";
        if (reason.empty()) {
            trace("module %s", path.c_str());
            *library = candidate;
            return SUCCESS;
        }
        reasons += "; " + path + ": " + reason;
        close_copy(candidate);
    }
    complain("no kernels compiled for the host match this PTX (source %s)%s", ptx.source_sha256.c_str(),
             reasons.c_str());
    return INVALID_PTX;
}

// The driver is not told how long an image is: a library says so in its header, a text ends with a 0.
static CUresult load(void** handle, const void* image) {
    NEED_CONTEXT(context);
    (void)context;
    void* library = nullptr;
    if (!memcmp(image, ELFMAG, SELFMAG)) {
        auto* header = (const Elf64_Ehdr*)image;
        if (header->e_machine != EM_X86_64) {
            complain("a cubin cannot be executed here");
            return NO_BINARY_FOR_GPU;
        }
        size_t bytes = header->e_shoff + (size_t)header->e_shnum * header->e_shentsize;
        library = open_copy(std::string((const char*)image, bytes));
    } else if (CUresult status = load_ptx((const char*)image, &library)) {
        return status;
    }
    const standin_module* description = library ? description_of(library) : nullptr;
    if (!description) return INVALID_IMAGE;
    Module* module = new Module{library, description, {}};
    for (int i = 0; i < description->kernel_count; i++) {
        Function* function = new Function{module, &description->kernels[i]};
        module->functions.push_back(function);
        add_handle(function);
    }
    add_handle(module);
    *handle = module;
    return SUCCESS;
}

API CUresult cuModuleLoadData(void** handle, const void* image) {
    ENTER(cuModuleLoadData);
    return load(handle, image);
}

API CUresult cuModuleLoadDataEx(void** handle, const void* image, unsigned, int*, void**) {
    ENTER(cuModuleLoadDataEx);
    return load(handle, image);
}

API CUresult cuModuleUnload(void* handle) {
    ENTER(cuModuleUnload);
    if (!is_handle(handle)) return INVALID_HANDLE;
    Module* module = (Module*)handle;
    if (Context* context = current_context()) finish_all(context);
    for (Function* function : module->functions) drop_handle(function);
    drop_handle(module);
    close_copy(module->library);
    return SUCCESS;
}

API CUresult cuModuleGetFunction(void** handle, void* module_handle, const char* name) {
    ENTER(cuModuleGetFunction);
    if (!is_handle(module_handle)) return INVALID_HANDLE;
    for (Function* function : ((Module*)module_handle)->functions) {
        if (!strcmp(function->kernel->name, name)) {
            *handle = function;
            return SUCCESS;
        }
    }
    return NOT_FOUND;
}

API CUresult cuFuncSetAttribute(void* handle, int number, int value) {
    ENTER(cuFuncSetAttribute);
    if (!is_handle(handle)) return INVALID_HANDLE;
    if (number != 8) return SUCCESS;  // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
    if (value < 0 || value > LARGEST_DYNAMIC_BYTES) return INVALID_VALUE;
    ((Function*)handle)->dynamic_bytes_limit = value;
    return SUCCESS;
}

API CUresult cuFuncGetAttribute(int* value, int number, void* handle) {
    ENTER(cuFuncGetAttribute);
    if (!is_handle(handle)) return INVALID_HANDLE;
    *value = number == 0   ? 1024  // threads of a block
             : number == 4 ? 32    // registers
             : number == 8 ? ((Function*)handle)->dynamic_bytes_limit
                           : 0;
    return SUCCESS;
}

API CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void* handle, int threads, size_t) {
    ENTER(cuOccupancyMaxActiveBlocksPerMultiprocessor);
    if (!is_handle(handle)) return INVALID_HANDLE;
    *blocks = std::min(32, 2048 / std::max(threads, 1));
    return SUCCESS;
}

// ---------------------------------------------------------------- launches

static size_t aligned_offset(size_t offset, uint32_t bytes) {
    size_t alignment = bytes >= 8 || (bytes & (bytes - 1)) ? 8 : std::max(bytes, 1u);
    return (offset + alignment - 1) / alignment * alignment;
}

// Arguments are copied at the call, as the driver does.
static bool copy_arguments(Launch& launch, void** parameters, void** extra) {
    const standin_kernel* kernel = launch.kernel;
    std::vector<size_t> offsets;
    size_t end = 0;
    for (int i = 0; i < kernel->parameter_count; i++) {
        end = aligned_offset(end, kernel->parameter_bytes[i]);
        offsets.push_back(end);
        end += kernel->parameter_bytes[i];
    }
    launch.arguments.resize(end + 16);
    const char* packed = nullptr;
    for (void** pair = extra; pair && *pair; pair += 2) {
        if (*pair == (void*)1) packed = (const char*)pair[1];  // CU_LAUNCH_PARAM_BUFFER_POINTER
    }
    for (int i = 0; i < kernel->parameter_count; i++) {
        const void* from = parameters ? parameters[i] : packed ? packed + offsets[i] : nullptr;
        if (!from) return false;
        launch.parameters.push_back(&launch.arguments[offsets[i]]);
        memcpy(launch.parameters[i], from, kernel->parameter_bytes[i]);
    }
    return true;
}

static bool is_legal(standin_dim3 grid, standin_dim3 block) {
    return grid.x && grid.y && grid.z && block.x && block.y && block.z && grid.x <= 0x7fffffffu && grid.y <= 65535 &&
           grid.z <= 65535 && block.z <= 64 && (uint64_t)block.x * block.y * block.z <= 1024;
}

API CUresult cuLaunchKernel(void* handle, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                            unsigned block_y, unsigned block_z, unsigned dynamic_bytes, void* stream_handle,
                            void** parameters, void** extra) {
    ENTER(cuLaunchKernel);
    NEED_CONTEXT(context);
    if (!is_handle(handle)) return INVALID_HANDLE;
    Function* function = (Function*)handle;
    Stream* stream = find_stream(context, stream_handle);
    if (!stream) return INVALID_HANDLE;
    auto launch = std::make_shared<Launch>();
    launch->kernel = function->kernel;
    launch->grid = {grid_x, grid_y, grid_z};
    launch->block = {block_x, block_y, block_z};
    launch->dynamic_bytes = dynamic_bytes;
    if (!is_legal(launch->grid, launch->block) || dynamic_bytes > (unsigned)function->dynamic_bytes_limit) {
        return INVALID_VALUE;
    }
    if (!copy_arguments(*launch, parameters, extra)) return INVALID_VALUE;
    enqueue(stream, std::string("kernel ") + function->kernel->name, [launch] { return run_kernel(*launch); });
    return SUCCESS;
}
