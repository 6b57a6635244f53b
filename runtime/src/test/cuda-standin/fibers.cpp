// Runs kernels: one fiber per CUDA thread, one thread of the system per block.
//
// A carrier fiber calls one CUDA thread after another until one of them has to wait; that one keeps the stack and a
// new carrier goes on. A kernel without barriers so costs little more than a loop of calls.
#include <algorithm>
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <pthread.h>
#include <random>
#include <sys/mman.h>

#include "driver.h"

// ---------------------------------------------------------------- switching stacks (System V ABI for x86-64)

// Saves the callee-saved registers and the stack pointer in *save and continues the fiber whose pointer is "to".
extern "C" void standin_switch(void** save, void* to);
asm(R"(
.text
.hidden standin_switch
.globl standin_switch
.type standin_switch,@function
standin_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    popq %rcx
    jmp *%rcx       # a ret would be mispredicted every time
.size standin_switch, . - standin_switch
)");

// ---------------------------------------------------------------- one block

namespace {

constexpr size_t STACK_BYTES = 64 * 1024;
constexpr size_t PAGE_BYTES = 4096;
constexpr uint64_t INACTIVE_LANE = 0xdeaddeaddeaddeadull;  // what a shuffle from an absent lane brings

enum State : uint8_t { UNBORN, READY, RUNNING, AT_BARRIER, IN_WARP, GONE };

struct Thread : standin_thread {
    void* stack_pointer;
    State state;
    uint8_t lane;
    unsigned warp;
    // of the warp operation it waits in
    int operation, source;
    unsigned mask;
    uint64_t value, answer;
};

struct Warp {
    unsigned members, arrived, exited;
};

// Runs blocks on one thread of the system.
class Runner {
public:
    void (*thunk)(void**) = nullptr;
    void** parameters = nullptr;
    std::string reason;
    Thread* me = nullptr;

    ~Runner();
    CUresult run_block(const Launch& launch, uint64_t index);
    int barrier(int predicate);
    uint64_t warp_operation(int operation, unsigned mask, uint64_t value, int source);

private:
    static void carrier();
    void* next();
    void* new_fiber(char* top);
    char* take_stack();
    void yield();
    void wake(Thread& thread);
    void release_barrier();
    void finish_warp(unsigned warp, unsigned mask, int operation);
    void exited(Thread& thread);
    void lay_out(const Launch& launch, uint64_t index);
    void shuffle_order();

