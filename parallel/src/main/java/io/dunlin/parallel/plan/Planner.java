package io.dunlin.parallel.plan;

import io.dunlin.collectives.Topology;
import io.dunlin.parallel.mesh.Mesh;
import io.dunlin.parallel.mesh.ShardDegrees;
import java.util.List;
import java.util.Optional;

/**
 * Says what layouts take on one topology.
 *
 * @param topology where ranks are
 * @param hardware what they compute with, if known
 * @param efficiency the share of the peak that compute is assumed to reach, above 0
 */
public record Planner(Topology topology, Optional<Hardware> hardware, double efficiency) {
    /** Checks the share. */
    public Planner {
        if (!(efficiency > 0)) {
            throw new IllegalArgumentException("efficiency " + efficiency);
        }
    }

    /**
     * What training takes as it is done: weights in the type of compute and gradients in F32 on the wire.
     *
     * @throws io.dunlin.parallel.mesh.MeshException if the topology does not bear the degrees
     */
    public Plan plan(Workload workload, ShardDegrees degrees) {
        return plan(workload, degrees, WireFormat.of(workload.precision()));
    }

    /** The same with transfers written otherwise. */
    public Plan plan(Workload workload, ShardDegrees degrees, WireFormat wires) {
        List<Mesh> meshes = Mesh.all(degrees, topology);
        int microBatches = workload.batch().microBatches();
        int turns = meshes.stream()
                .mapToInt(mesh -> mesh.share().turns(microBatches))
                .max()
                .orElse(0);
        Traffic traffic = StepTraffic.of(degrees, topology, wires, workload.units(), microBatches);
        RankMemory memory = RankMemory.of(
                meshes,
                workload.model().units(),
                StateBytes.of(workload.precision(), wires),
                workload.activationBytes());
        Optional<StepTime> time = hardware.map(figures -> {
            double rate = figures.flops(workload.precision()) * efficiency;
            return StepTime.of(turns * workload.flopsPerMicroBatch() / rate, traffic, figures);
        });
        return new Plan(degrees, spans(meshes.getFirst()), turns, memory, traffic, time);
    }

    private static Plan.Spans spans(Mesh mesh) {
        return new Plan.Spans(
                mesh.spans().weights(),
                mesh.gradientDegree(),
                mesh.optimizerDegree(),
                mesh.secondary().size());
    }
}
