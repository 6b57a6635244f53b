package io.dunlin.launcher.doctor;

import io.dunlin.launcher.job.Job;
import io.dunlin.launcher.job.JobOutline;
import io.dunlin.launcher.report.Readable;
import io.dunlin.parallel.mesh.ShardDegrees;
import io.dunlin.parallel.mesh.ShardScheme;
import io.dunlin.parallel.plan.LayoutSearch;
import io.dunlin.parallel.plan.Planner;
import io.dunlin.parallel.plan.RankMemory;
import io.dunlin.parallel.plan.Workload;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What each rank of a job holds, as it is planned: states as they are spread, and activations.
 *
 * @param planner of where its ranks will be
 * @param workload of a step
 * @param shard how states are spread
 * @param ranksHere how many ranks are on this host
 * @param bytes of the rank with the most
 * @param carriedBytes of these, what is on the host wherever ranks compute: what quantised gradients lost
 */
record MemoryNeed(Planner planner, Workload workload, ShardScheme shard, int ranksHere, long bytes, long carriedBytes) {
    /** What to do where there is little room left. */
    static final String TIGHT = "if it gets tight: train.recompute = \"layer\" or a smaller train.micro_batch";

    private static final double NO_MATTER = 1; // the share of the peak of a device that nobody names
    private static final double FULL = 0.8; // libraries and what is on its way need some room too

    /** Of a job that has so many ranks on this host. */
    static MemoryNeed of(Job job, int ranksHere) {
        Planner planner = new Planner(JobOutline.topology(job), Optional.empty(), NO_MATTER);
        Workload workload = JobOutline.workload(job);
        ShardScheme shard = job.parallel().shard();
        RankMemory memory =
                planner.plan(workload, shard.degrees(), JobOutline.wires(job)).memory();
        return new MemoryNeed(planner, workload, shard, ranksHere, memory.total(), memory.carried());
    }

    /** Of a rank that computes on a GPU, there. */
    long bytesOnGpu() {
        return bytes - carriedBytes;
    }

    private static long memory(Planner planner, Workload workload, ShardDegrees degrees) {
        return planner.plan(workload, degrees).memory().total();
    }

    /** For people: so many ranks of this job, which need {@code needed} bytes. */
    String sentence(int ranks, long needed) {
        return "%d %s of %s parameters%s %s %s"
                .formatted(
                        ranks,
                        ranks == 1 ? "rank" : "ranks",
                        Readable.about(workload.model().config().parameterCount()),
                        shard == ShardScheme.NONE ? "" : ", " + shard.label() + ",",
                        ranks == 1 ? "needs" : "need",
                        Readable.memory(needed));
    }

    /** Whether it fits, but hardly. */
    static boolean tight(long needed, long available) {
        return needed > FULL * available;
    }

    /**
     * What would make a rank fit.
     *
     * @param limitBytes of each rank, without what it carries
     * @param otherwise if nothing does, besides a smaller model
     */
    String remedy(long limitBytes, String otherwise) {
        LayoutSearch layouts = new LayoutSearch(planner, limitBytes);
        List<String> fitting = new ArrayList<>(layouts.changes(workload, shard.degrees()).stream()
                .map(LayoutSearch.Change::sentence)
                .toList());
        String zero3 = "parallel.shard = \"zero3\"";
        if (fitting.stream().noneMatch(sentence -> sentence.endsWith(zero3))
                && memory(planner, workload, ShardDegrees.ZERO3) <= limitBytes) {
            fitting.add(zero3);
        }
        return fitting.isEmpty()
                ? "take a smaller model (model.preset), " + otherwise
                : "would fit: " + String.join("; or ", fitting);
    }
}
