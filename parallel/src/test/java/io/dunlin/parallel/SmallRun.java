package io.dunlin.parallel;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.engine.SoloCommunicator;
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
import io.dunlin.nn.Trained;
import io.dunlin.optim.AdamW;
import io.dunlin.optim.LearningRate;
import io.dunlin.parallel.mesh.Mesh;
import io.dunlin.parallel.mesh.ShardDegrees;
import io.dunlin.parallel.shard.MeshCommunicators;
import io.dunlin.parallel.shard.Sharding;
import io.dunlin.tensor.TensorSlice;
import io.dunlin.train.Accumulation;
import io.dunlin.train.GradientExchange;
import io.dunlin.train.StepExecutor;
import io.dunlin.train.TrainState;
import io.dunlin.train.Trainer;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.Supplier;

/** A real training of a small model, on this thread alone or as one of several ranks. */
public final class SmallRun implements Cloneable {
    /** Fewer than there are buckets, so that each is used again. */
    private static final int SLOTS = 3;

    private final ModelConfig config;
    private final Accumulation accumulation; // TREE for the deterministic mode, RUNNING for the fast one
    private int[][] rows; // [N][T] tokens, taken in order and around
    private int rowsPerStep = 14; // of all ranks together
    private int microBatch = 2; // rows
    private long steps = 20;
    private long bucketBytes = 4096; // small enough that there are many buckets
    private Consumer<Model> prepare; // writes initial weights
    private LongConsumer afterStep = step -> {};
    private Supplier<Device> devices = () -> CpuDevice.open(CpuOptions.fast(1));
    private ShardDegrees degrees = ShardDegrees.REPLICATED;
    private Precision precision = Precision.F32;

    private SmallRun(ModelConfig config, Accumulation accumulation, int[][] rows, Consumer<Model> prepare) {
        this.config = config;
        this.accumulation = accumulation;
        this.rows = rows;
        this.prepare = prepare;
    }

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

        /**
         * What several ranks have together: all elements, and where two ranks have the same, the same values. Losses and
         * norms are the same on all.
         */
        public static Outcome together(List<Outcome> ranks) {
            Outcome first = ranks.getFirst();
            Map<String, float[]> all = new LinkedHashMap<>();
            for (Outcome outcome : ranks) {
                assertThat(outcome.losses).isEqualTo(first.losses);
                assertThat(outcome.norms).isEqualTo(first.norms);
                outcome.weights.forEach(
                        (name, values) -> all.merge(name, values.clone(), (known, more) -> join(name, known, more)));
            }
            all.forEach((name, values) -> assertThat(values).as(name).doesNotContain(Float.NaN));
            return new Outcome(first.losses, first.norms, all);
        }

