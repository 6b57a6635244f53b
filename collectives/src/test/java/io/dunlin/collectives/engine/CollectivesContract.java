package io.dunlin.collectives.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Work;
import io.dunlin.tensor.DType;
import io.dunlin.train.SummationTree;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.CRC32C;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What every communicator does, on whatever transport: compared with sums made the plain way. Values are whole numbers
 * small enough that every order of addition gives the same float, except where the order is what is tested.
 */
abstract class CollectivesContract extends MessagesContract {
    /** Element counts around every boundary: empty, fewer than members, odd, more than a frame, more than a tile. */
    private static long[] counts(int size) {
        return new long[] {
            0, 1, Math.max(size - 1, 0), size, size + 1, 1003, 8_191, 50_001, (1 << 18) - 1, (1 << 18) + 1
        };
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void shouldReduceEveryTypeByEveryOperationAtEverySize(int size) {
        Ranks.run(world(size), communicator -> {
            try (Arena arena = Arena.ofShared()) {
                for (long count : counts(size)) {
                    for (DType dtype : DType.values()) {
                        for (ReduceOp op : ReduceOp.values()) {
                            boolean small = count < 10_000 || op == ReduceOp.SUM;
                            if (small && op != ReduceOp.MEAN && (op != ReduceOp.OR || dtype == DType.I32)) {
                                reduceAndCheck(arena, communicator, count, dtype, op);
                            }
                        }
                    }
                }
            }
            return true;
        });
    }

    private static void reduceAndCheck(Arena arena, Communicator communicator, long count, DType dtype, ReduceOp op) {
        MemorySegment data = arena.allocate(count * dtype.bytes(), 64);
        for (long i = 0; i < count; i++) {
            put(data, dtype, i, value(communicator.rank(), i));
        }
        communicator.allReduce(data, dtype, op).await();
        for (long i = 0; i < count; i++) {
            double expected = value(0, i);
            for (int rank = 1; rank < communicator.size(); rank++) {
                expected = combine(op, expected, value(rank, i));
            }
            if (get(data, dtype, i) != expected) {
                assertThat(get(data, dtype, i))
                        .as("%s %s, element %d of %d on rank %d", dtype, op, i, count, communicator.rank())
                        .isEqualTo(expected);
            }
        }
    }

    /** Whole numbers up to 16, so that sums of nine are exact in BF16. */
    static double value(int rank, long index) {
        return (index * 7 + rank * 5L) % 17;
    }

    private static double combine(ReduceOp op, double a, double b) {
        return switch (op) {
            case SUM -> a + b;
            case MAX -> Math.max(a, b);
            case MIN -> Math.min(a, b);
            case OR -> (int) a | (int) b;
            case MEAN -> throw new IllegalArgumentException("has tests of its own");
        };
    }

    static void put(MemorySegment data, DType dtype, long index, double value) {
        switch (dtype) {
            case F32 -> data.setAtIndex(ValueLayout.JAVA_FLOAT, index, (float) value);
            case BF16 ->
                data.setAtIndex(ValueLayout.JAVA_SHORT, index, (short) (Float.floatToRawIntBits((float) value) >>> 16));
            case F64 -> data.setAtIndex(ValueLayout.JAVA_DOUBLE, index, value);
            case I8 -> data.set(ValueLayout.JAVA_BYTE, index, (byte) value);
            case I32 -> data.setAtIndex(ValueLayout.JAVA_INT, index, (int) value);
        }
    }

    static double get(MemorySegment data, DType dtype, long index) {
        return switch (dtype) {
            case F32 -> data.getAtIndex(ValueLayout.JAVA_FLOAT, index);
            case BF16 -> Float.intBitsToFloat(data.getAtIndex(ValueLayout.JAVA_SHORT, index) << 16);
            case F64 -> data.getAtIndex(ValueLayout.JAVA_DOUBLE, index);
            case I8 -> data.get(ValueLayout.JAVA_BYTE, index);
            case I32 -> data.getAtIndex(ValueLayout.JAVA_INT, index);
        };
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void shouldGatherUnequalParts(int size) {
        Ranks.run(world(size), communicator -> {
            try (Arena arena = Arena.ofShared()) {
                for (long scale : new long[] {0, 1, 777, 100_003}) {
                    List<Long> lengths = new ArrayList<>();
                    for (int rank = 0; rank < size; rank++) {
                        lengths.add(scale * ((rank * 3L) % 4)); // some of them empty
                    }
                    long total = lengths.stream().mapToLong(Long::longValue).sum();
                    MemorySegment all = arena.allocate(total);
                    MemorySegment part = arena.allocate(lengths.get(communicator.rank()));
                    for (long i = 0; i < part.byteSize(); i++) {
                        part.set(ValueLayout.JAVA_BYTE, i, mark(communicator.rank(), i));
                    }
                    communicator.allGather(part, all, lengths).await();
                    long at = 0;
                    for (int rank = 0; rank < size; rank++) {
                        for (long i = 0; i < lengths.get(rank); i++, at++) {
                            if (all.get(ValueLayout.JAVA_BYTE, at) != mark(rank, i)) {
                                assertThat(at)
                                        .as("wrong byte of rank %d's part", rank)
                                        .isEqualTo(-1);
                            }
                        }
                    }
                }
            }
            return true;
        });
    }

    static byte mark(int rank, long index) {
        return (byte) (index * 31 + rank * 101L);
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void shouldBroadcastFromEveryRoot(int size) {
        Ranks.run(world(size), communicator -> {
            try (Arena arena = Arena.ofShared()) {
                for (long bytes : new long[] {0, 1, 1000, 300_001}) {
                    for (int root = 0; root < size; root++) {
                        MemorySegment data = arena.allocate(bytes);
                        for (long i = 0; i < bytes; i++) {
                            data.set(ValueLayout.JAVA_BYTE, i, mark(communicator.rank(), i));
                        }
                        communicator.broadcast(data, root).await();
                        for (long i = 0; i < bytes; i++) {
                            if (data.get(ValueLayout.JAVA_BYTE, i) != mark(root, i)) {
                                assertThat(i)
                                        .as("wrong byte from root %d", root)
                                        .isEqualTo(-1);
                            }
                        }
                    }
                }
            }
            return true;
        });
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void shouldLetNobodyPassABarrierBeforeAllHaveCome(int size) {
        AtomicInteger arrived = new AtomicInteger();
        List<Integer> seen = Ranks.run(world(size), communicator -> {
            arrived.incrementAndGet();
            communicator.barrier().await();
            return arrived.get();
        });
        assertThat(seen).allMatch(count -> count == size);
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void shouldRunManyOperationsAtOnceInWhateverOrderTheyAreAwaited(int size) {
        Ranks.run(world(size), communicator -> {
            try (Arena arena = Arena.ofShared()) {
                List<MemorySegment> buffers = new ArrayList<>();
                List<Work> works = new ArrayList<>();
                for (int i = 0; i < 40; i++) {
                    long count = i % 5 == 0 ? 120_000 : 300 + i;
                    MemorySegment data = arena.allocate(count * 4, 64);
                    for (long j = 0; j < count; j++) {
                        data.setAtIndex(ValueLayout.JAVA_FLOAT, j, communicator.rank() + i);
                    }
                    buffers.add(data);
                    works.add(
                            i % 7 == 3
                                    ? communicator.broadcast(data, i % communicator.size())
                                    : communicator.allReduce(data, DType.F32, ReduceOp.SUM));
                }
                List<Integer> order = new ArrayList<>();
                for (int i = 0; i < 40; i++) {
                    order.add(i);
                }
                Collections.shuffle(order, new Random(communicator.rank()));
                for (int i : order) {
                    works.get(i).await();
                    float expected = i % 7 == 3 ? i % size + i : size * (size - 1) / 2f + size * i;
                    MemorySegment data = buffers.get(i);
                    assertThat(data.getAtIndex(ValueLayout.JAVA_FLOAT, 0)).isEqualTo(expected);
                    assertThat(data.getAtIndex(ValueLayout.JAVA_FLOAT, data.byteSize() / 4 - 1))
                            .isEqualTo(expected);
                }
            }
            return true;
        });
    }

    /** Leaves of any number, values whose sum depends on the order: the root must be the tree's, bit for bit. */
    @ParameterizedTest
    @MethodSource("sizes")
    void shouldAddAlongTheTreeWhateverTheNumberOfMembers(int size) {
        List<Communicator> members = world(size);
        for (int leaves : new int[] {0, 1, 2, 3, 7, 12, 16}) {
            for (int count : new int[] {0, 1, 1003, 70_001}) {
                long expected = crc(treeSum(leaves, count));
                List<Long> sums =
                        Ranks.run(members, communicator -> treeReduce(communicator, leaves, count, leaves % 2));
                assertThat(sums)
                        .as("%d leaves of %d elements on %d members", leaves, count, size)
                        .allMatch(crc -> crc == expected);
            }
        }
    }

    /** The specification: leaves added up level by level. */
    private static float[] treeSum(int leaves, int count) {
        List<float[]> level = new ArrayList<>();
        for (int leaf = 0; leaf < leaves; leaf++) {
            level.add(leaf(leaf, count));
        }
        while (level.size() > 1) {
            List<float[]> above = new ArrayList<>();
            for (int i = 0; i < level.size(); i += 2) {
                above.add(i + 1 < level.size() ? plus(level.get(i), level.get(i + 1)) : level.get(i));
            }
            level = above;
        }
        return leaves == 0 ? new float[count] : level.getFirst();
    }

    private static float[] leaf(int leaf, int count) {
        Random random = new Random(leaf * 1_000L + count);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (random.nextGaussian() * Math.exp(4 * random.nextGaussian()));
        }
        return values;
    }

    private static float[] plus(float[] a, float[] b) {
        float[] sum = new float[a.length];
        for (int i = 0; i < a.length; i++) {
            sum[i] = a[i] + b[i];
        }
        return sum;
    }

    /** One member's part; with {@code overlay} 1 the result is the memory of its first sum. */
    static long treeReduce(Communicator communicator, int leaves, int count, int overlay) {
        int rank = communicator.rank();
        int size = communicator.size();
        List<SummationTree.Block> blocks = SummationTree.blocks(
                SummationTree.firstOf(leaves, rank, size), SummationTree.firstOf(leaves, rank + 1, size), leaves);
        try (Arena arena = Arena.ofShared()) {
            List<MemorySegment> sums = new ArrayList<>();
            for (SummationTree.Block block : blocks) {
                MemorySegment sum = arena.allocate(count * 4L, 64);
                MemorySegment.copy(nodeSum(block, leaves, count), 0, sum, ValueLayout.JAVA_FLOAT, 0, count);
                sums.add(sum);
            }
            MemorySegment result = overlay == 1 && !sums.isEmpty() ? sums.getFirst() : arena.allocate(count * 4L, 64);
            communicator.allReduceTree(blocks, sums, leaves, result).await();
            return crc(result.toArray(ValueLayout.JAVA_FLOAT));
        }
    }

    private static float[] nodeSum(SummationTree.Block block, int leaves, int count) {
        if (block.level() == 0) {
            return leaf(block.index(), count);
        }
        float[] left = nodeSum(new SummationTree.Block(block.level() - 1, 2 * block.index()), leaves, count);
        SummationTree.Block right = new SummationTree.Block(block.level() - 1, 2 * block.index() + 1);
        return right.first() >= leaves ? left : plus(left, nodeSum(right, leaves, count));
    }

    static long crc(float[] values) {
        CRC32C crc = new CRC32C();
        for (float value : values) {
            int bits = Float.floatToRawIntBits(value);
            for (int shift = 0; shift < 32; shift += 8) {
                crc.update(bits >>> shift);
            }
        }
        return crc.getValue();
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void shouldGiveTheSameBitsOnEveryMemberAndEveryTime(int size) {
        List<Communicator> members = world(size);
        for (int count : new int[] {500, 60_000}) {
            long[] first = new long[1];
            for (int round = 0; round < 3; round++) {
                List<Long> crcs = Ranks.run(members, communicator -> {
                    try (Arena arena = Arena.ofShared()) {
                        MemorySegment data = arena.allocate(count * 4L, 64);
                        MemorySegment.copy(leaf(communicator.rank(), count), 0, data, ValueLayout.JAVA_FLOAT, 0, count);
                        communicator.allReduce(data, DType.F32, ReduceOp.SUM).await();
                        return crc(data.toArray(ValueLayout.JAVA_FLOAT));
                    }
                });
                first[0] = round == 0 ? crcs.getFirst() : first[0];
                assertThat(crcs).containsOnly(first[0]);
            }
        }
    }

    static List<Integer> upTo(int largest) {
        Integer[] sizes = new Integer[largest];
        Arrays.setAll(sizes, i -> i + 1);
        return List.of(sizes);
    }
}
