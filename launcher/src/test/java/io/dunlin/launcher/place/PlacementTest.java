package io.dunlin.launcher.place;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class PlacementTest {
    @Test
    void shouldShareTheCoresAndGiveWhatIsLeftToTheFirstRanks() {
        assertThat(Placement.onOneHost("h", 3, 8, 0).places())
                .extracting(Placement.Place::threads)
                .containsExactly(3, 3, 2);
    }

    @Test
    void shouldGiveEveryRankAThreadEvenWhereCoresAreFewer() {
        assertThat(Placement.onOneHost("h", 4, 2, 0).places())
                .extracting(Placement.Place::threads)
                .containsOnly(1);
    }

    @Test
    void shouldTakeTheNumberOfThreadsAskedFor() {
        assertThat(Placement.onOneHost("h", 2, 2, 5).places())
                .extracting(Placement.Place::threads)
                .containsOnly(5);
    }

    @Test
    void shouldHashRunGenerationAndMembers() {
        Placement two = Placement.onOneHost("h", 2, 2, 0);

        assertThat(two.memberHash("run", 1))
                .hasSize(16)
                .isEqualTo(Placement.onOneHost("h", 2, 8, 0).memberHash("run", 1))
                .isNotEqualTo(two.memberHash("run", 2))
                .isNotEqualTo(two.memberHash("other", 1))
                .isNotEqualTo(Placement.onOneHost("h", 3, 2, 0).memberHash("run", 1))
                .isNotEqualTo(Placement.onOneHost("g", 2, 2, 0).memberHash("run", 1));
    }

    @Test
    void shouldNumberRanksInBlocksHostByHost() {
        Placement placement =
                Placement.over(List.of(new Placement.Share("a", 2, 8), new Placement.Share("b", 1, 2)), 0);

        assertThat(placement.places())
                .containsExactly(
                        new Placement.Place(0, "a", 4), new Placement.Place(1, "a", 4), new Placement.Place(2, "b", 2));
        assertThat(placement.memberHash("run", 1))
                .isNotEqualTo(Placement.onOneHost("a", 3, 8, 0).memberHash("run", 1));
    }
}
