package io.dunlin.train;

import io.dunlin.data.Batch;
import io.dunlin.data.MicroBatch;
import io.dunlin.model.BackwardListener;
import io.dunlin.model.Model;
import io.dunlin.model.Pass;
import io.dunlin.model.Unit;
import io.dunlin.tensor.Tensor;
import io.dunlin.train.GradientExchange.GradientPartials;
import io.dunlin.train.GradientExchange.Range;
import java.util.List;

/** One sum: the first micro-batch overwrites it, the others add to it in place. */
final class RunningAccumulator implements GradientAccumulator {
    private final GradientBuffer sum;
    private final PassingOn passingOn = new PassingOn();
    private float nextBeta;

    RunningAccumulator(Model model) {
        sum = new GradientBuffer(model);
    }

    @Override
    public GradientPartials begin(Batch batch) {
        nextBeta = 0f;
        return new GradientPartials(
                batch.turns() == 0 ? List.of() : List.of(sum.memory()),
                List.of(),
                sum.memory(),
                batch.globalMicroBatches());
    }

    @Override
    public double add(Pass pass, MicroBatch microBatch, float gradientScale, GradientReady ready) {
        sum.direct(nextBeta);
        nextBeta = 1f;
        passingOn.downstream = ready;
        return pass.forwardBackward(microBatch, gradientScale, passingOn);
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
        return sum.elements();
    }

    @Override
    public Tensor result(Range range) {
        return sum.range(range);
    }

    @Override
    public void deliver() {
        sum.direct(1f);
    }

    private static final class PassingOn implements BackwardListener {
        private GradientReady downstream = GradientReady.NOBODY;

        @Override
        public void begins(Unit unit) {}

        @Override
        public void ends(Unit unit) {
            downstream.ready(unit.offset(), unit.length());
        }
    }
}
