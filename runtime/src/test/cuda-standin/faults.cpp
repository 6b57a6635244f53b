// Faults of kernels and copies: they end the work that caused them, and not the process.
#include <pthread.h>

#include <csetjmp>
#include <csignal>

#include "driver.h"

// Read in a signal handler, hence initial-exec: no lazy allocation there.
static thread_local sigjmp_buf* fault_exit __attribute__((tls_model("initial-exec")));

namespace {

struct sigaction previous_segv, previous_bus;

// A fault inside a kernel or a copy leaves it; any other one is the JVM's, which uses them for its own checks.
void on_fault(int signal_number, siginfo_t* info, void* machine) {
    if (fault_exit) siglongjmp(*fault_exit, ILLEGAL_ADDRESS);
    struct sigaction& previous = signal_number == SIGSEGV ? previous_segv : previous_bus;
    if (previous.sa_flags & SA_SIGINFO) {
        previous.sa_sigaction(signal_number, info, machine);
    } else if (previous.sa_handler == SIG_DFL) {
        signal(signal_number, SIG_DFL);
        raise(signal_number);
    } else if (previous.sa_handler != SIG_IGN) {
        previous.sa_handler(signal_number);
    }
}

}  // namespace

void catch_device_faults() {
    struct sigaction action = {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(SIGSEGV, &action, &previous_segv);
    sigaction(SIGBUS, &action, &previous_bus);
}

namespace {
struct AlternativeStack {
    static constexpr size_t BYTES = 64 * 1024;
    void* memory = malloc(BYTES);

    ~AlternativeStack() {
        stack_t none = {};
        none.ss_flags = SS_DISABLE;
        sigaltstack(&none, nullptr);
        free(memory);
    }
};
}  // namespace

// Signals of the process stay with the JVM's threads; faults are taken on a stack of their own, as a kernel may have
// used up its fiber's.
void prepare_worker_thread(const char* name) {
    sigset_t all;
    sigfillset(&all);
    for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) sigdelset(&all, fault);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    static thread_local AlternativeStack mine;
    stack_t alternative = {};
    alternative.ss_size = AlternativeStack::BYTES;
    alternative.ss_sp = mine.memory;
    sigaltstack(&alternative, nullptr);
    pthread_setname_np(pthread_self(), name);
}

CUresult run_guarded(const std::function<void()>& access) {
    sigjmp_buf here;
    fault_exit = &here;
    volatile CUresult status = sigsetjmp(here, 1);
    if (status == SUCCESS) access();
    fault_exit = nullptr;
    return status;
}

void leave_with(CUresult status) {
    if (fault_exit) siglongjmp(*fault_exit, status);
    abort();
}
