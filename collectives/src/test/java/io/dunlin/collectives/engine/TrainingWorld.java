package io.dunlin.collectives.engine;

import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Work;
import io.dunlin.collectives.flight.FlightRecorder;
import io.dunlin.collectives.flight.Sentinel;
import io.dunlin.collectives.flight.Verdict;
import io.dunlin.collectives.flight.Watchdog;
import io.dunlin.collectives.transport.LinkShape;
import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;

/**
 * Ranks that train in virtual time, each with a flight recorder, and a watchdog that reads their files: compute for a
 * while, reduce a gradient, compute a little, reduce a tally, and again.
 */
final class TrainingWorld implements AutoCloseable {
    static final int RANKS = 4;
    static final LinkShape LINK = LinkShape.PERFECT.withBandwidth(400_000_000).withLatency(20_000, 30_000);

    private static final long TICK_NS = 20_000;
    private static final long LOOK_NS = 250_000_000;
    private static final long GRADIENT_NS = 40_000_000;
    private static final long TALLY_NS = 2_000_000;
    private static final double JITTER = 0.05;
    private static final int HICCUP = 100; // one in so many takes twice as long
    private static final long GRADIENT_BYTES = 1 << 20;

    private final List<FlightRecorder> recorders = new ArrayList<>();
    private final List<Rank> ranks = new ArrayList<>();
    private final Set<Integer> dead = new HashSet<>();
    private final Set<Integer> frozen = new HashSet<>();
    private final SteppedWorld world;
    private final Watchdog watchdog;
    private final SplittableRandom random;
    private IntToDoubleFunction pace = rank -> 1;
    private long lookedNs;

    /** One rank's program. */
    private final class Rank {
        private final int number;
        private final MemorySegment gradient = Arena.ofAuto().allocate(GRADIENT_BYTES, 64);
        private final MemorySegment tally = Arena.ofAuto().allocate(64, 64);
        private Optional<Work> waitsFor = Optional.empty();
        private long computesUntilNs = world.nowNs();
        private int calls;

        Rank(int number) {
            this.number = number;
        }

        int iteration() {
            return calls / 2;
        }

        void turn() {
            if (waitsFor.isPresent() && waitsFor.get().done()) {
                waitsFor = Optional.empty();
                boolean next = calls % 2 == 0;
                recorders.get(number).iteration(iteration());
                double noise = 1 + JITTER * (random.nextDouble() - 0.5) + (random.nextInt(HICCUP) == 0 ? 1 : 0);
                computesUntilNs =
                        world.nowNs() + (long) ((next ? GRADIENT_NS : TALLY_NS) * noise * pace.applyAsDouble(number));
            }
            if (waitsFor.isEmpty() && world.nowNs() >= computesUntilNs) {
                boolean big = calls++ % 2 == 0;
                MemorySegment data = big ? gradient : tally;
                waitsFor = Optional.of(world.call(
                        number, call -> call.allReduce(data, data, big ? DType.F32 : DType.F64, ReduceOp.SUM)));
            }
        }
    }

    TrainingWorld(Path folder, long seed) {
        random = new SplittableRandom(seed);
        world = new SteppedWorld(
                RANKS, settings -> settings.withShape(LINK, seed).withDataStreamBytes(64 << 10), (rank, clockNs) -> {
                    FlightRecorder recorder = FlightRecorder.create(
                            folder.resolve(FlightRecorder.fileName(rank)),
                            new FlightRecorder.Identity(rank, RANKS, 1, "host", 1000 + rank),
                            256,
                            clockNs,
                            () -> Instant.EPOCH);
                    recorders.add(recorder);
                    return recorder.follow(CommunicatorSettings.of(rank, RANKS).group(), 1, 1);
                });
        for (int rank = 0; rank < RANKS; rank++) {
            ranks.add(new Rank(rank));
        }
        watchdog = new Watchdog(
                folder,
                RANKS,
                rank -> !dead.contains(rank),
                world::nowNs,
                new Sentinel(new Sentinel.Limits(Duration.ofSeconds(8), Duration.ofSeconds(4))));
    }

    /** How much longer than usual a rank computes from now on. */
    void pace(IntToDoubleFunction pace) {
        this.pace = pace;
    }

    void slowLink(int from, int to, double slower) {
        world.fabric().shape(1, from, to, LINK.withBandwidth((long) (LINK.bytesPerSecond() / slower)));
    }

    void kill(int rank) {
        dead.add(rank);
        world.fabric().kill(rank);
        world.halt(rank);
    }

    void freeze(int rank) {
        frozen.add(rank);
        world.fabric().freeze(rank);
        world.halt(rank);
    }

    /** The rank goes on communicating, and its program does not. */
    void hang(int rank) {
        frozen.add(rank);
    }

    /** Runs {@code iterations} more. */
    List<Verdict> train(int iterations) {
        int end = ranks.getFirst().iteration() + iterations;
        List<Verdict> said = new ArrayList<>();
        while (ranks.getFirst().iteration() < end) {
            said.addAll(turn());
        }
        return said;
    }

    /** Runs until something is said. */
    Verdict awaitVerdict(Duration limit) {
        long endNs = world.nowNs() + limit.toNanos();
        while (world.nowNs() < endNs) {
            List<Verdict> said = turn();
            if (!said.isEmpty()) {
                return said.getFirst();
            }
        }
        throw new AssertionError("nothing was said in " + limit);
    }

    /** A moment; what is said in it. */
    List<Verdict> turn() {
        for (Rank rank : ranks) {
            if (!dead.contains(rank.number) && !frozen.contains(rank.number)) {
                rank.turn();
            }
        }
        world.turn(TICK_NS);
        if (world.nowNs() - lookedNs < LOOK_NS) {
            return List.of();
        }
        lookedNs = world.nowNs();
        return watchdog.look();
    }

    Watchdog watchdog() {
        return watchdog;
    }

    long nowNs() {
        return world.nowNs();
    }

    @Override
    public void close() {
        watchdog.close();
        world.close();
        recorders.forEach(FlightRecorder::close);
    }
}
