package io.dunlin.device.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.dunlin.device.AdamWStep;
import io.dunlin.device.AttentionShape;
import io.dunlin.device.Kernels;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Tensor;
import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Once compiled, no kernel puts anything on the heap: neither operands nor vectors that the compiler failed to keep. */
class KernelAllocationTest {
    /** A busy machine compiles late; until then vectors are boxed. */
    private static final long COMPILATION_NS = 30_000_000_000L;

    private static final int CALLS = 40;

    private static CpuDevice device;
    private static Kernels kernels;

    @BeforeAll
    static void open() {
        device = CpuDevice.open(CpuOptions.fast(1));
        kernels = device.stream("test").kernels();
    }

    @AfterAll
    static void close() {
        device.close();
    }

    static Stream<Arguments> operations() {
        return Stream.of(DType.F32, DType.BF16).flatMap(type -> operations(type).entrySet().stream()
                .map(entry -> Arguments.of(entry.getKey() + " " + type, entry.getValue())));
    }

    private static SequencedMap<String, Consumer<Kernels>> operations(DType type) {
        SequencedMap<String, Consumer<Kernels>> operations = new LinkedHashMap<>();
        Trial trial = new Trial(device);
        int rows = 64;
        int columns = 200;
        Tensor x = trial.input(type, rows, columns);
        Tensor y = trial.input(type, rows, columns);
        Tensor z = trial.strided(type, rows, columns);
        Tensor gain = trial.input(type, columns);
        Tensor bias = trial.input(type, columns);
        Tensor mean = trial.input(DType.F32, rows);
        Tensor rstd = trial.input(DType.F32, rows);
        Tensor dgain = trial.input(DType.F32, columns);
        Tensor dbias = trial.input(DType.F32, columns);
        operations.put("layerNorm", k -> k.layerNorm(x, gain, bias, 1e-5f, y, mean, rstd));
        operations.put("layerNormBackward", k -> k.layerNormBackward(x, y, gain, mean, rstd, z, dgain, dbias, 0));
        operations.put("rmsNorm", k -> k.rmsNorm(x, gain, 1e-5f, y, rstd));
        operations.put("rmsNormBackward", k -> k.rmsNormBackward(x, y, gain, rstd, z, dgain, 0));
        operations.put("gelu", k -> k.gelu(x, z));
        operations.put("geluBackward", k -> k.geluBackward(x, y, z));
        operations.put("swiGlu", k -> k.swiGlu(x, y, z));
        operations.put("swiGluBackward", k -> k.swiGluBackward(x, y, x, y, z));
        operations.put("add", k -> k.add(x, y, z));
        operations.put("fill", k -> k.fill(z, 0.5f));
        operations.put("copy", k -> k.copy(x, z));
        Tensor table = trial.input(type, 5, columns);
        Tensor dtable = trial.input(DType.F32, 5, columns);
        Tensor tokens = trial.indices(rows, 5);
        operations.put("embedding", k -> k.embedding(tokens, table, table, 5, y));
        operations.put("embeddingBackward", k -> k.embeddingBackward(x, tokens, 5, dtable, 0, dtable, 1));
        Tensor targets = trial.indices(rows, -columns);
        Tensor losses = trial.result(DType.F32, rows);
        operations.put("crossEntropy", k -> k.crossEntropy(y, targets, losses, 0.1f));
        operations.put("crossEntropyLoss", k -> k.crossEntropyLoss(x, targets, losses));
        Tensor cosSin = trial.input(DType.F32, 16, 40);
        operations.put("rope", k -> k.rope(y, cosSin, 16, 40, 1));
        Tensor w = trial.input(type, columns, columns);
        Tensor dw = trial.result(DType.F32, columns, columns);
        operations.put("linear", k -> k.linear(x, w, bias, x, y));
        operations.put("linearBackwardInput", k -> k.linearBackwardInput(x, w, z, 1));
        operations.put("linearBackwardWeight", k -> k.linearBackwardWeight(x, z, dw, dbias, 0));
        AttentionShape shape = new AttentionShape(2, 150, 2, 1, 40);
        Tensor q = trial.input(type, 300, 80);
        Tensor key = trial.input(type, 300, 40);
        Tensor out = trial.input(type, 300, 80);
        Tensor dq = trial.input(type, 300, 80);
        Tensor dk = trial.input(type, 300, 40);
        Tensor dv = trial.input(type, 300, 40);
        Tensor lse = trial.input(DType.F32, 4, 150);
        operations.put("attention", k -> k.attention(shape, q, key, key, out, lse));
        operations.put("attentionBackward", k -> k.attentionBackward(shape, q, key, key, out, lse, q, dq, dk, dv));
        Tensor value = trial.input(DType.F32, 3000);
        Tensor gradient = trial.input(DType.F32, 3000);
        Tensor m = trial.input(DType.F32, 3000);
        Tensor v = trial.input(DType.F32, 3000);
        Tensor compute = type == DType.F32 ? Tensor.NONE : trial.input(DType.BF16, 3000);
        AdamWStep step = new AdamWStep(1e-2f, 0.9f, 0.95f, 1e-8f, 0.1f, 0.19f, 0.0975f, 0.5f);
        operations.put("adamW", k -> k.adamW(value, gradient, m, v, compute, step));
        operations.put("sumOfSquares", k -> k.sumOfSquares(value));
        operations.put("sum", k -> k.sum(value));
        return operations;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("operations")
    void shouldAllocateNothingOnceCompiled(String name, Consumer<Kernels> operation) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        long deadlineNs = System.nanoTime() + COMPILATION_NS;
        while (least > 0 && System.nanoTime() < deadlineNs) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int call = 0; call < CALLS; call++) {
                operation.accept(kernels);
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        assertThat(least).as("bytes allocated by %d calls of %s", CALLS, name).isZero();
    }
}
