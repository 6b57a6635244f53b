package io.dunlin.device.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.device.AdamWStep;
import io.dunlin.device.AttentionShape;
import io.dunlin.device.Kernels;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Tensor;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the kernels of every device do: they agree with the plain ones at any size and with any gaps between rows, and
 * give the same bits again. Tensors lie in host memory; a device with its own copies them there and back.
 */
public abstract class KernelsContract {
    private static final List<Integer> SIZES = List.of(0, 1, 31, 32, 33, 100);
    private static final List<DType> TYPES = List.of(DType.F32, DType.BF16);

    private static CpuDevice plainDevice;
    private static Kernels plain;

    @BeforeAll
    static void openPlain() {
        plainDevice = CpuDevice.open(CpuOptions.plain());
        plain = plainDevice.stream("test").kernels();
    }

    @AfterAll
    static void closePlain() {
        plainDevice.close();
    }

    /** The kernels under test: at least two settings that must give the same bits, or the same ones twice. */
    protected abstract List<Kernels> candidates();

    private static Trial trial() {
        return new Trial(plainDevice);
    }

    private void check(Trial trial, Consumer<Kernels> operation) {
        List<Kernels> candidates = candidates();
        trial.agree(plain, candidates.getFirst(), operation);
        trial.sameBits(candidates.getFirst(), candidates.getLast(), operation);
        for (Kernels other : candidates.subList(1, candidates.size() - 1)) {
            trial.sameBits(candidates.getFirst(), other, operation);
        }
    }

    protected static Stream<Arguments> matrices() {
        List<int[]> shapes = List.of(
                new int[] {1, 1, 1},
                new int[] {31, 33, 32},
                new int[] {33, 100, 31},
                new int[] {300, 70, 40},
                new int[] {65, 900, 17},
                new int[] {70, 2500, 9},
                new int[] {9, 5, 2500},
                new int[] {0, 5, 7});
        return TYPES.stream().flatMap(type -> shapes.stream().map(s -> Arguments.of(type, s[0], s[1], s[2])));
    }

    @ParameterizedTest
    @MethodSource("matrices")
    void shouldMultiplyForward(DType type, int rows, int outputs, int inputs) {
        Trial trial = trial();
        Tensor x = trial.strided(type, rows, inputs);
        Tensor w = trial.input(type, outputs, inputs);
        Tensor bias = trial.input(type, outputs);
        Tensor residual = trial.input(type, rows, outputs);
        Tensor y = trial.result(type, rows, outputs);
        Tensor wide = trial.stridedResult(type, rows, outputs);
        Tensor updated = trial.input(type, rows, outputs);
        check(trial, k -> {
            k.linear(x, w, bias, residual, y);
            k.linear(x, w, Tensor.NONE, Tensor.NONE, wide);
            k.linear(x, w, bias, updated, updated);
        });
    }

    /** 1 + 2^-8 is a tie in BF16, which only the small product decides: a sum that is rounded before it is added is 1. */
    @Test
    void shouldRoundASumOfThreeOnce() {
        Trial trial = trial();
        Tensor x = trial.input(DType.BF16, 1, 1);
        Tensor bias = trial.input(DType.BF16, 1);
        Tensor residual = trial.input(DType.BF16, 1, 1);
        Tensor y = trial.result(DType.BF16, 1, 1);
        Element.set(x, 0, 0x1p-8);
        Element.set(bias, 0, 0x1p-8);
        Element.set(residual, 0, 1);
        for (Kernels kernels : candidates()) {
            kernels.linear(x, x, bias, residual, y);
            assertThat(Element.get(y, 0)).isEqualTo(1 + 0x1p-7f);
            kernels.linear(x, x, bias, residual, residual);
            assertThat(Element.get(residual, 0)).isEqualTo(1 + 0x1p-7f);
            Element.set(residual, 0, 1);
        }
    }

