package io.dunlin.collectives.algorithm;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.Media;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.transport.PeerMemory;
import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
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
    private static Cluster cluster(int size, Way way, long seed, BiConsumer<Integer, Call> what) {
        Arena arena = Arena.ofAuto();
        List<Algorithm> members = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            Call call = new Call();
            what.accept(rank, call);
            Algorithm algorithm = new Repertoire(rank, Tuning.standard(size), Media.LOOPBACK, PeerMemory.NONE, arena)
                    .algorithm(way, call.kind());
            algorithm.begin(call);
            members.add(algorithm);
        }
        return new Cluster(members, seed);
    }

    private static MemorySegment memory(long bytes) {
        return Arena.ofAuto().allocate(bytes, 64);
    }

    @Property(tries = 60, shrinking = ShrinkingMode.OFF)
    void shouldReduceWhateverTheOrderOfEvents(
            @ForAll @IntRange(min = 2, max = 9) int size,
            @ForAll @IntRange(max = 40_000) int count,
            @ForAll long seed) {
        for (Way way : List.of(Way.RING, Way.DIRECT, Way.OWNERS)) {
            List<MemorySegment> data = new ArrayList<>();
            for (int rank = 0; rank < size; rank++) {
                MemorySegment mine = memory(count * 4L);
                for (int i = 0; i < count; i++) {
                    mine.setAtIndex(ValueLayout.JAVA_INT, i, (rank + 1) * (i + 3));
                }
                data.add(mine);
            }
            Cluster cluster = cluster(
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
                                .as("wrong element on rank %d, way %s", rank, way)
                                .isEqualTo(-1);
                    }
                }
                if (way != Way.DIRECT) { // the lower bound, and a line for each part that is not equal
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
        for (Way way : List.of(Way.RING, Way.DIRECT)) {
            List<MemorySegment> all = new ArrayList<>();
            Cluster cluster = cluster(size, way, seed, (rank, call) -> {
                long start = lengths.subList(0, rank).stream()
                        .mapToLong(Long::longValue)
                        .sum();
                all.add(memory(total));
                call.allGather(expected.asSlice(start, lengths.get(rank)), all.get(rank), lengths);
            });
            cluster.run();
            assertThat(all).allMatch(gathered -> gathered.mismatch(expected) == -1);
        }
        for (Way way : List.of(Way.CHAIN, Way.DIRECT)) {
            int root = random.nextInt(size);
            List<MemorySegment> copies = new ArrayList<>();
            Cluster cluster = cluster(size, way, seed, (rank, call) -> {
                copies.add(rank == root ? expected : memory(total));
                call.broadcast(copies.get(rank), root);
            });
            cluster.run();
            assertThat(copies).allMatch(copy -> copy.mismatch(expected) == -1);
        }
    }
}
