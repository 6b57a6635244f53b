package io.dunlin.launcher.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.transport.RankAddress;
import io.dunlin.launcher.place.Seat;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class LaunchSpecTest {
    @Test
    void shouldSeatARankAmongThoseOfItsHost() {
        List<String> hosts = List.of("a", "b", "a", "b", "b");

        assertThat(seat(0, hosts)).isEqualTo(new Seat(0, List.of(0, 2), 3));
        assertThat(seat(2, hosts)).isEqualTo(new Seat(2, List.of(0, 2), 3));
        assertThat(seat(4, hosts)).isEqualTo(new Seat(4, List.of(1, 3, 4), 3));
        assertThat(Stream.of(1, 3, 4).map(rank -> seat(rank, hosts).gpu(2))).containsExactly(0, 1, 0);
    }

    @Test
    void shouldSeatALoneRank() {
        assertThat(seat(0, List.of())).isEqualTo(new Seat(0, List.of(0), 3));
    }

    private static Seat seat(int rank, List<String> hosts) {
        List<RankAddress> addresses = hosts.stream()
                .map(host -> new RankAddress(host, host + ":" + 40_000))
                .toList();
        return new LaunchSpec(
                        "run",
                        Path.of("/run"),
                        "",
                        rank,
                        Math.max(1, hosts.size()),
                        1,
                        "h",
                        "",
                        new LaunchSpec.Network(addresses, 0),
                        3,
                        LaunchSpec.DataFiles.NONE,
                        LaunchSpec.Start.SCRATCH)
                .seat();
    }
}
