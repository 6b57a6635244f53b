package io.dunlin.launcher.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.device.cuda.NeedsCuda;
import io.dunlin.device.cuda.StandInEnvironment;
import io.dunlin.launcher.place.DeviceChoice;
import io.dunlin.launcher.place.Installation;
import io.dunlin.launcher.report.JsonLine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The process that looks for GPUs, on the stand-in for CUDA with something wrong with it. */
@NeedsCuda
@Tag("standin-only")
final class GpuProbeTest {
    private static final int UNKNOWN = 999;
    private static final int INVALID_PTX = 218;
    private static final int NOT_INITIALIZED = 1; // of cuBLAS

    @Test
    void shouldLoadTheKernelsOfEachGpu() throws Exception {
        GpuProbe.Problem problem = problem(StandInEnvironment.build().failing("cuModuleLoadData", INVALID_PTX));

        assertThat(problem.kind()).isEqualTo(GpuProbe.Kind.BROKEN);
        assertThat(problem.text()).contains("cuModuleLoadData failed with CUDA_ERROR_INVALID_PTX (218)");
    }

    @Test
    void shouldBeginCuBlas() throws Exception {
        GpuProbe.Problem problem = problem(StandInEnvironment.build().failing("cublasCreate", NOT_INITIALIZED));

        assertThat(problem.kind()).isEqualTo(GpuProbe.Kind.BROKEN);
        assertThat(problem.text()).contains("cublasCreate failed with CUBLAS_STATUS_NOT_INITIALIZED (1)");
    }

    @Test
    void shouldNotTakeABrokenDriverForNone() throws Exception {
        GpuProbe.Facts facts = facts(StandInEnvironment.build().failing("cuInit", UNKNOWN));

        assertThat(facts.problem().orElseThrow().kind()).isEqualTo(GpuProbe.Kind.UNUSABLE);
        for (DeviceChoice choice : List.of(DeviceChoice.CPU, DeviceChoice.AUTO)) {
            assertThat(new GpuCheck(() -> facts, choice, 1).look())
                    .isInstanceOfSatisfying(Finding.Warn.class, warn -> assertThat(warn.text())
                            .contains("cuInit failed with CUDA_ERROR_UNKNOWN (999)"));
        }
    }

    @Test
    void shouldRefuseAGpuForWhichThereAreNoKernels() throws Exception {
        GpuProbe.Problem problem = problem(StandInEnvironment.build().with("capability", 75));

        assertThat(problem.kind()).isEqualTo(GpuProbe.Kind.UNUSABLE);
        assertThat(problem.text()).contains("has compute capability 7.5, and 8.0 or higher is needed");
    }

    @Test
    void shouldFindADriverWithoutGpus() throws Exception {
        assertThat(problem(StandInEnvironment.build().with("devices", 0)).kind())
                .isEqualTo(GpuProbe.Kind.ABSENT);
    }

    private static GpuProbe.Problem problem(StandInEnvironment environment) throws IOException, InterruptedException {
        return facts(environment).problem().orElseThrow();
    }

    private static GpuProbe.Facts facts(StandInEnvironment environment) throws IOException, InterruptedException {
        ProcessBuilder builder =
                new ProcessBuilder(Installation.current().javaCommand(List.of("-Xmx256m"), GpuProbe.class.getName()));
        environment.putInto(builder.redirectErrorStream(true).environment());
        Process process = builder.start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return output.lines()
                .flatMap(line -> JsonLine.read(line, GpuProbe.Facts.class).stream())
                .findFirst()
                .orElseThrow(() -> new AssertionError(output));
    }
}
