package io.dunlin.collectives.engine;

import io.dunlin.collectives.Group;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.algorithm.TreePlan;
import io.dunlin.tensor.DType;
import io.dunlin.train.SummationTree;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Checks what a caller hands over, where it comes in: behind this, memory is addresses. */
final class Arguments {
    private final Group group;
    private final int rank;

    Arguments(Group group, int rank) {
        this.group = group;
        this.rank = rank;
    }

    void allReduce(MemorySegment input, MemorySegment output, DType dtype, ReduceOp op) {
        combined(dtype, op);
        elements("input", input, dtype);
        sameLength(input, output);
    }

    private static void combined(DType dtype, ReduceOp op) {
        if (op == ReduceOp.OR && dtype != DType.I32 && dtype != DType.I8) {
            throw new IllegalArgumentException(dtype + " cannot be combined by " + op);
        }
    }

    private static void sameLength(MemorySegment input, MemorySegment output) {
        isNative("output", output);
        if (input.byteSize() != output.byteSize()) {
            throw new IllegalArgumentException(
                    "output of %d bytes for an input of %d".formatted(output.byteSize(), input.byteSize()));
        }
        overlapAllOrNothing(input, output);
    }

    /** Memory may be used in place, or be two; shifted against itself it would be read after it was written. */
    private static void overlapAllOrNothing(MemorySegment one, MemorySegment other) {
        boolean overlap =
                one.address() < other.address() + other.byteSize() && other.address() < one.address() + one.byteSize();
        if (overlap && one.address() != other.address()) {
            throw new IllegalArgumentException("input and output overlap");
        }
    }

    void reduce(MemorySegment input, MemorySegment output, DType dtype, ReduceOp op, int root) {
        isMember(root);
        combined(dtype, op);
        elements("input", input, dtype);
        if (rank == root) {
            sameLength(input, output);
        }
    }

    void reduceScatter(MemorySegment all, MemorySegment part, List<Long> lengthsBytes, DType dtype, ReduceOp op) {
        combined(dtype, op);
        parts(part, lengthsBytes);
        holdsAll(all, lengthsBytes);
        apartOrInPlace(part, all, lengthsBytes);
        for (int member = 0; member < lengthsBytes.size(); member++) {
            if (lengthsBytes.get(member) % dtype.bytes() != 0) {
                throw new IllegalArgumentException("a part of %d bytes is not a whole number of %s elements"
                        .formatted(lengthsBytes.get(member), dtype));
            }
        }
    }

    void allReduceTree(
            List<SummationTree.Block> blocks, List<MemorySegment> sums, TreePlan plan, MemorySegment result) {
        if (sums.size() != blocks.size() || !same(blocks, plan.blocks(rank))) {
            throw new IllegalArgumentException("member %d of %d holds the nodes %s of %d leaves, not %s with %d sums"
                    .formatted(rank, group.size(), plan.blocks(rank), plan.leaves(), blocks, sums.size()));
        }
        elements("result", result, DType.F32);
        for (int i = 0; i < sums.size(); i++) {
            elements("sum", sums.get(i), DType.F32);
            if (sums.get(i).byteSize() != result.byteSize()) {
                throw new IllegalArgumentException("sum of %d bytes for a result of %d"
                        .formatted(sums.get(i).byteSize(), result.byteSize()));
            }
        }
    }

    private static boolean same(List<SummationTree.Block> a, List<SummationTree.Block> b) {
        if (a.size() != b.size()) {
            return false;
        }
        for (int i = 0; i < a.size(); i++) {
            if (!a.get(i).equals(b.get(i))) {
                return false;
            }
        }
        return true;
    }

    void allGather(MemorySegment part, MemorySegment all, List<Long> lengthsBytes) {
        parts(part, lengthsBytes);
        holdsAll(all, lengthsBytes);
        apartOrInPlace(part, all, lengthsBytes);
    }

