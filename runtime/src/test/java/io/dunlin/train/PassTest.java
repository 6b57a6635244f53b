package io.dunlin.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.data.DataPosition;
import io.dunlin.data.MicroBatch;
import io.dunlin.data.Share;
import io.dunlin.device.Device;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.model.BackwardListener;
import io.dunlin.model.Model;
import io.dunlin.model.ModelConfig;
import io.dunlin.model.ModelException;
import io.dunlin.model.Pass;
import io.dunlin.model.PassKind;
import io.dunlin.model.Precision;
import io.dunlin.model.Presets;
import io.dunlin.model.Recompute;
import io.dunlin.model.Unit;
import io.dunlin.model.WeightStore;
import io.dunlin.model.WholeWeights;
import io.dunlin.nn.Head;
import io.dunlin.nn.Trained;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PassTest {
    private static final int ROWS = 3;

    private final Device device = CpuDevice.open(CpuOptions.fast(2));

    @AfterEach
    void close() {
        device.close();
    }

    static List<ModelConfig> models() {
        return SmallModels.all();
    }

    @ParameterizedTest
    @MethodSource("models")
    void shouldGiveTheSameBitsWhenBlocksAreRecomputed(ModelConfig config) {
        for (Precision precision : Precision.values()) {
            Model model = SmallModels.lively(config, device, precision);
            Pass keeps = model.plan(ROWS, config.context(), Recompute.NONE, PassKind.TRAIN);
            Pass recomputes = model.plan(ROWS, config.context(), Recompute.LAYER, PassKind.TRAIN);

            double[] kept = lossAndGradient(model, keeps, microBatch(config, config.context()));
            double[] recomputed = lossAndGradient(model, recomputes, microBatch(config, config.context()));

            assertThat(recomputed).isEqualTo(kept);
        }
    }

    @Test
    void shouldNeedLessMemoryWhenBlocksAreRecomputed() {
        Model model = Model.create(ModelConfig.gpt(6, 64, 4, 64, 32), device, Precision.F32);

        long kept = model.plan(4, 32, Recompute.NONE, PassKind.TRAIN).activationBytes();
        long recomputed = model.plan(4, 32, Recompute.LAYER, PassKind.TRAIN).activationBytes();
        long evaluated = model.plan(4, 32, Recompute.NONE, PassKind.EVALUATE).activationBytes();

        assertThat(recomputed).isLessThan(kept / 2);
        assertThat(evaluated).isLessThan(recomputed);
    }

    @ParameterizedTest
    @MethodSource("models")
    void shouldEvaluateToTheLossThatTrainingSees(ModelConfig config) {
        Model model = SmallModels.lively(config, device, Precision.F32);
        MicroBatch microBatch = microBatch(config, config.context());
        Pass trains = model.plan(ROWS, config.context(), Recompute.NONE, PassKind.TRAIN);
        Pass evaluates = model.plan(ROWS, config.context(), Recompute.NONE, PassKind.EVALUATE);

        double loss = evaluates.loss(microBatch);

        assertThat(loss).isPositive();
        assertThat(trains.loss(microBatch)).isEqualTo(loss);
        assertThat(lossAndGradient(model, trains, microBatch)[0]).isEqualTo(loss);
    }

    @Test
    void shouldComputeLogitsInChunksAsInOnePiece() {
        ModelConfig config = ModelConfig.gpt(1, 8, 2, 11, 500);
        Model model = SmallModels.lively(config, device, Precision.F32);
        MicroBatch microBatch = microBatch(config, 500);
        assertThat(ROWS * 500).isGreaterThan(Head.CHUNK_ROWS).isNotEqualTo(2 * Head.CHUNK_ROWS);

        double inChunks =
                model.plan(ROWS, 500, Recompute.NONE, PassKind.EVALUATE).loss(microBatch);
        double inOnePiece =
                model.plan(ROWS, 500, Recompute.NONE, PassKind.GENERATE).loss(microBatch);

        assertThat(inChunks).isEqualTo(inOnePiece);
    }

    @ParameterizedTest
    @MethodSource("models")
    void shouldReportEveryPartOfTheGradientOnceFromTheEndToTheBeginning(ModelConfig config) {
        Model model = SmallModels.lively(config, device, Precision.F32);
        new GradientBuffer(model).direct(0f);
        Pass pass = model.plan(ROWS, config.context(), Recompute.NONE, PassKind.TRAIN);
        List<long[]> parts = new ArrayList<>();

        pass.forwardBackward(
                microBatch(config, config.context()),
                1f,
                ending(unit -> parts.add(new long[] {unit.offset(), unit.length()})));

        long end = model.flatElements();
        for (long[] part : parts) {
            assertThat(part[0] + part[1]).isEqualTo(end);
            end = part[0];
        }
        assertThat(end).isZero();
        assertThat(parts).hasSize(config.layers() + 2);
    }

    @ParameterizedTest
    @MethodSource("models")
    void shouldAccompanyThroughTheSameUnits(ModelConfig config) {
        List<String> calls = new ArrayList<>();
        Model model = Model.create(config, device, Precision.F32, needs -> new RecordingStore(needs, calls));
        new GradientBuffer(model).direct(0f);
        Pass pass = model.plan(ROWS, config.context(), Recompute.LAYER, PassKind.TRAIN);
        BackwardListener listener = new BackwardListener() {
            @Override
            public void begins(Unit unit) {
                calls.add("begins " + unit.number());
            }

            @Override
            public void ends(Unit unit) {
                calls.add("ends " + unit.number());
            }
        };
        MicroBatch microBatch = microBatch(config, config.context());

        pass.forwardBackward(microBatch, 1f, listener);
        List<String> trained = List.copyOf(calls);
        calls.clear();
        pass.accompany(listener);
        assertThat(calls).isEqualTo(trained);

        calls.clear();
        pass.loss(microBatch);
        List<String> evaluated = List.copyOf(calls);
        calls.clear();
        pass.accompany();
        assertThat(calls).isEqualTo(evaluated).hasSizeLessThan(trained.size());
    }

    @ParameterizedTest
    @MethodSource("models")
    void shouldForetellTheUnitsThatItEnters(ModelConfig config) {
        List<String> calls = new ArrayList<>();
        Model model = Model.create(config, device, Precision.F32, needs -> new RecordingStore(needs, calls));
        Pass pass = model.plan(ROWS, config.context(), Recompute.NONE, PassKind.TRAIN);

        pass.accompany(BackwardListener.NOBODY);

        List<String> entered =
                calls.stream().filter(call -> call.startsWith("enter")).toList();
        int last = config.layers() + 1;
        assertThat(entered).hasSize((config.tiedHead() ? 3 : 2) + 2 * config.layers());
        for (int i = 0; i + 1 < entered.size(); i++) {
            String foretold = entered.get(i).split(" ")[3];
            assertThat(foretold).as(entered.get(i)).isEqualTo(entered.get(i + 1).split(" ")[1]);
        }
        assertThat(entered.getLast()).isEqualTo("enter 1 then " + WeightStore.NOT_KNOWN);
        assertThat(entered).anyMatch(call -> call.startsWith("enter " + last));
    }

    /** The whole weights, and who asked for them. */
    private record RecordingStore(WeightStore whole, List<String> calls) implements WeightStore {
        RecordingStore(Needs needs, List<String> calls) {
            this(WholeWeights.open(needs), calls);
        }

        @Override
        public List<? extends Trained> owned() {
            return whole.owned();
        }

        @Override
        public void enter(int unit, int next) {
            calls.add("enter %d then %d".formatted(unit, next));
        }

        @Override
        public void leave(int unit) {
            calls.add("leave " + unit);
        }

        @Override
        public long waitedNs() {
            return whole.waitedNs();
        }

        @Override
        public void updated() {
            whole.updated();
        }

        @Override
        public void loaded() {
            whole.loaded();
        }
    }

    private static BackwardListener ending(Consumer<Unit> ends) {
        return new BackwardListener() {
            @Override
            public void begins(Unit unit) {}

            @Override
            public void ends(Unit unit) {
                ends.accept(unit);
            }
        };
    }

    @ParameterizedTest
    @MethodSource("models")
    void shouldLeaveFinalGradientsWhereAPartIsReady(ModelConfig config) {
        Model model = SmallModels.lively(config, device, Precision.F32);
        MicroBatch microBatch = microBatch(config, config.context());
        Pass pass = model.plan(ROWS, config.context(), Recompute.NONE, PassKind.TRAIN);
        GradientBuffer buffer = new GradientBuffer(model);
        GradientExchange.Range whole = new GradientExchange.Range(0, model.flatElements());
        double[] atReady = new double[(int) model.flatElements()];

        buffer.direct(0f);
        pass.forwardBackward(microBatch, 1f, ending(unit -> {
            for (long i = unit.offset(); i < unit.offset() + unit.length(); i++) {
                atReady[(int) i] = buffer.range(whole).get(i);
            }
        }));

        for (int i = 0; i < atReady.length; i++) {
            assertThat(atReady[i]).isEqualTo(buffer.range(whole).get(i));
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void shouldFollowFullPrecisionInBf16(ModelConfig config) {
        MicroBatch microBatch = microBatch(config, config.context());
        double[] full = inPrecision(config, Precision.F32, microBatch);
        double[] half = inPrecision(config, Precision.BF16, microBatch);

        assertThat(half[0]).isCloseTo(full[0], within(0.02 * full[0]));
        double dot = 0;
        double fullSquares = 0;
        double halfSquares = 0;
        for (int i = 1; i < full.length; i++) {
            dot += full[i] * half[i];
            fullSquares += full[i] * full[i];
            halfSquares += half[i] * half[i];
        }
        assertThat(dot / Math.sqrt(fullSquares * halfSquares)).isGreaterThan(0.99);
    }

    private double[] inPrecision(ModelConfig config, Precision precision, MicroBatch microBatch) {
        Model model = SmallModels.lively(config, device, precision);
        return lossAndGradient(model, model.plan(ROWS, config.context(), Recompute.NONE, PassKind.TRAIN), microBatch);
    }

    @Test
    void shouldRefuseTokensOutsideOfTheVocabulary() {
        ModelConfig config = Presets.named("debug").withVocabulary(100);
        Model model = Model.create(config, device, Precision.F32);
        Pass pass = model.plan(ROWS, 8, Recompute.NONE, PassKind.EVALUATE);
        MicroBatch bytes = new ArrayBatches(new int[][][] {{{1, 2, 3, 4, 5, 6, 7, 100}, new int[8], new int[8]}}, ROWS)
                .next(DataPosition.START, Share.ALL)
                .microBatches()
                .getFirst();

        assertThatThrownBy(() -> pass.loss(bytes))
                .isInstanceOfSatisfying(
                        ModelException.class, e -> assertThat(e.code()).isEqualTo("DUN-513"))
                .hasMessage("Token 100 is outside of the model's vocabulary of 100.");
    }

    @Test
    void shouldRefuseSequencesLongerThanTheContext() {
        Model model = Model.create(Presets.named("debug"), device, Precision.F32);

        assertThatThrownBy(() -> model.plan(1, 65, Recompute.NONE, PassKind.TRAIN))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("65 positions, but the model's context is 64");
    }

    @Test
    void shouldRefuseAMicroBatchOfAnotherShape() {
        ModelConfig config = Presets.named("debug");
        Model model = Model.create(config, device, Precision.F32);
        Pass pass = model.plan(ROWS, 8, Recompute.NONE, PassKind.EVALUATE);

        assertThatThrownBy(() -> pass.loss(microBatch(config, 9)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a pass planned for I32[3x8] was given I32[3x9]");
    }

    private static MicroBatch microBatch(ModelConfig config, int time) {
        return new ArrayBatches(Tokens.random(3, 1, ROWS, time, config.vocabulary()), ROWS)
                .next(DataPosition.START, Share.ALL)
                .microBatches()
                .getFirst();
    }

    /** The sum of losses, then the flat gradient. */
    private static double[] lossAndGradient(Model model, Pass pass, MicroBatch microBatch) {
        GradientBuffer buffer = new GradientBuffer(model);
        buffer.direct(0f);
        GradientExchange.Range whole = new GradientExchange.Range(0, model.flatElements());
        double[] all = new double[(int) model.flatElements() + 1];
        all[0] = pass.forwardBackward(microBatch, 0.1f, BackwardListener.NOBODY);
        for (int i = 1; i < all.length; i++) {
            all[i] = buffer.range(whole).get(i - 1);
        }
        return all;
    }
}
