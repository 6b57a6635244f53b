package io.dunlin.parallel;

import io.dunlin.collectives.Communicator;
import io.dunlin.data.FixedBatchSource;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.model.Model;
import io.dunlin.model.ModelConfig;
import io.dunlin.model.Pass;
import io.dunlin.model.PassKind;
import io.dunlin.model.Precision;
import io.dunlin.model.Recompute;
import io.dunlin.nn.Parameter;
import io.dunlin.optim.AdamW;
import io.dunlin.optim.LearningRate;
import io.dunlin.parallel.shard.DataParallelExchange;
import io.dunlin.parallel.shard.GradientBuckets;
import io.dunlin.train.Accumulation;
import io.dunlin.train.GradientExchange;
import io.dunlin.train.LocalExecutor;
import io.dunlin.train.TrainState;
import io.dunlin.train.Trainer;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;

/**
 * A real training of a small model, on this thread alone or as one of several ranks.
 *
 * @param config of the model
 * @param accumulation TREE for the deterministic mode, RUNNING for the fast one
 * @param rows [N][T] tokens, taken in order and around
 * @param rowsPerStep of all ranks together
 * @param microBatch rows
 * @param steps to train
 * @param bucketBytes small enough that there are many buckets
 * @param prepare writes initial weights
 */
public record SmallRun(
        ModelConfig config,
        Accumulation accumulation,
        int[][] rows,
        int rowsPerStep,
        int microBatch,
        long steps,
        long bucketBytes,
        Consumer<Model> prepare) {

    /** What a rank saw and ended with. */
    public record Outcome(List<Double> losses, List<Double> norms, Map<String, float[]> weights) {}

    /** 20 steps from random weights on random tokens, in 7 micro-batches of 2 rows a step. */
    public static SmallRun of(ModelConfig config, Accumulation accumulation) {
        Random random = new Random(5);
        int[][] rows = new int[40][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = random.ints(config.context(), 0, config.vocabulary()).toArray();
        }
        return new SmallRun(config, accumulation, rows, 14, 2, 20, 4096, model -> model.initialise(3));
    }

    /** The same with other sizes of a step. */
    public SmallRun batches(int newRowsPerStep, int newMicroBatch) {
        return new SmallRun(
                config, accumulation, rows, newRowsPerStep, newMicroBatch, steps, bucketBytes, prepare);
    }

    /** The same in buckets of another size. */
    public SmallRun buckets(long newBucketBytes) {
        return new SmallRun(config, accumulation, rows, rowsPerStep, microBatch, steps, newBucketBytes, prepare);
    }

    /** Trains with nobody else. */
    public Outcome alone() {
        return train(GradientExchangeFor.ALONE, 0, 1);
    }

    /** Trains as one rank of a group. */
    public Outcome rank(Communicator communicator) {
        return train(
                model -> {
                    GradientBuckets buckets = GradientBuckets.of(model.flatElements(), bucketBytes);
                    return switch (accumulation) {
                        case RUNNING -> DataParallelExchange.fast(communicator, buckets);
                        case TREE -> DataParallelExchange.deterministic(communicator, buckets);
                    };
                },
                communicator.rank(),
                communicator.size());
    }

    @FunctionalInterface
    private interface GradientExchangeFor {
        GradientExchangeFor ALONE = model -> GradientExchange.ALONE;

        GradientExchange model(Model model);
    }

    private Outcome train(GradientExchangeFor exchange, int share, int shares) {
        List<Double> losses = new ArrayList<>();
        List<Double> norms = new ArrayList<>();
        try (CpuDevice device = CpuDevice.open(CpuOptions.fast(1));
                FixedBatchSource batches = FixedBatchSource.ofSequences(rows, rowsPerStep, microBatch)) {
            Model model = Model.create(config, device, Precision.F32);
            prepare.accept(model);
            Pass pass = model.plan(microBatch, rows[0].length, Recompute.NONE, PassKind.TRAIN);
            Trainer trainer = new Trainer(
                    new LocalExecutor(model, pass, exchange.model(model), accumulation),
                    new AdamW(model.parameters(), device, AdamW.Settings.DEFAULT),
                    batches,
                    new Trainer.Settings(new LearningRate.Constant(1e-3, 0), 1.0, share, shares),
                    System::nanoTime,
                    List.of((state, result) -> {
                        losses.add(result.loss());
                        norms.add(result.gradientNorm());
                    }));
            trainer.run(new TrainState(), steps);
            Map<String, float[]> weights = new LinkedHashMap<>();
            for (Parameter parameter : model.parameters()) {
                weights.put(
                        parameter.name(), parameter.value().segment().toArray(ValueLayout.JAVA_FLOAT));
            }
            return new Outcome(losses, norms, weights);
        }
    }
}