    @ParameterizedTest
    @MethodSource("matrices")
    void shouldMultiplyBackward(DType type, int rows, int outputs, int inputs) {
        Trial trial = trial();
        Tensor x = trial.strided(type, rows, inputs);
        Tensor w = trial.input(type, outputs, inputs);
        Tensor dy = trial.strided(type, rows, outputs);
        Tensor dx = trial.stridedResult(type, rows, inputs);
        Tensor dxMore = trial.input(type, rows, inputs);
        Tensor dw = trial.result(DType.F32, outputs, inputs);
        Tensor db = trial.result(DType.F32, outputs);
        Tensor dwMore = trial.input(DType.F32, outputs, inputs);
        Tensor dbMore = trial.input(DType.F32, outputs);
        Tensor dwAlone = trial.result(DType.F32, outputs, inputs);
        check(trial, k -> {
            k.linearBackwardInput(dy, w, dx, 0);
            k.linearBackwardInput(dy, w, dxMore, 1);
            k.linearBackwardWeight(dy, x, dw, db, 0);
            k.linearBackwardWeight(dy, x, dwMore, dbMore, 1);
            k.linearBackwardWeight(dy, x, dwAlone, Tensor.NONE, 0);
        });
    }

    protected static Stream<Arguments> attentions() {
        List<AttentionShape> shapes = List.of(
                new AttentionShape(1, 1, 1, 1, 8),
                new AttentionShape(2, 31, 2, 1, 16),
                new AttentionShape(1, 32, 4, 2, 33),
                new AttentionShape(2, 129, 2, 2, 64),
                new AttentionShape(1, 650, 2, 1, 16),
                new AttentionShape(1, 70, 3, 1, 128),
                new AttentionShape(1, 33, 2, 2, 160),
                new AttentionShape(0, 4, 2, 1, 8));
        return TYPES.stream().flatMap(type -> shapes.stream().map(shape -> Arguments.of(type, shape)));
    }

    @ParameterizedTest
    @MethodSource("attentions")
    void shouldAttend(DType type, AttentionShape shape) {
        Trial trial = trial();
        int queries = shape.heads() * shape.headWidth();
        int keys = shape.keyValueHeads() * shape.headWidth();
        Tensor q = trial.strided(type, shape.rows(), queries);
        Tensor k = trial.strided(type, shape.rows(), keys);
        Tensor v = trial.strided(type, shape.rows(), keys);
        Tensor out = trial.result(type, shape.rows(), queries);
        Tensor logSumExp = trial.result(DType.F32, (long) shape.batch() * shape.heads(), shape.time());
        Tensor dout = trial.input(type, shape.rows(), queries);
        Tensor dq = trial.stridedResult(type, shape.rows(), queries);
        Tensor dk = trial.stridedResult(type, shape.rows(), keys);
        Tensor dv = trial.stridedResult(type, shape.rows(), keys);
        check(trial, kernels -> {
            kernels.attention(shape, q, k, v, out, logSumExp);
            kernels.attentionBackward(shape, q, k, v, out, logSumExp, dout, dq, dk, dv);
        });
    }

    /** What a position may not see does not reach it, whatever it is: NaN is where the plain kernels have it. */
    @ParameterizedTest
    @CsvSource({"F32, 70, 40", "F32, 70, 69", "BF16, 70, 40", "F32, 600, 570", "BF16, 600, 570"})
    void shouldNotSeeNansOfPositionsThatAreNotSeen(DType type, int time, int position) {
        UnseenNans unseen = new UnseenNans(trial(), type, time);
        unseen.require(plain, candidates().getFirst(), position);
    }

    protected static Stream<Arguments> rowsAndColumns() {
        return TYPES.stream()
                .flatMap(type -> Stream.concat(
                        SIZES.stream().flatMap(rows -> Stream.of(1, 31, 32, 33, 80, 1100)
                                .map(columns -> Arguments.of(type, rows, columns))),
                        // more rows than a block looks at together, and columns for all warps of a block
                        Stream.of(Arguments.of(type, 700, 33), Arguments.of(type, 3, 5000))));
    }

    @ParameterizedTest
    @MethodSource("rowsAndColumns")
    void shouldNormalise(DType type, int rows, int columns) {
        Trial trial = trial();
        Tensor x = trial.strided(type, rows, columns);
        Tensor gain = trial.input(type, columns);
        Tensor bias = trial.input(type, columns);
        Tensor y = trial.stridedResult(type, rows, columns);
        Tensor root = trial.result(type, rows, columns);
        Tensor mean = trial.result(DType.F32, rows);
        Tensor rstd = trial.result(DType.F32, rows);
        Tensor rootRstd = trial.result(DType.F32, rows);
        check(trial, k -> {
            k.layerNorm(x, gain, bias, 1e-2f, y, mean, rstd);
            k.rmsNorm(x, gain, 1e-2f, root, rootRstd);
        });
    }

