package io.dunlin.launcher.doctor;

import io.dunlin.device.Stream;
import io.dunlin.device.cuda.CudaDevice;
import io.dunlin.device.cuda.CudaException;
import io.dunlin.device.cuda.Gpus;
import io.dunlin.launcher.place.ComputeDevice;
import io.dunlin.launcher.place.Installation;
import io.dunlin.launcher.report.JsonLine;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** A process that looks for GPUs, opens each as a rank does, and computes a little on it. */
final class GpuProbe {
    /** The driver compiles the kernels when it sees them first; later it has them in its cache. */
    private static final Duration LIMIT = Duration.ofMinutes(3);

    private static final long SIDE = 16; // of the matrices of a try

    private GpuProbe() {}

    /**
     * What it says.
     *
     * @param driver version of CUDA that the driver serves, for example {@code 12.6}; empty if there is no driver
     * @param gpus all that the driver shows
     * @param blas major version of the cuBLAS that is found; 0 if there is none
     * @param problem what keeps ranks from using them; empty if each has computed something
     */
    record Facts(String driver, List<Gpus.Gpu> gpus, int blas, Optional<Problem> problem) {}

    /** As an error says it. */
    record Problem(Kind kind, String text, String remedy) {
        static Problem of(Kind kind, CudaException why) {
            return new Problem(kind, String.valueOf(why.getMessage()), why.remedy());
        }
    }

    /** What a rank would do that takes a GPU if there is one. */
    enum Kind {
        /** There is no GPU: it computes on the CPU. */
        ABSENT,
        /** What a GPU needs is not there: it computes on the CPU, and warns. */
        UNUSABLE,
        /** All is there, and a GPU does not compute: it fails. */
        BROKEN
    }

    static Probe<Facts> process(Installation installation) {
        return new ProbeProcess<>(installation, List.of(GpuProbe.class.getName()), Facts.class, LIMIT);
    }

    public static void main(String[] arguments) {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        Gpus found = Gpus.look(ComputeDevice.cudaOptions(0));
        out.println(
                JsonLine.write(new Facts(found.driverServes().orElse(""), found.all(), found.blas(), problem(found))));
    }

    private static Optional<Problem> problem(Gpus found) {
        return switch (found.verdict()) {
            case Gpus.Verdict.Absent(CudaException why) -> Optional.of(Problem.of(Kind.ABSENT, why));
            case Gpus.Verdict.Unusable(CudaException why) -> Optional.of(Problem.of(Kind.UNUSABLE, why));
            case Gpus.Verdict.Usable() -> open(found.all().size()).map(why -> Problem.of(Kind.BROKEN, why));
        };
    }

    private static Optional<CudaException> open(int gpus) {
        try {
            for (int ordinal = 0; ordinal < gpus; ordinal++) {
                try (CudaDevice device = CudaDevice.open(ComputeDevice.cudaOptions(ordinal))) {
                    compute(device);
                }
            }
            return Optional.empty();
        } catch (CudaException e) {
            return Optional.of(e);
        }
    }

    /** A product, so that cuBLAS begins, and a kernel, so that the driver translates those of training; of anything. */
    private static void compute(CudaDevice device) {
        Stream stream = device.stream("probe");
        Tensor x = matrix(device);
        Tensor y = matrix(device);
        stream.kernels().linear(x, matrix(device), Tensor.NONE, Tensor.NONE, y);
        stream.kernels().gelu(y, x);
        stream.synchronize();
    }

    private static Tensor matrix(CudaDevice device) {
        Shape shape = Shape.of(SIDE, SIDE);
        return Tensor.of(DType.F32, shape, device.allocate("probe", shape.elements() * Float.BYTES));
    }
}
