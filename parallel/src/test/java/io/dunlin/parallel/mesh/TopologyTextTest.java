package io.dunlin.parallel.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.collectives.Topology;
import io.dunlin.collectives.Topology.Scale;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TopologyTextTest {
    @Test
    void shouldReadHostsAndRanks() {
        TopologyText text = TopologyText.parse("2x4").orElseThrow();

        assertThat(text).isEqualTo(new TopologyText(2, 0, 4));
        assertThat(text.size()).isEqualTo(8);
        Topology topology = text.topology();
        assertThat(topology.levels()).extracting(Topology.Level::scale).containsExactly(Scale.HOST, Scale.CLUSTER);
        assertThat(topology.membersOfHost(1)).containsExactly(4, 5, 6, 7);
    }

    @Test
    void shouldReadPackages() {
        TopologyText text = TopologyText.parse("2x2x3").orElseThrow();

        assertThat(text.size()).isEqualTo(12);
        assertThat(text.topology().levels().getFirst().domains())
                .containsExactly(List.of(0, 1, 2), List.of(3, 4, 5), List.of(6, 7, 8), List.of(9, 10, 11));
        assertThat(text.topology().between(2, 3)).isEqualTo(Scale.HOST);
    }

    @ParameterizedTest
    @ValueSource(strings = {"1x1", "2x4", "48x8", "2x2x2", "4096x1x1"})
    void shouldWriteWhatItReads(String text) {
        assertThat(TopologyText.parse(text).orElseThrow()).hasToString(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "8", "0x4", "2x0", "2x0x2", "2x2x2x2", "2*4", "2 x 4", "x4", "2x-4", "123456x1"})
    void shouldNotReadAnythingElse(String text) {
        assertThat(TopologyText.parse(text)).isEmpty();
    }

    @Test
    void shouldRefuseNothing() {
        assertThatThrownBy(() -> new TopologyText(0, 0, 1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldNameEachSchemeOnce() {
        assertThat(List.of(ShardScheme.values()))
                .extracting(ShardScheme::label)
                .containsExactly("none", "zero1", "zero2", "zero3", "hsdp", "zero++", "topo");
        assertThat(List.of(ShardScheme.values()))
                .extracting(ShardScheme::degrees)
                .doesNotHaveDuplicates();
    }
}
