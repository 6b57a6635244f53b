package io.dunlin.parallel.shard;

import io.dunlin.data.Batch;
import io.dunlin.data.MicroBatch;
import io.dunlin.device.Kernels;
import io.dunlin.model.BackwardListener;
import io.dunlin.model.Model;
import io.dunlin.model.Pass;
import io.dunlin.model.Unit;
import io.dunlin.nn.Parameter;
import io.dunlin.parallel.shard.ShardedWeights.OwnedSlice;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import io.dunlin.train.GradientAccumulator;
import io.dunlin.train.GradientExchange.GradientPartials;
import io.dunlin.train.GradientExchange.Range;
import io.dunlin.train.GradientReady;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Sums of which each rank of a group keeps a part: the gradient of a unit is made in a slot, sent to those who keep its
 * parts as soon as backward has completed it, and forgotten; its parts arrive while backward is at work on the next units.
 *
 * <p>How parts travel and are added up is up to a {@link TurnReduction}. The members of the group take turns, see {@link
 * io.dunlin.data.Share}; who has no micro-batch in the last one goes through the units with the others.
 */
final class ScatteringAccumulator implements GradientAccumulator {
    private final ShardedWeights weights;
    private final UnitSlots slots;
    private final TurnReduction reduction;
    private final Passage[] slotMemory = new Passage[UnitSlots.SLOTS];
    private final List<List<Tensor>> gradients = new ArrayList<>(); // [unit][parameter], in its slot
    private final List<Tensor> wholes = new ArrayList<>(); // [unit], in its slot
    private final List<Range> ranges = new ArrayList<>(); // [unit], in the sums
    private final Deque<Integer> travelling = new ArrayDeque<>(); // units, in order of backward
    private final Kernels kernels;
    private final Listener listener = new Listener();
    private final Map<Range, Tensor> views = new HashMap<>(); // of `viewed`
    private MemorySegment viewed = MemorySegment.NULL;
    private MemorySegment delivered = MemorySegment.NULL;
    private GradientReady downstream = GradientReady.NOBODY;
    private int turn;
    private long waitedNs;

    /**
     * Allocates the slots.
     *
     * @param reduction of the parts that this rank keeps
     */
    ScatteringAccumulator(Model model, ShardedWeights weights, TurnReduction reduction) {
        this.weights = weights;
        this.reduction = reduction;
        this.slots = new UnitSlots(model.units());
        this.kernels = model.stream().kernels();
        for (int slot = 0; slot < slotMemory.length; slot++) {
            MemorySegment memory = model.device().allocate("gradients", slots.elements(slot) * Float.BYTES);
            slotMemory[slot] = Passage.of(memory, model.device(), model.host(), "gradients on the wire");
        }
        long at = 0;
        for (Unit unit : model.units()) {
            MemorySegment memory = slotMemory[slots.of(unit.number())].device();
            gradients.add(unit.parameters().stream()
                    .map(parameter -> Tensor.of(
                            DType.F32,
                            parameter.shape(),
                            memory.asSlice((parameter.flatOffset() - unit.offset()) * Float.BYTES)))
                    .toList());
            wholes.add(Tensor.of(DType.F32, Shape.of(unit.length()), memory));
            long length = reduction.partElements(unit.number());
            ranges.add(new Range(at, length));
            at += length;
        }
    }

    @Override
    public GradientPartials begin(Batch batch) {
        turn = 0;
        return reduction.begin(batch);
    }

    @Override
    public double add(Pass pass, MicroBatch microBatch, float gradientScale, GradientReady ready) {
        downstream = ready;
        listener.computes = true;
        double lossSum = pass.forwardBackward(microBatch, gradientScale, listener);
        endTurn();
        return lossSum;
    }

    @Override
    public void skip(Pass pass, GradientReady ready) {
        downstream = ready;
        listener.computes = false;
        pass.accompany(listener);
        endTurn();
    }

    private void endTurn() {
        while (!travelling.isEmpty()) {
            complete();
        }
        turn++;
    }

    /** Waits for the unit that has travelled longest, and adds what has come. */
    private void complete() {
        int unit = travelling.removeFirst();
        waitedNs += reduction.complete(unit, turn, slotMemory[slots.of(unit)]);
        Range range = ranges.get(unit);
        downstream.ready(range.offset(), range.length());
    }

    @Override
    public long waitedNs() {
        return waitedNs;
    }

    @Override
    public long elements() {
        Range last = ranges.getLast();
        return last.offset() + last.length();
    }

    @Override
    public Tensor result(Range range) {
        MemorySegment result = reduction.result();
        if (viewed != result) {
            views.clear();
            viewed = result;
        }
        Tensor known = views.get(range);
        if (known == null) {
            known = vector(result, range.offset(), range.length());
            views.put(range, known);
        }
        return known;
    }

    @Override
    public void deliver() {
        MemorySegment result = reduction.result();
        if (delivered == result) {
            return;
        }
        for (OwnedSlice owned : weights.ownedSlices()) {
            owned.slice()
                    .directGradient(vector(
                            result,
                            owned.gradientOffset(),
                            owned.slice().slice().length()));
        }
        delivered = result;
    }

    static Tensor vector(MemorySegment memory, long offset, long length) {
        return Tensor.of(DType.F32, Shape.of(length), memory.asSlice(offset * Float.BYTES, length * Float.BYTES));
    }

    private final class Listener implements BackwardListener {
        private boolean computes;

        @Override
        public void begins(Unit unit) {
            while (!travelling.isEmpty() && occupied(slots.of(unit.number()))) {
                complete();
            }
            List<Parameter> parameters = unit.parameters();
            List<Tensor> targets = gradients.get(unit.number());
            for (int i = 0; i < targets.size(); i++) {
                parameters.get(i).beginGradient(targets.get(i), 0f);
            }
        }

        private boolean occupied(int slot) {
            for (int unit : travelling) {
                if (slots.of(unit) == slot) {
                    return true;
                }
            }
            return false;
        }

        @Override
        public void ends(Unit unit) {
            int number = unit.number();
            Passage memory = slotMemory[slots.of(number)];
            if (computes || reduction.sendsZeros()) {
                if (!computes) {
                    kernels.fill(wholes.get(number), 0f);
                }
                memory.fetch(0, unit.length() * Float.BYTES);
            }
            reduction.start(number, turn, memory);
            travelling.addLast(number);
        }
    }
}
