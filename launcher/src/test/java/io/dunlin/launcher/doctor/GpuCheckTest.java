package io.dunlin.launcher.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.dunlin.device.cuda.Gpus;
import io.dunlin.launcher.job.JobFile;
import io.dunlin.launcher.place.DeviceChoice;
import io.dunlin.launcher.place.Installation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class GpuCheckTest {
    private static final Gpus.Gpu GPU = new Gpus.Gpu("NVIDIA A100", "8.0", 40L << 30);
    private static final GpuProbe.Facts GOOD = new GpuProbe.Facts("12.6", List.of(GPU), 12, Optional.empty());
    private static final GpuProbe.Problem NOTHING =
            new GpuProbe.Problem(GpuProbe.Kind.ABSENT, "CUDA cannot be used here: there is no driver", "install it");
    private static final GpuProbe.Facts NO_DRIVER = new GpuProbe.Facts("", List.of(), 0, Optional.of(NOTHING));
    private static final GpuProbe.Problem NO_BLAS = new GpuProbe.Problem(
            GpuProbe.Kind.UNUSABLE,
            "CUDA cannot be used here: libcublas.so.12 is not found",
            "install cuBLAS of CUDA 12");
    private static final GpuProbe.Facts ONLY_13 = new GpuProbe.Facts("13.0", List.of(GPU), 13, Optional.of(NO_BLAS));

    @TempDir
    private Path folder;

    @Test
    void shouldNameDriverGpusAndCuBlas() throws Exception {
        assertThat(look(GOOD, DeviceChoice.CUDA, 1))
                .isEqualTo(
                        new Finding.Ok("NVIDIA A100, compute capability 8.0, 40.0 GiB; driver for CUDA 12.6; cuBLAS 12;"
                                + " each has computed a product and a kernel"));
        GpuProbe.Facts eight = new GpuProbe.Facts("12.6", Collections.nCopies(8, GPU), 12, Optional.empty());
        assertThat(look(eight, DeviceChoice.AUTO, 8).text()).startsWith("8 x NVIDIA A100, ");
        assertThat(look(GOOD, DeviceChoice.CPU, 1))
                .isInstanceOf(Finding.Ok.class)
                .extracting(Finding::text)
                .asString()
                .endsWith("the job does not ask for it (train.device = \"auto\")");
    }

    @Test
    void shouldWarnWhereRanksTakeTurns() throws Exception {
        assertThat(look(GOOD, DeviceChoice.CUDA, 3)).isInstanceOfSatisfying(Finding.Warn.class, warn -> {
            assertThat(warn.text()).endsWith("3 ranks share it");
            assertThat(warn.remedy()).contains("launch.ranks = 1");
        });
    }

    @Test
    void shouldMissAGpuOnlyWhereTheJobAsksForIt() throws Exception {
        assertThat(look(NO_DRIVER, DeviceChoice.CPU, 1)).isEqualTo(new Finding.Ok("none: ranks compute on the CPU"));
        assertThat(look(NO_DRIVER, DeviceChoice.AUTO, 1)).isEqualTo(new Finding.Ok("none: ranks compute on the CPU"));
        assertThat(look(NO_DRIVER, DeviceChoice.CUDA, 1))
                .isEqualTo(
                        new Finding.Fail(NOTHING.text(), "install it; or compute on the CPU: train.device = \"cpu\""));
    }

    @Test
    void shouldSayWhatAGpuLacks() throws Exception {
        String text = "NVIDIA A100, compute capability 8.0, 40.0 GiB; driver for CUDA 13.0; " + NO_BLAS.text();

        assertThat(look(ONLY_13, DeviceChoice.CPU, 1)).isEqualTo(new Finding.Warn(text, NO_BLAS.remedy()));
        assertThat(look(ONLY_13, DeviceChoice.CUDA, 1))
                .isInstanceOfSatisfying(
                        Finding.Fail.class, fail -> assertThat(fail.text()).isEqualTo(text));
    }

    @Test
    void shouldNotTakeABrokenDriverForNone() throws Exception {
        GpuProbe.Problem broken =
                new GpuProbe.Problem(GpuProbe.Kind.UNUSABLE, "cuInit failed with CUDA_ERROR_UNKNOWN (999)", "look");
        GpuProbe.Facts facts = new GpuProbe.Facts("12.6", List.of(), 12, Optional.of(broken));

        assertThat(look(facts, DeviceChoice.CPU, 1))
                .isEqualTo(new Finding.Warn("driver for CUDA 12.6; cuBLAS 12; " + broken.text(), "look"));
        assertThat(look(facts, DeviceChoice.AUTO, 1)).isInstanceOf(Finding.Warn.class);
        assertThat(look(facts, DeviceChoice.CUDA, 1)).isInstanceOf(Finding.Fail.class);
    }

    /** A rank that takes a GPU if there is one does not turn to the CPU then. */
    @Test
    void shouldFailWhereTheJobWouldTakeAGpuThatDoesNotCompute() throws Exception {
        GpuProbe.Problem broken = new GpuProbe.Problem(GpuProbe.Kind.BROKEN, "cublasCreate failed", "look");
        GpuProbe.Facts facts = new GpuProbe.Facts("12.6", List.of(GPU), 12, Optional.of(broken));

        assertThat(look(facts, DeviceChoice.CPU, 1)).isInstanceOf(Finding.Warn.class);
        assertThat(look(facts, DeviceChoice.AUTO, 1)).isInstanceOf(Finding.Fail.class);
        assertThat(look(facts, DeviceChoice.CUDA, 1)).isInstanceOf(Finding.Fail.class);
        assertThat(memory(() -> facts, DeviceChoice.CPU, 1).look().text()).startsWith("24.0 GiB available");
        assertThat(memory(() -> facts, DeviceChoice.AUTO, 1).look()).isInstanceOf(Finding.Fail.class);
    }

    @Test
    void shouldSayThatTheDriverDidNotAnswer() throws Exception {
        Probe<GpuProbe.Facts> late = () -> {
            throw new Probe.LateException(Duration.ofMinutes(3));
        };

        assertThat(new GpuCheck(late, DeviceChoice.AUTO, 1).look()).isInstanceOfSatisfying(Finding.Fail.class, fail -> {
            assertThat(fail.text()).isEqualTo("a process that asked the driver of the GPU did not answer within 3 min");
            assertThat(fail.remedy()).contains("nvidia-smi", "dmesg", "install the driver again");
        });
    }

    @Test
    void shouldSurviveADriverThatBreaksTheProcess() throws Exception {
        Probe<GpuProbe.Facts> broken = () -> {
            throw new Probe.BrokenException("ended with: SIGSEGV");
        };

        assertThat(new GpuCheck(broken, DeviceChoice.CPU, 1).look()).isInstanceOf(Finding.Warn.class);
        assertThat(new GpuCheck(broken, DeviceChoice.CUDA, 1).look())
                .isInstanceOfSatisfying(
                        Finding.Fail.class, fail -> assertThat(fail.text()).endsWith("GPU ended with: SIGSEGV"));
        assertThat(new GpuCheck(broken, DeviceChoice.AUTO, 1).look()).isInstanceOf(Finding.Fail.class);
        assertThat(memory(broken, DeviceChoice.CUDA, 1).look()).isInstanceOf(Finding.Fail.class);
        assertThat(memory(broken, DeviceChoice.AUTO, 1).look()).isInstanceOf(Finding.Fail.class);
    }

    @Test
    void shouldReckonWithTheMemoryOfTheGpuWhereThatComputes() throws Exception {
        assertThat(memory(() -> GOOD, DeviceChoice.CPU, 1).look().text()).startsWith("24.0 GiB available; 1 rank");
        assertThat(memory(() -> GOOD, DeviceChoice.AUTO, 1).look())
                .isEqualTo(new Finding.Ok("GPU 0 has 40.0 GiB; 1 rank of 1.24 G parameters needs 16.8 GiB; the host has"
                        + " 24.0 GiB available"));
        assertThat(memory(() -> GOOD, DeviceChoice.CUDA, 2).look()).isInstanceOf(Finding.Warn.class);
        assertThat(memory(() -> GOOD, DeviceChoice.CUDA, 3).look()).isInstanceOf(Finding.Fail.class);
        assertThat(memory(() -> NO_DRIVER, DeviceChoice.AUTO, 1).look().text()).startsWith("24.0 GiB available");
    }

    @Test
    void shouldReckonWithShardsOnGpus() throws Exception {
        GpuProbe.Facts eight = new GpuProbe.Facts("12.6", Collections.nCopies(8, GPU), 12, Optional.empty());

        assertThat(onGpus(eight, need("llama3-8b", "none")))
                .isInstanceOfSatisfying(Finding.Fail.class, fail -> assertThat(fail.remedy())
                        .isEqualTo("would fit: parallel.shard = \"zero3\""));
        assertThat(onGpus(eight, need("llama3-8b", "zero3")))
                .isInstanceOfSatisfying(Finding.Ok.class, ok -> assertThat(ok.text())
                        .startsWith("GPU 0 has 40.0 GiB; 1 rank of 8.03 G parameters, zero3, needs "));
    }

    private static Finding onGpus(GpuProbe.Facts facts, MemoryNeed need) throws Exception {
        return new GpuMemoryCheck(need, () -> facts, DeviceChoice.CUDA, new MemoryCheck(need, 24L << 30)).look();
    }

    private static MemoryNeed need(String preset, String shard) {
        return MemoryNeed.of(JobFile.parse("""
                run.name = "a"
                data.text = "/a.txt"
                model.preset = "%s"
                model.context = 512
                train.micro_batch = 1
                launch.ranks = 8
                parallel.shard = "%s"
                """.formatted(preset, shard)).job(), 8);
    }

    /** In this machine, whatever it is: the launcher's own process stays clean and the answer complete. */
    @ParameterizedTest
    @EnumSource(DeviceChoice.class)
    void shouldAskAProcess(DeviceChoice choice) throws Exception {
        Probe<GpuProbe.Facts> probe = GpuProbe.process(Installation.current());
        assumeThat(probe.get().driver()).as("no driver here").isEmpty();

        assertThat(probe.get().problem().orElseThrow().text())
                .startsWith("CUDA cannot be used here: there is no driver (libcuda.so.1)");
        Finding finding = new GpuCheck(probe, choice, 1).look();
        if (choice == DeviceChoice.CUDA) {
            assertThat(finding).isInstanceOfSatisfying(Finding.Fail.class, fail -> assertThat(fail.remedy())
                    .startsWith("install the driver of NVIDIA, 525 or newer"));
        } else {
            assertThat(finding).isEqualTo(new Finding.Ok("none: ranks compute on the CPU"));
        }
    }

    @Test
    void shouldShowWhatAProcessSaidThatCouldNotStart() throws Exception {
        Files.createDirectories(folder.resolve("conf"));
        Files.writeString(folder.resolve("conf/jvm.options"), "--no-such-flag\n");

        assertThat(new GpuCheck(GpuProbe.process(new Installation(folder)), DeviceChoice.CUDA, 1).look())
                .isInstanceOfSatisfying(
                        Finding.Fail.class, fail -> assertThat(fail.text()).contains("no-such-flag"));
    }

    private static Finding look(GpuProbe.Facts facts, DeviceChoice choice, int ranks) throws Exception {
        return new GpuCheck(() -> facts, choice, ranks).look();
    }

    private static Check memory(Probe<GpuProbe.Facts> probe, DeviceChoice choice, int ranks) {
        MemoryNeed planned = need("llama3-1b", "none");
        MemoryNeed need =
                new MemoryNeed(planned.planner(), planned.workload(), planned.shard(), ranks, 18_000_000_000L, 0);
        return new GpuMemoryCheck(need, probe, choice, new MemoryCheck(need, 24L << 30));
    }
}
