package io.dunlin.launcher.doctor;

import io.dunlin.device.cuda.CudaDevice;
import io.dunlin.device.cuda.CudaException;
import io.dunlin.device.cuda.Gpus;
import io.dunlin.launcher.place.ComputeDevice;
import io.dunlin.launcher.place.Installation;
import io.dunlin.launcher.report.JsonLine;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** A process that looks for GPUs and opens each as a rank does, with the kernels. */
final class GpuProbe {
    /** The driver compiles the kernels when it sees them first; later it has them in its cache. */
    private static final Duration LIMIT = Duration.ofMinutes(3);

    private GpuProbe() {}

    /**
     * What it says.
     *
     * @param driver version of CUDA that the driver serves, for example {@code 12.6}; empty if there is no driver
     * @param gpus all that the driver shows
     * @param blas major version of the cuBLAS that is found; 0 if there is none
     * @param problem what keeps ranks from using them; empty if they were opened
     */
    record Facts(String driver, List<Gpus.Gpu> gpus, int blas, Optional<Problem> problem) {
        /** Whether a rank can compute on them. */
        boolean usable() {
            return problem.isEmpty();
        }
    }

    /** As an error says it. */
    record Problem(String code, String text, String remedy) {
        /** Whether something is not there, and not broken. */
        boolean isAbsence() {
            return code.equals("DUN-420");
        }
    }

    static Probe<Facts> process(Installation installation) {
        return new ProbeProcess<>(installation, List.of(GpuProbe.class.getName()), Facts.class, LIMIT);
    }

    public static void main(String[] arguments) {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        Gpus found = Gpus.look(ComputeDevice.cudaOptions(0));
        Optional<CudaException> problem =
                found.missing().or(() -> open(found.all().size()));
        out.println(JsonLine.write(new Facts(
                found.driverServes().orElse(""),
                found.all(),
                found.blas(),
                problem.map(why -> new Problem(why.code(), String.valueOf(why.getMessage()), why.remedy())))));
    }

    private static Optional<CudaException> open(int gpus) {
        try {
            for (int ordinal = 0; ordinal < gpus; ordinal++) {
                try (CudaDevice device = CudaDevice.open(ComputeDevice.cudaOptions(ordinal))) {
                    device.stream("probe").synchronize();
                }
            }
            return Optional.empty();
        } catch (CudaException e) {
            return Optional.of(e);
        }
    }
}
