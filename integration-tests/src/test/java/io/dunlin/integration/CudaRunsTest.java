package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.device.cuda.NeedsCuda;
import io.dunlin.device.cuda.StandInEnvironment;
import java.nio.file.Path;
import java.util.SortedMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ranks that compute on GPUs are killed, resumed and moved to the CPU and back like all others. */
@NeedsCuda
@Tag("cuda")
class CudaRunsTest {
    private static final TestJob JOB =
            TestJob.tiny(12).deterministic().with("train.tokens_per_step", 256).with("checkpoint.interval", 4);
    private static final TestJob ON_CUDA = JOB.with("train.device", "\"cuda\"");

    @TempDir
    private Path folder;

    @Test
    void shouldGoOnWhenARankIsKilled() {
        try (LocalCluster cluster = LocalCluster.withGpus(folder, StandInEnvironment.build())) {
            DunlinProcess process = cluster.train("disturbed", ON_CUDA.with("launch.restarts", 1), 2);
            RunFolder run = cluster.run("disturbed");
            run.awaitStep(6);
            DunlinProcess.signal(run.rankPids().get(1), "KILL");
            process.succeeds();
            cluster.train("undisturbed", ON_CUDA, 1).succeeds();
            RunFolder undisturbed = cluster.run("undisturbed");

            assertThat(process.text()).contains("| cuda, ").contains("ended by signal 9");
            assertThat(run.steps()).hasSize(12).isEqualTo(undisturbed.steps());
            assertThat(SavedTensors.digests(run, 12)).isEqualTo(SavedTensors.digests(undisturbed, 12));
        }
    }

    @Test
    void shouldMoveARunFromTheCpuToAGpuAndBack() {
        try (LocalCluster cluster = LocalCluster.withGpus(folder, StandInEnvironment.build())) {
            cluster.train("cpu", JOB, 2).succeeds();
            cluster.train("moved", JOB.with("train.steps", 4), 2).succeeds();
            RunFolder moved = cluster.run("moved");
            String run = moved.path().toString();
            DunlinProcess gpu = cluster.start("resume", run, "--set", "train.steps=8", "--set", "train.device=cuda");
            gpu.succeeds();
            DunlinProcess cpu = cluster.start("resume", run, "--set", "train.steps=12", "--set", "train.device=cpu");
            cpu.succeeds();

            assertThat(gpu.text()).contains("| cuda, ");
            assertThat(cpu.text()).doesNotContain("| cuda, ");
            SortedMap<Long, RunFolder.Step> expected = cluster.run("cpu").steps();
            assertThat(moved.steps()).hasSize(12);
            moved.steps().forEach((number, step) -> assertThat(step.loss())
                    .as("step %d", number)
                    .isCloseTo(expected.get(number).loss(), within(1e-4)));
        }
    }

    @Test
    @Tag("standin-only")
    void shouldSayWhatDidNotFit() {
        try (LocalCluster cluster =
                LocalCluster.withGpus(folder, StandInEnvironment.build().memoryMegabytes(6))) {
            DunlinProcess process = cluster.train("large", ON_CUDA.with("model.width", 256), 1);

            process.endsWith(3);
            assertThat(process.text()).contains("DUN-422").contains("free").doesNotContain("\tat ");
        }
    }
}
