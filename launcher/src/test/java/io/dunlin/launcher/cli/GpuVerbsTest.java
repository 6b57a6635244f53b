package io.dunlin.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.dunlin.device.cuda.NeedsCuda;
import io.dunlin.device.cuda.StandInEnvironment;
import io.dunlin.launcher.Dunlin;
import io.dunlin.launcher.bench.StandIn;
import io.dunlin.launcher.place.Installation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole commands as processes of their own, on the stand-in for CUDA and where there is no driver. */
@NeedsCuda
@Tag("standin-only")
final class GpuVerbsTest {
    private static final String GPU =
            "CUDA stand-in on the CPU, compute capability 8.6, 256 MiB; driver for CUDA 12.6; ";

    @TempDir
    private Path folder;

    private record Ended(int status, String out, String err) {}

    @Test
    void shouldFindAndOpenGpus() throws Exception {
        Ended one =
                dunlin(StandInEnvironment.build().variables(), "doctor", "--ranks", "1", "--set", "train.device=cuda");
        Ended three = dunlin(
                StandInEnvironment.build().with("devices", 3).variables(),
                "doctor",
                "--set",
                "train.device=auto",
                "--set",
                "train.micro_batch=4",
                "--ranks",
                "4");

        assertThat(one.out())
                .contains("GPU            ok    " + GPU + "cuBLAS 12; each has computed a product and a kernel\n")
                .contains("Memory         ok    GPU 0 has 256 MiB; 1 rank of ");
        assertThat(three.out())
                .contains("GPU            warn  3 x " + GPU)
                .contains("4 ranks share 3 GPUs")
                .contains("Memory         ok    GPU 0 has 256 MiB; 2 ranks of ");
    }

    @Test
    void shouldTellAMachineWithCuda13WhatWorks() throws Exception {
        Path libraries = Path.of(StandInEnvironment.build().variables().get("LD_LIBRARY_PATH"));
        Files.copy(libraries.resolve("libcuda.so.1"), folder.resolve("libcuda.so.1"));
        Files.copy(libraries.resolve("libcublas.so.12"), folder.resolve("libcublas.so.13"));
        Map<String, String> only13 = Map.of("LD_LIBRARY_PATH", folder.toString());

        Ended asked = dunlin(only13, "doctor", "--ranks", "1", "--set", "train.device=cuda");
        Ended unasked = dunlin(only13, "doctor");

        assertThat(asked.status()).isEqualTo(3);
        assertThat(asked.out())
                .contains("GPU            FAIL  " + GPU + "CUDA cannot be used here: libcublas.so.12 is not found, and"
                        + " libcublas.so.13 does not serve\n")
                .contains(
                        "the driver is right, it runs programs of CUDA 12 too; beside CUDA 13 install cuBLAS of CUDA 12")
                .contains("libcublas-12-x", "nvidia-cublas-cu12", "LD_LIBRARY_PATH", "train.device = \"cpu\"");
        assertThat(unasked.out()).contains("GPU            warn  " + GPU);
    }

    @Test
    void shouldMarkEveryTableOfTheStandIn() throws Exception {
        Path json = folder.resolve("device.json");

        Ended ended = dunlin(
                StandInEnvironment.build().variables(),
                "bench",
                "device",
                "--seconds",
                "0.001",
                "--json",
                json.toString());

        assertThat(ended.status()).as(ended.err()).isZero();
        assertThat(ended.out()).startsWith("# cuda, CUDA stand-in on the CPU, compute capability 8.6, 256 MiB, driver");
        assertThat(ended.out().lines().filter(line -> line.equals("# " + StandIn.REMARK)))
                .hasSize(3);
        assertThat(ended.out().lines().filter(line -> line.contains("time (us)")))
                .hasSize(3);
        assertThat(ended.out()).containsPattern("attention, backward +1 x 64 x 2 x 32 +bf16 .* TFLOP/s\n");
        assertThat(Files.readString(json)).contains("\"stand_in\" : true", "\"size\" : \"small\"");
    }

    @Test
    void shouldSayWhatMeasuresLess() throws Exception {
        Ended ended = dunlin(StandInEnvironment.build().variables(), "bench", "device", "--size", "large");

        assertThat(ended.status()).isEqualTo(3);
        assertThat(ended.err())
                .startsWith("DUN-422  the GPU gave no memory for operands")
                .contains("`nvidia-smi` shows", "a smaller `--size` (small or medium), or `--device cpu`")
                .doesNotContain("train.", "\tat ");
    }

    @Test
    void shouldMeasureAStep() throws Exception {
        Ended ended = dunlin(
                StandInEnvironment.build().variables(),
                "bench",
                "step",
                "--device",
                "cuda",
                "--preset",
                "debug",
                "--batch",
                "1",
                "--steps",
                "1");

        assertThat(ended.status()).as(ended.err()).isZero();
        assertThat(ended.out())
                .contains("1 steps, cuda, CUDA stand-in on the CPU", "# " + StandIn.REMARK, "# no times of kernels")
                .containsPattern("tokens/s, .* ms/step");
    }

    @Test
    void shouldSayWhyTheCpuIsMeasured() throws Exception {
        Ended doctor = dunlin(Map.of(), "doctor");
        assumeThat(doctor.out()).as("no driver here").contains("GPU            ok    none: ranks compute on the CPU\n");

        Ended auto = dunlin(Map.of(), "bench", "device", "--seconds", "0.001", "--size", "small", "--threads", "1");
        Ended cuda = dunlin(Map.of(), "bench", "device", "--device", "cuda");

        assertThat(auto.out()).startsWith("# cpu, 1 thread").doesNotContain(StandIn.REMARK);
        assertThat(auto.err())
                .startsWith("no GPU is used: CUDA cannot be used here: there is no driver (libcuda.so.1)");
        assertThat(cuda.status()).isEqualTo(3);
        assertThat(cuda.err())
                .startsWith("DUN-420  CUDA cannot be used here: there is no driver (libcuda.so.1)")
                .contains("install the driver of NVIDIA, 525 or newer");
    }

    private Ended dunlin(Map<String, String> environment, String... arguments)
            throws IOException, InterruptedException {
        List<String> command =
                Installation.current().javaCommand(List.of("-Xmx256m", "-XX:+UseSerialGC"), Dunlin.class.getName());
        command.addAll(List.of(arguments));
        Path errors = folder.resolve("errors");
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors.toFile());
        builder.environment().putAll(environment);
        Process process = builder.start();
        process.getOutputStream().close();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int status = process.waitFor();
        String err = Files.readString(errors).replaceFirst("WARNING: Using incubator modules.*\n", "");
        return new Ended(status, out, err);
    }
}
