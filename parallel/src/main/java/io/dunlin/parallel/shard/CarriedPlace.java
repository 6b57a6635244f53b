package io.dunlin.parallel.shard;

import io.dunlin.parallel.mesh.Mesh;
import io.dunlin.parallel.mesh.ShardPlan.Range;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.NamedTensor;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import io.dunlin.tensor.TensorSlice;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Which elements of whose sum a rank carries errors of: with that, what was saved under one layout fits another.
 *
 * <p>Errors are of the sums that are encoded: before the first hop those of one rank, or of ranks that have one copy of the
 * gradients together; before the second those of a host. Each such owner has all elements of a unit, cut over its ranks as
 * the layout says, and another layout may cut them otherwise.
 *
 * @param owner of the sum
 * @param unitElements of the whole unit
 * @param ranges of the unit, in the order in which they lie in memory; any may be empty
 */
record CarriedPlace(String owner, long unitElements, List<Range> ranges) {
    /** Of a rank's own gradients of a unit. */
    static CarriedPlace ofRank(int rank, Range whole) {
        return new CarriedPlace("rank.%d".formatted(rank), whole.length(), List.of(whole));
    }

    /** Of the sums of one copy of the gradients, of which a rank has a part. */
    static CarriedPlace ofCopy(Mesh mesh, long unitElements, Range summed) {
        Mesh.Position position = mesh.position();
        int copy = position.replica() * mesh.spans().optimizer() + position.optimizer();
        return new CarriedPlace("copy.%d".formatted(copy), unitElements, List.of(summed));
    }

    /** Of the sums of a host. */
    static CarriedPlace ofHost(int host, long unitElements, List<Range> ranges) {
        return new CarriedPlace("host.%d".formatted(host), unitElements, ranges);
    }

    /**
     * What is in memory, as slices of the owner's tensor.
     *
     * @param memory F32, of all ranges
     */
    List<NamedTensor> slices(String name, MemorySegment memory) {
        List<NamedTensor> slices = new ArrayList<>();
        long at = 0;
        for (Range range : ranges) {
            if (range.length() > 0) {
                slices.add(new NamedTensor(
                        new TensorSlice(name + "/" + owner, Shape.of(unitElements), range.offset(), range.length()),
                        Tensor.of(
                                DType.F32,
                                Shape.of(range.length()),
                                memory.asSlice(at * Float.BYTES, range.length() * Float.BYTES))));
            }
            at += range.length();
        }
        return slices;
    }
}
