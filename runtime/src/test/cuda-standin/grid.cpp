// Runs kernels: the blocks of a grid, on as many threads of the system as the device has processors.
#include <numeric>
#include <random>

#include "fibers.h"

namespace {

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
    CUresult status = SUCCESS;
    CUresult fault = run_guarded([&] {
        for (uint64_t index; status == SUCCESS && (index = blocks.take()) < blocks.total;) {
            status = runner->run_block(launch, index);
        }
    });
    if (fault) status = fault;
    if (status != SUCCESS) {
        reason = runner->reason;
        forget_runner();  // its fibers stopped anywhere
    }
    return status;
}

}  // namespace

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
