package io.dunlin.collectives.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.Priority;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.Work;
import io.dunlin.collectives.algorithm.AlgorithmTable;
import io.dunlin.collectives.algorithm.Tuning;
import io.dunlin.collectives.algorithm.Way;
import io.dunlin.collectives.flight.FlightReader;
import io.dunlin.collectives.flight.FlightRecorder;
import io.dunlin.collectives.transport.AeronProfile;
import io.dunlin.collectives.transport.DriverFolder;
import io.dunlin.collectives.transport.LoopbackFabric;
import io.dunlin.collectives.transport.MediaDriverHost;
import io.dunlin.collectives.transport.MediaDriverSettings;
import io.dunlin.collectives.transport.RankAddress;
import io.dunlin.tensor.DType;
import io.dunlin.train.SummationTree;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A step of training allocates nothing, neither on the caller's thread nor on the communication thread. */
class AllocationTest {
    private static final int STEPS = 100;
    private static final int MOST_WARM_UPS = 60;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @Test
    void shouldAllocateNothingInHundredStepsOverLoopback() {
        try (LoopbackWorld world = LoopbackWorld.ofRanks(2)) {
            check(world.communicators(), Step::new);
        }
    }

    /** Ways that the standard choice does not take among two ranks. */
    @ParameterizedTest
    @EnumSource(
            value = Way.class,
            names = {"OWNERS", "RING", "BIDIRECTIONAL", "DOUBLING", "HALVING_DOUBLING", "CHAIN", "HIERARCHICAL"})
    void shouldAllocateNothingInAnyWay(Way way) {
        Topology topology = Topology.ofHosts(List.of("a", "a", "b"));
        Tuning tuning = Tuning.standard(3).withTopology(topology).withTable(AlgorithmTable.forced(3, way));
        try (LoopbackWorld world = LoopbackWorld.tuned(tuning)) {
            check(world.communicators(), ForcedStep::new);
        }
    }

    @Test
    void shouldAllocateNothingInHundredStepsOverAeron() {
        Path directory = new DriverFolder().create();
        try (MediaDriverHost driver = MediaDriverHost.start(MediaDriverSettings.onOneHost(directory, 2))) {
            CompletableFuture<Communicator> second = CompletableFuture.supplyAsync(
                    () -> AeronCommunicators.onOneHost(CommunicatorSettings.of(1, 2), driver.directory()),
                    task -> new Thread(task).start());
            List<Communicator> communicators = new ArrayList<>();
            communicators.add(AeronCommunicators.onOneHost(CommunicatorSettings.of(0, 2), driver.directory()));
            communicators.add(second.join());
            check(communicators, Step::new);
            communicators.forEach(Communicator::close);
        }
    }

    @Test
    void shouldAllocateNothingWhileARecorderFollows(@TempDir Path folder) {
        List<FlightRecorder> recorders = new ArrayList<>();
        LoopbackFabric fabric = LoopbackFabric.ofRanks(2);
        List<StreamCommunicator> communicators = new ArrayList<>();
        for (int rank = 0; rank < 2; rank++) {
            FlightRecorder recorder = FlightRecorder.create(
                    folder.resolve(FlightRecorder.fileName(rank)),
                    new FlightRecorder.Identity(rank, 2, 1, "host", 1),
                    64,
                    System::nanoTime,
                    InstantSource.system());
            CommunicatorSettings settings = CommunicatorSettings.of(rank, 2);
            recorders.add(recorder);
            communicators.add(StreamCommunicator.start(
                    settings.withListener(recorder.follow(settings.group(), 1, 1)),
                    fabric.transport(rank, 1),
                    System::nanoTime));
        }
        check(communicators, Step::new);
        communicators.forEach(Communicator::close);
        recorders.forEach(FlightRecorder::close);
        try (FlightReader reader = FlightReader.open(folder.resolve(FlightRecorder.fileName(1)))) {
            assertThat(reader.read().groups().getFirst().operations()).hasSize(64);
        }
    }

    @Test
    void shouldAllocateNothingInHundredStepsInSharedMemory() {
        Path directory = new DriverFolder().create();
        try (MediaDriverHost driver = MediaDriverHost.start(MediaDriverSettings.onOneHost(directory, 2))) {
            List<RankCommunicators> ranks = new ArrayList<>();
            List<CompletableFuture<Communicator>> joining = new ArrayList<>();
            for (int rank = 0; rank < 2; rank++) {
                RankCommunicators mine = RankCommunicators.overAeron(
                        new RankCommunicators.World("test", 1, rank, 2, Duration.ofSeconds(10), Duration.ofSeconds(10)),
                        driver.directory(),
                        RankAddress.sameHost(2),
                        AeronProfile.STANDARD);
                ranks.add(mine);
                joining.add(CompletableFuture.supplyAsync(
                        () -> mine.open(Group.world(2), Priority.GRADIENTS), task -> new Thread(task).start()));
            }
            check(joining.stream().map(CompletableFuture::join).toList(), Step::new);
            ranks.forEach(RankCommunicators::close);
        }
    }

