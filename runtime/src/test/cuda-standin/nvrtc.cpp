// Stand-in for libnvrtc.so.12: compiles CUDA C++ with host_kernels.sh. What it calls a cubin is a library for the
// host, which the stand-in driver loads like a module.
#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "cuda_standin.h"

#define API extern "C" __attribute__((visibility("default")))
#define ENTER(function) \
    if (int failure_ = standin_enter(#function)) return failure_

extern char** environ;
extern "C" int nvrtcVersion(int*, int*);

enum { SUCCESS = 0, PROGRAM_FAILURE = 2, INVALID_INPUT = 3, INVALID_PROGRAM = 4, INVALID_OPTION = 5, COMPILATION = 6 };

namespace {
struct Program {
    std::string source, log, library;
};

// host_kernels.sh, which lies beside this library.
std::string script() {
    Dl_info self;
    dladdr((void*)&nvrtcVersion, &self);
    return std::filesystem::path(self.dli_fname).parent_path() / "host_kernels.sh";
}

std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

bool is_known_option(const std::string& option) {
    for (const char* known : {"-arch", "--gpu-arch", "-D", "-std", "--std", "-use_fast_math", "--use_fast_math",
                              "-lineinfo", "--generate-line-info", "-default-device", "--fmad"}) {
        if (option.starts_with(known)) return true;
    }
    return false;
}

// Spawned and not forked: a fork would copy the threads' locks but not the threads.
int run(const std::vector<std::string>& words, const std::string& log) {
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    pid_t child;
    int status = -1;
    if (posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ) == 0) {
        waitpid(child, &status, 0);
    }
    posix_spawn_file_actions_destroy(&actions);
    return status;
}
}  // namespace

API int nvrtcVersion(int* major, int* minor) {
    ENTER(nvrtcVersion);
    *major = 12;
    *minor = 6;
    return SUCCESS;
}

API int nvrtcCreateProgram(void** program, const char* source, const char*, int headers, const char* const*,
                           const char* const*) {
    ENTER(nvrtcCreateProgram);
    if (!source || headers) return INVALID_INPUT;
    *program = new Program{source, "", ""};
    return SUCCESS;
}

API int nvrtcDestroyProgram(void** program) {
    ENTER(nvrtcDestroyProgram);
    delete (Program*)*program;
    *program = nullptr;
    return SUCCESS;
}

API int nvrtcCompileProgram(void* handle, int count, const char* const* options) {
    ENTER(nvrtcCompileProgram);
    Program* program = (Program*)handle;
    std::vector<std::string> defines;
    for (int i = 0; i < count; i++) {
        if (!is_known_option(options[i])) {
            program->log = std::string("unrecognized option ") + options[i];
            return INVALID_OPTION;
        }
        if (!strncmp(options[i], "-D", 2)) defines.push_back(options[i]);
    }
    namespace fs = std::filesystem;
    std::string pattern = (fs::temp_directory_path() / "standin-nvrtc-XXXXXX").string();
    if (!mkdtemp(pattern.data())) return PROGRAM_FAILURE;
    std::string in = pattern + "/program.cu", out = pattern + "/program.so", log = pattern + "/log";
    std::ofstream(in, std::ios::binary) << program->source;
    std::vector<std::string> words = {script(), in, out};
    words.insert(words.end(), defines.begin(), defines.end());
    int status = run(words, log);
    program->log = read_file(log);
    program->library = status == 0 ? read_file(out) : "";
    fs::remove_all(pattern);
    return status == 0 ? SUCCESS : COMPILATION;
}

API int nvrtcGetProgramLogSize(void* program, size_t* bytes) {
    ENTER(nvrtcGetProgramLogSize);
    *bytes = ((Program*)program)->log.size() + 1;
    return SUCCESS;
}

API int nvrtcGetProgramLog(void* program, char* log) {
    ENTER(nvrtcGetProgramLog);
    strcpy(log, ((Program*)program)->log.c_str());
    return SUCCESS;
}

API int nvrtcGetCUBINSize(void* program, size_t* bytes) {
    ENTER(nvrtcGetCUBINSize);
    *bytes = ((Program*)program)->library.size();
    return SUCCESS;
}

API int nvrtcGetCUBIN(void* program, char* cubin) {
    ENTER(nvrtcGetCUBIN);
    const std::string& library = ((Program*)program)->library;
    memcpy(cubin, library.data(), library.size());
    return SUCCESS;
}

API const char* nvrtcGetErrorString(int status) {
    switch (status) {
        case SUCCESS: return "NVRTC_SUCCESS";
        case PROGRAM_FAILURE: return "NVRTC_ERROR_PROGRAM_CREATION_FAILURE";
        case INVALID_INPUT: return "NVRTC_ERROR_INVALID_INPUT";
        case INVALID_PROGRAM: return "NVRTC_ERROR_INVALID_PROGRAM";
        case INVALID_OPTION: return "NVRTC_ERROR_INVALID_OPTION";
        case COMPILATION: return "NVRTC_ERROR_COMPILATION";
        default: return "NVRTC_ERROR";
    }
}
