package io.dunlin.parallel.mesh;

import io.dunlin.parallel.mesh.Mesh.Position;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which elements of a unit each rank holds: cut first for the weights, each part again for the gradients, each of those
 * for the optimizer. A unit is what is gathered at a time: the embedding, a block, the head.
 *
 * <p>Cuts are at multiples of {@value #CELL} elements, so that parts begin on cache lines; any length can be cut into any
 * number of parts, which then differ by one cell at most, and may be empty. Nothing is padded.
 */
public final class ShardPlan {
    /** Parts begin at multiples of this. */
    public static final int CELL = 16;

    private final Mesh mesh;
    private final List<Long> units; // elements

    /**
     * A part of a unit.
     *
     * @param offset first element in the unit
     * @param length elements
     */
    public record Range(long offset, long length) {
        /** The element after the last. */
        public long end() {
            return offset + length;
        }

        /** Part {@code index} of {@code parts}. */
        public Range cut(int index, int parts) {
            long cells = Math.ceilDiv(length, CELL);
            long first = Math.min(length, cells * index / parts * CELL);
            long end = Math.min(length, cells * (index + 1) / parts * CELL);
            return new Range(offset + first, end - first);
        }
    }

    /**
     * A plan.
     *
     * @param units elements of each, in the order of the flat buffers
     */
    public ShardPlan(Mesh mesh, List<Long> units) {
        this.mesh = mesh;
        this.units = List.copyOf(units);
    }

    /** How many units. */
    public int units() {
        return units.size();
    }

    /** All of a unit. */
    public Range unit(int unit) {
        return new Range(0, units.get(unit));
    }

    /** What a rank holds of the weights of a unit. */
    public Range weights(int unit, int rank) {
        return unit(unit).cut(at(rank).weights(), mesh.spans().weights());
    }

    /** What a rank holds of the gradients of a unit, summed up over its gradients domain. */
    public Range gradients(int unit, int rank) {
        return weights(unit, rank).cut(at(rank).gradients(), mesh.spans().gradients());
    }

    /** What a rank updates of a unit. */
    public Range optimizer(int unit, int rank) {
        return gradients(unit, rank).cut(at(rank).optimizer(), mesh.spans().optimizer());
    }

    /** Whether there is a second copy of the weights: on all ranks or on none. */
    public boolean secondCopy() {
        return !mesh.secondary().isEmpty();
    }

    /** What a member of this rank's secondary group holds of its copy of the weights of a unit. */
    public Range secondary(int unit, int rank) {
        List<Integer> members = mesh.secondary();
        return unit(unit).cut(members.indexOf(rank), members.size());
    }

    private Position at(int rank) {
        return mesh.positions().get(rank);
    }

    /** Bytes of each member's part, in order: what collectives are told. */
    public static List<Long> lengthsBytes(List<Integer> members, Part part, int elementBytes) {
        List<Long> lengths = new ArrayList<>();
        members.forEach(rank -> lengths.add(part.of(rank).length() * elementBytes));
        return lengths;
    }

    /** A rank's part of one unit. */
    @FunctionalInterface
    public interface Part {
        /** Of this rank. */
        Range of(int rank);
    }

    /** Elements that a rank holds in all units. */
    public long elements(Held held, int rank) {
        return IntStream.range(0, units())
                .mapToLong(unit -> held.of(unit, rank).length())
                .sum();
    }

    /** What a rank holds of a unit, of one class of tensors: {@code plan::optimizer}. */
    @FunctionalInterface
    public interface Held {
        /** Of this unit and rank. */
        Range of(int unit, int rank);
    }
}