    @ParameterizedTest
    @MethodSource("rowsAndColumns")
    void shouldPropagateThroughNorms(DType type, int rows, int columns) {
        Trial trial = trial();
        Tensor dy = trial.input(type, rows, columns);
        Tensor x = trial.strided(type, rows, columns);
        Tensor gain = trial.input(type, columns);
        Tensor mean = trial.input(DType.F32, rows);
        Tensor rstd = trial.input(DType.F32, rows);
        Tensor dx = trial.strided(type, rows, columns);
        Tensor dgain = trial.result(DType.F32, columns);
        Tensor dbias = trial.result(DType.F32, columns);
        Tensor dxRoot = trial.input(type, rows, columns);
        Tensor dgainMore = trial.input(DType.F32, columns);
        Tensor dbiasMore = trial.input(DType.F32, columns);
        check(trial, k -> {
            k.layerNormBackward(dy, x, gain, mean, rstd, dx, dgain, dbias, 0);
            k.layerNormBackward(dy, x, gain, mean, rstd, dx, dgainMore, dbiasMore, 1);
            k.rmsNormBackward(dy, x, gain, rstd, dxRoot, dgainMore, 1);
        });
    }

    @ParameterizedTest
    @MethodSource("rowsAndColumns")
    void shouldActivate(DType type, int rows, int columns) {
        Trial trial = trial();
        Tensor x = trial.strided(type, rows, columns);
        Tensor up = trial.input(type, rows, columns);
        Tensor dy = trial.input(type, rows, columns);
        Tensor y = trial.result(type, rows, columns);
        Tensor dx = trial.result(type, rows, columns);
        Tensor product = trial.stridedResult(type, rows, columns);
        Tensor dgate = trial.result(type, rows, columns);
        Tensor dup = trial.stridedResult(type, rows, columns);
        Tensor inPlace = trial.input(type, rows, columns);
        check(trial, k -> {
            k.gelu(x, y);
            k.geluBackward(dy, x, dx);
            k.geluBackward(inPlace, x, inPlace);
            k.swiGlu(x, up, product);
            k.swiGluBackward(dy, x, up, dgate, dup);
        });
    }

    @ParameterizedTest
    @MethodSource("rowsAndColumns")
    void shouldLookUpRows(DType type, int rows, int columns) {
        Trial trial = trial();
        int time = 7;
        Tensor tokens = trial.indices(rows, 5);
        Tensor table = trial.input(type, 5, columns);
        Tensor positions = trial.input(type, 9, columns);
        Tensor y = trial.result(type, rows, columns);
        Tensor without = trial.result(type, rows, columns);
        Tensor dy = trial.input(type, rows, columns);
        Tensor dtable = trial.result(DType.F32, 5, columns);
        Tensor dpositions = trial.result(DType.F32, 9, columns);
        Tensor dtableMore = trial.input(DType.F32, 5, columns);
        check(trial, k -> {
            k.embedding(tokens, table, positions, time, y);
            k.embedding(tokens, table, Tensor.NONE, time, without);
            k.embeddingBackward(dy, tokens, time, dtable, 0, dpositions, 0);
            k.embeddingBackward(dy, tokens, time, dtableMore, 1, dpositions, 1);
            k.embeddingBackward(dy, tokens, time, dtableMore, 1, Tensor.NONE, 1);
        });
    }

