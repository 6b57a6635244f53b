package io.dunlin.launcher.doctor;

import io.dunlin.launcher.job.Job;
import io.dunlin.launcher.place.HostMemory;
import io.dunlin.launcher.report.Readable;

/** All ranks of this host hold what is planned for each, besides their JVMs. */
final class MemoryCheck implements Check {
    private static final long BYTES_PER_JVM = 200L << 20;

    private final MemoryNeed need;
    private final long availableBytes;

    MemoryCheck(MemoryNeed need, long availableBytes) {
        this.need = need;
        this.availableBytes = availableBytes;
    }

    /** Of a job that has {@code ranks} on this machine, on its CPU or on its GPUs. */
    static Check ofMachine(Job job, int ranks, Probe<GpuProbe.Facts> gpu) {
        MemoryNeed need = MemoryNeed.of(job, ranks);
        return new GpuMemoryCheck(need, gpu, job.train().device(), new MemoryCheck(need, HostMemory.availableBytes()));
    }

    @Override
    public String title() {
        return "Memory";
    }

    @Override
    public Finding look() {
        int ranks = need.ranksHere();
        if (ranks == 0) {
            return new Finding.Ok("no rank computes on this host");
        }
        long needed = ranks * (need.bytes() + BYTES_PER_JVM);
        String text = availableText() + "; " + need.sentence(ranks, needed);
        if (needed > availableBytes) {
            return new Finding.Fail(
                    text, need.remedy(availableBytes / ranks - BYTES_PER_JVM - need.carriedBytes(), otherwise()));
        }
        return MemoryNeed.tight(needed, availableBytes)
                ? new Finding.Warn(text, MemoryNeed.TIGHT)
                : new Finding.Ok(text);
    }

    private String otherwise() {
        String hosts = "or more hosts (launch.hosts) and parallel.shard = \"zero3\"";
        return need.ranksHere() == 1 ? hosts : "fewer ranks here (launch.ranks), " + hosts;
    }

    /** How much the host has. */
    String availableText() {
        return Readable.memory(availableBytes) + " available";
    }
}
