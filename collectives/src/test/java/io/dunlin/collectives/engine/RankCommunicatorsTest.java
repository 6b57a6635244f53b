package io.dunlin.collectives.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.Priority;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.ReductionOrder;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.Topology.Scale;
import io.dunlin.collectives.Work;
import io.dunlin.collectives.algorithm.AlgorithmTable;
import io.dunlin.collectives.algorithm.Tuning;
import io.dunlin.collectives.transport.AeronProfile;
import io.dunlin.collectives.transport.DriverFolder;
import io.dunlin.collectives.transport.LoopbackFabric;
import io.dunlin.collectives.transport.MediaDriverHost;
import io.dunlin.collectives.transport.MediaDriverSettings;
import io.dunlin.collectives.transport.RankAddress;
import io.dunlin.tensor.DType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** Many communicators of each rank, on one thread. */
class RankCommunicatorsTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    /** What each rank returned, each in its thread. */
    private static <T> List<T> onAll(List<RankCommunicators> ranks, Function<RankCommunicators, T> program) {
        List<CompletableFuture<T>> running = new ArrayList<>();
        for (RankCommunicators rank : ranks) {
            running.add(CompletableFuture.supplyAsync(() -> program.apply(rank), task -> new Thread(task).start()));
        }
        return running.stream().map(CompletableFuture::join).toList();
    }

    private static float sum(Communicator communicator, Arena arena, int elements) {
        MemorySegment data = arena.allocate(4L * elements, 64);
        for (int i = 0; i < elements; i++) {
            data.setAtIndex(
                    ValueLayout.JAVA_FLOAT, i, communicator.group().ranks().get(communicator.rank()));
        }
        communicator.allReduce(data, DType.F32, ReduceOp.SUM).await();
        return data.getAtIndex(ValueLayout.JAVA_FLOAT, elements - 1);
    }

    @Test
    void shouldRunGroupsThatOverlap() {
        List<RankCommunicators> ranks = LoopbackWorld.ranksOf(LoopbackFabric.ofRanks(6), 1, LIMIT);
        List<List<Float>> sums = onAll(ranks, mine -> {
            int rank = ranks.indexOf(mine);
            Communicator world = mine.open(Group.world(6), Priority.GRADIENTS);
            Communicator row =
                    mine.open(new Group("row", rank < 3 ? List.of(0, 1, 2) : List.of(3, 4, 5)), Priority.ACTIVATIONS);
            Communicator column = mine.open(new Group("column", List.of(rank % 3, rank % 3 + 3)), Priority.CONTROL);
            Communicator alone = mine.open(new Group("alone", List.of(rank)), Priority.BACKGROUND);
            try (Arena arena = Arena.ofShared()) {
                List<Float> seen = new ArrayList<>();
                for (Communicator one : List.of(world, row, column, alone)) {
                    seen.add(sum(one, arena, 50_000));
                }
                return seen;
            }
        });
        for (int rank = 0; rank < 6; rank++) {
            assertThat(sums.get(rank)).containsExactly(15f, rank < 3 ? 3f : 12f, 2 * (rank % 3) + 3f, (float) rank);
        }
        ranks.forEach(RankCommunicators::close);
    }

    /** Two threads of each rank, in opposite orders: with one order for all communicators this would never end. */
    @Test
    void shouldNotMakeOneCommunicatorWaitForAnother() {
        List<RankCommunicators> ranks = LoopbackWorld.ranksOf(LoopbackFabric.ofRanks(2), 1, LIMIT);
        onAll(ranks, mine -> {
            Communicator gradients = mine.open(Group.world(2), Priority.GRADIENTS);
            Communicator control = mine.open(Group.world(2), Priority.CONTROL);
            boolean first = ranks.indexOf(mine) == 0;
            try (Arena arena = Arena.ofShared()) {
                MemorySegment large = arena.allocate(8 << 20, 64);
                for (int i = 0; i < 20; i++) {
                    Work early = first ? gradients.allReduce(large, DType.F32, ReduceOp.SUM) : control.barrier();
                    Work late = first ? control.barrier() : gradients.allReduce(large, DType.F32, ReduceOp.SUM);
                    early.await();
                    late.await();
                }
            }
            return true;
        });
        ranks.forEach(RankCommunicators::close);
    }

    @Test
    void shouldFailOneCommunicatorAndLeaveTheOthers() {
        List<RankCommunicators> ranks = LoopbackWorld.ranksOf(LoopbackFabric.ofRanks(2), 1, LIMIT);
        onAll(ranks, mine -> {
            Communicator doomed = mine.open(Group.world(2), Priority.GRADIENTS);
            Communicator healthy = mine.open(Group.world(2), Priority.CONTROL);
            try (Arena arena = Arena.ofShared()) {
                // Large, so that nobody is done with what had been sent before the abort.
                MemorySegment data = arena.allocate(8 << 20, 64);
                Work work = doomed.allReduce(data, DType.F32, ReduceOp.SUM);
                if (ranks.indexOf(mine) == 0) {
                    work.abort(CollectiveException.aborted("enough"));
                }
                assertThatThrownBy(work::await)
                        .isInstanceOf(CollectiveException.class)
                        .hasMessageContaining("enough");
                assertThat(sum(healthy, arena, 10)).isEqualTo(1f);
            }
            return true;
        });
        ranks.forEach(RankCommunicators::close);
    }

    @Test
    void shouldSayWhenAWorkIsNotOverInTimeAndGoOn() {
        List<RankCommunicators> ranks = LoopbackWorld.ranksOf(LoopbackFabric.ofRanks(2), 1, LIMIT);
        CompletableFuture<Boolean> tried = new CompletableFuture<>();
        onAll(ranks, mine -> {
            Communicator world = mine.open(Group.world(2), Priority.GRADIENTS);
            if (ranks.indexOf(mine) == 1) {
                tried.join();
                world.barrier().await();
                return true;
            }
            Work work = world.barrier();
            assertThatThrownBy(() -> work.await(Duration.ofMillis(1)))
                    .isInstanceOf(CollectiveException.class)
                    .hasMessageContaining("barrier of 0 bytes is not over after 0.001 s");
            tried.complete(true);
            work.await();
            return true;
        });
        ranks.forEach(RankCommunicators::close);
    }

    @Test
    void shouldNameTheTensorThatIsStale() {
        List<RankCommunicators> ranks = LoopbackWorld.ranksOf(LoopbackFabric.ofRanks(2), 1, LIMIT);
        onAll(ranks, mine -> {
            Communicator world = mine.open(Group.world(2), Priority.GRADIENTS);
            try (Arena arena = Arena.ofShared()) {
                MemorySegment data = arena.allocate(4096, 64);
                world.label(7, 3).allReduce(data, DType.F32, ReduceOp.SUM).await();
                long version = ranks.indexOf(mine) == 0 ? 4 : 3;
                Work stale = world.label(7, version).allReduce(data, DType.F32, ReduceOp.SUM);
                assertThatThrownBy(stale::await)
                        .isInstanceOf(CollectiveException.class)
                        .hasMessageContaining("of tensor 7, version 4,")
                        .hasMessageContaining("of tensor 7, version 3,");
            }
            return true;
        });
        ranks.forEach(RankCommunicators::close);
    }

    @Test
    void shouldLeaveNothingOnTheFabricBehindAThousandCommunicators() {
        LoopbackFabric fabric = LoopbackFabric.ofRanks(2);
        List<RankCommunicators> ranks = LoopbackWorld.ranksOf(fabric, 1, LIMIT);
        openAndClose(ranks, 1000);
        assertThat(fabric.openGroups()).isZero();
        ranks.forEach(RankCommunicators::close);
    }

    /** What a thousand communicators leave behind: nothing. */
    @Test
    void shouldLeaveNothingBehindAThousandCommunicators() {
        Path directory = new DriverFolder().create();
        AeronProfile profile = AeronProfile.STANDARD.withTermBytes(64 << 10);
        try (MediaDriverHost driver = MediaDriverHost.start(new MediaDriverSettings(directory, 2, 2, profile))) {
            List<RankCommunicators> ranks = new ArrayList<>();
            for (int rank = 0; rank < 2; rank++) {
                ranks.add(RankCommunicators.overAeron(
                        new RankCommunicators.World("test", 1, rank, 2, LIMIT, LIMIT),
                        driver.directory(),
                        RankAddress.sameHost(2),
                        profile));
            }
            openAndClose(ranks, 10);
            long settledBytes = settledBytes(directory);
            long heapBytes = usedHeapBytes();
            openAndClose(ranks, 1000);
            assertThat(settledBytes(directory)).isLessThanOrEqualTo(settledBytes + (1 << 20));
            assertThat(usedHeapBytes()).isLessThan(heapBytes + (8 << 20));
            ranks.forEach(RankCommunicators::close);
        }
        assertThat(directory).doesNotExist();
    }

    /** Two media drivers are two hosts, whatever is declared; what is sent counts as it was declared. */
    @Test
    void shouldCountDistancesAsTheyWereDeclared() {
        List<RankAddress> addresses = IntStream.range(0, 2)
                .mapToObj(rank -> new RankAddress("host-" + rank, "127.0.0.1:" + AeronUdpCollectivesTest.freePort()))
                .toList();
        List<MediaDriverHost> drivers = new ArrayList<>();
        List<RankCommunicators> ranks = new ArrayList<>();
        try {
            for (int rank = 0; rank < 2; rank++) {
                Path directory = new DriverFolder().create();
                drivers.add(MediaDriverHost.start(new MediaDriverSettings(directory, 1, 2, AeronProfile.STANDARD)));
                RankCommunicators.World world = new RankCommunicators.World(
                        "test",
                        1,
                        rank,
                        2,
                        LIMIT,
                        LIMIT,
                        ReductionOrder.FASTEST,
                        AlgorithmTable.EMPTY,
                        Tuning.STANDARD_NETWORK_BYTES_PER_SECOND,
                        Optional.of(Topology.oneHost(2)));
                ranks.add(RankCommunicators.overAeron(world, directory, addresses, AeronProfile.STANDARD));
            }
            onAll(ranks, mine -> {
                try (Communicator communicator = mine.open(Group.world(2), Priority.GRADIENTS);
                        Arena arena = Arena.ofShared()) {
                    communicator
                            .allReduce(arena.allocate(100_000, 64), DType.F32, ReduceOp.SUM)
                            .await();
                    assertThat(communicator.sentBytes(Scale.CLUSTER)).isZero();
                    assertThat(communicator.sentBytes(Scale.HOST)).isGreaterThanOrEqualTo(100_000);
                }
                return true;
            });
        } finally {
            ranks.forEach(RankCommunicators::close);
            drivers.forEach(MediaDriverHost::close);
        }
    }

    private static void openAndClose(List<RankCommunicators> ranks, int times) {
        onAll(ranks, mine -> {
            try (Arena arena = Arena.ofShared()) {
                MemorySegment data = arena.allocate(100_000, 64);
                for (int i = 0; i < times; i++) {
                    try (Communicator communicator = mine.open(Group.world(2), Priority.GRADIENTS)) {
                        communicator.allReduce(data, DType.F32, ReduceOp.SUM).await();
                        communicator.barrier().await();
                    }
                }
            }
            return true;
        });
    }

    /** Bytes of the folder once closed streams have left it. */
    private static long settledBytes(Path directory) {
        AtomicLong last = new AtomicLong(-1);
        Awaitility.await()
                .atMost(Duration.ofSeconds(15))
                .pollInterval(Duration.ofSeconds(1))
                .until(() -> last.getAndSet(bytes(directory)) == last.get());
        return last.get();
    }

    private static long bytes(Path directory) {
        AtomicLong sum = new AtomicLong();
        try {
            Files.walkFileTree(directory, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                    sum.addAndGet(attributes.size());
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException gone) {
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return sum.get();
    }

    private static long usedHeapBytes() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }
}
