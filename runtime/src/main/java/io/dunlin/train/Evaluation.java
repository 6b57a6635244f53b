package io.dunlin.train;

import io.dunlin.data.Batch;
import io.dunlin.data.BatchSource;
import io.dunlin.data.DataPosition;
import io.dunlin.data.MicroBatch;
import io.dunlin.data.Share;
import io.dunlin.model.Pass;

/**
 * The mean loss over a fixed set of batches, by the same forward that trains.
 *
 * <p>Ranks share the batches as in training, and every rank gets the same loss.
 */
public final class Evaluation {
    private final Pass pass;
    private final BatchSource batches;
    private final GradientExchange exchange;
    private final Settings settings;

    /**
     * What is evaluated, and by whom.
     *
     * @param batches how many, from the beginning of the data; fewer if one pass over it has fewer
     * @param share which micro-batches of a batch are this rank's
     */
    public record Settings(int batches, Share share) {
        /** Checks that there is something to evaluate. */
        public Settings {
            if (batches < 1) {
                throw new IllegalArgumentException("an evaluation needs at least one batch, not " + batches);
            }
        }
    }

    /** Told of each evaluation. */
    @FunctionalInterface
    public interface Report {
        /** After {@code step} steps the mean loss is {@code loss}. */
        void evaluated(long step, double loss);
    }

    /**
     * Plans nothing: the pass has its memory.
     *
     * @param pass over micro-batches as the batches have them
     * @param batches of the validation data
     * @param exchange adds up what the ranks have evaluated
     */
    public Evaluation(Pass pass, BatchSource batches, GradientExchange exchange, Settings settings) {
        this.pass = pass;
        this.batches = batches;
        this.exchange = exchange;
        this.settings = settings;
    }

    /** The mean loss now; every rank that shares the batches must call it. */
    public double loss() {
        DataPosition position = DataPosition.START;
        double sum = 0;
        long targets = 0;
        for (int i = 0; i < settings.batches && position.epoch() == DataPosition.START.epoch(); i++) {
            Batch batch = batches.next(position, settings.share);
            double[] lossSums = new double[batch.globalMicroBatches()];
            evaluate(batch, lossSums);
            for (double lossSum : exchange.agree(
                            new GradientExchange.Tally(lossSums, 0, GradientExchange.Tally.NO_SQUARES))
                    .lossSums()) {
                sum += lossSum;
            }
            targets += batch.globalTargets();
            position = batch.next();
        }
        return sum / targets;
    }

    private void evaluate(Batch batch, double[] lossSums) {
        int turns = batch.turns();
        for (int turn = 0; turn < turns; turn++) {
            if (turn < batch.microBatches().size()) {
                MicroBatch microBatch = batch.microBatches().get(turn);
                lossSums[microBatch.index()] = pass.loss(microBatch);
            } else {
                pass.accompany();
            }
        }
    }

    /** A listener that evaluates after every {@code interval} steps. */
    public StepListener every(long interval, Report report) {
        return (state, result) -> {
            if (result.step() % interval == 0) {
                report.evaluated(result.step(), loss());
            }
        };
    }
}
