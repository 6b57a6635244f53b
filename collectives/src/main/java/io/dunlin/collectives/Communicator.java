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
     * Says what the next operation is about: members that say different things fail with a desync, so that a stale or
     * mistaken tensor is an error instead of a bad loss.
     *
     * @param tensor a number that all members have for it; 0 if there is nothing to say
     * @param version of its content, for example the step
     * @return this
     */
    Communicator label(long tensor, long version);

    /**
     * Every member ends with the element-wise combination of all contributions.
     *
     * @param input elements of any type; the same length on every member; any length from 0
     * @param output as long as {@code input}; may be the same memory, must not overlap it otherwise
     */
    Work allReduce(MemorySegment input, MemorySegment output, DType dtype, ReduceOp op);

    /** {@link #allReduce(MemorySegment, MemorySegment, DType, ReduceOp)} in place. */
    default Work allReduce(MemorySegment data, DType dtype, ReduceOp op) {
        return allReduce(data, data, dtype, op);
    }

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

    /**
     * Member k ends with part k of the element-wise combination of all contributions.
     *
     * @param all this member's contribution: all parts, one after the other
     * @param part room for this member's part; may be its place in {@code all}
     * @param lengthsBytes length of each part, whole elements, the same list on every member
     */
    Work reduceScatter(MemorySegment all, MemorySegment part, List<Long> lengthsBytes, DType dtype, ReduceOp op);

    /**
     * Member k ends with the runs that all members have for it, in group order.
     *
     * @param send the run for member 0, then that for member 1, ...
     * @param sendBytes length of each of them
     * @param receive room for the run from member 0, then that from member 1, ...; does not overlap {@code send}
     * @param receiveBytes length of each of them: what that member sends here
     */
    Work allToAll(MemorySegment send, List<Long> sendBytes, MemorySegment receive, List<Long> receiveBytes);

    /** Every member ends with the root's data. */
    Work broadcast(MemorySegment data, int root);

    /**
     * The root ends with the element-wise combination of all contributions.
     *
     * @param output at the root, as {@link #allReduce}'s; elsewhere ignored
     */
    Work reduce(MemorySegment input, MemorySegment output, DType dtype, ReduceOp op, int root);

    /**
     * The root ends with the parts of all, one after the other.
     *
     * @param all at the root, room for all parts; elsewhere ignored
     * @param lengthsBytes length of each member's part, the same list on every member
     */
    Work gather(MemorySegment part, MemorySegment all, List<Long> lengthsBytes, int root);

    /**
     * Member k ends with part k of what the root has.
     *
     * @param all at the root, all parts, one after the other; elsewhere ignored
     * @param part room for this member's part
     * @param lengthsBytes length of each member's part, the same list on every member
     */
    Work scatter(MemorySegment all, MemorySegment part, List<Long> lengthsBytes, int root);

    /**
     * Sends {@code data} to one member. Messages from a to b are received in the order in which they were sent; they do not
     * wait for collectives, nor collectives for them.
     *
     * @param peer another member
     */
    Work send(MemorySegment data, int peer);

    /** Receives what {@code peer} sends next; as long as what is sent. */
    Work receive(MemorySegment data, int peer);

    /** Done when every member has called it. */
    Work barrier();

    /**
     * Bytes that this member has sent so far, headers of flows included, those of the transport not.
     *
     * @param distance to members that are as far away as that
     */
    long sentBytes(Topology.Scale distance);

    /** Fails every pending and later operation on this member with {@code cause}; safe from any thread. */
    void abort(CollectiveException cause);

    /** Releases streams and threads; pending operations fail. */
    @Override
    void close();
}
