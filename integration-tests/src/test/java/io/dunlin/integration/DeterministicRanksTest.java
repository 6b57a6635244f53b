package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Deterministic mode: any number of rank processes, the same losses and weights to the last bit. */
class DeterministicRanksTest {
    private static final int STEPS = 20;

    @TempDir
    private Path folder;

    @Test
    void shouldGiveTheSameBitsOverUdp() {
        TestJob job = TestJob.tiny(STEPS).deterministic();
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            cluster.train("alone", job, 1).succeeds();
            DunlinProcess process = cluster.train("udp", job.with("launch.transport", "\"udp\""), 3)
                    .succeeds();

            assertThat(process.text()).contains("transport udp");
            assertThat(cluster.run("udp").steps())
                    .hasSize(STEPS)
                    .isEqualTo(cluster.run("alone").steps());
        }
    }

    @ParameterizedTest
    @CsvSource({"debug, 2 4", "llama-debug, 3"})
    void shouldGiveTheSameBitsAsOneRank(String preset, String others) {
        TestJob job =
                TestJob.tiny(STEPS).with("model.preset", '"' + preset + '"').deterministic();
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            cluster.train("ranks-1", job, 1).succeeds();
            RunFolder one = cluster.run("ranks-1");
            assertThat(one.steps()).hasSize(STEPS);
            assertThat(one.steps().get((long) STEPS).loss())
                    .isLessThan(one.steps().get(1L).loss());

            for (int ranks :
                    Arrays.stream(others.split(" ")).mapToInt(Integer::parseInt).toArray()) {
                String name = "ranks-" + ranks;
                cluster.train(name, job, ranks).succeeds();
                assertThat(cluster.run(name).steps()).as("%d ranks", ranks).isEqualTo(one.steps());
                assertThat(SavedTensors.digests(cluster.run(name), STEPS))
                        .as("%d ranks", ranks)
                        .isEqualTo(SavedTensors.digests(one, STEPS));
            }
        }
    }
}
