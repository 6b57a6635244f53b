package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Deterministic mode: any number of rank processes, the same losses and weights to the last bit. */
class DeterministicRanksTest {
    private static final int STEPS = 20;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"debug", "llama-debug"})
    void shouldGiveTheSameBitsOnOneToFourRanks(String preset) {
        TestJob job = TestJob.tiny(STEPS).with("model.preset", '"' + preset + '"').deterministic();
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            cluster.train("ranks-1", job, 1).succeeds();
            RunFolder one = cluster.run("ranks-1");
            assertThat(one.steps()).hasSize(STEPS);
            assertThat(one.steps().get((long) STEPS).loss()).isLessThan(one.steps().get(1L).loss());

            for (int ranks : List.of(2, 3, 4)) {
                String name = "ranks-" + ranks;
                cluster.train(name, job, ranks).succeeds();
                assertThat(cluster.run(name).steps()).as("%d ranks", ranks).isEqualTo(one.steps());
            }
        }
    }
}
