package io.dunlin.collectives.algorithm;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.Media;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.transport.PeerMemory;
import io.dunlin.collectives.wire.OperationKind;
import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * An operation with data on all members, to be done in different ways.
 *
 * @param kind what is done
 * @param dtype element type
 * @param op combination
 * @param counts elements of each member's part; of whole vectors, their sum counts
 * @param root of operations that have one
 * @param inPlace whether input and output are the same memory, or one lies in the other, where that is allowed
 * @param values of the elements
 */
record Scenario(
        OperationKind kind, DType dtype, ReduceOp op, List<Long> counts, int root, boolean inPlace, Values values) {
    /** Whose sums do not depend on the order, or do. */
    enum Values {
        WHOLE,
        RANDOM
    }

    /** How the vectors lie in memory. */
    private record Vectors(MemorySegment input, MemorySegment output) {}

    int size() {
        return counts.size();
    }

    private long totalBytes() {
        return sum(counts) * dtype.bytes();
    }

    private List<Long> lengths() {
        return counts.stream().map(count -> count * dtype.bytes()).toList();
    }

    private static long sum(List<Long> list) {
        return list.stream().mapToLong(Long::longValue).sum();
    }

    /** What the outputs are when all have done it in one way; inputs that are elsewhere must not have changed. */
    List<byte[]> run(Way way, Tuning tuning, long seed) {
        return run(way, tuning, seed, new ArrayList<>());
    }

    /** The same; the cluster is added to a list, to be asked what it moved. */
    List<byte[]> run(Way way, Tuning tuning, long seed, List<Cluster> clusters) {
        try (Arena arena = Arena.ofConfined()) {
            List<Vectors> vectors = new ArrayList<>();
            List<byte[]> before = new ArrayList<>();
            List<Algorithm> members = new ArrayList<>();
            for (int rank = 0; rank < size(); rank++) {
                Vectors mine = allocate(arena, rank);
                vectors.add(mine);
                before.add(mine.input.toArray(ValueLayout.JAVA_BYTE));
                Call call = new Call();
                fill(call, mine);
                boolean shared = way == Way.SHARED;
                Algorithm algorithm = new Repertoire(
                                rank,
                                tuning,
                                shared ? Media.SHARED_MEMORY : Media.LOOPBACK,
                                shared ? new HalfSharedMemory(rank, arena) : PeerMemory.NONE,
                                arena)
                        .algorithm(way, call.kind());
                algorithm.begin(call);
                members.add(algorithm);
            }
            Cluster cluster = new Cluster(members, seed);
            cluster.run();
            clusters.add(cluster);
            List<byte[]> outputs = new ArrayList<>();
            for (int rank = 0; rank < size(); rank++) {
                if (!inPlace && kind != OperationKind.BROADCAST) {
                    assertThat(vectors.get(rank).input.toArray(ValueLayout.JAVA_BYTE))
                            .isEqualTo(before.get(rank));
                }
                boolean none = kind == OperationKind.REDUCE && rank != root;
                outputs.add(none ? new byte[0] : vectors.get(rank).output.toArray(ValueLayout.JAVA_BYTE));
            }
            return outputs;
        }
    }

    private Vectors allocate(Arena arena, int rank) {
        long mine = lengths().get(rank);
        long start = sum(lengths().subList(0, rank));
        MemorySegment input = arena.allocate(kind == OperationKind.ALL_GATHER && !inPlace ? mine : totalBytes(), 64);
        MemorySegment output =
                switch (kind) {
                    case REDUCE_SCATTER -> inPlace ? input.asSlice(start, mine) : arena.allocate(mine, 64);
                    case BROADCAST -> input;
                    default -> inPlace ? input : arena.allocate(totalBytes(), 64);
                };
        if (kind == OperationKind.ALL_GATHER && inPlace) {
            input = input.asSlice(start, mine);
        }
        Random random = new Random(rank);
        for (long i = 0; i < input.byteSize() / dtype.bytes(); i++) {
            put(input, i, values == Values.RANDOM ? random.nextGaussian() : random.nextInt(17));
        }
        return new Vectors(input, output);
    }

    private void put(MemorySegment data, long index, double value) {
        switch (dtype) {
            case F32 -> data.setAtIndex(ValueLayout.JAVA_FLOAT, index, (float) value);
            case BF16 ->
                data.setAtIndex(ValueLayout.JAVA_SHORT, index, (short) (Float.floatToRawIntBits((float) value) >>> 16));
            case F64 -> data.setAtIndex(ValueLayout.JAVA_DOUBLE, index, value);
            case I8 -> data.set(ValueLayout.JAVA_BYTE, index, (byte) value);
            case I32 -> data.setAtIndex(ValueLayout.JAVA_INT, index, (int) value);
        }
    }

    private void fill(Call call, Vectors mine) {
        switch (kind) {
            case ALL_REDUCE -> call.allReduce(mine.input, mine.output, dtype, op);
            case REDUCE_SCATTER -> call.reduceScatter(mine.input, mine.output, lengths(), dtype, op);
            case REDUCE -> call.reduce(mine.input, mine.output, dtype, op, root);
            case ALL_GATHER -> call.allGather(mine.input, mine.output, lengths());
            case BROADCAST -> call.broadcast(mine.input, root);
            default -> throw new IllegalArgumentException(kind + " is not a scenario");
        }
    }
}
