package io.dunlin.launcher.bench;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.LongFunction;
import java.util.function.LongSupplier;

/** One member of a measurement: does what it is told, with all others. */
final class Member {
    private static final int ALIGNMENT = 4096;

    private final Communicator communicator;
    private final MemorySegment one;
    private final MemorySegment other;
    private final MemorySegment timesNs;
    private final LongSupplier clockNs;
    private final LinkExercise links;

    /**
     * A member.
     *
     * @param memory for what it exchanges, by bytes
     * @param largestBytes of an operation
     */
    Member(Communicator communicator, LongFunction<MemorySegment> memory, long largestBytes, LongSupplier clockNs) {
        this.communicator = communicator;
        this.one = memory.apply(largestBytes);
        this.other = memory.apply(largestBytes);
        this.timesNs = memory.apply((long) CollectivesBench.MOST_ITERATIONS * Double.BYTES);
        this.clockNs = clockNs;
        this.links = new LinkExercise(communicator, one, other, clockNs);
    }

    /** Memory of this process alone. */
    static LongFunction<MemorySegment> in(Arena arena) {
        return bytes -> arena.allocate(bytes, ALIGNMENT);
    }

    /** Does it; a failure is an answer. */
    Answer obey(Order order) {
        try {
            return switch (order) {
                case Order.Time(Order.Call call, int iterations) -> time(call, iterations);
                case Order.Check(Order.Call call, long round) -> check(call, round);
                case Order.Copy(long bytes, int iterations) -> copy(bytes, iterations);
                case Order.Ping ping -> links.ping(ping);
                case Order.Flow flow -> links.flow(flow);
                case Order.Leave() -> throw new IllegalArgumentException("there is no answer to " + order);
            };
        } catch (RuntimeException e) {
            return Answer.Failed.of(e);
        }
    }

    private Answer time(Order.Call call, int iterations) {
        Exercise exercise = Exercise.of(communicator, call, one, other);
        exercise.prepare(new Pattern(call.dtype(), communicator.size(), 0));
        communicator.barrier().await();
        for (int i = 0; i < iterations; i++) {
            if (call.op().entersAfterBarrier()) {
                communicator.barrier().await();
            }
            long beginNs = clockNs.getAsLong();
            exercise.call();
            timesNs.setAtIndex(ValueLayout.JAVA_DOUBLE, i, clockNs.getAsLong() - beginNs);
        }
        // What counts of each call is when the last one was done.
        MemorySegment times = timesNs.asSlice(0, (long) iterations * Double.BYTES);
        communicator.allReduce(times, DType.F64, ReduceOp.MAX).await();
        return Answer.Timed.of(times.toArray(ValueLayout.JAVA_DOUBLE));
    }

    private Answer check(Order.Call call, long round) {
        Exercise exercise = Exercise.of(communicator, call, one, other);
        Pattern pattern = new Pattern(call.dtype(), communicator.size(), round);
        exercise.prepare(pattern);
        exercise.call();
        return new Answer.Checked(exercise.wrong(pattern));
    }

    /** The memory is new, so that nothing of it is in a cache, and given back. */
    private Answer copy(long bytes, int iterations) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment source = arena.allocate(bytes, ALIGNMENT).fill((byte) 1);
            MemorySegment target = arena.allocate(bytes, ALIGNMENT).fill((byte) 2);
            double[] copiesNs = new double[iterations];
            communicator.barrier().await();
            for (int i = 0; i < iterations; i++) {
                long beginNs = clockNs.getAsLong();
                target.copyFrom(source);
                copiesNs[i] = clockNs.getAsLong() - beginNs;
            }
            return new Answer.Copied(bytes / Answer.Timed.of(copiesNs).p50Ns() * 1e9);
        }
    }
}
