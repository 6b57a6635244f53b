package io.dunlin.collectives.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.flight.Verdict;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The rules, on ranks that train in virtual time: silence while all is well, the right name for what is not. */
class SentinelTest {
    private static final int WARM = 25;

    @TempDir
    private Path folder;

    private static int victim(long seed) {
        return (int) (seed % TrainingWorld.RANKS);
    }

    @Test
    void shouldSayNothingInThousandCleanIterations() {
        try (TrainingWorld world = new TrainingWorld(folder, 42)) {
            assertThat(world.train(1000)).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void shouldNameTheDead(long seed) {
        try (TrainingWorld world = new TrainingWorld(folder, seed)) {
            assertThat(world.train(WARM)).isEmpty();
            world.kill(victim(seed));

            Verdict verdict = world.awaitVerdict(Duration.ofSeconds(1));

            assertThat(verdict.kind()).isEqualTo(Verdict.Kind.DEAD);
            assertThat(verdict.culprits()).containsExactly(victim(seed));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void shouldNameTheFrozen(long seed) {
        try (TrainingWorld world = new TrainingWorld(folder, seed)) {
            assertThat(world.train(WARM)).isEmpty();
            world.freeze(victim(seed));

            Verdict verdict = world.awaitVerdict(Duration.ofSeconds(5));

            assertThat(verdict.kind()).isEqualTo(Verdict.Kind.FROZEN);
            assertThat(verdict.culprits()).containsExactly(victim(seed));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void shouldNameTheSlowRankWithinFiveIterations(long seed) {
        try (TrainingWorld world = new TrainingWorld(folder, seed)) {
            assertThat(world.train(WARM)).isEmpty();
            world.pace(rank -> rank == victim(seed) ? 1.3 : 1);

            List<Verdict> said = world.train(10);

            assertThat(said).extracting(Verdict::kind).containsExactly(Verdict.Kind.SLOW_RANK);
            assertThat(said.getFirst().culprits()).containsExactly(victim(seed));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void shouldNameTheSlowLink(long seed) {
        try (TrainingWorld world = new TrainingWorld(folder, seed)) {
            assertThat(world.train(WARM)).isEmpty();
            int to = (victim(seed) + 1) % TrainingWorld.RANKS; // the ring sends to the next
            world.slowLink(victim(seed), to, 5);

            List<Verdict> said = world.train(12);

            assertThat(said).extracting(Verdict::kind).containsExactly(Verdict.Kind.SLOW_LINK);
            assertThat(said.getFirst().culprits()).containsExactly(victim(seed), to);
        }
    }

    @Test
    void shouldTellBusyElsewhereFromStandingStill() {
        try (TrainingWorld world = new TrainingWorld(folder, 7)) {
            assertThat(world.train(WARM)).isEmpty();
            world.hang(2);

            Verdict verdict = world.awaitVerdict(Duration.ofSeconds(6));

            assertThat(verdict.kind()).isEqualTo(Verdict.Kind.NOT_ENTERED);
            assertThat(verdict.culprits()).containsExactly(2);
            assertThat(verdict.paragraph(rank -> "in Example.sleep"))
                    .startsWith("rank 2 is alive and has not called what the others have waited in for 4.")
                    .contains(
                            "of group world (all-reduce of ",
                            "was entered by ranks 0 1 3, not by rank 2.",
                            "Rank 2: in Example.sleep.");
        }
    }

    @Test
    void shouldExplainAtOnceWhenAsked() {
        try (TrainingWorld world = new TrainingWorld(folder, 8)) {
            assertThat(world.train(3)).isEmpty();
            world.hang(1);
            long askNs = world.nowNs() + 200_000_000;
            while (world.nowNs() < askNs) {
                assertThat(world.turn()).isEmpty();
            }

            assertThat(world.watchdog().explain()).hasValueSatisfying(verdict -> {
                assertThat(verdict.kind()).isEqualTo(Verdict.Kind.NOT_ENTERED);
                assertThat(verdict.culprits()).containsExactly(1);
            });
        }
    }

    @Test
    void shouldNameTheLinkThatBringsNothing() {
        try (TrainingWorld world = new TrainingWorld(folder, 9)) {
            assertThat(world.train(WARM)).isEmpty();
            world.slowLink(3, 0, 1e7);

            Verdict verdict = world.awaitVerdict(Duration.ofSeconds(5));

            assertThat(verdict.kind()).isEqualTo(Verdict.Kind.COMM_HANG);
            assertThat(verdict.culprits()).containsExactly(3, 0);
        }
    }
}
