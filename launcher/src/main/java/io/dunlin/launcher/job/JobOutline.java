package io.dunlin.launcher.job;

import io.dunlin.collectives.Topology;
import io.dunlin.data.BatchPlan;
import io.dunlin.launcher.place.HostSlots;
import io.dunlin.model.ModelOutline;
import io.dunlin.parallel.mesh.TopologyText;
import io.dunlin.parallel.plan.WireFormat;
import io.dunlin.parallel.plan.Workload;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** A job as the planner takes it: what is trained in a step, and where its ranks will be. */
public final class JobOutline {
    private JobOutline() {}

    /** What is trained in a step. */
    public static Workload workload(Job job) {
        BatchPlan batch = BatchPlan.of(
                job.model().context(), job.train().microBatch(), job.train().tokensPerStep());
        return new Workload(
                ModelOutline.of(job.model().config()),
                job.train().precision(),
                batch,
                job.train().recompute());
    }

    /** How tensors are written while they travel. */
    public static WireFormat wires(Job job) {
        return WireFormat.of(job.train().precision(), job.parallel().quantization());
    }

    /** Where ranks are if the job says so itself. */
    public static Optional<Topology> declaredTopology(Job job) {
        return TopologyText.parse(job.parallel().topology()).map(TopologyText::topology);
    }

    /** Where ranks will be: as declared, or else on the hosts that the job names, or else all on one. */
    public static Topology topology(Job job) {
        return declaredTopology(job).orElseGet(() -> onHosts(job.launch()));
    }

    private static Topology onHosts(LaunchSettings launch) {
        List<HostSlots> hosts = launch.hostSlots();
        if (hosts.isEmpty()) {
            return Topology.oneHost(launch.ranks());
        }
        int[] counts = HostSlots.spread(hosts, launch.ranks());
        List<String> names = new ArrayList<>();
        for (int host = 0; host < counts.length; host++) {
            names.addAll(Collections.nCopies(counts[host], hosts.get(host).name()));
        }
        return Topology.ofHosts(names);
    }
}
