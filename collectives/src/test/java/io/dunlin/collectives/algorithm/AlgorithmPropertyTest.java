package io.dunlin.collectives.algorithm;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.transport.PeerMemory;
import io.dunlin.collectives.wire.RawMemory;
import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.IntRange;

/**
 * All members of an operation in one thread: frames of any length are sent, held back and taken in any order that streams
 * allow, and the result is always the plain one.
 */
class AlgorithmPropertyTest {
    private static final int DIRECT = Repertoire.Way.DIRECT.ordinal();
    private static final int PAIRWISE = Repertoire.Way.PAIRWISE.ordinal();
    private static final int OWNERS = Repertoire.Way.OWNERS.ordinal();
    private static final int RING_REDUCE = Repertoire.Way.RING_REDUCE.ordinal();
    private static final int RING_GATHER = Repertoire.Way.RING_GATHER.ordinal();
    private static final int CHAIN_BROADCAST = Repertoire.Way.CHAIN_BROADCAST.ordinal();

    /** Frames on their way from one member to another. */
    private record Stream(int from, int to, Deque<MemorySegment> frames) {}

    /** One operation on all members, moved at random. */
    private static final class Cluster {
        private final Random random;
        private final Arena arena = Arena.ofAuto();
        private final List<Algorithm> members = new ArrayList<>();
        private final List<Stream> streams = new ArrayList<>();
        private final long[][] moved; // [from][to]

        Cluster(int size, int way, long seed, BiConsumer<Integer, Call> what) {
            random = new Random(seed);
            moved = new long[size][size];
            for (int rank = 0; rank < size; rank++) {
                Call call = new Call();
                what.accept(rank, call);
                Algorithm algorithm = new Repertoire(rank, size, PeerMemory.NONE, arena).algorithm(way);
                algorithm.begin(call);
                members.add(algorithm);
            }
            for (int from = 0; from < size; from++) {
                for (int to = 0; to < size; to++) {
                    if (from != to) {
                        streams.add(new Stream(from, to, new ArrayDeque<>()));
                        assertThat(members.get(from).bytesTo(to))
                                .isEqualTo(members.get(to).bytesFrom(from));
                    }
                }
            }
        }

        void run() {
            int idle = 0;
            while (!over()) {
                boolean acted =
                        switch (random.nextInt(3)) {
                            case 0 -> send(streams.get(random.nextInt(streams.size())));
                            case 1 -> take(streams.get(random.nextInt(streams.size())));
                            default ->
                                members.get(random.nextInt(members.size())).advance();
                        };
                idle = acted ? 0 : idle + 1;
                assertThat(idle).as("actions without effect: nothing can go on").isLessThan(100_000);
            }
        }

        private boolean over() {
            return members.stream().allMatch(Algorithm::complete)
                    && streams.stream()
                            .allMatch(stream -> stream.frames.isEmpty()
                                    && moved[stream.from][stream.to]
                                            == Math.max(
                                                    0, members.get(stream.from).bytesTo(stream.to)));
        }

        private boolean send(Stream stream) {
            Algorithm sender = members.get(stream.from);
            if (sender.bytesTo(stream.to) <= moved[stream.from][stream.to]) {
                return false;
            }
            long sendable = sender.sendable(stream.to);
            int bytes = (int) Math.min(sendable, 64L << random.nextInt(10));
            if (bytes == 0) {
                return false;
            }
            MemorySegment frame = arena.allocate(bytes, 64);
            RawMemory.copy(sender.source(stream.to), frame.address(), bytes);
            sender.sent(stream.to, bytes);
            moved[stream.from][stream.to] += bytes;
            stream.frames.add(frame);
            return true;
        }

        private boolean take(Stream stream) {
            MemorySegment frame = stream.frames.peek();
            if (frame == null || !members.get(stream.to).accept(stream.from, frame.address(), (int) frame.byteSize())) {
                return false;
            }
            stream.frames.remove();
            return true;
        }

        long bytesFrom(int member) {
            long sum = 0;
            for (long bytes : moved[member]) {
                sum += bytes;
            }
            return sum;
        }
    }

    private static MemorySegment memory(long bytes) {
        return Arena.ofAuto().allocate(bytes, 64);
    }

    @Property(tries = 60, shrinking = ShrinkingMode.OFF)
    void shouldReduceWhateverTheOrderOfEvents(
            @ForAll @IntRange(min = 2, max = 9) int size,
            @ForAll @IntRange(max = 40_000) int count,
            @ForAll long seed) {
        for (int way : List.of(RING_REDUCE, DIRECT, OWNERS)) {
            List<MemorySegment> data = new ArrayList<>();
            for (int rank = 0; rank < size; rank++) {
                MemorySegment mine = memory(count * 4L);
                for (int i = 0; i < count; i++) {
                    mine.setAtIndex(ValueLayout.JAVA_INT, i, (rank + 1) * (i + 3));
                }
                data.add(mine);
            }
            Cluster cluster = new Cluster(
                    size,
                    way,
                    seed,
                    (rank, call) -> call.allReduce(data.get(rank), data.get(rank), DType.I32, ReduceOp.SUM));
            cluster.run();
            int factor = size * (size + 1) / 2;
            for (int rank = 0; rank < size; rank++) {
                for (int i = 0; i < count; i++) {
                    if (data.get(rank).getAtIndex(ValueLayout.JAVA_INT, i) != factor * (i + 3)) {
                        assertThat(i)
                                .as("wrong element on rank %d, way %d", rank, way)
                                .isEqualTo(-1);
                    }
                }
                if (way != DIRECT) { // the lower bound, and a line for each part that is not equal
                    assertThat(cluster.bytesFrom(rank)).isLessThanOrEqualTo(2 * (size - 1) * (count * 4L / size + 64));
                }
            }
        }
    }

    @Property(tries = 60, shrinking = ShrinkingMode.OFF)
    void shouldGatherAndBroadcastWhateverTheOrderOfEvents(
            @ForAll @IntRange(min = 2, max = 9) int size, @ForAll @IntRange(max = 9_000) int most, @ForAll long seed) {
        Random random = new Random(seed);
        List<Long> lengths = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            lengths.add(random.nextInt(4) == 0 ? 0L : random.nextInt(most + 1));
        }
        long total = lengths.stream().mapToLong(Long::longValue).sum();
        MemorySegment expected = memory(total);
        for (long i = 0; i < total; i++) {
            expected.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt());
        }
        for (int way : List.of(RING_GATHER, DIRECT)) {
            List<MemorySegment> all = new ArrayList<>();
            Cluster cluster = new Cluster(size, way, seed, (rank, call) -> {
                long start = lengths.subList(0, rank).stream()
                        .mapToLong(Long::longValue)
                        .sum();
                all.add(memory(total));
                call.allGather(expected.asSlice(start, lengths.get(rank)), all.get(rank), lengths);
            });
            cluster.run();
            assertThat(all).allMatch(gathered -> gathered.mismatch(expected) == -1);
        }
        for (int way : List.of(CHAIN_BROADCAST, DIRECT)) {
            int root = random.nextInt(size);
            List<MemorySegment> copies = new ArrayList<>();
            Cluster cluster = new Cluster(size, way, seed, (rank, call) -> {
                copies.add(rank == root ? expected : memory(total));
                call.broadcast(copies.get(rank), root);
            });
            cluster.run();
            assertThat(copies).allMatch(copy -> copy.mismatch(expected) == -1);
        }
    }
}
