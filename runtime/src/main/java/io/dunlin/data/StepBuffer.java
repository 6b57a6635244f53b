package io.dunlin.data;

import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import io.dunlin.train.SummationTree;
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
    private final Arena arena;
    private final List<Rows> memory = new ArrayList<>();
    private List<MicroBatch> microBatches = List.of();
    private int first = -1;
    private int end = -1;

    /** I32 [B, T] each. */
    private record Rows(Tensor tokens, Tensor targets) {}

    StepBuffer(Samples samples, SampleOrder order, BatchPlan plan, Arena arena) {
        this.samples = samples;
        this.order = order;
        this.plan = plan;
        this.arena = arena;
    }

    /** Reads the share's samples of the step at {@code position}; what an earlier call returned is overwritten. */
    Batch fill(DataPosition position, int share, int shares) {
        check(position, share, shares);
        int count = plan.microBatches();
        lay(SummationTree.firstOf(count, share, shares), SummationTree.firstOf(count, share + 1, shares));
        for (MicroBatch microBatch : microBatches) {
            fill(microBatch, position);
        }
        DataPosition next = position.plus(plan.samples(), samples.count());
        return new Batch(microBatches, first, count, targets(position), next);
    }

    private long targets(DataPosition position) {
        OptionalInt ofEach = samples.targetsOfEach();
        if (ofEach.isPresent()) {
            return (long) ofEach.getAsInt() * plan.samples();
        }
        long sum = 0;
        for (int i = 0; i < plan.samples(); i++) {
            sum += samples.targets(sampleAt(position, i));
        }
        return sum;
    }

    private void fill(MicroBatch microBatch, DataPosition position) {
        long rowBytes = (long) plan.context() * Integer.BYTES;
        MemorySegment tokens = microBatch.tokens().segment();
        MemorySegment targets = microBatch.targets().segment();
        int rows = plan.rowsOf(microBatch.index());
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

    /** Gives each micro-batch of {@code [firstIndex, endIndex)} its memory. */
    private void lay(int firstIndex, int endIndex) {
        if (firstIndex == first && endIndex == end) {
            return;
        }
        Shape shape = Shape.of(plan.microBatch(), plan.context());
        List<MicroBatch> laid = new ArrayList<>();
        for (int index = firstIndex; index < endIndex; index++) {
            if (memory.size() == index - firstIndex) {
                memory.add(new Rows(tensor(shape), tensor(shape)));
            }
            Rows rows = memory.get(index - firstIndex);
            laid.add(new MicroBatch(index, rows.tokens, rows.targets));
        }
        microBatches = List.copyOf(laid);
        first = firstIndex;
        end = endIndex;
    }

    private Tensor tensor(Shape shape) {
        return Tensor.of(DType.I32, shape, arena.allocate(shape.elements() * Integer.BYTES, CACHE_LINE));
    }

    private void check(DataPosition position, int share, int shares) {
        if (share < 0 || share >= shares) {
            throw new IllegalArgumentException("share %d of %d".formatted(share, shares));
        }
        if (position.epoch() < 0 || position.sample() < 0 || position.sample() >= samples.count()) {
            throw DataException.positionOutside(position, samples.count());
        }
    }
}
