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

    void allReduce(MemorySegment data, DType dtype, ReduceOp op) {
        if (dtype == DType.I8 || (op == ReduceOp.OR && dtype != DType.I32)) {
            throw new IllegalArgumentException(dtype + " cannot be combined by " + op);
        }
        elements("data", data, dtype);
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
        isNative("part", part);
        isNative("all", all);
        if (part.byteSize() < lengthsBytes.get(rank) || all.byteSize() < total) {
            throw new IllegalArgumentException("room of %d and %d bytes for a part of %d and all of %d"
                    .formatted(part.byteSize(), all.byteSize(), lengthsBytes.get(rank), total));
        }
    }

    void broadcast(MemorySegment data, int root) {
        if (root < 0 || root >= group.size()) {
            throw new IllegalArgumentException("root %d of %d members".formatted(root, group.size()));
        }
        isNative("data", data);
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
    }
}
