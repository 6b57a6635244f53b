package io.dunlin.launcher.place;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class HostSlotsTest {
    private static List<HostSlots> hosts(String text) {
        return Arrays.stream(text.split(","))
                .map(host -> HostSlots.parse(host).orElseThrow())
                .toList();
    }

    @Test
    void shouldReadNamesWithAndWithoutALimit() {
        assertThat(HostSlots.parse("10.0.0.1")).contains(new HostSlots("10.0.0.1", HostSlots.UNBOUNDED));
        assertThat(HostSlots.parse(" node-7.lab:16 ")).contains(new HostSlots("node-7.lab", 16));
        assertThat(List.of("", ":4", "a:0", "a:", "a b", "a:4x", "$(reboot)", "-oProxyCommand=x"))
                .extracting(HostSlots::parse)
                .containsOnly(Optional.empty());
    }

    @Test
    void shouldSpreadRanksEvenlyWithinTheLimits() {
        assertThat(HostSlots.spread(hosts("a,b"), 4)).containsExactly(2, 2);
        assertThat(HostSlots.spread(hosts("a,b,c"), 4)).containsExactly(2, 1, 1);
        assertThat(HostSlots.spread(hosts("a:1,b"), 5)).containsExactly(1, 4);
        assertThat(HostSlots.spread(hosts("a:2,b:1,c:9"), 8)).containsExactly(2, 1, 5);
        assertThat(HostSlots.spread(hosts("a,b,c"), 2)).containsExactly(1, 1, 0);
        assertThatThrownBy(() -> HostSlots.spread(hosts("a:1,b:1"), 3)).hasMessage("3 ranks, 2 slots");
    }

    @Test
    void shouldCountSlots() {
        assertThat(HostSlots.ranks(hosts("a:2,b,c:3"))).isEqualTo(6);
        assertThat(HostSlots.room(hosts("a:2,b:3"))).isEqualTo(5);
        assertThat(HostSlots.room(hosts("a,b"))).isGreaterThan(Integer.MAX_VALUE);
    }

    @Test
    void shouldKnowItsOwnHost() {
        assertThat(hosts("127.0.0.1").getFirst().isHere()).isTrue();
        assertThat(hosts("192.0.2.1").getFirst().isHere()).isFalse();
        assertThat(hosts("no-such-host.invalid").getFirst().isHere()).isFalse();
    }
}
