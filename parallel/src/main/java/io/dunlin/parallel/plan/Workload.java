package io.dunlin.parallel.plan;

import io.dunlin.data.BatchPlan;
import io.dunlin.model.ModelConfig;
import io.dunlin.model.ModelOutline;
import io.dunlin.model.Precision;
import io.dunlin.model.Recompute;

/**
 * What is to be trained in a step.
 *
 * @param model its sizes
 * @param precision of compute
 * @param batch how a step is cut into micro-batches
 * @param recompute what is computed again in backward
 */
public record Workload(ModelOutline model, Precision precision, BatchPlan batch, Recompute recompute) {
    /** What a checkpoint has for each parameter: the value and two moments in F32. */
    private static final int CHECKPOINT_BYTES = 3 * Float.BYTES;

    /** The same with other micro-batches of the same samples. */
    public Workload withMicroBatch(int rows) {
        BatchPlan other = BatchPlan.of(batch.context(), rows, batch.tokensPerStep());
        return new Workload(model, precision, other, recompute);
    }

    /** The same with blocks computed again in backward. */
    public Workload recomputing() {
        return new Workload(model, precision, batch, Recompute.LAYER);
    }

    /** Activations of one micro-batch. */
    long activationBytes() {
        return model.activationBytes(precision, batch.microBatch(), batch.context(), recompute);
    }

    /** Operations on one micro-batch; recomputing adds a forward of the blocks. */
    double flopsPerMicroBatch() {
        ModelConfig config = model.config().withContext(batch.context());
        double head = 6.0 * config.vocabulary() * config.width();
        double all = config.flopsPerToken();
        double perToken = recompute == Recompute.LAYER ? all + (all - head) / 3 : all;
        return perToken * batch.microBatch() * batch.context();
    }

    /** Bytes of one checkpoint. */
    public long checkpointBytes() {
        return CHECKPOINT_BYTES * model.config().parameterCount();
    }

    StepTraffic.Units units() {
        return new StepTraffic.Units(model.units());
    }
}
