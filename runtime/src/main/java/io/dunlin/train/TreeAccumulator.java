package io.dunlin.train;

import io.dunlin.data.Batch;
import io.dunlin.data.MicroBatch;
import io.dunlin.device.Kernels;
import io.dunlin.model.BackwardListener;
import io.dunlin.model.Model;
import io.dunlin.model.Pass;
import io.dunlin.model.Unit;
import io.dunlin.tensor.Tensor;
import io.dunlin.train.GradientExchange.GradientPartials;
import io.dunlin.train.GradientExchange.Range;
import io.dunlin.train.SummationSchedule.Addition;
import io.dunlin.train.SummationSchedule.Leaf;
import java.util.ArrayList;
import java.util.List;

/**
 * Sums in the order of the {@link SummationTree}: each micro-batch's gradient is made from zero, and siblings are added
 * as soon as both exist, unit by unit while backward is still at work on the next.
 */
final class TreeAccumulator implements GradientAccumulator {
    private final Model model;
    private final Kernels kernels;
    private final List<GradientBuffer> buffers = new ArrayList<>();
    private final AddingUnits adding = new AddingUnits();
    private SummationSchedule schedule = SummationSchedule.of(0, 0, 0);
    private GradientPartials partials;
    private GradientBuffer result;
    private int next;

    TreeAccumulator(Model model) {
        this.model = model;
        this.kernels = model.stream().kernels();
        this.result = buffer(0);
        this.partials = new GradientPartials(List.of(), List.of(), result.memory(), 0);
    }

    @Override
    public GradientPartials begin(Batch batch) {
        if (!schedule.covers(batch.runBegin(), batch.runLength(), batch.globalMicroBatches())) {
            schedule = SummationSchedule.of(batch.runBegin(), batch.runLength(), batch.globalMicroBatches());
            result = schedule.sums().isEmpty()
                    ? buffer(0)
                    : buffer(schedule.sums().getFirst());
            partials = new GradientPartials(
                    schedule.sums().stream().map(sum -> buffer(sum).memory()).toList(),
                    schedule.blocks(),
                    result.memory(),
                    batch.globalMicroBatches());
        }
        next = 0;
        return partials;
    }

    private GradientBuffer buffer(int index) {
        while (buffers.size() <= index) {
            buffers.add(new GradientBuffer(model));
        }
        return buffers.get(index);
    }

    @Override
    public double add(Pass pass, MicroBatch microBatch, float gradientScale, GradientReady ready) {
        Leaf leaf = schedule.leaves().get(next++);
        buffer(leaf.target()).direct(0f);
        adding.begin(leaf.additions(), ready);
        return pass.forwardBackward(microBatch, gradientScale, adding);
    }

    @Override
    public void skip(Pass pass, GradientReady ready) {
        throw new IllegalStateException("a rank that sums alone has a micro-batch in each turn");
    }

    @Override
    public long waitedNs() {
        return 0;
    }

    @Override
    public long elements() {
        return model.flatElements();
    }

    @Override
    public Tensor result(Range range) {
        return result.range(range);
    }

    @Override
    public void deliver() {
        result.direct(1f);
    }

    /** Adds siblings in each unit that backward completes, then passes it on. */
    private final class AddingUnits implements BackwardListener {
        private List<Addition> additions = List.of();
        private GradientReady downstream = GradientReady.NOBODY;

        void begin(List<Addition> ofLeaf, GradientReady then) {
            additions = ofLeaf;
            downstream = then;
        }

        @Override
        public void begins(Unit unit) {}

        @Override
        public void ends(Unit unit) {
            for (int i = 0; i < additions.size(); i++) {
                Tensor left = buffer(additions.get(i).left()).unit(unit.number());
                Tensor right = buffer(additions.get(i).right()).unit(unit.number());
                kernels.add(left, right, left);
            }
            downstream.ready(unit.offset(), unit.length());
        }
    }
}
