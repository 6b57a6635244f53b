package io.dunlin.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ShareTest {
    @Test
    void shouldCoverEachMicroBatchOnceInTurns() {
        for (int groups = 1; groups <= 4; groups++) {
            for (int members = 1; members <= 4; members++) {
                for (int microBatches = 0; microBatches <= 30; microBatches++) {
                    List<Integer> all = new ArrayList<>();
                    for (int group = 0; group < groups; group++) {
                        collect(group, groups, members, microBatches, all);
                    }
                    assertThat(all)
                            .containsExactlyElementsOf(
                                    IntStream.range(0, microBatches).boxed().toList());
                }
            }
        }
    }

    /** Turn by turn, member by member: they come in order. */
    private static void collect(int group, int groups, int members, int microBatches, List<Integer> all) {
        int turns = new Share(group, groups, 0, members).turns(microBatches);
        for (int turn = 0; turn < turns; turn++) {
            for (int member = 0; member < members; member++) {
                Share share = new Share(group, groups, member, members);
                assertThat(share.count(microBatches)).isBetween(turns - 1, turns);
                if (turn < share.count(microBatches)) {
                    all.add(share.index(microBatches, turn));
                }
            }
        }
    }

    @Test
    void shouldGiveConsecutiveOnesToARankOnItsOwn() {
        Share second = Share.of(1, 3);

        assertThat(second.runBegin(8)).isEqualTo(2);
        assertThat(second.runEnd(8)).isEqualTo(5);
        assertThat(second.turns(8)).isEqualTo(second.count(8)).isEqualTo(3);
        assertThat(second.index(8, 1)).isEqualTo(3);
        assertThat(Share.ALL.count(8)).isEqualTo(8);
    }

    @Test
    void shouldNotOverflow() {
        Share last = Share.of(4095, 4096);

        assertThat(last.runEnd(Integer.MAX_VALUE)).isEqualTo(Integer.MAX_VALUE);
    }

    @Test
    void shouldRefuseNumbersThatDoNotFit() {
        assertThatThrownBy(() -> Share.of(3, 3)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Share.of(-1, 3)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Share(0, 1, 2, 2)).isInstanceOf(IllegalArgumentException.class);
    }
}
