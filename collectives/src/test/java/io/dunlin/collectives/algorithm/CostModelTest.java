package io.dunlin.collectives.algorithm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.collectives.Media;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.wire.OperationKind;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Where nothing was measured, what is known of the network decides. */
class CostModelTest {
    private static final Topology TWO_HOSTS = Topology.ofHosts(List.of("a", "a", "b", "b"));
    private static final double SLOW = 200e6 / 8;
    private static final long BYTES = 4 << 20;

    private static double ns(Way way, OperationKind kind, double networkBytesPerSecond) {
        return new CostModel(TWO_HOSTS, Media.MIXED, networkBytesPerSecond).ns(way, kind, BYTES);
    }

    /** A ring of 2 + 2 sends three quarters of the bytes between hosts, the hierarchical way half of them. */
    @ParameterizedTest
    @EnumSource(names = {"ALL_GATHER", "REDUCE_SCATTER"})
    void shouldSaveBytesWhereTheNetworkIsSlow(OperationKind kind) {
        assertThat(ns(Way.HIERARCHICAL, kind, SLOW)).isLessThan(0.7 * ns(Way.RING, kind, SLOW));
        assertThat(ns(Way.RING, kind, SLOW)).isBetween(0.75 * BYTES * 40, 0.8 * BYTES * 40);
    }

    @ParameterizedTest
    @EnumSource(names = {"ALL_GATHER", "REDUCE_SCATTER"})
    void shouldNotCopyForAFastOne(OperationKind kind) {
        double fast = 100e9 / 8;
        assertThat(ns(Way.RING, kind, fast)).isLessThan(ns(Way.HIERARCHICAL, kind, fast));
    }

    @Test
    void shouldNotSlowWhatStaysInsideAHost() {
        CostModel slow = new CostModel(Topology.oneHost(4), Media.IPC, SLOW);
        CostModel fast = new CostModel(Topology.oneHost(4), Media.IPC, 100 * SLOW);
        assertThat(slow.ns(Way.RING, OperationKind.ALL_GATHER, BYTES))
                .isEqualTo(fast.ns(Way.RING, OperationKind.ALL_GATHER, BYTES));
    }

    @Test
    void shouldTellMembersWhoKnowAnotherNetworkApart() {
        Tuning tuning = Tuning.standard(4);
        assertThat(tuning.withNetworkBytesPerSecond(SLOW).fingerprint()).isNotEqualTo(tuning.fingerprint());
        assertThatThrownBy(() -> tuning.withNetworkBytesPerSecond(0)).isInstanceOf(IllegalArgumentException.class);
    }
}