    /** For gather, and for scatter, which is the other way round. */
    void rooted(MemorySegment part, MemorySegment all, List<Long> lengthsBytes, int root) {
        isMember(root);
        parts(part, lengthsBytes);
        if (rank == root) {
            holdsAll(all, lengthsBytes);
            apartOrInPlace(part, all, lengthsBytes);
        }
    }

    void allToAll(MemorySegment send, List<Long> sendBytes, MemorySegment receive, List<Long> receiveBytes) {
        holdsAll(send, sendBytes);
        holdsAll(receive, receiveBytes);
        if (!sendBytes.get(rank).equals(receiveBytes.get(rank))) {
            throw new IllegalArgumentException("member %d sends itself %d bytes and receives %d"
                    .formatted(rank, sendBytes.get(rank), receiveBytes.get(rank)));
        }
        if (overlap(send, send.byteSize(), receive)) {
            throw new IllegalArgumentException("send and receive overlap");
        }
    }

    private static boolean overlap(MemorySegment one, long bytes, MemorySegment other) {
        return one.address() < other.address() + other.byteSize() && other.address() < one.address() + bytes;
    }

    /** A part is at its own place among all parts, or elsewhere: at another's place it would be written while it is read. */
    private void apartOrInPlace(MemorySegment part, MemorySegment all, List<Long> lengthsBytes) {
        long start = 0;
        for (int member = 0; member < rank; member++) {
            start += lengthsBytes.get(member);
        }
        if (part.address() != all.address() + start && overlap(part, lengthsBytes.get(rank), all)) {
            throw new IllegalArgumentException("part overlaps the parts of others");
        }
    }

    private void parts(MemorySegment part, List<Long> lengthsBytes) {
        isNative("part", part);
        total(lengthsBytes);
        if (part.byteSize() < lengthsBytes.get(rank)) {
            throw new IllegalArgumentException(
                    "room of %d bytes for a part of %d".formatted(part.byteSize(), lengthsBytes.get(rank)));
        }
    }

    private void holdsAll(MemorySegment all, List<Long> lengthsBytes) {
        isNative("all", all);
        long total = total(lengthsBytes);
        if (all.byteSize() < total) {
            throw new IllegalArgumentException("room of %d bytes for all of %d".formatted(all.byteSize(), total));
        }
    }

    private long total(List<Long> lengthsBytes) {
        if (lengthsBytes.size() != group.size()) {
            throw new IllegalArgumentException(
                    "%d lengths for %d members".formatted(lengthsBytes.size(), group.size()));
        }
        long total = 0;
        for (int member = 0; member < lengthsBytes.size(); member++) {
            if (lengthsBytes.get(member) < 0) {
                throw new IllegalArgumentException("a part of " + lengthsBytes.get(member) + " bytes");
            }
            total += lengthsBytes.get(member);
        }
        return total;
    }

    void broadcast(MemorySegment data, int root) {
        isMember(root);
        isNative("data", data);
    }

    void message(MemorySegment data, int peer) {
        isMember(peer);
        if (peer == rank) {
            throw new IllegalArgumentException("a message from member %d to itself".formatted(rank));
        }
        isNative("data", data);
    }

    private void isMember(int member) {
        if (member < 0 || member >= group.size()) {
            throw new IllegalArgumentException("member %d of %d".formatted(member, group.size()));
        }
    }

    private static void elements(String what, MemorySegment segment, DType dtype) {
        isNative(what, segment);
        if (segment.byteSize() % dtype.bytes() != 0) {
            throw new IllegalArgumentException(
                    "%s of %d bytes is not a whole number of %s elements".formatted(what, segment.byteSize(), dtype));
        }
    }

    private static void isNative(String what, MemorySegment segment) {
        if (!segment.isNative()) {
            throw new IllegalArgumentException(what + " must be native memory, not on the heap");
        }
        if (!segment.isAccessibleBy(Thread.currentThread())) {
            throw new IllegalArgumentException(what + " is memory that the host does not reach");
        }
    }
}
