package io.dunlin.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.device.AttentionShape;
import io.dunlin.device.Kernels;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.device.cpu.Trial;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every barrier is needed, and the stand-in shows it: without any one of them some kernel gives other bits. It lets one
 * warp run ahead of the others as far as barriers allow, which is what a GPU may do.
 */
@NeedsCuda
@Tag("standin-only")
class BarrierMutantsTest {
    private static final int GREEDY = 3;

    private static BarrierMutants mutants;
    private static CudaDevice device;
    private static CudaStream stream;
    private static KernelLauncher launcher;
    private static KernelLauncher.Entry choose;
    private static CpuDevice host;
    private static Kernels kernels;

    @BeforeAll
    static void open(@TempDir Path folder) throws IOException {
        mutants = new BarrierMutants(Files.readString(KernelsUnderTest.SOURCE));
        Path source = Files.writeString(folder.resolve("mutants.cu"), mutants.source());
        byte[] library = Files.readAllBytes(CudaStandIn.addKernels(source));
        device = CudaDevice.open(CudaOptions.of(0, folder.resolve("cache")), new MutantKernels(library));
        stream = (CudaStream) device.stream("mutants");
        stream.kernels(); // and with them the launcher
        kernels = MirroredKernels.of(stream);
        host = CpuDevice.open(CpuOptions.plain());
        CudaStandIn.set("order", GREEDY);
    }

    @AfterAll
    static void close() {
        CudaStandIn.set("order", 0);
        device.close();
        host.close();
    }

    /** The kernels of the one stream, from a library of mutants. */
    private static final class MutantKernels implements KernelFactory {
        private final byte[] library;
        private final List<Runnable> closers = new ArrayList<>();

        MutantKernels(byte[] library) {
            this.library = library;
        }

        @Override
        public Kernels kernels(CudaStream stream) {
            KernelModule module = KernelModule.ofImage(stream.account(), library);
            closers.add(module::close);
            Blas blas = new Blas(stream);
            closers.add(blas::close);
            launcher = new KernelLauncher(stream, module);
            choose = launcher.entry("choose_mutant");
            return new CudaKernels(stream, module, blas);
        }

        @Override
        public void close() {
            closers.reversed().forEach(Runnable::run);
        }
    }

    @Test
    void shouldGiveOtherBitsWithoutAnyOneBarrier() {
        assertThat(mutants.descriptions()).hasSizeGreaterThan(10);
        List<Consumer<Recorder>> operations = List.of(
                BarrierMutantsTest::sumsOverBlocks,
                BarrierMutantsTest::sumsOverRows,
                BarrierMutantsTest::embedding,
                BarrierMutantsTest::attention);
        List<List<float[]>> right = operations.stream()
                .map(operation -> results(operation, BarrierMutants.NONE))
                .toList();
        List<String> survivors = new ArrayList<>();
        for (int mutant = 0; mutant < mutants.descriptions().size(); mutant++) {
            boolean seen = false;
            for (int i = 0; i < operations.size() && !seen; i++) {
                seen = differ(right.get(i), results(operations.get(i), mutant));
            }
            if (!seen) {
                survivors.add(mutants.descriptions().get(mutant));
            }
        }
        assertThat(survivors).as("barriers that no test misses").isEmpty();
        for (int i = 0; i < operations.size(); i++) {
            assertThat(differ(right.get(i), results(operations.get(i), BarrierMutants.NONE)))
                    .as("same bits again, operation %d", i)
                    .isFalse();
        }
    }

    private static List<float[]> results(Consumer<Recorder> operation, int mutant) {
        launcher.begin(choose).integer(mutant).overBlocks(1, 1);
        Recorder recorder = new Recorder(new Trial(host));
        operation.accept(recorder);
        return recorder.seen;
    }

    private static boolean differ(List<float[]> some, List<float[]> others) {
        for (int i = 0; i < some.size(); i++) {
            if (!Arrays.equals(some.get(i), others.get(i))) {
                return true;
            }
        }
        return false;
    }

    private static void sumsOverBlocks(Recorder to) {
        Tensor x = to.trial.input(DType.F32, 3, 300);
        Tensor gain = to.trial.input(DType.F32, 300);
        Tensor y = to.trial.result(DType.F32, 3, 300);
        Tensor mean = to.trial.result(DType.F32, 3);
        Tensor rstd = to.trial.result(DType.F32, 3);
        Tensor targets = to.trial.indices(3, 300);
        Tensor losses = to.trial.result(DType.F32, 3);
        Tensor many = to.trial.input(DType.F32, 3000);
        to.run(k -> {
            k.layerNorm(x, gain, gain, 1e-5f, y, mean, rstd);
            k.crossEntropy(x, targets, losses, 1);
            to.seen.add(new float[] {(float) k.sum(many), (float) k.sumOfSquares(many)});
        });
    }

    private static void sumsOverRows(Recorder to) {
        Tensor dy = to.trial.input(DType.F32, 40, 70);
        Tensor x = to.trial.input(DType.F32, 40, 70);
        Tensor gain = to.trial.input(DType.F32, 70);
        Tensor statistic = to.trial.input(DType.F32, 40);
        Tensor dx = to.trial.input(DType.F32, 40, 70);
        Tensor dgain = to.trial.result(DType.F32, 70);
        Tensor dbias = to.trial.result(DType.F32, 70);
        to.run(k -> k.layerNormBackward(dy, x, gain, statistic, statistic, dx, dgain, dbias, 0));
    }

    private static void embedding(Recorder to) {
        Tensor dy = to.trial.input(DType.F32, 700, 33);
        Tensor tokens = to.trial.indices(700, 3);
        Tensor dtable = to.trial.result(DType.F32, 3, 33);
        to.run(k -> k.embeddingBackward(dy, tokens, 7, dtable, 0, Tensor.NONE, 0));
    }

    private static void attention(Recorder to) {
        AttentionShape shape = new AttentionShape(1, 130, 2, 1, 20);
        Tensor q = to.trial.input(DType.F32, 130, 40);
        Tensor k = to.trial.input(DType.F32, 130, 20);
        Tensor v = to.trial.input(DType.F32, 130, 20);
        Tensor out = to.trial.result(DType.F32, 130, 40);
        Tensor logSumExp = to.trial.result(DType.F32, 2, 130);
        Tensor dq = to.trial.result(DType.F32, 130, 40);
        Tensor dk = to.trial.result(DType.F32, 130, 20);
        Tensor dv = to.trial.result(DType.F32, 130, 20);
        to.run(kernel -> {
            kernel.attention(shape, q, k, v, out, logSumExp);
            kernel.attentionBackward(shape, q, k, v, out, logSumExp, q, dq, dk, dv);
        });
    }

    /** Runs one operation and keeps all it has written. */
    private static final class Recorder {
        private final Trial trial;
        private final List<float[]> seen = new ArrayList<>();

        Recorder(Trial trial) {
            this.trial = trial;
        }

        void run(Consumer<Kernels> operation) {
            seen.addAll(trial.run(kernels, operation));
        }
    }
}