    private static void check(List<? extends Communicator> communicators, Function<Communicator, Runnable> making) {
        long[] communicationThreads = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("comm-world-"))
                .mapToLong(Thread::threadId)
                .toArray();
        assertThat(communicationThreads).hasSameSizeAs(communicators);
        List<Long> allocated = Ranks.run(communicators, communicator -> {
            Runnable step = making.apply(communicator);
            long bytes = Long.MAX_VALUE;
            for (int round = 0; round < MOST_WARM_UPS && bytes > 0; round++) {
                communicator.barrier().await();
                long before = sum(communicationThreads);
                long mineBefore = THREADS.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < STEPS; i++) {
                    step.run();
                }
                long mine = THREADS.getCurrentThreadAllocatedBytes() - mineBefore;
                communicator.barrier().await();
                bytes = agree(communicator, mine + sum(communicationThreads) - before);
            }
            return bytes;
        });
        assertThat(allocated).as("bytes allocated in %d steps", STEPS).containsOnly(0L);
    }

    private static long sum(long[] threads) {
        long sum = 0;
        for (long thread : threads) {
            sum += THREADS.getThreadAllocatedBytes(thread);
        }
        return sum;
    }

    /** The largest that any member saw. */
    private static long agree(Communicator communicator, long bytes) {
        MemorySegment number = Arena.ofAuto().allocate(8);
        number.set(ValueLayout.JAVA_DOUBLE, 0, (double) bytes);
        communicator.allReduce(number, DType.F64, ReduceOp.MAX).await();
        return (long) number.get(ValueLayout.JAVA_DOUBLE, 0);
    }

    /** What an optimizer step does, and a little more. */
    private static final class Step implements Runnable {
        private final Communicator communicator;
        private final MemorySegment gradient = Arena.ofAuto().allocate(600_000, 64);
        private final MemorySegment tally = Arena.ofAuto().allocate(256, 64);
        private final MemorySegment all = Arena.ofAuto().allocate(100_000, 64);
        private final MemorySegment part;
        private final List<MemorySegment> sums;
        private final List<SummationTree.Block> blocks;
        private final List<Long> lengths = List.of(40_000L, 60_000L);
        private final List<Long> halves = List.of(50_000L, 50_000L);
        private final Work[] works = new Work[4];
        private final MemorySegment arrival;

        Step(Communicator communicator) {
            this.communicator = communicator;
            int rank = communicator.rank();
            this.arrival = Arena.ofAuto().allocate(lengths.get(1 - rank), 64);
            this.part = rank == 0 ? all.asSlice(0, 40_000) : all.asSlice(40_000, 60_000);
            this.blocks = SummationTree.blocks(rank * 3, rank * 3 + 3, 6);
            this.sums = blocks.stream()
                    .map(block -> Arena.ofAuto().allocate(gradient.byteSize(), 64))
                    .toList();
        }

        @Override
        public void run() {
            works[0] = communicator.allReduce(gradient, DType.F32, ReduceOp.SUM);
            works[1] = communicator.allReduceTree(blocks, sums, 6, sums.getFirst());
            works[2] = communicator.allGather(part, all, lengths);
            works[3] = communicator.broadcast(all, 1);
            for (Work work : works) {
                work.await();
            }
            communicator.allReduce(gradient, DType.BF16, ReduceOp.SUM).await();
            communicator.allReduce(tally, DType.F64, ReduceOp.SUM).await();
            communicator
                    .reduceScatter(all, part, lengths, DType.F32, ReduceOp.SUM)
                    .await();
            communicator.allToAll(all, halves, gradient, halves).await();
            int peer = 1 - communicator.rank();
            works[0] = communicator.send(part, peer);
            works[1] = communicator.receive(arrival, peer);
            works[0].await();
            works[1].await();
        }
    }

    /** Every operation that several ways are known for, of unequal parts. */
    private static final class ForcedStep implements Runnable {
        private final Communicator communicator;
        private final List<Long> lengths = List.of(40_000L, 60_000L, 4L);
        private final MemorySegment all = Arena.ofAuto().allocate(100_004, 64);
        private final MemorySegment sum = Arena.ofAuto().allocate(100_004, 64);
        private final MemorySegment part;

        ForcedStep(Communicator communicator) {
            this.communicator = communicator;
            this.part = Arena.ofAuto().allocate(lengths.get(communicator.rank()), 64);
        }

        @Override
        public void run() {
            communicator.allReduce(all, sum, DType.F32, ReduceOp.MEAN).await();
            communicator
                    .reduceScatter(all, part, lengths, DType.F32, ReduceOp.SUM)
                    .await();
            communicator.allGather(part, sum, lengths).await();
            communicator.reduce(all, sum, DType.F32, ReduceOp.SUM, 1).await();
            communicator.broadcast(all, 2).await();
        }
    }
}
