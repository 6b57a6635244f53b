package io.dunlin.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.dunlin.collectives.engine.LoopbackWorld;
import io.dunlin.error.ExitCode;
import io.dunlin.parallel.Ranks.Ending;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;

class RunAgreementTest {
    private static SequencedMap<String, String> facts(String seed, String job) {
        SequencedMap<String, String> facts = new LinkedHashMap<>();
        facts.put("model", "gpt 2 x 32");
        facts.put("seed", seed);
        facts.put("job", job);
        return facts;
    }

    private static List<Ending<String>> check(List<SequencedMap<String, String>> factsOfRanks) {
        try (LoopbackWorld world = LoopbackWorld.ofRanks(factsOfRanks.size())) {
            return Ranks.endings(factsOfRanks.size(), rank -> () -> {
                RunAgreement.check(world.communicator(rank), factsOfRanks.get(rank));
                return "agreed";
            });
        }
    }

    private static ParallelException failure(Ending<String> ending) {
        return (ParallelException) ((Ending.Failure<String>) ending).cause();
    }

    @Test
    void shouldLetRanksThatAgreeBegin() {
        assertThat(check(List.of(facts("7", "steps = 5"), facts("7", "steps = 5"), facts("7", "steps = 5"))))
                .containsOnly(new Ending.Result<>("agreed"));
    }

    @Test
    void shouldNameTheRanksAndTheirValuesOnEveryRank() {
        List<Ending<String>> endings =
                check(List.of(facts("7", "steps = 5"), facts("8", "steps = 5"), facts("7", "steps = 5")));

        assertThat(endings).hasSize(3).allSatisfy(ending -> {
            assertThat(failure(ending))
                    .hasMessage(
                            "The ranks were not started for the same run: seed is 7 on ranks 0, 2 but 8 on rank 1.");
            assertThat(failure(ending).code()).isEqualTo("DUN-531");
            assertThat(failure(ending).exitCode()).isEqualTo(ExitCode.USAGE);
        });
    }

    @Test
    void shouldNoticeADifferenceFarInsideALongValue() {
        String job = "# the same long head\n".repeat(50);
        List<Ending<String>> endings = check(List.of(facts("7", job + "a"), facts("7", job + "b")));

        assertThat(failure(endings.getFirst()))
                .hasMessage("The ranks were not started for the same run: job is # the same long head on rank 0"
                        + " but # the same long head on rank 1 (they differ further on).");
    }

    @Test
    void shouldNoticeAFactThatOnlyOneRankHas() {
        SequencedMap<String, String> more = facts("7", "steps = 5");
        more.put("precision", "bf16");

        List<Ending<String>> endings = check(List.of(facts("7", "steps = 5"), more));

        assertThat(failure(endings.get(1))).hasMessageContaining("precision is empty on rank 0 but bf16 on rank 1");
    }

    @Test
    void shouldCutAValueBetweenCharacters() {
        String wide = "\u00e4".repeat(100);
        List<Ending<String>> endings = check(List.of(facts("x" + wide, "a"), facts("y" + wide, "a")));

        assertThat(failure(endings.getFirst()).getMessage()).doesNotContain("\ufffd");
    }

    @Test
    void shouldAskNobodyAlone() {
        try (LoopbackWorld world = LoopbackWorld.ofRanks(1)) {
            assertThatCode(() -> RunAgreement.check(world.communicator(0), facts("7", "a")))
                    .doesNotThrowAnyException();
        }
    }
}
