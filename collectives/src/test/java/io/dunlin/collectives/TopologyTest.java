package io.dunlin.collectives;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.Topology.Place;
import io.dunlin.collectives.Topology.Scale;
import io.dunlin.collectives.transport.RankAddress;
import java.util.List;
import org.junit.jupiter.api.Test;

class TopologyTest {
    private final Topology scattered = Topology.ofHosts(List.of("b", "a", "b", "c", "a", "b"));

    @Test
    void shouldNumberHostsAsTheyAppear() {
        assertThat(scattered.hosts()).isEqualTo(3);
        assertThat(scattered.hostOf(0)).isZero();
        assertThat(scattered.hostOf(4)).isEqualTo(1);
        assertThat(scattered.membersOfHost(0)).containsExactly(0, 2, 5);
        assertThat(scattered.localIndex(5)).isEqualTo(2);
        assertThat(scattered.smallestHost()).isEqualTo(1);
        assertThat(scattered.hierarchical()).isTrue();
    }

    @Test
    void shouldHaveLevelsFromTheInsideOut() {
        Topology packages = new Topology(
                List.of(new Place("a", "0"), new Place("a", "0"), new Place("a", "1"), new Place("b", "0")));
        assertThat(packages.levels()).extracting(Topology.Level::scale).containsExactly(Scale.values());
        assertThat(packages.levels())
                .extracting(Topology.Level::domains)
                .containsExactly(
                        List.of(List.of(0, 1), List.of(2), List.of(3)),
                        List.of(List.of(0, 1, 2), List.of(3)),
                        List.of(List.of(0, 1, 2, 3)));
        assertThat(packages.between(0, 1)).isEqualTo(Scale.PACKAGE);
        assertThat(packages.between(0, 2)).isEqualTo(Scale.HOST);
        assertThat(packages.between(1, 3)).isEqualTo(Scale.CLUSTER);
        assertThat(scattered.levels()).extracting(Topology.Level::scale).containsExactly(Scale.HOST, Scale.CLUSTER);
    }

    @Test
    void shouldSeeNoHierarchyWhereThereIsNone() {
        assertThat(Topology.oneHost(4).hierarchical()).isFalse();
        assertThat(Topology.ofHosts(List.of("a", "b", "c")).hierarchical()).isFalse();
    }

    @Test
    void shouldTakePackagesForHostsInsideAHost() {
        Topology packages = new Topology(
                List.of(new Place("a", "0"), new Place("b", "1"), new Place("a", "0"), new Place("a", "1")));
        assertThat(packages.insideHost(0)).isEqualTo(Topology.ofHosts(List.of("0", "0", "1")));
        assertThat(packages.insideHost(0).insideHost(0)).isEqualTo(Topology.oneHost(2));
        assertThat(scattered.insideHost(0)).isEqualTo(Topology.oneHost(3));
    }

    @Test
    void shouldFollowFromAddresses() {
        List<RankAddress> addresses = List.of(
                new RankAddress("a", "10.0.0.1:1"),
                new RankAddress("a", "10.0.0.1:2"),
                new RankAddress("b", "10.0.0.2:1"));
        assertThat(RankAddress.topology(addresses)).isEqualTo(Topology.ofHosts(List.of("a", "a", "b")));
        assertThat(RankAddress.media(addresses)).isEqualTo(Media.MIXED);
        assertThat(RankAddress.media(addresses.subList(0, 2))).isEqualTo(Media.IPC);
        assertThat(RankAddress.media(addresses.subList(1, 3))).isEqualTo(Media.UDP);
    }
}