    std::vector<Thread> threads;
    std::vector<Warp> warps;
    std::vector<char*> free_stacks, mapped_stacks;
    std::vector<char> dynamic;
    std::vector<unsigned> order;
    std::minstd_rand random;
    void* scheduler = nullptr;
    char* carrier_stack = nullptr;
    unsigned count = 0, alive = 0, at_barrier = 0, predicates = 0, barrier_answer = 0;
    unsigned ready = 0, born = 0, cursor = 0;
};

// Both are read in a signal handler, hence initial-exec: no lazy allocation there.
thread_local Runner* runner __attribute__((tls_model("initial-exec")));
thread_local sigjmp_buf* fault_exit __attribute__((tls_model("initial-exec")));

Runner::~Runner() {
    for (char* bottom : mapped_stacks) munmap(bottom, STACK_BYTES + PAGE_BYTES);
}

char* Runner::take_stack() {
    if (free_stacks.empty()) {
        char* bottom = (char*)mmap(nullptr, STACK_BYTES + PAGE_BYTES, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (bottom == MAP_FAILED) standin_trap("no memory for the stack of a fiber");
        mprotect(bottom, PAGE_BYTES, PROT_NONE);
        mapped_stacks.push_back(bottom);
        // Staggered, or all stacks would share the same cache sets.
        return bottom + PAGE_BYTES + STACK_BYTES - 64 - mapped_stacks.size() % 32 * 320;
    }
    char* top = free_stacks.back();
    free_stacks.pop_back();
    return top;
}

void* Runner::new_fiber(char* top) {
    void** pointer = (void**)top;
    *--pointer = nullptr;  // the "return address" of carrier, which keeps the stack aligned
    *--pointer = (void*)&Runner::carrier;
    for (int i = 0; i < 6; i++) *--pointer = nullptr;
    return pointer;
}

// Who runs now: a thread that was released, else a carrier for those not yet born, else nobody (null).
void* Runner::next() {
    if (ready) {
        if (settings.order == RANDOM) cursor = random() % count;
        if (settings.order == GREEDY && me) cursor = me->warp * 32;  // others wait: it overtakes them if it can
        for (;; cursor++) {
            if (cursor >= count) cursor = 0;
            Thread& thread = threads[cursor];
            if (thread.state == READY) {
                ready--;
                thread.state = RUNNING;
                me = &thread;
                cursor++;
                return thread.stack_pointer;
            }
        }
    }
    if (born < count) {
        carrier_stack = take_stack();
        return new_fiber(carrier_stack);
    }
    return nullptr;
}

void Runner::carrier() {
    Runner* r = runner;
    char* mine = r->carrier_stack;
    while (r->born < r->count) {
        Thread* thread = &r->threads[r->order[r->born++]];
        thread->state = RUNNING;
        r->me = thread;
        r->thunk(r->parameters);
        r->exited(*r->me);  // not "thread": it may have waited here while other threads ran
        if (r->ready) break;
    }
    r->free_stacks.push_back(mine);
    void* to = r->next();
    void* abandoned;
    standin_switch(&abandoned, to ? to : r->scheduler);
    __builtin_unreachable();
}

void Runner::yield() {
    Thread* thread = me;
    void* to = next();
    standin_switch(&thread->stack_pointer, to ? to : scheduler);
}

void Runner::wake(Thread& thread) {
    thread.state = READY;
    ready++;
}

void Runner::release_barrier() {
    barrier_answer = predicates;
    predicates = at_barrier = 0;
    for (unsigned i = 0; i < count; i++) {
        if (threads[i].state == AT_BARRIER) {
            threads[i].answer = barrier_answer;
            wake(threads[i]);
        }
    }
}

int Runner::barrier(int predicate) {
    predicates += predicate != 0;
    if (++at_barrier == alive) {
        release_barrier();
        return (int)barrier_answer;
    }
    Thread* thread = me;
    thread->state = AT_BARRIER;
    yield();
    return (int)thread->answer;
}

// All lanes of the mask are here: every lane gets its answer and may go on.
void Runner::finish_warp(unsigned warp, unsigned mask, int operation) {
    Thread* lanes = &threads[warp * 32];
    unsigned present = mask & warps[warp].members & ~warps[warp].exited, ballot = 0;
    for (int i = 0; i < 32; i++) {
        if (present >> i & 1) ballot |= (unsigned)(lanes[i].value & 1) << i;
    }
    for (int i = 0; i < 32; i++) {
        if (!(present >> i & 1)) continue;
        int source = lanes[i].source & 31;
        lanes[i].answer = operation == STANDIN_WARP_BALLOT ? ballot
                          : present >> source & 1          ? lanes[source].value
                                                           : INACTIVE_LANE;
    }
    for (int i = 0; i < 32; i++) {
        if ((present >> i & 1) && lanes[i].state == IN_WARP) wake(lanes[i]);
    }
    warps[warp].arrived &= ~present;
}

uint64_t Runner::warp_operation(int operation, unsigned mask, uint64_t value, int source) {
    Thread* thread = me;
    Warp& warp = warps[thread->warp];
    if (!(mask >> thread->lane & 1)) standin_trap("a lane is not in the mask of its own warp operation");
    thread->value = value;
    thread->source = source;
    thread->mask = mask;
    thread->operation = operation;
    warp.arrived |= 1u << thread->lane;
    unsigned needed = mask & warp.members & ~warp.exited;
    if ((warp.arrived & needed) == needed) {
        finish_warp(thread->warp, mask, operation);
    } else {
        thread->state = IN_WARP;
        yield();
    }
    return thread->answer;
}

// Threads that have left are not waited for, neither at barriers nor in warps.
void Runner::exited(Thread& thread) {
    thread.state = GONE;
    alive--;
    Warp& warp = warps[thread.warp];
    warp.exited |= 1u << thread.lane;
    if (at_barrier && at_barrier == alive) release_barrier();
    unsigned first = thread.warp * 32;
    for (unsigned i = first; warp.arrived && i < count && i < first + 32; i++) {
        if (threads[i].state != IN_WARP) continue;
        unsigned needed = threads[i].mask & warp.members & ~warp.exited;
        if ((warp.arrived & needed) == needed) finish_warp(thread.warp, threads[i].mask, threads[i].operation);
    }
}

void Runner::shuffle_order() {
    int how = settings.order;
    if (order.size() == count && how != RANDOM) return;
    order.resize(count);
    for (unsigned i = 0; i < count; i++) order[i] = how == REVERSE ? count - 1 - i : i;
    if (how == RANDOM) std::shuffle(order.begin(), order.end(), random);
}

void Runner::lay_out(const Launch& launch, uint64_t index) {
    const standin_dim3 &grid = launch.grid, &block = launch.block;
    count = alive = block.x * block.y * block.z;
    at_barrier = predicates = ready = born = cursor = 0;
    me = nullptr;
    if (threads.size() < count) threads.resize(count);
    shuffle_order();
    warps.assign((count + 31) / 32, Warp{});
    if (dynamic.size() < launch.dynamic_bytes + 128) dynamic.resize(launch.dynamic_bytes + 128);
    void* shared = (void*)(((uintptr_t)dynamic.data() + 127) & ~(uintptr_t)127);
    memset(shared, 0xff, launch.dynamic_bytes);  // shared memory is not zero on a device either
    standin_dim3 place = {(unsigned)(index % grid.x), (unsigned)(index / grid.x % grid.y),
                          (unsigned)(index / ((uint64_t)grid.x * grid.y))};
    for (unsigned i = 0; i < count; i++) {
        Thread& thread = threads[i];
        thread.thread_index = {i % block.x, i / block.x % block.y, i / (block.x * block.y)};
        thread.block_index = place;
        thread.block_extent = block;
        thread.grid_extent = grid;
        thread.dynamic_shared = shared;
        thread.state = UNBORN;
        thread.lane = i & 31;
        thread.warp = i >> 5;
        warps[i >> 5].members |= 1u << (i & 31);
    }
}

CUresult Runner::run_block(const Launch& launch, uint64_t index) {
    lay_out(launch, index);
    standin_switch(&scheduler, next());  // comes back when nobody can run
    if (!alive) return SUCCESS;
    unsigned waiting_at_barrier = 0, waiting_in_warp = 0;
    for (unsigned i = 0; i < count; i++) {
        waiting_at_barrier += threads[i].state == AT_BARRIER;
        waiting_in_warp += threads[i].state == IN_WARP;
    }
    const standin_dim3& place = threads[0].block_index;
    char text[160];
    snprintf(text, sizeof text, "deadlock in block (%u,%u,%u): %u threads at __syncthreads, %u in a warp operation",
             place.x, place.y, place.z, waiting_at_barrier, waiting_in_warp);
    reason = text;
    return LAUNCH_FAILED;
}

// ---------------------------------------------------------------- a grid

// Visits every block once, in the order of the settings.
class BlockOrder {
public:
    explicit BlockOrder(uint64_t total) : total(total), how(settings.order) {
        if (how != RANDOM || total < 3) return;
        std::minstd_rand random(settings.seed);
        offset = random() % total;
        do {
            stride = random() % total;
        } while (std::gcd(stride, total) != 1);
    }
    // The next block, or total when all are taken.
    uint64_t take() {
        uint64_t i = taken.fetch_add(1);
        if (i >= total) return total;
        return how == REVERSE ? total - 1 - i : (i * stride + offset) % total;
    }
    const uint64_t total;

private:
    const int how;
    uint64_t stride = 1, offset = 0;
    std::atomic<uint64_t> taken{0};
};

void forget_runner() {
    delete runner;
    runner = nullptr;
}

CUresult run_blocks(const Launch& launch, BlockOrder& blocks, std::string& reason) {
    if (!runner) runner = new Runner;
    runner->thunk = launch.kernel->thunk;
    runner->parameters = const_cast<void**>(launch.parameters.data());
    runner->reason = "illegal address";
    sigjmp_buf here;
    fault_exit = &here;
    volatile CUresult status = sigsetjmp(here, 1);
    if (status == SUCCESS) {
        for (;;) {
            uint64_t index = blocks.take();
            if (index >= blocks.total) break;
            status = runner->run_block(launch, index);
            if (status != SUCCESS) break;
        }
    }
    fault_exit = nullptr;
    if (status != SUCCESS) {
        reason = runner->reason;
        forget_runner();  // its fibers stopped anywhere
    }
    return status;
}

// ---------------------------------------------------------------- device faults

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

CUresult run_kernel(Launch& launch) {
    BlockOrder blocks((uint64_t)launch.grid.x * launch.grid.y * launch.grid.z);
    int helpers = blocks.total > 1 ? settings.processors - 1 : 0;
    std::vector<CUresult> statuses(helpers + 1);
    std::vector<std::string> reasons(helpers + 1);
    std::vector<std::thread> processors;
    for (int i = 1; i <= helpers; i++) {
        processors.emplace_back([&, i] {
            prepare_worker_thread("standin-sm");
            statuses[i] = run_blocks(launch, blocks, reasons[i]);
            forget_runner();
        });
    }
    statuses[0] = run_blocks(launch, blocks, reasons[0]);
    for (std::thread& processor : processors) processor.join();
    for (int i = 0; i <= helpers; i++) {
        if (statuses[i] == SUCCESS) continue;
        complain("kernel %s failed: %s (CUDA error %d)", launch.kernel->name, reasons[i].c_str(), statuses[i]);
        return statuses[i];
    }
    return SUCCESS;
}

// ---------------------------------------------------------------- what kernels call

API standin_thread* standin_self() { return runner->me; }
API int standin_lane() { return runner->me->lane; }
API int standin_barrier(int predicate) { return runner->barrier(predicate); }
API uint64_t standin_warp(int operation, unsigned mask, uint64_t value, int source) {
    return runner->warp_operation(operation, mask, value, source);
}
API void standin_trap(const char* why) {
    if (runner) runner->reason = why;
    if (fault_exit) siglongjmp(*fault_exit, LAUNCH_FAILED);
    abort();
}
