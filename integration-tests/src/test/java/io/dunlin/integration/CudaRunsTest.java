package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.device.cuda.NeedsCuda;
import io.dunlin.device.cuda.StandInEnvironment;
import io.dunlin.device.cuda.StandInTrace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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

    private static final TestJob SHORT = TestJob.tiny(2).with("train.tokens_per_step", 128);

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
    void shouldTakeGpusInTurnWhereThereAreAny() throws IOException {
        StandInEnvironment gpus = StandInEnvironment.build().with("devices", 2).trace(folder.resolve("trace-%p"));
        try (LocalCluster cluster = LocalCluster.withGpus(folder, gpus)) {
            DunlinProcess training = cluster.train("auto", SHORT.with("train.device", "\"auto\""), 2);
            training.succeeds();
            RunFolder run = cluster.run("auto");
            DunlinProcess sample = cluster.start(
                    "sample", run.path().toString(), "--device", "cuda", "--prompt", "if", "--tokens", "3");
            sample.succeeds();

            assertThat(training.text()).contains("| cuda, ").doesNotContain("share GPU", "no GPU is used");
            List<Integer> opened = new ArrayList<>();
            for (long pid : run.rankPids()) {
                StandInTrace trace = StandInTrace.read(folder.resolve("trace-" + pid));
                assertThat(trace.totalNs("kernel")).isPositive();
                opened.addAll(trace.devices());
            }
            assertThat(opened).containsExactly(0, 1);
            assertThat(sample.text()).contains("if");
        }
    }

    @Test
    @Tag("standin-only")
    void shouldWarnWhereAGpuCannotBeUsed() {
        StandInEnvironment old = StandInEnvironment.build().with("capability", 75);
        try (LocalCluster cluster = LocalCluster.withGpus(folder, old)) {
            DunlinProcess process = cluster.train("old", SHORT.with("train.device", "\"auto\""), 1);
            process.succeeds();

            assertThat(process.text())
                    .containsPattern("!  no GPU is used: CUDA cannot be used here: GPU 0 .* has compute capability 7.5")
                    .doesNotContain("| cuda, ");
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

    @Test
    @Tag("standin-only")
    void shouldTrainOnSeveralGpusWhatOneCannotHold() {
        TestJob job = SHORT.with("train.device", "\"cuda\"")
                .with("model.layers", 8)
                .with("model.width", 192)
                .with("model.heads", 3);
        StandInEnvironment small = StandInEnvironment.build().with("devices", 4).memoryMegabytes(72);
        try (LocalCluster cluster = LocalCluster.withGpus(folder, small)) {
            cluster.train("whole", job, 4).endsWith(3);
            DunlinProcess sharded = cluster.train("sharded", job.with("parallel.shard", "\"zero3\""), 4);
            sharded.succeeds();

            assertThat(sharded.text()).contains("dp 4, zero3");
            assertThat(cluster.run("sharded").steps()).hasSize(2);
        }
    }
}
