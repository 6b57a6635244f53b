package io.dunlin.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.data.DataPosition;
import io.dunlin.data.Share;
import io.dunlin.device.Device;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.device.cpu.KernelChoice;
import io.dunlin.model.Fixture;
import io.dunlin.model.Model;
import io.dunlin.model.PassKind;
import io.dunlin.model.Precision;
import io.dunlin.model.Recompute;
import io.dunlin.nn.Parameter;
import io.dunlin.optim.AdamW;
import io.dunlin.optim.LearningRate;
import io.dunlin.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** Whole models against the figures that PyTorch and transformers give. */
class PyTorchAgreementTest {
    private static final int ROWS = 8;

    static Stream<Arguments> models() {
        return Stream.of(Fixture.values())
                .flatMap(fixture -> Stream.of(KernelChoice.values()).map(kernels -> Arguments.of(fixture, kernels)));
    }

    @ParameterizedTest(name = "{0}, {1} kernels")
    @MethodSource("models")
    void shouldPredictWhatTransformersPredicts(Fixture fixture, KernelChoice kernels) {
        JsonNode expected = fixture.expected().get("logits_head");
        int[][][] tokens = fixture.tokens();
        int time = tokens[0][0].length;
        try (Device device = open(kernels)) {
            Model model = fixture.model(device, Precision.F32);

            Tensor logits = model.plan(ROWS, time, Recompute.NONE, PassKind.GENERATE)
                    .logits(new ArrayBatches(tokens, ROWS)
                            .next(DataPosition.START, Share.ALL)
                            .microBatches()
                            .getFirst()
                            .tokens());

            for (int t = 0; t < expected.size(); t++) {
                for (int v = 0; v < expected.get(t).size(); v++) {
                    assertThat((double) logits.get((long) t * logits.columns() + v))
                            .isCloseTo(expected.get(t).get(v).asDouble(), within(1e-4));
                }
            }
        }
    }

    static Stream<Arguments> runs() {
        return Stream.of(Fixture.values())
                .flatMap(fixture -> Stream.of(
                        Arguments.of(fixture, KernelChoice.PLAIN, 8, Accumulation.RUNNING, 5),
                        Arguments.of(fixture, KernelChoice.PLAIN, 2, Accumulation.TREE, 5),
                        Arguments.of(fixture, KernelChoice.FAST, 8, Accumulation.RUNNING, Fixture.STEPS),
                        Arguments.of(fixture, KernelChoice.FAST, 2, Accumulation.RUNNING, Fixture.STEPS),
                        Arguments.of(fixture, KernelChoice.FAST, 1, Accumulation.TREE, Fixture.STEPS)));
    }

    @ParameterizedTest(name = "{0}, {1} kernels, {2} rows at a time, {3}, {4} steps")
    @MethodSource("runs")
    void shouldTrainAsPyTorchTrains(
            Fixture fixture, KernelChoice kernels, int microBatch, Accumulation accumulation, int steps) {
        JsonNode expected = fixture.expected();
        try (Device device = open(kernels)) {
            Model model = fixture.model(device, Precision.F32);
            Trainer trainer = trainer(model, fixture.tokens(), microBatch, accumulation, (state, result) -> {
                int step = (int) result.step() - 1;
                assertThat(result.loss())
                        .as("loss of step %d", step)
                        .isCloseTo(expected.get("losses").get(step).asDouble(), within(1e-4));
                double norm = expected.get("grad_norms").get(step).asDouble();
                assertThat(result.gradientNorm())
                        .as("gradient norm of step %d", step)
                        .isCloseTo(norm, within(1e-3 * norm));
            });

            trainer.run(new TrainState(), steps);

            if (steps == Fixture.STEPS) {
                assertSums(fixture, model);
            }
        }
    }

    /** Adam turns rounding of a gradient near zero into a step of its learning rate; sums of thousands even that out. */
    private static void assertSums(Fixture fixture, Model model) {
        fixture.expected().get("param_sums").properties().forEach(sum -> {
            Parameter parameter = parameter(model, fixture.ourName(sum.getKey()));
            assertThat(sum(parameter.value()))
                    .as(parameter.name())
                    .isCloseTo(
                            sum.getValue().asDouble(),
                            within(1e-4 * Math.sqrt(parameter.shape().elements())));
        });
    }

    @ParameterizedTest
    @EnumSource
    void shouldFollowPyTorchInBf16(Fixture fixture) {
        JsonNode expected = fixture.expected().get("losses");
        try (Device device = open(KernelChoice.FAST)) {
            Model model = fixture.model(device, Precision.BF16);
            Trainer trainer = trainer(model, fixture.tokens(), ROWS, Accumulation.RUNNING, (state, result) -> {
                double loss = expected.get((int) result.step() - 1).asDouble();
                assertThat(result.loss()).as("step %d", result.step()).isCloseTo(loss, within(5e-3 * loss));
            });

            trainer.run(new TrainState(), Fixture.STEPS);
        }
    }

    private static Device open(KernelChoice kernels) {
        return CpuDevice.open(kernels == KernelChoice.FAST ? CpuOptions.fast(2) : CpuOptions.plain());
    }

    private static Trainer trainer(
            Model model, int[][][] tokens, int microBatch, Accumulation accumulation, StepListener listener) {
        int time = tokens[0][0].length;
        return new Trainer(
                new LocalExecutor(
                        model,
                        model.plan(microBatch, time, Recompute.NONE, PassKind.TRAIN),
                        GradientExchange.ALONE,
                        accumulation),
                new AdamW(model.parameters(), model.device(), AdamW.Settings.DEFAULT),
                new ArrayBatches(tokens, microBatch),
                new Trainer.Settings(new LearningRate.Constant(1e-3, 0), 1.0, Share.ALL),
                System::nanoTime,
                List.of(listener));
    }

    private static Parameter parameter(Model model, String name) {
        return model.parameters().stream()
                .filter(p -> p.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static double sum(Tensor tensor) {
        double sum = 0;
        for (long i = 0; i < tensor.elements(); i++) {
            sum += tensor.get(i);
        }
        return sum;
    }
}
