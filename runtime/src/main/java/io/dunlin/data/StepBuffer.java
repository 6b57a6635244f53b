package io.dunlin.data;

import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** The memory of one rank's share of a step, and how it is filled. Used again for every step. */
final class StepBuffer {
    private static final int CACHE_LINE = 64;
    private static final int NOTHING = -1;

    private final Samples samples;
    private final SampleOrder order;
    private final BatchPlan plan;
    private final AtEnd atEnd;
    private final Arena arena;
    private final List<Rows> memory = new ArrayList<>();
    private List<MicroBatch> microBatches = List.of();
    private Share laidFor = Share.ALL;
    private int laidCount = -1;

    /** What a step does at the end of a pass. */
    enum AtEnd {
        /** Goes on with the next pass. */
        NEXT_PASS,
        /** Is shorter. */
        STOP
    }

    /** I32 [B, T] each. */
    private record Rows(Tensor tokens, Tensor targets) {}

    StepBuffer(Samples samples, SampleOrder order, BatchPlan plan, AtEnd atEnd, Arena arena) {
        this.samples = samples;
        this.order = order;
        this.plan = plan;
        this.atEnd = atEnd;
        this.arena = arena;
    }

    /** Reads the share's samples of the step at {@code position}; what an earlier call returned is overwritten. */
    Batch fill(DataPosition position, Share share) {
        check(position);
        BatchPlan step = stepAt(position);
        int count = step.microBatches();
        lay(share, count);
        for (MicroBatch microBatch : microBatches) {
            fill(microBatch, position, step.rowsOf(microBatch.index()));
        }
        DataPosition next = position.plus(step.samples(), samples.count());
        return new Batch(microBatches, share, count, targets(position, step.samples()), next);
    }

    private BatchPlan stepAt(DataPosition position) {
        long left = samples.count() - position.sample();
        return atEnd == AtEnd.STOP && left < plan.samples() ? plan.withSamples((int) left) : plan;
    }

    private long targets(DataPosition position, int count) {
        OptionalInt ofEach = samples.targetsOfEach();
        if (ofEach.isPresent()) {
            return (long) ofEach.getAsInt() * count;
        }
        long sum = 0;
        for (int i = 0; i < count; i++) {
            sum += samples.targets(sampleAt(position, i));
        }
        return sum;
    }

    private void fill(MicroBatch microBatch, DataPosition position, int rows) {
        long rowBytes = (long) plan.context() * Integer.BYTES;
        MemorySegment tokens = microBatch.tokens().segment();
        MemorySegment targets = microBatch.targets().segment();
        for (int row = 0; row < rows; row++) {
            long number = (long) microBatch.index() * plan.microBatch() + row;
            samples.read(
                    sampleAt(position, number),
                    tokens.asSlice(row * rowBytes, rowBytes),
                    targets.asSlice(row * rowBytes, rowBytes));
        }
        for (long i = (long) rows * plan.context(); i < microBatch.tokens().elements(); i++) {
            tokens.setAtIndex(ValueLayout.JAVA_INT, i, 0);
            targets.setAtIndex(ValueLayout.JAVA_INT, i, NOTHING);
        }
    }

    /** Which sample is number {@code number} of the step; a step may run over the end of a pass, even of several. */
    private long sampleAt(DataPosition position, long number) {
        DataPosition at = position.plus(number, samples.count());
        return order.sample(at.epoch(), at.sample(), samples.count());
    }

    /** Gives each micro-batch of a share its memory. */
    private void lay(Share share, int count) {
        if (count == laidCount && share.equals(laidFor)) {
            return;
        }
        Shape shape = Shape.of(plan.microBatch(), plan.context());
        List<MicroBatch> laid = new ArrayList<>();
        for (int turn = 0; turn < share.count(count); turn++) {
            if (memory.size() == turn) {
                memory.add(new Rows(tensor(shape), tensor(shape)));
            }
            Rows rows = memory.get(turn);
            laid.add(new MicroBatch(share.index(count, turn), rows.tokens, rows.targets));
        }
        microBatches = List.copyOf(laid);
        laidFor = share;
        laidCount = count;
    }

    private Tensor tensor(Shape shape) {
        return Tensor.of(DType.I32, shape, arena.allocate(shape.elements() * Integer.BYTES, CACHE_LINE));
    }

    private void check(DataPosition position) {
        if (position.epoch() < 0 || position.sample() < 0 || position.sample() >= samples.count()) {
            throw DataException.positionOutside(position, samples.count());
        }
    }
}
