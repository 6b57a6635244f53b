package io.dunlin.collectives.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.Work;
import io.dunlin.collectives.algorithm.AlgorithmTable;
import io.dunlin.collectives.algorithm.Tuning;
import io.dunlin.collectives.algorithm.Way;
import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every way, forced by a table, over a real engine: whole numbers, compared with sums made the plain way. */
abstract class WaysContract {
    private static final List<DType> DTYPES = List.of(DType.F32, DType.I32, DType.BF16);

    private List<Communicator> world = List.of();

    /** Communicators of all ranks of a new world. */
    abstract List<Communicator> open(Tuning tuning);

    /** Every way among every number of ranks, on hosts of two or three where hosts matter. */
    static Stream<Arguments> upTo(int most) {
        return Stream.of(Way.values()).filter(way -> way != Way.TREE).flatMap(way -> IntStream.rangeClosed(
                        way == Way.HIERARCHICAL ? 3 : 2, most)
                .mapToObj(size -> Arguments.of(way, size)));
    }

    private static Tuning tuning(Way way, int size) {
        List<String> hosts = IntStream.range(0, size)
                .mapToObj(rank -> way == Way.HIERARCHICAL ? "host-" + rank / (size > 5 ? 3 : 2) : "one")
                .toList();
        return Tuning.standard(size).withTopology(Topology.ofHosts(hosts)).withTable(AlgorithmTable.forced(size, way));
    }

    @AfterEach
    void closeWorld() {
        world.forEach(Communicator::close);
    }

    @ParameterizedTest
    @MethodSource("ways")
    void shouldDoEveryOperation(Way way, int size) {
        world = open(tuning(way, size));
        assertThat(world).hasSize(size).extracting(Communicator::group).containsOnly(Group.world(size));
        Ranks.run(world, communicator -> {
            try (Arena arena = Arena.ofShared()) {
                for (long count : new long[] {0, 1, size, 1_003, 70_001}) {
                    for (DType dtype : DTYPES) {
                        new Round(communicator, arena, dtype, count).run();
                    }
                }
                communicator.barrier().await();
            }
            return true;
        });
    }

    /** All operations at once on one vector of whole numbers; part r is r + 1 shares of it. */
    private record Round(Communicator communicator, Arena arena, DType dtype, long count) {
        void run() {
            int rank = communicator.rank();
            int root = (int) (count % communicator.size());
            List<Long> counts = counts();
            List<Long> lengths = counts.stream().map(c -> c * dtype.bytes()).toList();
            long first = sum(counts.subList(0, rank));
            MemorySegment input = allocate(count);
            for (long i = 0; i < count; i++) {
                CollectivesContract.put(input, dtype, i, CollectivesContract.value(rank, i));
            }
            MemorySegment all = allocate(count);
            MemorySegment reduced = allocate(count);
            MemorySegment part = allocate(counts.get(rank));
            MemorySegment gathered = allocate(count);
            MemorySegment copy = allocate(count).copyFrom(input);
            List<Work> works = List.of(
                    communicator.allReduce(input, all, dtype, ReduceOp.SUM),
                    communicator.reduce(input, reduced, dtype, ReduceOp.SUM, root),
                    communicator.reduceScatter(input, part, lengths, dtype, ReduceOp.SUM),
                    communicator.broadcast(copy, root));
            works.forEach(Work::await);
            communicator.allGather(part, gathered, lengths).await();
            requireSums(all, 0, "all-reduce");
            requireSums(part, first, "reduce-scatter");
            requireSums(gathered, 0, "all-gather");
            if (rank == root) {
                requireSums(reduced, 0, "reduce");
            }
            for (long i = 0; i < count; i++) {
                require(copy, i, CollectivesContract.value(root, i), "broadcast");
            }
        }

        private List<Long> counts() {
            int size = communicator.size();
            List<Long> counts = new ArrayList<>();
            long shares = size * (size + 1L) / 2;
            for (int rank = 0; rank < size - 1; rank++) {
                counts.add(count * (rank + 1) / shares);
            }
            counts.add(count - sum(counts));
            return counts;
        }

        private static long sum(List<Long> counts) {
            return counts.stream().mapToLong(Long::longValue).sum();
        }

        private MemorySegment allocate(long elements) {
            return arena.allocate(elements * dtype.bytes(), 64);
        }

        private void requireSums(MemorySegment data, long first, String what) {
            for (long i = 0; i < data.byteSize() / dtype.bytes(); i++) {
                double expected = 0;
                for (int member = 0; member < communicator.size(); member++) {
                    expected += CollectivesContract.value(member, first + i);
                }
                require(data, i, expected, what);
            }
        }

        private void require(MemorySegment data, long index, double expected, String what) {
            double actual = CollectivesContract.get(data, dtype, index);
            if (actual != expected) {
                assertThat(actual)
                        .as("%s of %d %s, element %d on rank %d", what, count, dtype, index, communicator.rank())
                        .isEqualTo(expected);
            }
        }
    }
}
