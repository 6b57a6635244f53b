package io.dunlin.launcher.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.data.BatchPlan;
import io.dunlin.launcher.place.Installation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class RecipesTest {
    static Stream<Path> recipes() throws IOException {
        try (Stream<Path> files = Files.walk(Installation.current().recipes())) {
            return files.filter(file -> file.toString().endsWith(".toml")).toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("recipes")
    void shouldBeAJobThatCanBeRun(Path recipe) {
        Job job = JobFile.load(recipe, List.of()).job();

        assertThat(job.model().config().parameterCount()).isPositive();
        assertThat(BatchPlan.of(
                                job.model().context(),
                                job.train().microBatch(),
                                job.train().tokensPerStep())
                        .tokensPerStep())
                .as("what the plan makes of tokens_per_step")
                .isEqualTo(job.train().tokensPerStep());
    }
}
