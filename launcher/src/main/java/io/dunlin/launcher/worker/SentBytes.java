package io.dunlin.launcher.worker;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Topology;
import io.dunlin.parallel.shard.MeshCommunicators;
import io.dunlin.tensor.DType;
import io.dunlin.train.StepListener;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * What ranks send in their steps, over each distance. What other listeners send after a step, for evaluation, samples and
 * checkpoints, is not in it: the first of all listeners closes the step, the last one opens the next.
 */
final class SentBytes {
    private static final Topology.Scale[] SCALES = Topology.Scale.values();

    private final Communicator world;
    private final ToLongFunction<Topology.Scale> soFar; // by this rank
    private final long[] atBeginning = new long[SCALES.length]; // of the step; [scale]
    private final long[] inSteps = new long[SCALES.length]; // [scale]
    private long steps;

    /**
     * Counts from now on.
     *
     * @param world all ranks
     * @param soFar what this rank has sent
     */
    SentBytes(Communicator world, ToLongFunction<Topology.Scale> soFar) {
        this.world = world;
        this.soFar = soFar;
        open();
    }

    /** Counts what this rank sends for any purpose. */
    static SentBytes of(MeshCommunicators communicators) {
        List<Communicator> all = communicators.all();
        return new SentBytes(communicators.world(), scale -> {
            long bytes = 0;
            for (int one = 0; one < all.size(); one++) {
                bytes += all.get(one).sentBytes(scale);
            }
            return bytes;
        });
    }

    /** A step begins. */
    void open() {
        for (Topology.Scale scale : SCALES) {
            atBeginning[scale.ordinal()] = soFar.applyAsLong(scale);
        }
    }

    private void close() {
        for (Topology.Scale scale : SCALES) {
            inSteps[scale.ordinal()] += soFar.applyAsLong(scale) - atBeginning[scale.ordinal()];
        }
        steps++;
    }

    /** To be told first of a step. */
    StepListener closing() {
        return (state, result) -> close();
    }

    /** To be told last of a step. */
    StepListener opening() {
        return (state, result) -> open();
    }

    /** How many steps were counted; the same on all ranks. */
    long steps() {
        return steps;
    }

    /** Bytes that all ranks have sent in a step, mean of those counted; [scale]. All ranks ask together. */
    long[] ofAllRanks() {
        MemorySegment sums = Arena.ofAuto().allocate((long) SCALES.length * Double.BYTES, 64);
        for (int scale = 0; scale < SCALES.length; scale++) {
            sums.setAtIndex(ValueLayout.JAVA_DOUBLE, scale, inSteps[scale]);
        }
        world.allReduce(sums, DType.F64, ReduceOp.SUM).await();
        long[] means = new long[SCALES.length];
        for (int scale = 0; scale < SCALES.length; scale++) {
            means[scale] = Math.round(sums.getAtIndex(ValueLayout.JAVA_DOUBLE, scale) / Math.max(1, steps));
        }
        return means;
    }
}
