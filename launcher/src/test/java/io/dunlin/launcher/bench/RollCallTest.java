package io.dunlin.launcher.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.error.ExitCode;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class RollCallTest {
    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final Answer LOST = new Answer.Failed("DUN-704", "rank 1 is gone", "", ExitCode.RANK_FAILED);
    private static final Answer NO_ROOM = new Answer.Failed("DUN-402", "no room", "more room", ExitCode.ENVIRONMENT);

    private final RollCall call = new RollCall(3);

    private boolean says(int child, Answer answer) {
        return call.note(new BenchChild.Said(child, Answers.of(answer)));
    }

    private boolean ends(int child, int status) {
        return call.note(new BenchChild.Ended(child, status, "the last line"));
    }

    private void blames(String code, String... words) {
        assertThatThrownBy(() -> call.result("to copy", LIMIT))
                .isInstanceOfSatisfying(BenchException.class, failure -> assertThat(failure.code())
                        .isEqualTo(code))
                .hasMessageContainingAll(words);
    }

    @Test
    void shouldGiveTheAnswersByRank() {
        says(2, new Answer.Checked(2));
        says(0, new Answer.Checked(0));
        assertThat(call.complete()).isFalse();
        assertThat(says(1, new Answer.Checked(1))).isFalse();

        assertThat(call.complete()).isTrue();
        assertThat(call.result("to copy", LIMIT).answers())
                .isEqualTo(List.of(new Answer.Checked(0), new Answer.Checked(1), new Answer.Checked(2)));
    }

    @Test
    void shouldBlameTheProcessThatEndedBeforeThoseThatLostIt() {
        assertThat(says(0, LOST)).isTrue();
        ends(1, 137);
        says(2, LOST);

        assertThat(call.complete()).isTrue();
        blames("DUN-212", "rank 1", "137", "the last line");
    }

    @Test
    void shouldBlameAFailureOfItsOwnBeforeAllOthers() {
        says(0, LOST);
        ends(1, 1);
        says(2, NO_ROOM);
        ends(2, 0);

        blames("DUN-402", "rank 2: no room");
    }

    @Test
    void shouldPassOnWhatAllSayWhenNobodyHasEnded() {
        says(0, LOST);

        blames("DUN-704", "rank 0: rank 1 is gone");
    }

    @Test
    void shouldNameWhoIsSilent() {
        says(1, new Answer.Checked(0));

        blames("DUN-213", "ranks 0, 2", "90 s", "to copy");
    }
}
