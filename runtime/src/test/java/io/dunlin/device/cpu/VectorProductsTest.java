package io.dunlin.device.cpu;

import io.dunlin.device.AttentionShape;
import io.dunlin.device.Kernels;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Tensor;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Where oneDNN does not load, products in Java give the results of the specification, on any number of threads. */
class VectorProductsTest {
    private static CpuDevice device;
    private static Team oneThread;
    private static Team threeThreads;
    private static Kernels plain;
    private static Kernels onOne;
    private static Kernels onThree;

    @BeforeAll
    static void open() {
        device = CpuDevice.open(CpuOptions.plain());
        plain = device.stream("test").kernels();
        oneThread = new Team(1);
        threeThreads = new Team(3);
        onOne = kernels(oneThread);
        onThree = kernels(threeThreads);
    }

    private static Kernels kernels(Team team) {
        int workers = team.threads();
        return new FastKernels(team, new VectorProducts(new Scratch(device, workers)), new Scratch(device, workers));
    }

    @AfterAll
    static void close() {
        oneThread.close();
        threeThreads.close();
        device.close();
    }

    private static void check(Trial trial, Consumer<Kernels> operation) {
        trial.agree(plain, onOne, operation);
        trial.sameBits(onOne, onThree, operation);
    }

    static Stream<Arguments> matrices() {
        return FastKernelsTest.matrices();
    }

    @ParameterizedTest
    @MethodSource("matrices")
    void shouldMultiply(DType type, int rows, int outputs, int inputs) {
        Trial trial = new Trial(device);
        Tensor x = trial.strided(type, rows, inputs);
        Tensor w = trial.input(type, outputs, inputs);
        Tensor bias = trial.input(type, outputs);
        Tensor residual = trial.input(type, rows, outputs);
        Tensor y = trial.result(type, rows, outputs);
        Tensor dy = trial.strided(type, rows, outputs);
        Tensor dx = trial.input(type, rows, inputs);
        Tensor dw = trial.input(DType.F32, outputs, inputs);
        Tensor db = trial.result(DType.F32, outputs);
        check(trial, k -> {
            k.linear(x, w, bias, residual, y);
            k.linearBackwardInput(dy, w, dx, 1);
            k.linearBackwardWeight(dy, x, dw, db, 0);
        });
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void shouldAttend(DType type) {
        AttentionShape shape = new AttentionShape(2, 70, 4, 2, 24);
        Trial trial = new Trial(device);
        Tensor q = trial.strided(type, shape.rows(), 96);
        Tensor k = trial.strided(type, shape.rows(), 48);
        Tensor v = trial.strided(type, shape.rows(), 48);
        Tensor out = trial.result(type, shape.rows(), 96);
        Tensor logSumExp = trial.result(DType.F32, 8, 70);
        Tensor dout = trial.input(type, shape.rows(), 96);
        Tensor dq = trial.result(type, shape.rows(), 96);
        Tensor dk = trial.result(type, shape.rows(), 48);
        Tensor dv = trial.result(type, shape.rows(), 48);
        check(trial, kernels -> {
            kernels.attention(shape, q, k, v, out, logSumExp);
            kernels.attentionBackward(shape, q, k, v, out, logSumExp, dout, dq, dk, dv);
        });
    }
}
