package io.dunlin.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.data.Batch;
import io.dunlin.data.DataPosition;
import io.dunlin.data.Share;
import io.dunlin.device.Device;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.model.Model;
import io.dunlin.model.ModelConfig;
import io.dunlin.model.PassKind;
import io.dunlin.model.Precision;
import io.dunlin.model.Recompute;
import io.dunlin.nn.Parameter;
import io.dunlin.train.SummationTree.Block;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LocalExecutorTest {
    private static final ModelConfig CONFIG = ModelConfig.llama(1, 8, 2, 1, 11, 13, 6);

    private final Device device = CpuDevice.open(CpuOptions.fast(2));
    private final Model model = SmallModels.lively(CONFIG, device, Precision.F32);

    @AfterEach
    void close() {
        device.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 7, 8, 11})
    void shouldGiveTheSameBitsOnAnyNumberOfRanksInTreeOrder(int microBatches) {
        ArrayBatches batches = batches(microBatches, 1);
        float[] alone = gradientOf(batches, GradientExchange.ALONE, 0, 1).gradient;

        for (int ranks = 2; ranks <= microBatches + 1; ranks++) {
            Map<Block, float[]> held = new HashMap<>();
            for (int rank = 0; rank < ranks; rank++) {
                Recording recording = new Recording();
                gradientOf(batches, recording, rank, ranks);
                held.putAll(recording.sums);
            }
            assertThat(combine(SummationTree.root(microBatches), held, microBatches))
                    .as("%d micro-batches on %d ranks", microBatches, ranks)
                    .isEqualTo(alone);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void shouldHandOverTheSamePartialsInEveryStep(int ranks) {
        ArrayBatches batches = batches(6, 2);
        Recording exchange = new Recording();
        LocalExecutor executor = executor(exchange, Accumulation.TREE, 1);
        Batch first = batches.next(DataPosition.START, Share.of(ranks - 1, ranks));

        executor.run(first, new TrainState());
        GradientExchange.GradientPartials partials = exchange.partials;
        executor.run(batches.next(first.next(), Share.of(ranks - 1, ranks)), new TrainState());

        assertThat(exchange.partials).isSameAs(partials);
    }

    @Test
    void shouldAgreeUpToRoundingHoweverTheBatchIsCut() {
        float[] whole = gradientOf(batchesOf(6, 6), GradientExchange.ALONE, Accumulation.RUNNING, 6).gradient;
        float[] running = gradientOf(batchesOf(6, 2), GradientExchange.ALONE, Accumulation.RUNNING, 2).gradient;
        float[] tree = gradientOf(batchesOf(6, 1), GradientExchange.ALONE, Accumulation.TREE, 1).gradient;

        assertThat(running).containsExactly(whole, within(1e-6f));
        assertThat(tree).containsExactly(whole, within(1e-6f));
        assertThat(whole).doesNotContain(Float.NaN);
    }

    @Test
    void shouldForgetTheGradientOfTheStepBefore() {
        ArrayBatches batches = batchesOf(4, 2);
        LocalExecutor executor = executor(GradientExchange.ALONE, Accumulation.RUNNING, 2);
        Batch batch = batches.next(DataPosition.START, Share.ALL);

        executor.run(batch, new TrainState());
        float[] first = flat();
        StepOutcome again = executor.run(batch, new TrainState());

        assertThat(flat()).isEqualTo(first);
        double squares = 0;
        for (float element : first) {
            squares += (double) element * element;
        }
        assertThat(again.gradientNorm()).isCloseTo(Math.sqrt(squares), within(1e-6));
    }

    @Test
    void shouldReportThePartsOfTheLastMicroBatchAlone() {
        Recording exchange = new Recording();
        LocalExecutor executor = executor(exchange, Accumulation.RUNNING, 1);

        executor.run(batchesOf(3, 1).next(DataPosition.START, Share.ALL), new TrainState());

        assertThat(exchange.readyElements).isEqualTo(model.flatElements());
    }

    @Test
    void shouldReportNothingWhereThereIsNoMicroBatch() {
        Recording exchange = new Recording();
        LocalExecutor executor = executor(exchange, Accumulation.TREE, 1);

        executor.run(batchesOf(1, 1).next(DataPosition.START, Share.of(0, 2)), new TrainState());

        assertThat(exchange.readyElements).isZero();
        assertThat(exchange.partials.sums()).isEmpty();
        assertThat(exchange.partials.result().byteSize()).isEqualTo(model.flatElements() * Float.BYTES);
    }

    @Test
    void shouldHandItsRequestsToTheOthersOnce() {
        LocalExecutor executor = executor(GradientExchange.ALONE, Accumulation.RUNNING, 1);
        Batch batch = batchesOf(1, 1).next(DataPosition.START, Share.ALL);
        TrainState state = new TrainState();

        state.request(StepRequest.SAVE);

        assertThat(TrainState.decode(executor.run(batch, state).requests())).containsExactly(StepRequest.SAVE);
        assertThat(executor.run(batch, state).requests()).isZero();
    }

    private record Run(StepOutcome outcome, float[] gradient) {}

    private Run gradientOf(ArrayBatches batches, GradientExchange exchange, int rank, int ranks) {
        LocalExecutor executor = executor(exchange, Accumulation.TREE, 1);
        StepOutcome outcome = executor.run(batches.next(DataPosition.START, Share.of(rank, ranks)), new TrainState());
        return new Run(outcome, flat());
    }

    private Run gradientOf(ArrayBatches batches, GradientExchange exchange, Accumulation accumulation, int microBatch) {
        LocalExecutor executor = executor(exchange, accumulation, microBatch);
        return new Run(executor.run(batches.next(DataPosition.START, Share.ALL), new TrainState()), flat());
    }

    private LocalExecutor executor(GradientExchange exchange, Accumulation accumulation, int microBatch) {
        return new LocalExecutor(
                model,
                model.plan(microBatch, CONFIG.context(), Recompute.NONE, PassKind.TRAIN),
                exchange,
                accumulation);
    }

    private static ArrayBatches batches(int microBatches, int steps) {
        return new ArrayBatches(Tokens.random(9, steps, microBatches, CONFIG.context(), CONFIG.vocabulary()), 1);
    }

    private static ArrayBatches batchesOf(int rows, int microBatch) {
        return new ArrayBatches(Tokens.random(9, 1, rows, CONFIG.context(), CONFIG.vocabulary()), microBatch);
    }

    /** The gradients of all parameters, one after another. */
    private float[] flat() {
        float[] flat = new float[(int) CONFIG.parameterCount()];
        int at = 0;
        for (Parameter parameter : model.parameters()) {
            for (long i = 0; i < parameter.shape().elements(); i++) {
                flat[at++] = parameter.gradient().get(i);
            }
        }
        return flat;
    }

    /** Every block by the definition of the tree, in the layout of {@link #flat()}. */
    private static float[] combine(Block block, Map<Block, float[]> held, int leaves) {
        float[] known = held.get(block);
        if (known != null) {
            return known;
        }
        float[] left = combine(new Block(block.level() - 1, block.index() * 2), held, leaves);
        Block right = new Block(block.level() - 1, block.index() * 2 + 1);
        if (right.first() >= leaves) {
            return left;
        }
        float[] added = combine(right, held, leaves);
        float[] sum = new float[left.length];
        for (int i = 0; i < sum.length; i++) {
            sum[i] = left[i] + added[i];
        }
        return sum;
    }

    /** Keeps what a rank would send. */
    private final class Recording implements GradientExchange {
        private final Map<Block, float[]> sums = new HashMap<>();
        private GradientPartials partials = new GradientPartials(List.of(), List.of(), MemorySegment.NULL, 0);
        private long readyElements;

        @Override
        public void begin(GradientPartials ofStep) {
            partials = ofStep;
        }

        @Override
        public void ready(long offset, long length) {
            readyElements += length;
        }

        @Override
        public long finish() {
            for (int i = 0; i < partials.blocks().size(); i++) {
                sums.put(
                        partials.blocks().get(i), withoutPadding(partials.sums().get(i)));
            }
            return 0;
        }

        @Override
        public List<Range> counted(long elements) {
            return List.of(new Range(0, elements));
        }

        @Override
        public Tally agree(Tally mine) {
            return mine;
        }

        private float[] withoutPadding(MemorySegment buffer) {
            List<Float> kept = new ArrayList<>();
            for (Parameter parameter : model.parameters()) {
                for (long i = 0; i < parameter.shape().elements(); i++) {
                    kept.add(buffer.getAtIndex(ValueLayout.JAVA_FLOAT, parameter.flatOffset() + i));
                }
            }
            float[] elements = new float[kept.size()];
            for (int i = 0; i < elements.length; i++) {
                elements[i] = kept.get(i);
            }
            return elements;
        }
    }
}
