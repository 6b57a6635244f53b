package io.dunlin.launcher.doctor;

import io.dunlin.launcher.job.Job;
import io.dunlin.launcher.place.HostMemory;
import io.dunlin.launcher.report.Readable;
import io.dunlin.model.Precision;
import io.dunlin.tensor.DType;

/** Every rank holds weights, gradients and two moments of AdamW in fp32, besides activations and its JVM. */
final class MemoryCheck implements Check {
    /** What to do where there is little room for activations. */
    static final String TIGHT = "if it gets tight: train.recompute = \"layer\" or a smaller train.micro_batch";

    private static final long BYTES_PER_PARAMETER = 4 * 4;
    private static final long BYTES_PER_JVM = 200L << 20;

    private final long parameters;
    private final int ranks;
    private final long availableBytes;

    MemoryCheck(long parameters, int ranks, long availableBytes) {
        this.parameters = parameters;
        this.ranks = ranks;
        this.availableBytes = availableBytes;
    }

    /** Of a job that has {@code ranks} on this machine, on its CPU or on its GPUs. */
    static Check ofMachine(Job job, int ranks, Probe<GpuProbe.Facts> gpu) {
        long parameters = job.model().config().parameterCount();
        long copyBytes = job.train().precision() == Precision.BF16 ? DType.BF16.bytes() : 0;
        return new GpuMemoryCheck(
                new GpuMemoryCheck.Need(parameters, BYTES_PER_PARAMETER + copyBytes, ranks),
                gpu,
                job.train().device(),
                new MemoryCheck(parameters, ranks, HostMemory.availableBytes()));
    }

    @Override
    public String title() {
        return "Memory";
    }

    @Override
    public Finding look() {
        long needed = ranks * (parameters * BYTES_PER_PARAMETER + BYTES_PER_JVM);
        String text = "%s; %d %s of %s parameters need %s and their activations"
                .formatted(
                        availableText(),
                        ranks,
                        ranks == 1 ? "rank" : "ranks",
                        Readable.about(parameters),
                        Readable.memory(needed));
        if (needed > availableBytes) {
            return new Finding.Fail(text, "take a smaller model (model.preset) or fewer ranks (launch.ranks)");
        }
        return needed > availableBytes / 2 ? new Finding.Warn(text, TIGHT) : new Finding.Ok(text);
    }

    /** How much the host has. */
    String availableText() {
        return Readable.memory(availableBytes) + " available";
    }
}
