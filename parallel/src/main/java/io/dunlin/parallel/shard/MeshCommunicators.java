package io.dunlin.parallel.shard;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.Priority;
import io.dunlin.collectives.Topology;
import io.dunlin.parallel.mesh.Mesh;
import java.util.Arrays;
import java.util.List;

/**
 * With whom one rank of a mesh exchanges what. Each has streams of its own, so that weights need not wait for gradients.
 *
 * @param world all ranks: losses, requests, norms
 * @param weights of the units, before they are used
 * @param secondary the same from the second copy
 * @param gradients of each micro-batch
 * @param boundary gradients of a step
 * @param update new weights, to those that have the same part of the gradients
 * @param spread new weights, to those that have the same part of the weights
 * @param gradientHops gradients of each micro-batch, where they cross quantised
 * @param boundaryHops gradients of a step, where they cross quantised
 */
public record MeshCommunicators(
        Communicator world,
        Communicator weights,
        Communicator secondary,
        Communicator gradients,
        Communicator boundary,
        Communicator update,
        Communicator spread,
        Hops gradientHops,
        Hops boundaryHops) {

    /** Opens communicators; all ranks of a group open it in the same order. */
    @FunctionalInterface
    public interface Opener {
        /** The communicator of a group that this rank is in; for a rank alone it does nothing. */
        Communicator open(Group group, Priority priority);
    }

    /**
     * Opens those that a mesh needs if nothing is quantised.
     *
     * @param world of all ranks, open already
     */
    public static MeshCommunicators open(Mesh mesh, Communicator world, Opener opener) {
        return open(mesh, Quantization.NONE, world, opener);
    }

    /**
     * Opens those that a mesh needs.
     *
     * @param world of all ranks, open already
     */
    public static MeshCommunicators open(Mesh mesh, Quantization quantization, Communicator world, Opener opener) {
        boolean plain = mesh.degrees().replicated();
        Group alone = new Group("alone", List.of(mesh.rank()));
        Group secondary = mesh.secondary().isEmpty() ? alone : mesh.secondaryGroup();
        return new MeshCommunicators(
                world,
                opener.open(mesh.weightsGroup(), Priority.ACTIVATIONS),
                opener.open(secondary, Priority.ACTIVATIONS),
                opener.open(mesh.gradientsGroup(), Priority.GRADIENTS),
                plain ? world : opener.open(mesh.boundaryGroup(), Priority.GRADIENTS),
                opener.open(mesh.updateGroup(), Priority.ACTIVATIONS),
                opener.open(mesh.spreadGroup(), Priority.ACTIVATIONS),
                hops(mesh, quantization.gradients() == 0 ? alone : mesh.gradientsGroup(), opener),
                hops(
                        mesh,
                        quantization.gradients() == 0 || !mesh.scattersAtBoundary() ? alone : mesh.boundaryGroup(),
                        opener));
    }

    private static Hops hops(Mesh mesh, Group group, Opener opener) {
        return new Hops(
                opener.open(mesh.insideHost(group), Priority.GRADIENTS),
                opener.open(mesh.betweenHosts(group), Priority.GRADIENTS));
    }

    /** All of them, each once. */
    public List<Communicator> all() {
        return List.of(
                        world,
                        weights,
                        secondary,
                        gradients,
                        boundary,
                        update,
                        spread,
                        gradientHops.inside(),
                        gradientHops.between(),
                        boundaryHops.inside(),
                        boundaryHops.between())
                .stream()
                .distinct()
                .toList();
    }

    /**
     * Bytes that this rank has sent so far for one purpose, over one distance.
     *
     * @param purpose the name of the group
     * @param distance to the ranks they were sent to
     * @param bytes headers of flows included, those of the transport not
     */
    public record Traffic(String purpose, Topology.Scale distance, long bytes) {}

    /** What this rank has sent so far, for all purposes and distances. */
    public List<Traffic> traffic() {
        return all().stream()
                .flatMap(one -> Arrays.stream(Topology.Scale.values())
                        .map(scale -> new Traffic(one.group().name(), scale, one.sentBytes(scale))))
                .toList();
    }
}
