package io.dunlin.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.data.Batch;
import io.dunlin.data.DataPosition;
import io.dunlin.data.MicroBatch;
import io.dunlin.data.Share;
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
import io.dunlin.tensor.Philox;
import java.lang.foreign.ValueLayout;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The gradient of every parameter of whole models against central differences of the loss. */
class GradientCheckTest {
    private static final int ROWS = 3;

    static Stream<Arguments> models() {
        return SmallModels.all().stream().flatMap(config -> Stream.of(CpuOptions.plain(), CpuOptions.fast(2))
                .map(options -> Arguments.of(config, options)));
    }

    @ParameterizedTest
    @MethodSource("models")
    void shouldMatchFiniteDifferences(ModelConfig config, CpuOptions options) {
        try (Device device = CpuDevice.open(options)) {
            Model model = SmallModels.lively(config, device, Precision.F32);
            int time = config.context() - 1; // some learned positions are not used
            Pass pass = model.plan(ROWS, time, Recompute.NONE, PassKind.TRAIN);
            Batch batch = new ArrayBatches(Tokens.random(3, 1, ROWS, time, config.vocabulary()), ROWS)
                    .next(DataPosition.START, Share.ALL);
            MicroBatch microBatch = batch.microBatches().getFirst();
            LocalExecutor executor = new LocalExecutor(model, pass, GradientExchange.ALONE, Accumulation.RUNNING);

            executor.run(batch, new TrainState());

            for (Parameter parameter : model.parameters()) {
                Direction direction = new Direction(parameter);
                double expected = direction.slope(() -> {
                    model.valuesLoaded();
                    return pass.loss(microBatch) / batch.globalTargets();
                });
                assertThat(direction.dot(parameter))
                        .as(parameter.name())
                        .isCloseTo(expected, within(2e-3 * Math.max(0.05, Math.abs(expected))));
            }
        }
    }

    private interface Loss {
        double now();
    }

    /**
     * A direction in the space of one parameter: its gradient plus as much noise, so that the slope is large enough to
     * measure and every element takes part.
     */
    private static final class Direction {
        private static final double STEP = 2e-3;

        private final Parameter parameter;
        private final double[] elements;

        Direction(Parameter parameter) {
            this.parameter = parameter;
            this.elements = new double[(int) parameter.shape().elements()];
            Philox random = Philox.keyed(11, "direction", parameter.name());
            double gradientNorm = 0;
            for (int i = 0; i < elements.length; i++) {
                gradientNorm += Math.pow(parameter.gradient().get(i), 2);
            }
            double noise = Math.sqrt(gradientNorm / elements.length);
            double norm = 0;
            for (int i = 0; i < elements.length; i++) {
                elements[i] = parameter.gradient().get(i) + noise * random.normal(0, i);
                norm += elements[i] * elements[i];
            }
            for (int i = 0; i < elements.length; i++) {
                elements[i] /= Math.sqrt(norm);
            }
        }

        double dot(Parameter of) {
            double sum = 0;
            for (int i = 0; i < elements.length; i++) {
                sum += elements[i] * of.gradient().get(i);
            }
            return sum;
        }

        /** Fourth-order central difference. */
        double slope(Loss loss) {
            float[] before = new float[elements.length];
            for (int i = 0; i < before.length; i++) {
                before[i] = parameter.value().get(i);
            }
            double near = at(before, STEP, loss) - at(before, -STEP, loss);
            double far = at(before, 2 * STEP, loss) - at(before, -2 * STEP, loss);
            at(before, 0, loss);
            return (8 * near - far) / (12 * STEP);
        }

        private double at(float[] before, double step, Loss loss) {
            for (int i = 0; i < before.length; i++) {
                parameter.value().segment().setAtIndex(ValueLayout.JAVA_FLOAT, i, (float)
                        (before[i] + step * elements[i]));
            }
            return loss.now();
        }
    }
}
