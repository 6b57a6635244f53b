package io.dunlin.parallel;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Work;
import io.dunlin.tensor.DType;
import io.dunlin.train.SummationTree;
import io.dunlin.train.SummationTree.Block;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** The plainest communicator: whoever comes last to an operation combines what all have brought. */
public final class ThreadFabric {
    private record Contribution(List<Block> blocks, List<MemorySegment> sums, MemorySegment result) {}

    private static final class Operation {
        private final Map<Integer, Contribution> contributions = new HashMap<>();
        private final CompletableFuture<Void> done = new CompletableFuture<>();
    }

    private final Group group;
    private final List<Operation> operations = new ArrayList<>();

    public ThreadFabric(int ranks) {
        group = Group.world(ranks);
    }

    public Communicator communicator(int rank) {
        return new Member(rank);
    }

    private synchronized Operation enter(int number, int rank, Contribution contribution, Runnable combine) {
        while (operations.size() <= number) {
            operations.add(new Operation());
        }
        Operation operation = operations.get(number);
        operation.contributions.put(rank, contribution);
        if (operation.contributions.size() == group.size()) {
            combine.run();
            operation.done.complete(null);
        }
        return operation;
    }

    private void sum(Operation operation, DType dtype) {
        MemorySegment first = operation.contributions.get(0).result();
        for (int rank = 1; rank < group.size(); rank++) {
            MemorySegment other = operation.contributions.get(rank).result();
            if (dtype == DType.F32) {
                add(first, other);
            } else {
                for (long i = 0; i < first.byteSize() / Double.BYTES; i++) {
                    double left = first.getAtIndex(ValueLayout.JAVA_DOUBLE, i);
                    first.setAtIndex(
                            ValueLayout.JAVA_DOUBLE, i, left + other.getAtIndex(ValueLayout.JAVA_DOUBLE, i));
                }
            }
        }
        operation.contributions.values().forEach(c -> copy(first, c.result()));
    }

    private static void add(MemorySegment left, MemorySegment right) {
        for (long i = 0; i < left.byteSize() / Float.BYTES; i++) {
            float sum = left.getAtIndex(ValueLayout.JAVA_FLOAT, i) + right.getAtIndex(ValueLayout.JAVA_FLOAT, i);
            left.setAtIndex(ValueLayout.JAVA_FLOAT, i, sum);
        }
    }

    private static void copy(MemorySegment from, MemorySegment to) {
        if (from.address() != to.address()) {
            to.copyFrom(from);
        }
    }

    private void sumTree(Operation operation, int leaves) {
        Map<Block, float[]> nodes = new HashMap<>();
        for (Contribution c : operation.contributions.values()) {
            for (int i = 0; i < c.blocks().size(); i++) {
                nodes.put(c.blocks().get(i), c.sums().get(i).toArray(ValueLayout.JAVA_FLOAT));
            }
        }
        float[] root = value(SummationTree.root(leaves), nodes, leaves);
        operation.contributions.values().forEach(c -> copy(MemorySegment.ofArray(root), c.result()));
    }

    private static float[] value(Block node, Map<Block, float[]> nodes, int leaves) {
        float[] known = nodes.get(node);
        if (known != null) {
            return known;
        }
        Block left = new Block(node.level() - 1, node.index() * 2);
        float[] sum = value(left, nodes, leaves).clone();
        Block right = new Block(left.level(), left.index() + 1);
        if (right.first() < leaves) {
            float[] addend = value(right, nodes, leaves);
            for (int i = 0; i < sum.length; i++) {
                sum[i] += addend[i];
            }
        }
        return sum;
    }

    private final class Member implements Communicator {
        private final int rank;
        private int next;

        Member(int rank) {
            this.rank = rank;
        }

        @Override
        public Group group() {
            return group;
        }

        @Override
        public int rank() {
            return rank;
        }

        private Work work(Operation operation) {
            return new Work() {
                @Override
                public boolean done() {
                    return operation.done.isDone();
                }

                @Override
                public long await() {
                    operation.done.join();
                    return 1;
                }
            };
        }

        @Override
        public Work allReduce(MemorySegment data, DType dtype, ReduceOp op) {
            int number = next++;
            return work(enter(number, rank, new Contribution(List.of(), List.of(), data), () ->
                    sum(operations.get(number), dtype)));
        }

        @Override
        public Work allReduceTree(List<Block> blocks, List<MemorySegment> sums, int leaves, MemorySegment result) {
            int number = next++;
            return work(enter(number, rank, new Contribution(blocks, sums, result), () ->
                    sumTree(operations.get(number), leaves)));
        }

        @Override
        public Work allGather(MemorySegment part, MemorySegment all, List<Long> lengthsBytes) {
            int number = next++;
            return work(enter(number, rank, new Contribution(List.of(), List.of(part), all), () -> {
                long at = 0;
                for (int from = 0; from < group.size(); from++) {
                    for (Contribution to : operations.get(number).contributions.values()) {
                        MemorySegment.copy(
                                operations.get(number).contributions.get(from).sums().getFirst(),
                                0,
                                to.result(),
                                at,
                                lengthsBytes.get(from));
                    }
                    at += lengthsBytes.get(from);
                }
            }));
        }

        @Override
        public Work broadcast(MemorySegment data, int root) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Work barrier() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void abort(CollectiveException cause) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {}
    }
}
