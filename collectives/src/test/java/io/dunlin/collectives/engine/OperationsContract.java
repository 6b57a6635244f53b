package io.dunlin.collectives.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The operations whose result differs from member to member: parts, runs and roots, compared with the plain way. */
abstract class OperationsContract {
    private List<Communicator> world = List.of();

    /** Communicators of all ranks of a new world. */
    abstract List<Communicator> open(int size);

    /** Frees what {@link #open} made. */
    abstract void shut();

    /** Memory for data, of the kind that this world is to be tested with. */
    MemorySegment allocate(Communicator communicator, Arena arena, long bytes) {
        return arena.allocate(bytes, 64);
    }

    @AfterEach
    void closeWorld() {
        world.forEach(Communicator::close);
        shut();
    }

    final List<Communicator> world(int size) {
        world = open(size);
        return world;
    }

    /** Unequal parts, some of them empty, in elements. */
    private static List<Long> counts(int size, long scale) {
        List<Long> counts = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            counts.add(scale * ((rank * 3L + 1) % 4));
        }
        return counts;
    }

    private static List<Long> bytes(List<Long> counts, DType dtype) {
        return counts.stream().map(count -> count * dtype.bytes()).toList();
    }

    private static long sum(List<Long> lengths) {
        return lengths.stream().mapToLong(Long::longValue).sum();
    }

    private interface Check {
        void run(Communicator communicator, Arena arena);
    }

    private void onAll(int size, Check check) {
        Ranks.run(world(size), communicator -> {
            try (Arena arena = Arena.ofShared()) {
                check.run(communicator, arena);
                communicator.barrier().await(); // memory that peers may read lives until all are done
            }
            return true;
        });
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void shouldScatterTheCombinationOfUnequalParts(int size) {
        onAll(size, (communicator, arena) -> {
            for (long scale : new long[] {0, 1, 333, 40_003}) {
                for (DType dtype : DType.values()) {
                    reduceScatter(communicator, arena, counts(size, scale), dtype);
                }
            }
        });
    }

    private void reduceScatter(Communicator communicator, Arena arena, List<Long> counts, DType dtype) {
        int rank = communicator.rank();
        MemorySegment all = allocate(communicator, arena, sum(counts) * dtype.bytes());
        for (long i = 0; i < sum(counts); i++) {
            CollectivesContract.put(all, dtype, i, CollectivesContract.value(rank, i));
        }
        MemorySegment part = allocate(communicator, arena, counts.get(rank) * dtype.bytes());
        communicator
                .reduceScatter(all, part, bytes(counts, dtype), dtype, ReduceOp.SUM)
                .await();
        long first = sum(counts.subList(0, rank));
        for (long i = 0; i < counts.get(rank); i++) {
            double expected = 0;
            for (int member = 0; member < communicator.size(); member++) {
                expected += CollectivesContract.value(member, first + i);
            }
            if (CollectivesContract.get(part, dtype, i) != expected) {
                assertThat(CollectivesContract.get(part, dtype, i))
                        .as("%s element %d of part %d", dtype, i, rank)
                        .isEqualTo(expected);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void shouldDivideAMeanOnce(int size) {
        onAll(size, (communicator, arena) -> {
            for (long count : new long[] {1, 1003, 90_001}) {
                for (DType dtype : DType.values()) {
                    MemorySegment input = allocate(communicator, arena, count * dtype.bytes());
                    MemorySegment output = allocate(communicator, arena, count * dtype.bytes());
                    for (long i = 0; i < count; i++) {
                        CollectivesContract.put(input, dtype, i, 4); // the mean of equal values is the value
                    }
                    communicator.allReduce(input, output, dtype, ReduceOp.MEAN).await();
                    for (long i = 0; i < count; i++) {
                        if (CollectivesContract.get(output, dtype, i) != 4
                                || CollectivesContract.get(input, dtype, i) != 4) {
                            assertThat(i).as("%s mean of %d", dtype, count).isEqualTo(-1);
                        }
                    }
                }
            }
        });
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void shouldReduceToEveryRoot(int size) {
        onAll(size, (communicator, arena) -> {
            for (long count : new long[] {0, 1, 1003, 90_001}) {
                for (int root = 0; root < size; root++) {
                    MemorySegment input = allocate(communicator, arena, count * 4);
                    for (long i = 0; i < count; i++) {
                        input.setAtIndex(ValueLayout.JAVA_FLOAT, i, communicator.rank() + i % 7);
                    }
                    MemorySegment output = allocate(communicator, arena, count * 4);
                    communicator
                            .reduce(input, output, DType.F32, ReduceOp.SUM, root)
                            .await();
                    for (long i = 0; i < count; i++) {
                        float expected = communicator.rank() == root ? size * (size - 1) / 2f + size * (i % 7) : 0;
                        if (output.getAtIndex(ValueLayout.JAVA_FLOAT, i) != expected) {
                            assertThat(i)
                                    .as("sum of %d at root %d", count, root)
                                    .isEqualTo(-1);
                        }
                    }
                }
            }
        });
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void shouldGatherToAndScatterFromEveryRoot(int size) {
        onAll(size, (communicator, arena) -> {
            int rank = communicator.rank();
            for (long scale : new long[] {0, 1, 777, 50_003}) {
                List<Long> lengths = counts(size, scale);
                for (int root = 0; root < size; root++) {
                    MemorySegment part = allocate(communicator, arena, lengths.get(rank));
                    MemorySegment all = allocate(communicator, arena, sum(lengths));
                    MemorySegment back = allocate(communicator, arena, lengths.get(rank));
                    for (long i = 0; i < part.byteSize(); i++) {
                        part.set(ValueLayout.JAVA_BYTE, i, CollectivesContract.mark(rank, i));
                    }
                    communicator.gather(part, all, lengths, root).await();
                    if (rank == root) {
                        requireMarks(all, lengths);
                    }
                    communicator.scatter(all, back, lengths, root).await();
                    assertThat(back.mismatch(part)).isEqualTo(-1);
                }
            }
        });
    }

    private static void requireMarks(MemorySegment all, List<Long> lengths) {
        long at = 0;
        for (int rank = 0; rank < lengths.size(); rank++) {
            for (long i = 0; i < lengths.get(rank); i++, at++) {
                if (all.get(ValueLayout.JAVA_BYTE, at) != CollectivesContract.mark(rank, i)) {
                    assertThat(at).as("wrong byte of member %d", rank).isEqualTo(-1);
                }
            }
        }
    }

    /** Member a has (a * 5 + b * 3) % 4 units for member b; transposing twice gives everybody its own again. */
    @ParameterizedTest
    @MethodSource("sizes")
    void shouldExchangeUnequalRunsAndGiveThemBack(int size) {
        onAll(size, (communicator, arena) -> {
            int rank = communicator.rank();
            for (long scale : new long[] {0, 1, 501, 30_011}) {
                List<Long> out = new ArrayList<>();
                List<Long> in = new ArrayList<>();
                for (int peer = 0; peer < size; peer++) {
                    out.add(scale * ((rank * 5L + peer * 3L) % 4));
                    in.add(scale * ((peer * 5L + rank * 3L) % 4));
                }
                MemorySegment send = allocate(communicator, arena, sum(out));
                for (long i = 0; i < send.byteSize(); i++) {
                    send.set(ValueLayout.JAVA_BYTE, i, CollectivesContract.mark(rank, i));
                }
                MemorySegment receive = allocate(communicator, arena, sum(in));
                MemorySegment back = allocate(communicator, arena, sum(out));
                communicator.allToAll(send, out, receive, in).await();
                requireRuns(communicator, receive, in, scale);
                communicator.allToAll(receive, in, back, out).await();
                assertThat(back.mismatch(send)).isEqualTo(-1);
            }
        });
    }

    private static void requireRuns(Communicator communicator, MemorySegment receive, List<Long> in, long scale) {
        long at = 0;
        for (int peer = 0; peer < in.size(); peer++) {
            long start = 0; // of the run for this member in what the peer sent
            for (int member = 0; member < communicator.rank(); member++) {
                start += scale * ((peer * 5L + member * 3L) % 4);
            }
            for (long i = 0; i < in.get(peer); i++, at++) {
                if (receive.get(ValueLayout.JAVA_BYTE, at) != CollectivesContract.mark(peer, start + i)) {
                    assertThat(at).as("wrong byte from member %d", peer).isEqualTo(-1);
                }
            }
        }
    }

    /** Sixty-four mebibytes, and a byte-sized step to each side of one: no length of any buffer is special. */
    @ParameterizedTest
    @MethodSource("sizes")
    void shouldReduceAndGatherLargeVectors(int size) {
        if (size > 3) {
            return; // the length is what is tested
        }
        onAll(size, (communicator, arena) -> {
            for (long bytes : new long[] {(1 << 20) - 1, (1 << 20) + 1, 64L << 20}) {
                MemorySegment data = allocate(communicator, arena, bytes);
                data.fill((byte) (communicator.rank() + 1));
                communicator.allReduce(data, DType.I8, ReduceOp.SUM).await();
                requireAll(data, (byte) (size * (size + 1) / 2));
                communicator
                        .broadcast(data.fill((byte) communicator.rank()), size - 1)
                        .await();
                requireAll(data, (byte) (size - 1));
            }
        });
    }

    private static void requireAll(MemorySegment data, byte expected) {
        MemorySegment same = Arena.ofAuto().allocate(data.byteSize()).fill(expected);
        assertThat(data.mismatch(same)).isEqualTo(-1);
    }
}