        private static float[] join(String name, float[] known, float[] more) {
            for (int i = 0; i < known.length; i++) {
                if (Float.isNaN(known[i])) {
                    known[i] = more[i];
                } else if (!Float.isNaN(more[i])) {
                    assertThat(more[i]).as("%s[%d]", name, i).isEqualTo(known[i]);
                }
            }
            return known;
        }
    }

    /** From given weights on given rows. */
    public static SmallRun of(ModelConfig config, Accumulation accumulation, int[][] rows, Consumer<Model> prepare) {
        return new SmallRun(config, accumulation, rows, prepare);
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
        SmallRun run = copy();
        run.rowsPerStep = newRowsPerStep;
        run.microBatch = newMicroBatch;
        return run;
    }

    /** The same, so long. */
    public SmallRun steps(long newSteps) {
        SmallRun run = copy();
        run.steps = newSteps;
        return run;
    }

    /** The same in buckets of another size. */
    public SmallRun buckets(long newBucketBytes) {
        SmallRun run = copy();
        run.bucketBytes = newBucketBytes;
        return run;
    }

    /** The same with somebody who is told of each step. */
    public SmallRun told(LongConsumer listener) {
        SmallRun run = copy();
        run.afterStep = listener;
        return run;
    }

    /** The same on rows that were changed; {@code change} gets copies. */
    SmallRun changed(Consumer<int[][]> change) {
        int[][] copies = Arrays.stream(rows).map(int[]::clone).toArray(int[][]::new);
        change.accept(copies);
        SmallRun run = copy();
        run.rows = copies;
        return run;
    }

    /** The same with somebody who sees the model once its weights are written. */
    SmallRun prepared(Consumer<Model> then) {
        SmallRun run = copy();
        run.prepare = prepare.andThen(then);
        return run;
    }

    /** The same elsewhere. */
    public SmallRun on(Supplier<Device> newDevices) {
        SmallRun run = copy();
        run.devices = newDevices;
        return run;
    }

    /** The same with sharded tensors. */
    public SmallRun sharded(ShardDegrees newDegrees) {
        SmallRun run = copy();
        run.degrees = newDegrees;
        return run;
    }

    /** The same in another precision. */
    public SmallRun in(Precision newPrecision) {
        SmallRun run = copy();
        run.precision = newPrecision;
        return run;
    }

    /** TREE for the deterministic mode, RUNNING for the fast one. */
    Accumulation accumulation() {
        return accumulation;
    }

    /** How large a bucket is. */
    long bucketBytes() {
        return bucketBytes;
    }

    /** How far tensors are sharded. */
    ShardDegrees degrees() {
        return degrees;
    }

    private SmallRun copy() {
        try {
            return (SmallRun) clone();
        } catch (CloneNotSupportedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Trains with nobody else. */
    public Outcome alone() {
        Communicator solo = new SoloCommunicator(Group.world(1));
        return rank(Topology.oneHost(1), 0, solo, (group, priority) -> new SoloCommunicator(group));
    }

    /** Trains as one rank of a group, all on one host, with nothing sharded. */
    public Outcome rank(Communicator world) {
        return rank(Topology.oneHost(world.size()), world.rank(), world, (group, priority) -> {
            if (group.size() > 1) {
                throw new IllegalArgumentException(group + " has no communicator");
            }
            return new SoloCommunicator(group);
        });
    }

    /** Trains as one rank of a topology. */
    public Outcome rank(Topology topology, int rank, Communicator world, MeshCommunicators.Opener opener) {
        Mesh mesh = Mesh.of(degrees, topology, rank);
        return rank(mesh, MeshCommunicators.open(mesh, world, opener));
    }

    /** Trains as one rank of a mesh. */
    public Outcome rank(Mesh mesh, MeshCommunicators communicators) {
        return train(new Sharding(
                mesh, communicators, new Sharding.Settings(accumulation, bucketBytes, SLOTS, Duration.ofSeconds(30))));
    }

    /** Trains as one rank of a sharding that somebody else has made. */
    Outcome train(Sharding sharding) {
        List<Double> losses = new ArrayList<>();
        List<Double> norms = new ArrayList<>();
        try (Device device = devices.get();
                FixedBatchSource batches = FixedBatchSource.ofSequences(rows, rowsPerStep, microBatch)) {
            Model model = Model.create(config, device, precision, sharding::weights);
            prepare.accept(model);
            Pass pass = model.plan(microBatch, rows[0].length, Recompute.NONE, PassKind.TRAIN);
            GradientExchange gradients = sharding.exchange(model);
            StepExecutor executor = sharding.executor(model, pass, gradients);
            Trainer trainer = new Trainer(
                    executor,
                    new AdamW(executor.owned(), device, AdamW.Settings.DEFAULT),
                    batches,
                    new Trainer.Settings(
                            new LearningRate.Constant(1e-3, 0),
                            1.0,
                            sharding.mesh().share()),
                    System::nanoTime,
                    List.of((state, result) -> {
                        losses.add(result.loss());
                        norms.add(result.gradientNorm());
                        afterStep.accept(result.step());
                    }));
            try (gradients) {
                trainer.run(new TrainState(), steps);
            }
            return new Outcome(losses, norms, weights(model));
        }
    }

    /** What this rank has of all tensors; NaN elsewhere. */
    private static Map<String, float[]> weights(Model model) {
        Map<String, float[]> weights = new LinkedHashMap<>();
        for (Parameter parameter : model.parameters()) {
            float[] none = new float[(int) parameter.shape().elements()];
            Arrays.fill(none, Float.NaN);
            weights.put(parameter.name(), none);
        }
        for (Trained trained : model.owned()) {
            TensorSlice slice = trained.slice();
            float[] values = new float[(int) slice.length()];
            model.host().read(trained.value().segment(), MemorySegment.ofArray(values));
            System.arraycopy(values, 0, weights.get(slice.name()), (int) slice.offset(), values.length);
        }
        return weights;
    }
}
