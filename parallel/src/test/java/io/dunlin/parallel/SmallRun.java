package io.dunlin.parallel;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.Communicator;
import io.dunlin.data.FixedBatchSource;
import io.dunlin.device.Device;
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
import io.dunlin.parallel.shard.FlatShares;
import io.dunlin.parallel.shard.GradientBuckets;
import io.dunlin.parallel.shard.ShardedExecutor;
import io.dunlin.parallel.shard.Staging;
import io.dunlin.train.Accumulation;
import io.dunlin.train.GradientExchange;
import io.dunlin.train.LocalExecutor;
import io.dunlin.train.StepExecutor;
import io.dunlin.train.TrainState;
import io.dunlin.train.Trainer;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.Supplier;

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
 * @param afterStep told of each step
 * @param devices opens where to compute
 * @param owners whether each rank updates its share alone
 */
public record SmallRun(
        ModelConfig config,
        Accumulation accumulation,
        int[][] rows,
        int rowsPerStep,
        int microBatch,
        long steps,
        long bucketBytes,
        Consumer<Model> prepare,
        LongConsumer afterStep,
        Supplier<Device> devices,
        boolean owners) {
    /** Fewer than there are buckets, so that each is used again. */
    private static final int SLOTS = 3;

    /** What a rank saw and ended with. */
    public record Outcome(List<Double> losses, List<Double> norms, Map<String, float[]> weights) {
        /** Fails unless every loss, norm and weight is the same to the last bit. */
        public void assertSameBits(Outcome expected) {
            assertThat(losses).isEqualTo(expected.losses);
            assertThat(norms).isEqualTo(expected.norms);
            assertThat(weights).containsOnlyKeys(expected.weights.keySet());
            expected.weights.forEach(
                    (name, values) -> assertThat(weights.get(name)).as(name).containsExactly(values));
        }
    }

    /** From given weights on given rows. */
    public static SmallRun of(ModelConfig config, Accumulation accumulation, int[][] rows, Consumer<Model> prepare) {
        return new SmallRun(
                config,
                accumulation,
                rows,
                14,
                2,
                20,
                4096,
                prepare,
                step -> {},
                () -> CpuDevice.open(CpuOptions.fast(1)),
                false);
    }

    /** 20 steps from random weights on random tokens, in 7 micro-batches of 2 rows a step. */
    public static SmallRun of(ModelConfig config, Accumulation accumulation) {
        Random random = new Random(5);
        int[][] rows = new int[40][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = random.ints(config.context(), 0, config.vocabulary()).toArray();
        }
        return of(config, accumulation, rows, model -> model.initialise(3));
    }

    /** The same with other sizes of a step. */
    public SmallRun batches(int newRowsPerStep, int newMicroBatch) {
        return new SmallRun(
                config,
                accumulation,
                rows,
                newRowsPerStep,
                newMicroBatch,
                steps,
                bucketBytes,
                prepare,
                afterStep,
                devices,
                owners);
    }

    /** The same, so long. */
    public SmallRun steps(long newSteps) {
        return new SmallRun(
                config,
                accumulation,
                rows,
                rowsPerStep,
                microBatch,
                newSteps,
                bucketBytes,
                prepare,
                afterStep,
                devices,
                owners);
    }

    /** The same in buckets of another size. */
    public SmallRun buckets(long newBucketBytes) {
        return new SmallRun(
                config,
                accumulation,
                rows,
                rowsPerStep,
                microBatch,
                steps,
                newBucketBytes,
                prepare,
                afterStep,
                devices,
                owners);
    }

    /** The same with somebody who is told of each step. */
    public SmallRun told(LongConsumer listener) {
        return new SmallRun(
                config,
                accumulation,
                rows,
                rowsPerStep,
                microBatch,
                steps,
                bucketBytes,
                prepare,
                listener,
                devices,
                owners);
    }

    /** The same elsewhere. */
    public SmallRun on(Supplier<Device> newDevices) {
        return new SmallRun(
                config,
                accumulation,
                rows,
                rowsPerStep,
                microBatch,
                steps,
                bucketBytes,
                prepare,
                afterStep,
                newDevices,
                owners);
    }

    /** The same with each rank updating its share alone. */
    public SmallRun sharded() {
        return new SmallRun(
                config,
                accumulation,
                rows,
                rowsPerStep,
                microBatch,
                steps,
                bucketBytes,
                prepare,
                afterStep,
                devices,
                true);
    }

    /** Trains with nobody else. */
    public Outcome alone() {
        return train(GradientExchangeFor.ALONE, (model, executor) -> executor, 0, 1);
    }

    /** Trains as one rank of a group. */
    public Outcome rank(Communicator communicator) {
        return train(
                model -> {
                    GradientBuckets buckets = GradientBuckets.of(model.flatElements(), bucketBytes);
                    Staging staging = new Staging(model.device(), model.stream(), SLOTS, Duration.ofSeconds(30));
                    return switch (accumulation) {
                        case RUNNING ->
                            owners
                                    ? DataParallelExchange.scattering(
                                            communicator, buckets, shares(model, communicator), staging)
                                    : DataParallelExchange.fast(communicator, buckets, staging);
                        case TREE -> DataParallelExchange.deterministic(communicator, buckets, staging);
                    };
                },
                (model, executor) -> owners
                        ? new ShardedExecutor(executor, communicator, model, shares(model, communicator), bucketBytes)
                        : executor,
                communicator.rank(),
                communicator.size());
    }

    private static FlatShares shares(Model model, Communicator communicator) {
        return new FlatShares(model.flatElements(), communicator.size());
    }

    @FunctionalInterface
    private interface GradientExchangeFor {
        GradientExchangeFor ALONE = model -> GradientExchange.ALONE;

        GradientExchange model(Model model);
    }

    private Outcome train(
            GradientExchangeFor exchange,
            BiFunction<Model, StepExecutor, StepExecutor> wrapping,
            int share,
            int shares) {
        List<Double> losses = new ArrayList<>();
        List<Double> norms = new ArrayList<>();
        try (Device device = devices.get();
                FixedBatchSource batches = FixedBatchSource.ofSequences(rows, rowsPerStep, microBatch)) {
            Model model = Model.create(config, device, Precision.F32);
            prepare.accept(model);
            Pass pass = model.plan(microBatch, rows[0].length, Recompute.NONE, PassKind.TRAIN);
            GradientExchange gradients = exchange.model(model);
            StepExecutor executor = wrapping.apply(model, new LocalExecutor(model, pass, gradients, accumulation));
            Trainer trainer = new Trainer(
                    executor,
                    new AdamW(executor.owned(), device, AdamW.Settings.DEFAULT),
                    batches,
                    new Trainer.Settings(new LearningRate.Constant(1e-3, 0), 1.0, share, shares),
                    System::nanoTime,
                    List.of((state, result) -> {
                        losses.add(result.loss());
                        norms.add(result.gradientNorm());
                        afterStep.accept(result.step());
                    }));
            try (gradients) {
                trainer.run(new TrainState(), steps);
            }
            Map<String, float[]> weights = new LinkedHashMap<>();
            for (Parameter parameter : model.parameters()) {
                float[] values = new float[(int) parameter.value().elements()];
                model.host().read(parameter.value().segment(), MemorySegment.ofArray(values));
                weights.put(parameter.name(), values);
            }
            return new Outcome(losses, norms, weights);
        }
    }
}
