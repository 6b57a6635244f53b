package io.dunlin.device.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.device.AdamWStep;
import io.dunlin.device.AttentionShape;
import io.dunlin.device.Kernels;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.util.Random;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The specification agrees with calculus: every gradient is compared with central differences of the forward kernel,
 * for the objective sum(output * weight) with random weights.
 */
class PlainKernelsTest {
    private static final double STEP = 1e-2;
    private static final double TOLERANCE = 2e-3;

    private final CpuDevice device = CpuDevice.open(CpuOptions.plain());
    private final Random random = new Random(11);
    private Kernels kernels;

    @BeforeEach
    void open() {
        kernels = device.stream("test").kernels();
    }

    @AfterEach
    void close() {
        device.close();
    }

    private Tensor empty(long... shape) {
        return Tensor.of(
                DType.F32,
                Shape.of(shape),
                device.allocate("test", Shape.of(shape).elements() * Float.BYTES));
    }

    private Tensor random(long... shape) {
        Tensor tensor = empty(shape);
        for (long i = 0; i < tensor.elements(); i++) {
            Element.set(tensor, i, random.nextGaussian());
        }
        return tensor;
    }

    private Tensor indices(int... values) {
        Tensor tensor = Tensor.of(DType.I32, Shape.of(values.length), device.allocate("test", 4L * values.length));
        for (int i = 0; i < values.length; i++) {
            tensor.segment().setAtIndex(java.lang.foreign.ValueLayout.JAVA_INT, i, values[i]);
        }
        return tensor;
    }

    private static double weighted(Tensor output, Tensor weights) {
        double sum = 0;
        for (long i = 0; i < output.elements(); i++) {
            sum += (double) Element.get(output, i) * Element.get(weights, i);
        }
        return sum;
    }

    private static void isGradient(Tensor gradient, Tensor input, DoubleSupplier objective) {
        for (long i = 0; i < input.elements(); i++) {
            float kept = Element.get(input, i);
            Element.set(input, i, kept + STEP);
            double above = objective.getAsDouble();
            Element.set(input, i, kept - STEP);
            double below = objective.getAsDouble();
            Element.set(input, i, kept);
            double difference = (above - below) / (2 * STEP);
            assertThat((double) Element.get(gradient, i))
                    .as("element %d of the gradient of %s", i, input)
                    .isCloseTo(difference, within(TOLERANCE * Math.max(1, Math.abs(difference))));
        }
    }

    @Test
    void shouldDifferentiateLinear() {
        Tensor x = random(3, 5);
        Tensor w = random(4, 5);
        Tensor bias = random(4);
        Tensor residual = random(3, 4);
        Tensor dy = random(3, 4);
        Tensor y = empty(3, 4);
        DoubleSupplier objective = () -> {
            kernels.linear(x, w, bias, residual, y);
            return weighted(y, dy);
        };
        Tensor dx = empty(3, 5);
        Tensor dw = empty(4, 5);
        Tensor db = empty(4);
        kernels.linearBackwardInput(dy, w, dx, 0);
        kernels.linearBackwardWeight(dy, x, dw, db, 0);
        isGradient(dx, x, objective);
        isGradient(dw, w, objective);
        isGradient(db, bias, objective);
        isGradient(dy, residual, objective);
    }

    @Test
    void shouldAddToGradientsWhereBetaIsOne() {
        Tensor x = random(2, 3);
        Tensor w = random(4, 3);
        Tensor dy = random(2, 4);
        Tensor once = empty(2, 3);
        Tensor twice = empty(2, 3);
        kernels.linearBackwardInput(dy, w, once, 0);
        kernels.linearBackwardInput(dy, w, twice, 0);
        kernels.linearBackwardInput(dy, w, twice, 1);
        Tensor dw = empty(4, 3);
        Tensor dwTwice = empty(4, 3);
        kernels.linearBackwardWeight(dy, x, dw, Tensor.NONE, 0);
        kernels.linearBackwardWeight(dy, x, dwTwice, Tensor.NONE, 0);
        kernels.linearBackwardWeight(dy, x, dwTwice, Tensor.NONE, 1);
        for (long i = 0; i < once.elements(); i++) {
            assertThat(Element.get(twice, i)).isCloseTo(2 * Element.get(once, i), within(1e-5f));
        }
        for (long i = 0; i < dw.elements(); i++) {
            assertThat(Element.get(dwTwice, i)).isCloseTo(2 * Element.get(dw, i), within(1e-5f));
        }
    }

