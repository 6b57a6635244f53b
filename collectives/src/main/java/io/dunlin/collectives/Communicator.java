package io.dunlin.collectives;

import io.dunlin.tensor.DType;
import io.dunlin.train.SummationTree;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Collective operations over one group.
 *
 * <p>Every member calls the same operations in the same order. Calls return at once; the memory handed over must stay
 * untouched until the {@link Work} is done. Work that is done has the same result on every member. After a failure or
 * {@link #abort} every pending and later operation fails with that cause: a new generation needs a new communicator.
 */
public interface Communicator extends AutoCloseable {
    /** Who takes part. */
    Group group();

    /** This member's number in the group. */
    int rank();

    /** How many members. */
    default int size() {
        return group().size();
    }

    /**
     * Every member ends with the element-wise combination of all contributions, in place.
     *
     * @param data F32, F64, BF16 or I32 elements; the same length on every member; any length from 0
     */
    Work allReduce(MemorySegment data, DType dtype, ReduceOp op);

    /**
     * Every member ends with the sum over the leaves of a {@link SummationTree}, added in the tree's order, so that the
     * bits do not depend on how many members share the leaves.
     *
     * @param blocks the nodes this member has, in order; member r of p holds leaves {@code [leaves*r/p,
     *     leaves*(r+1)/p)}; empty where that range is
     * @param sums F32 values of those nodes, all of the result's length
     * @param leaves of the whole tree
     * @param result F32; may be one of {@code sums}
     */
    Work allReduceTree(List<SummationTree.Block> blocks, List<MemorySegment> sums, int leaves, MemorySegment result);

    /**
     * Every member ends with the parts of all, one after the other in group order.
     *
     * @param part this member's; parts may differ in length
     * @param all room for all parts
     * @param lengthsBytes length of each member's part, the same list on every member
     */
    Work allGather(MemorySegment part, MemorySegment all, List<Long> lengthsBytes);

    /** Every member ends with the root's data. */
    Work broadcast(MemorySegment data, int root);

    /** Done when every member has called it. */
    Work barrier();

    /** Fails every pending and later operation on this member with {@code cause}; safe from any thread. */
    void abort(CollectiveException cause);

    /** Releases streams and threads; pending operations fail. */
    @Override
    void close();
}