    @ParameterizedTest
    @MethodSource("rowsAndColumns")
    void shouldMeasureLoss(DType type, int rows, int columns) {
        Trial trial = trial();
        Tensor logits = trial.strided(type, rows, columns);
        Tensor kept = trial.input(type, rows, columns);
        Tensor targets = trial.indices(rows, -columns);
        Tensor losses = trial.result(DType.F32, rows);
        Tensor lossesAlone = trial.result(DType.F32, rows);
        check(trial, k -> {
            k.crossEntropy(logits, targets, losses, 0.37f);
            k.crossEntropyLoss(kept, targets, lossesAlone);
        });
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void shouldRotate(DType type) {
        for (int half : List.of(1, 15, 16, 17, 32)) {
            Trial trial = trial();
            Tensor x = trial.strided(type, 33, 3L * 2 * half);
            Tensor cosSin = trial.input(DType.F32, 11, 2L * half);
            check(trial, k -> k.rope(x, cosSin, 11, 2 * half, 1));
            check(trial, k -> k.rope(x, cosSin, 11, 2 * half, -1));
        }
    }

    @Test
    void shouldDoSimpleArithmeticAtAnySize() {
        for (int size : List.of(0, 1, 31, 32, 33, 1023, 40_001, 2_100_001)) {
            Trial trial = trial();
            Tensor a = trial.input(DType.F32, size);
            Tensor b = trial.input(DType.F32, size);
            Tensor sum = trial.result(DType.F32, size);
            Tensor narrow = trial.result(DType.BF16, size);
            Tensor wide = trial.result(DType.F32, size);
            Tensor filled = trial.result(DType.BF16, size);
            check(trial, k -> {
                k.add(a, b, sum);
                k.add(a, b, a);
                k.copy(sum, narrow);
                k.copy(narrow, wide);
                k.fill(filled, 0.75f);
            });
            Trial squares = trial();
            Tensor x = squares.input(DType.F32, size);
            double expected = plain.sumOfSquares(x);
            for (Kernels kernels : candidates()) {
                assertThat(kernels.sumOfSquares(x))
                        .isCloseTo(expected, org.assertj.core.data.Percentage.withPercentage(1e-9));
                assertThat(kernels.sumOfSquares(x))
                        .isEqualTo(candidates().getFirst().sumOfSquares(x));
                assertThat(kernels.sum(x)).isEqualTo(plain.sum(x));
            }
        }
    }

    @Test
    void shouldRoundToBf16LikeThePlainKernels() {
        Trial trial = trial();
        Tensor from = trial.input(DType.F32, 64);
        Tensor to = trial.result(DType.BF16, 64);
        int[] bits = {
            0x3F808000,
            0x3F818000,
            0x3F808001,
            0x7F7FFFFF,
            0x7F800000,
            0xFF800000,
            0x7FC00000,
            0x7FFFFFFF,
            0x7F800001,
            0x00000001,
            0x80000000,
            0x007FFFFF
        };
        trial.sameBits(plain, candidates().getFirst(), k -> {
            for (int i = 0; i < bits.length; i++) {
                Element.set(from, i, Float.intBitsToFloat(bits[i]));
            }
            k.copy(from, to);
        });
    }

    @Test
    void shouldUpdateWithAdamW() {
        for (int size : List.of(0, 1, 31, 33, 1030, 33_000)) {
            Trial trial = trial();
            Tensor value = trial.input(DType.F32, size);
            Tensor gradient = trial.input(DType.F32, size);
            Tensor m = trial.input(DType.F32, size);
            Tensor v = trial.input(DType.F32, size);
            Tensor compute = trial.result(DType.BF16, size);
            AdamWStep step = new AdamWStep(1e-2f, 0.9f, 0.95f, 1e-8f, 0.1f, 0.19f, 0.0975f, 0.5f);
            check(trial, k -> {
                k.sumOfSquares(v);
                for (long i = 0; i < size; i++) {
                    Element.set(v, i, Math.abs(Element.get(v, i)));
                }
                k.adamW(value, gradient, m, v, compute, step);
                k.adamW(value, gradient, m, v, Tensor.NONE, step);
            });
        }
    }

    @Test
    void shouldLetNothingNonFinitePassUnseen() {
        for (float poison : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            for (int at : new int[] {0, 17, 99_999}) {
                Trial trial = trial();
                Tensor x = trial.input(DType.F32, 100_000);
                Element.set(x, at, poison);
                for (Kernels kernels : candidates()) {
                    assertThat(kernels.sumOfSquares(x)).matches(sum -> !Double.isFinite(sum));
                }
            }
        }
        Trial trial = trial();
        Tensor logits = trial.input(DType.F32, 3, 37);
        Tensor targets = trial.indices(3, 37);
        Tensor losses = trial.result(DType.F32, 3);
        Element.set(logits, 1, 36, Float.NaN);
        Element.set(logits, 2, 0, Float.POSITIVE_INFINITY);
        candidates().getFirst().crossEntropy(logits, targets, losses, 1);
        assertThat(Element.get(losses, 0)).isFinite();
        assertThat(Element.get(losses, 1)).isNaN();
        assertThat(Element.get(losses, 2)).matches(loss -> !Float.isFinite(loss));
    }
}