    @Test
    void shouldDifferentiateAttention() {
        AttentionShape shape = new AttentionShape(2, 5, 4, 2, 3);
        Tensor q = random(10, 12);
        Tensor k = random(10, 6);
        Tensor v = random(10, 6);
        Tensor dout = random(10, 12);
        Tensor out = empty(10, 12);
        Tensor logSumExp = empty(8, 5);
        DoubleSupplier objective = () -> {
            kernels.attention(shape, q, k, v, out, logSumExp);
            return weighted(out, dout);
        };
        assertThat(objective.getAsDouble()).isFinite();
        Tensor dq = empty(10, 12);
        Tensor dk = empty(10, 6);
        Tensor dv = empty(10, 6);
        kernels.attentionBackward(shape, q, k, v, out, logSumExp, dout, dq, dk, dv);
        isGradient(dq, q, objective);
        isGradient(dk, k, objective);
        isGradient(dv, v, objective);
    }

    @Test
    void shouldNotAttendToTheFuture() {
        AttentionShape shape = new AttentionShape(1, 4, 1, 1, 2);
        Tensor q = random(4, 2);
        Tensor k = random(4, 2);
        Tensor v = random(4, 2);
        Tensor out = empty(4, 2);
        kernels.attention(shape, q, k, v, out, empty(1, 4));
        float[] first = {Element.get(out, 0), Element.get(out, 1)};
        assertThat(first).containsExactly(Element.get(v, 0), Element.get(v, 1));
        for (long i = 2; i < 8; i++) {
            Element.set(k, i, Float.NaN);
            Element.set(v, i, Float.NaN);
        }
        kernels.attention(shape, q, k, v, out, empty(1, 4));
        assertThat(new float[] {Element.get(out, 0), Element.get(out, 1)}).isEqualTo(first);
    }

    @Test
    void shouldDifferentiateLayerNorm() {
        Tensor x = random(3, 7);
        Tensor gain = random(7);
        Tensor bias = random(7);
        Tensor dy = random(3, 7);
        Tensor y = empty(3, 7);
        Tensor mean = empty(3);
        Tensor rstd = empty(3);
        DoubleSupplier objective = () -> {
            kernels.layerNorm(x, gain, bias, 0.1f, y, mean, rstd);
            return weighted(y, dy);
        };
        assertThat(objective.getAsDouble()).isFinite();
        Tensor dx = empty(3, 7);
        Tensor dgain = empty(7);
        Tensor dbias = empty(7);
        kernels.layerNormBackward(dy, x, gain, mean, rstd, dx, dgain, dbias, 0);
        isGradient(dx, x, objective);
        isGradient(dgain, gain, objective);
        isGradient(dbias, bias, objective);
    }

    @Test
    void shouldDifferentiateRmsNorm() {
        Tensor x = random(3, 7);
        Tensor gain = random(7);
        Tensor dy = random(3, 7);
        Tensor y = empty(3, 7);
        Tensor rstd = empty(3);
        DoubleSupplier objective = () -> {
            kernels.rmsNorm(x, gain, 0.1f, y, rstd);
            return weighted(y, dy);
        };
        assertThat(objective.getAsDouble()).isFinite();
        Tensor dx = empty(3, 7);
        Tensor dgain = empty(7);
        kernels.rmsNormBackward(dy, x, gain, rstd, dx, dgain, 0);
        isGradient(dx, x, objective);
        isGradient(dgain, gain, objective);
    }

    @Test
    void shouldDifferentiateActivations() {
        Tensor x = random(4, 9);
        Tensor up = random(4, 9);
        Tensor dy = random(4, 9);
        Tensor y = empty(4, 9);
        Tensor dx = empty(4, 9);
        Tensor dup = empty(4, 9);
        kernels.geluBackward(dy, x, dx);
        isGradient(dx, x, () -> {
            kernels.gelu(x, y);
            return weighted(y, dy);
        });
        DoubleSupplier objective = () -> {
            kernels.swiGlu(x, up, y);
            return weighted(y, dy);
        };
        kernels.swiGluBackward(dy, x, up, dx, dup);
        isGradient(dx, x, objective);
        isGradient(dup, up, objective);
    }

