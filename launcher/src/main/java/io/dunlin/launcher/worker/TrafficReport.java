package io.dunlin.launcher.worker;

import io.dunlin.collectives.Topology;
import io.dunlin.launcher.job.Job;
import io.dunlin.launcher.job.JobOutline;
import io.dunlin.launcher.report.Report;
import io.dunlin.parallel.plan.Planner;
import io.dunlin.parallel.plan.Traffic;
import java.util.List;
import java.util.Optional;

/**
 * Puts what was counted beside what the planner says of the same job.
 *
 * @param job that was trained
 * @param topology it was trained on
 */
record TrafficReport(Job job, Topology topology) {
    private static final double NO_MATTER = 1; // the share of the peak of a device that nobody names

    /**
     * What to report; nothing of one rank, or where no step was done.
     *
     * @param step last complete one
     * @param steps that were counted
     * @param countedBytes of all ranks in a step; [scale]
     */
    Optional<Report> of(long step, long steps, long[] countedBytes) {
        if (topology.size() == 1 || steps == 0) {
            return Optional.empty();
        }
        Traffic planned = new Planner(topology, Optional.empty(), NO_MATTER)
                .plan(JobOutline.workload(job), job.parallel().shard(), JobOutline.wires(job))
                .traffic();
        List<Report.LevelBytes> levels = topology.levels().stream()
                .map(Topology.Level::scale)
                .filter(scale -> scale != Topology.Scale.CLUSTER || topology.hosts() > 1)
                .map(scale -> new Report.LevelBytes(scale, planned.totalBytes(scale), countedBytes[scale.ordinal()]))
                .toList();
        return Optional.of(new Report.Sent(step, steps, levels));
    }
}
