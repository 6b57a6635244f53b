package io.dunlin.train;

import io.dunlin.data.Batch;
import io.dunlin.data.MicroBatch;
import io.dunlin.model.Model;
import io.dunlin.model.Pass;
import io.dunlin.nn.Trained;
import io.dunlin.train.GradientExchange.Tally;
import java.util.Arrays;
import java.util.List;

/**
 * Forward and backward of this rank's micro-batches. Alone it is complete; how their gradients are added up and what is
 * exchanged with other ranks is up to the {@link GradientAccumulator} and the {@link GradientExchange}.
 */
public final class LocalExecutor implements StepExecutor {
    private final Model model;
    private final Pass pass;
    private final GradientExchange exchange;
    private final GradientReady exchangeReady;
    private final GradientAccumulator accumulator;
    private final GradientNorm norm;
    private final List<GradientExchange.Range> counted;
    private double[] lossSums = {}; // [global micro-batches]

    /**
     * A rank that sums all gradients of its own micro-batches; allocates the gradient buffers.
     *
     * @param pass over micro-batches as the batches have them, planned to train
     * @param exchange with the ranks that share the batch, {@link GradientExchange#ALONE} if none do
     */
    public LocalExecutor(Model model, Pass pass, GradientExchange exchange, Accumulation accumulation) {
        this(model, pass, exchange, accumulation.of(model), accumulation.norm(model));
    }

    /** A rank that sums gradients as {@code accumulator} does. */
    public LocalExecutor(
            Model model, Pass pass, GradientExchange exchange, GradientAccumulator accumulator, GradientNorm norm) {
        this.model = model;
        this.pass = pass;
        this.exchange = exchange;
        this.exchangeReady = exchange::ready;
        this.accumulator = accumulator;
        this.norm = norm;
        this.counted = exchange.counted(accumulator.elements());
    }

    @Override
    public StepOutcome run(Batch batch, TrainState state) {
        List<MicroBatch> microBatches = batch.microBatches();
        float gradientScale = (float) (1.0 / batch.globalTargets());
        clearLosses(batch.globalMicroBatches());
        long waitedBeforeNs = accumulator.waitedNs() + model.weights().waitedNs();
        exchange.begin(accumulator.begin(batch));
        int turns = batch.turns();
        for (int turn = 0; turn < turns; turn++) {
            GradientReady ready = turn == turns - 1 ? exchangeReady : GradientReady.NOBODY;
            if (turn < microBatches.size()) {
                MicroBatch microBatch = microBatches.get(turn);
                lossSums[microBatch.index()] = accumulator.add(pass, microBatch, gradientScale, ready);
            } else {
                accumulator.skip(pass, ready);
            }
        }
        long waitedNs =
                exchange.finish() + accumulator.waitedNs() + model.weights().waitedNs() - waitedBeforeNs;
        accumulator.deliver();
        Tally tally = exchange.agree(new Tally(lossSums, state.takeRequests(), squares()));
        double total = norm.total(tally.squares());
        return new StepOutcome(
                mean(tally.lossSums(), batch.globalTargets()), Math.sqrt(total), tally.requests(), waitedNs);
    }

    private double[] squares() {
        norm.clear();
        for (int i = 0; i < counted.size(); i++) {
            norm.add(accumulator.result(counted.get(i)));
        }
        return norm.squares();
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
    public List<? extends Trained> owned() {
        return model.owned();
    }

    @Override
    public long weightsUpdated() {
        long beforeNs = model.weights().waitedNs();
        model.valuesUpdated();
        return model.weights().waitedNs() - beforeNs;
    }
}
