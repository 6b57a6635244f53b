package io.dunlin.train;

import io.dunlin.data.Batch;
import io.dunlin.data.MicroBatch;
import io.dunlin.device.Kernels;
import io.dunlin.model.GradientReady;
import io.dunlin.model.Model;
import io.dunlin.model.Pass;
import io.dunlin.nn.Parameter;
import io.dunlin.train.GradientExchange.Tally;
import java.util.Arrays;
import java.util.List;

/**
 * Forward and backward with the whole model on this rank. Alone it is complete; what it exchanges with other ranks is
 * up to the {@link GradientExchange}.
 */
public final class LocalExecutor implements StepExecutor {
    private final Model model;
    private final Pass pass;
    private final GradientExchange exchange;
    private final GradientReady exchangeReady;
    private final GradientAccumulator accumulator;
    private final Kernels kernels;
    private final GradientExchange.Range counted;
    private double[] lossSums = {}; // [global micro-batches]

    /**
     * Allocates the gradient buffers.
     *
     * @param pass over micro-batches as the batches have them, planned to train
     * @param exchange with the ranks that share the batch, {@link GradientExchange#ALONE} if none do
     */
    public LocalExecutor(Model model, Pass pass, GradientExchange exchange, Accumulation accumulation) {
        this.model = model;
        this.pass = pass;
        this.exchange = exchange;
        this.exchangeReady = exchange::ready;
        this.counted = exchange.counted(model.flatElements());
        this.kernels = model.stream().kernels();
        this.accumulator = switch (accumulation) {
            case RUNNING -> new RunningAccumulator(model);
            case TREE -> new TreeAccumulator(model);
        };
    }

    @Override
    public StepOutcome run(Batch batch, TrainState state) {
        List<MicroBatch> microBatches = batch.microBatches();
        float gradientScale = (float) (1.0 / batch.globalTargets());
        clearLosses(batch.globalMicroBatches());
        exchange.begin(accumulator.begin(batch));
        for (int i = 0; i < microBatches.size(); i++) {
            MicroBatch microBatch = microBatches.get(i);
            GradientReady ready = i == microBatches.size() - 1 ? exchangeReady : GradientReady.NOBODY;
            lossSums[microBatch.index()] = accumulator.add(pass, microBatch, gradientScale, ready);
        }
        long waitedNs = exchange.finish();
        accumulator.result().direct(1f);
        double squares = kernels.sumOfSquares(accumulator.result().range(counted));
        Tally tally = exchange.agree(new Tally(lossSums, state.takeRequests(), squares));
        return new StepOutcome(
                mean(tally.lossSums(), batch.globalTargets()), Math.sqrt(tally.squares()), tally.requests(), waitedNs);
    }

    private void clearLosses(int globalMicroBatches) {
        if (lossSums.length != globalMicroBatches) {
            lossSums = new double[globalMicroBatches];
        }
        Arrays.fill(lossSums, 0);
    }

    /** Summed in order of micro-batches: the same bits on any number of ranks. */
    private static double mean(double[] lossSums, long targets) {
        double sum = 0;
        for (double lossSum : lossSums) {
            sum += lossSum;
        }
        return sum / targets;
    }

    @Override
    public List<Parameter> owned() {
        return model.parameters();
    }

    @Override
    public void weightsUpdated() {
        model.valuesUpdated();
    }
}