    @Test
    void shouldDifferentiateEmbedding() {
        Tensor tokens = indices(1, 0, 1, 2, 1, 2);
        Tensor table = random(4, 3);
        Tensor positions = random(4, 3);
        Tensor dy = random(6, 3);
        Tensor y = empty(6, 3);
        DoubleSupplier objective = () -> {
            kernels.embedding(tokens, table, positions, 3, y);
            return weighted(y, dy);
        };
        Tensor dtable = random(4, 3);
        Tensor dpositions = random(4, 3);
        kernels.embeddingBackward(dy, tokens, 3, dtable, 0, dpositions, 0);
        isGradient(dtable, table, objective);
        isGradient(dpositions, positions, objective);
    }

    @Test
    void shouldDifferentiateCrossEntropyAndCountNothingWithoutATarget() {
        Tensor logits = random(4, 6);
        Tensor targets = indices(2, -1, 5, 0);
        Tensor losses = empty(4);
        DoubleSupplier objective = () -> {
            kernels.crossEntropyLoss(logits, targets, losses);
            return 0.7 * kernels.sum(losses);
        };
        Tensor gradient = empty(4, 6);
        kernels.copy(logits, gradient);
        kernels.crossEntropy(gradient, targets, losses, 0.7f);
        assertThat(Element.get(losses, 1)).isZero();
        isGradient(gradient, logits, objective);
    }

    @Test
    void shouldRotateBackAgain() {
        Tensor x = random(6, 8);
        Tensor kept = empty(6, 8);
        kernels.copy(x, kept);
        Tensor cosSin = empty(3, 4);
        for (int t = 0; t < 3; t++) {
            for (int i = 0; i < 2; i++) {
                Element.set(cosSin, t, i, Math.cos(t * (i + 0.5)));
                Element.set(cosSin, t, 2 + i, Math.sin(t * (i + 0.5)));
            }
        }
        kernels.rope(x, cosSin, 3, 4, 1);
        double angle = 2 * 1.5;
        double expected = Element.get(kept, 2, 1) * Math.cos(angle) - Element.get(kept, 2, 3) * Math.sin(angle);
        assertThat((double) Element.get(x, 2, 1)).isCloseTo(expected, within(1e-6));
        kernels.rope(x, cosSin, 3, 4, -1);
        for (long i = 0; i < x.elements(); i++) {
            assertThat(Element.get(x, i)).isCloseTo(Element.get(kept, i), within(1e-6f));
        }
    }

    @Test
    void shouldUpdateAsThePaperSays() {
        Tensor value = empty(1);
        Tensor gradient = empty(1);
        Tensor m = empty(1);
        Tensor v = empty(1);
        Element.set(value, 0, 2);
        Element.set(gradient, 0, 4);
        AdamWStep step = new AdamWStep(0.1f, 0.9f, 0.99f, 1e-8f, 0.5f, 0.1f, 0.01f, 0.25f);
        kernels.adamW(value, gradient, m, v, Tensor.NONE, step);
        // The gradient counts as 1; after the first step both corrected moments are 1, so the direction is 1.
        assertThat(Element.get(m, 0)).isCloseTo(0.1f, within(1e-7f));
        assertThat(Element.get(v, 0)).isCloseTo(0.01f, within(1e-7f));
        assertThat(Element.get(value, 0)).isCloseTo(2 * (1 - 0.1f * 0.5f) - 0.1f, within(1e-6f));
    }

    @Test
    void shouldRoundToNearestEvenInBf16() {
        assertThat(Memory.toBf16(1f)).isEqualTo((short) 0x3F80);
        assertThat(Memory.toBf16(Float.intBitsToFloat(0x3F808000))).isEqualTo((short) 0x3F80);
        assertThat(Memory.toBf16(Float.intBitsToFloat(0x3F818000))).isEqualTo((short) 0x3F82);
        assertThat(Memory.toBf16(Float.intBitsToFloat(0x3F808001))).isEqualTo((short) 0x3F81);
        assertThat(Memory.toBf16(Float.MAX_VALUE)).isEqualTo((short) 0x7F80);
        assertThat(Memory.toBf16(Float.NEGATIVE_INFINITY)).isEqualTo((short) 0xFF80);
        assertThat(Memory.toBf16(Float.intBitsToFloat(0x7F800001))).isEqualTo((short) 0x7FC0);
    }
}
