// The fibers of one thread of the system: one for each CUDA thread of the block that it runs.
#pragma once

#include <random>

#include "driver.h"

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

// Of the calling thread. It is read in every call of a kernel, and in a signal handler: hence initial-exec, which
// allocates nothing late.
extern thread_local Runner* runner __attribute__((tls_model("initial-exec")));
