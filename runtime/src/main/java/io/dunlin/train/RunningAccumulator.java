package io.dunlin.train;

import io.dunlin.data.Batch;
import io.dunlin.data.MicroBatch;
import io.dunlin.model.GradientReady;
import io.dunlin.model.Model;
import io.dunlin.model.Pass;
import io.dunlin.train.GradientExchange.GradientPartials;
import java.util.List;

/** One sum: the first micro-batch overwrites it, the others add to it in place. */
final class RunningAccumulator implements GradientAccumulator {
    private final GradientBuffer sum;
    private float nextBeta;

    RunningAccumulator(Model model) {
        sum = new GradientBuffer(model);
    }

    @Override
    public GradientPartials begin(Batch batch) {
        nextBeta = 0f;
        int first = batch.firstMicroBatch();
        int count = batch.microBatches().size();
        return new GradientPartials(
                count == 0 ? List.of() : List.of(sum.memory()),
                List.of(),
                sum.memory(),
                first,
                batch.globalMicroBatches());
    }

    @Override
    public double add(Pass pass, MicroBatch microBatch, float gradientScale, GradientReady ready) {
        sum.direct(nextBeta);
        nextBeta = 1f;
        return pass.forwardBackward(microBatch, gradientScale, ready);
    }

    @Override
    public GradientBuffer result() {
        return sum;
    }
}
