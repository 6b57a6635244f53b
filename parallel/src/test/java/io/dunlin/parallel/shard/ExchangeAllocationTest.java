package io.dunlin.parallel.shard;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.engine.LoopbackWorld;
import io.dunlin.device.Device;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.parallel.Ranks;
import io.dunlin.train.GradientExchange;
import io.dunlin.train.GradientExchange.GradientPartials;
import io.dunlin.train.GradientExchange.Tally;
import io.dunlin.train.SummationTree;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** The exchange of a step allocates nothing once it is compiled. */
class ExchangeAllocationTest {
    private static final int ELEMENTS = 50_000;
    private static final GradientBuckets BUCKETS = GradientBuckets.of(ELEMENTS, 64 << 10);
    private static final int STEPS = 100;
    private static final int ROUNDS = 30;

    @Test
    void shouldAllocateNothingInFastMode() {
        assertThat(leastAllocated(world -> OnHost.fast(world, BUCKETS))).containsExactly(0L, 0L);
    }

    @Test
    void shouldAllocateNothingInDeterministicMode() {
        assertThat(leastAllocated(world -> OnHost.deterministic(world, BUCKETS)))
                .containsExactly(0L, 0L);
    }

    @Test
    void shouldAllocateNothingForGradientsThatPassThroughPinnedMemory() {
        try (Device cpu = CpuDevice.open(CpuOptions.plain())) {
            Staging staging = new Staging(cpu, cpu.stream("compute"), 2, Duration.ofSeconds(30));
            assertThat(leastAllocated(world -> new DataParallelExchange(
                            DataParallelExchange.Members.of(world),
                            BUCKETS,
                            StagedCarrier.open(BUCKETS, new RunningReduction(world), staging),
                            List.of(new GradientExchange.Range(0, ELEMENTS)))))
                    .containsExactly(0L, 0L);
        }
    }

    /** By each rank's caller and by all carriers, in the leanest of the rounds: in the others the compiler may still work. */
    private static List<Long> leastAllocated(Function<Communicator, DataParallelExchange> making) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (LoopbackWorld world = LoopbackWorld.ofRanks(2)) {
            return Ranks.all(2, rank -> () -> {
                try (DataParallelExchange exchange = making.apply(world.communicator(rank))) {
                    Runnable step = step(exchange, rank);
                    step.run();
                    long[] carriers = carriers();
                    long least = Long.MAX_VALUE;
                    for (int round = 0; round < ROUNDS; round++) {
                        long before = allocated(threads, carriers);
                        for (int i = 0; i < STEPS; i++) {
                            step.run();
                        }
                        long grown = allocated(threads, carriers) - before;
                        least = grown < 0 ? least : Math.min(least, grown); // below 0: a carrier has ended meanwhile
                    }
                    return least;
                }
            });
        }
    }

    private static long[] carriers() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("gradient-carrier"))
                .mapToLong(Thread::threadId)
                .toArray();
    }

    private static long allocated(ThreadMXBean threads, long[] others) {
        long bytes = threads.getCurrentThreadAllocatedBytes();
        for (long other : others) {
            bytes += Math.max(0, threads.getThreadAllocatedBytes(other)); // -1 once it has ended
        }
        return bytes;
    }

    private static Runnable step(DataParallelExchange exchange, int rank) {
        MemorySegment gradient = Arena.ofAuto().allocate(ELEMENTS * Float.BYTES, 64);
        GradientPartials partials =
                new GradientPartials(List.of(gradient), List.of(new SummationTree.Block(0, rank)), gradient, 2);
        Tally tally = new Tally(new double[2], 0, new double[21]);
        return () -> {
            gradient.setAtIndex(ValueLayout.JAVA_FLOAT, 7, rank + 1);
            exchange.begin(partials);
            exchange.ready(ELEMENTS / 2, ELEMENTS - ELEMENTS / 2);
            exchange.ready(0, ELEMENTS / 2);
            exchange.finish();
            exchange.agree(tally);
            if (gradient.getAtIndex(ValueLayout.JAVA_FLOAT, 7) != 3f) {
                throw new AssertionError("the gradients of two ranks add up to 3");
            }
        };
    }
}
