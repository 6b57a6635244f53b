// Runs a block: one fiber per CUDA thread.
//
// A carrier fiber calls one CUDA thread after another until one of them has to wait; that one keeps the stack and a
// new carrier goes on. A kernel without barriers so costs little more than a loop of calls.
#include "fibers.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

thread_local Runner* runner __attribute__((tls_model("initial-exec")));

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

constexpr size_t STACK_BYTES = 64 * 1024;
constexpr size_t PAGE_BYTES = 4096;
constexpr uint64_t INACTIVE_LANE = 0xdeaddeaddeaddeadull;  // what a shuffle from an absent lane brings

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

// ---------------------------------------------------------------- what kernels call

API standin_thread* standin_self() { return runner->me; }
API int standin_lane() { return runner->me->lane; }
API int standin_barrier(int predicate) { return runner->barrier(predicate); }
API uint64_t standin_warp(int operation, unsigned mask, uint64_t value, int source) {
    return runner->warp_operation(operation, mask, value, source);
}
API void standin_trap(const char* why) {
    if (runner) runner->reason = why;
    leave_with(LAUNCH_FAILED);
}
