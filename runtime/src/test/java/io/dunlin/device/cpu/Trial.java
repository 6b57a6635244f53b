package io.dunlin.device.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.device.Kernels;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Philox;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * Runs one operation with several kernels on the same memory and compares every byte that it may touch.
 *
 * <p>Every tensor remembers its first contents, and these are restored before each run. The gaps between the rows of
 * strided tensors hold a pattern that must survive.
 */
public final class Trial {
    private static final byte GAP = 0x55;

    private final CpuDevice device;
    private final Philox random = Philox.keyed(7, "kernels", "trial");
    private final List<Tensor> tensors = new ArrayList<>();
    private final List<MemorySegment> whole = new ArrayList<>();
    private final List<byte[]> before = new ArrayList<>();
    private long counter;

    /** Tensors will lie in memory of this device. */
    public Trial(CpuDevice device) {
        this.device = device;
    }

    /** A dense tensor of normal random numbers. */
    public Tensor input(DType type, long... shape) {
        return remember(
                filled(
                        Tensor.of(
                                type,
                                Shape.of(shape),
                                memory(type, Shape.of(shape).elements())),
                        1),
                0);
    }

    /** A matrix of normal random numbers whose rows have a gap between them. */
    public Tensor strided(DType type, long rows, long columns) {
        return remember(filled(gapped(type, rows, columns), 1), 1);
    }

    /** A dense tensor full of NaN: a result that must be overwritten. */
    public Tensor result(DType type, long... shape) {
        Tensor tensor =
                Tensor.of(type, Shape.of(shape), memory(type, Shape.of(shape).elements()));
        for (long i = 0; i < tensor.elements(); i++) {
            Element.set(tensor, i, Double.NaN);
        }
        return remember(tensor, 0);
    }

    /** A matrix full of NaN whose rows have a gap between them. */
    public Tensor stridedResult(DType type, long rows, long columns) {
        Tensor tensor = gapped(type, rows, columns);
        for (long r = 0; r < rows; r++) {
            for (long c = 0; c < columns; c++) {
                Element.set(tensor, r, c, Double.NaN);
            }
        }
        return remember(tensor, 1);
    }

    /** Integers below {@code bound}; every fifth is {@code -1} if {@code bound} is negative, then below its size. */
    public Tensor indices(long count, int bound) {
        Tensor tensor = Tensor.of(DType.I32, Shape.of(count), memory(DType.I32, count));
        for (long i = 0; i < count; i++) {
            int value = bound < 0 && i % 5 == 3 ? -1 : (int) (random.uniform(1, counter++) * Math.abs(bound));
            tensor.segment().setAtIndex(java.lang.foreign.ValueLayout.JAVA_INT, i, value);
        }
        return remember(tensor, 0);
    }

    /** Runs {@code operation} with both kernels; results must agree within what the types can hold. */
    public void agree(Kernels expected, Kernels actual, Consumer<Kernels> operation) {
        List<float[]> want = run(expected, operation);
        List<float[]> have = run(actual, operation);
        for (int i = 0; i < tensors.size(); i++) {
            compare(tensors.get(i), want.get(i), have.get(i), i);
        }
    }

    /** Runs {@code operation} with both kernels; memory must be equal byte by byte. */
    public void sameBits(Kernels expected, Kernels actual, Consumer<Kernels> operation) {
        run(expected, operation);
        List<byte[]> want = whole.stream().map(Trial::bytes).toList();
        run(actual, operation);
        for (int i = 0; i < whole.size(); i++) {
            assertThat(bytes(whole.get(i)))
                    .as("tensor %d, %s", i, tensors.get(i))
                    .isEqualTo(want.get(i));
        }
    }

    /** Runs {@code operation} once on the first contents. */
    public List<float[]> run(Kernels kernels, Consumer<Kernels> operation) {
        for (int i = 0; i < whole.size(); i++) {
            MemorySegment.copy(MemorySegment.ofArray(before.get(i)), 0, whole.get(i), 0, before.get(i).length);
        }
        operation.accept(kernels);
        for (int i = 0; i < whole.size(); i++) {
            assertThat(gapsSurvived(tensors.get(i), whole.get(i)))
                    .as("gaps of tensor %d, %s", i, tensors.get(i))
                    .isTrue();
        }
        return tensors.stream().map(Trial::values).toList();
    }

    private static void compare(Tensor tensor, float[] want, float[] have, int index) {
        double largest = 0.1;
        for (float value : want) {
            largest = Float.isFinite(value) ? Math.max(largest, Math.abs(value)) : largest;
        }
        double relative = tensor.dtype() == DType.BF16 ? 0.01 : 2e-5;
        double absolute = tensor.dtype() == DType.BF16 ? 0.006 * largest : 4e-6 * largest;
        for (int i = 0; i < want.length; i++) {
            boolean close = Float.compare(want[i], have[i]) == 0
                    || Math.abs(want[i] - have[i]) <= absolute + relative * Math.abs(want[i]);
            assertThat(close)
                    .as("tensor %d, %s, element %d: expected %s, got %s", index, tensor, i, want[i], have[i])
                    .isTrue();
        }
    }

    private Tensor remember(Tensor tensor, int gap) {
        tensors.add(tensor);
        before.add(bytes(whole.getLast()));
        assertThat(gap == 0).isEqualTo(tensor.rowStride() == tensor.columns());
        return tensor;
    }

    private MemorySegment memory(DType type, long elements) {
        MemorySegment segment = device.allocate("trial", elements * type.bytes());
        whole.add(segment);
        return segment;
    }

    private Tensor gapped(DType type, long rows, long columns) {
        long stride = columns + 19;
        MemorySegment segment = memory(type, rows * stride);
        segment.fill(GAP);
        return Tensor.of(type, Shape.of(rows, stride), segment).columns(3, columns);
    }

    private Tensor filled(Tensor tensor, double scale) {
        for (long r = 0; r < tensor.rows(); r++) {
            for (long c = 0; c < tensor.columns(); c++) {
                Element.set(tensor, r, c, scale * random.normal(0, counter++));
            }
        }
        return tensor;
    }

    private static byte[] bytes(MemorySegment segment) {
        return segment.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
    }

    private static boolean gapsSurvived(Tensor tensor, MemorySegment segment) {
        if (tensor.rowStride() == tensor.columns()) {
            return true;
        }
        byte[] seen = bytes(segment);
        for (long r = 0; r < tensor.rows(); r++) {
            int from = (int) ((r * tensor.rowStride() + 3) * tensor.dtype().bytes());
            Arrays.fill(
                    seen, from, from + (int) tensor.columns() * tensor.dtype().bytes(), GAP);
        }
        byte[] untouched = new byte[seen.length];
        Arrays.fill(untouched, GAP);
        return Arrays.equals(seen, untouched);
    }

    private static float[] values(Tensor tensor) {
        if (tensor.dtype() == DType.I32) {
            return new float[0];
        }
        float[] values = new float[Math.toIntExact(tensor.elements())];
        for (int i = 0; i < values.length; i++) {
            values[i] = Element.get(tensor, i / tensor.columns(), i % tensor.columns());
        }
        return values;
    }
}
