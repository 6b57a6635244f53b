package io.dunlin.collectives.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.collectives.CollectiveException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LoopbackTransportTest extends TransportContract {
    @Override
    List<Transport> open(int size) {
        LoopbackFabric fabric = LoopbackFabric.ofRanks(size);
        return IntStream.range(0, size)
                .mapToObj(rank -> fabric.transport(rank, 1))
                .toList();
    }

    private final AtomicLong clockNs = new AtomicLong();

    private List<Transport> pair(LoopbackFabric fabric) {
        List<Transport> pair = List.of(fabric.transport(0, 1), fabric.transport(1, 1));
        pair.forEach(member -> member.maintain(0));
        return pair;
    }

    private LoopbackFabric fabric(LinkShape shape) {
        return LoopbackFabric.of(
                LoopbackSettings.ofRanks(2).withClock(clockNs::get).withShape(shape, 1));
    }

    private static List<Long> arrivals(Transport to) {
        List<Long> tags = new ArrayList<>();
        to.poll(0, Lane.DATA, (peer, tag, address, length) -> tags.add(tag), 100);
        return tags;
    }

    private static void send(Transport from, int bytes, long tag) {
        assertThat(from.tryClaim(1, Lane.DATA, bytes)).isNotEqualTo(Transport.NO_ROOM);
        from.commit(tag);
    }

    @Test
    void shouldDelayByLatencyAndBandwidth() {
        List<Transport> pair =
                pair(fabric(LinkShape.PERFECT.withLatency(1_000, 0).withBandwidth(1_000_000_000)));
        send(pair.get(0), 500, 1);
        send(pair.get(0), 500, 2);
        clockNs.set(1_499);
        assertThat(arrivals(pair.get(1))).isEmpty();
        clockNs.set(1_500);
        assertThat(arrivals(pair.get(1))).containsExactly(1L);
        clockNs.set(2_000);
        assertThat(arrivals(pair.get(1))).containsExactly(2L);
    }

    @Test
    void shouldKeepTheOrderWhateverIsLost() {
        List<Transport> pair =
                pair(fabric(LinkShape.PERFECT.withLatency(10, 5_000).withLoss(0.5, 10_000)));
        List<Long> sent = new ArrayList<>();
        List<Long> got = new ArrayList<>();
        for (long tag = 0; tag < 300; tag++) {
            send(pair.get(0), 8, tag);
            sent.add(tag);
            clockNs.addAndGet(1_000);
            got.addAll(arrivals(pair.get(1)));
        }
        assertThat(got).hasSizeLessThan(300); // some are still on their way
        clockNs.addAndGet(1_000_000);
        got.addAll(arrivals(pair.get(1)));
        got.addAll(arrivals(pair.get(1)));
        got.addAll(arrivals(pair.get(1)));
        assertThat(got).isEqualTo(sent);
    }

    @Test
    void shouldCountTheLossesOfTheLinkThatMembersStandFor() {
        LoopbackFabric fabric = LoopbackFabric.of(LoopbackSettings.ofRanks(4)
                .withClock(clockNs::get)
                .withShape(LinkShape.PERFECT.withLatency(10, 0).withLoss(0.5, 10), 1));
        List<Integer> ranks = List.of(3, 1);
        List<Transport> pair = List.of(
                fabric.transports(3).open(ranks, 0, 9), fabric.transports(1).open(ranks, 1, 9));
        pair.forEach(member -> member.maintain(0));
        for (int i = 0; i < 100; i++) {
            send(pair.get(0), 8, i);
        }
        assertThat(pair.get(0).losses(1))
                .isBetween(50L, 200L)
                .isEqualTo(pair.get(1).losses(0));
    }

    @Test
    void shouldForgetAGroupWhenAllWhoJoinedHaveLeft() {
        LoopbackFabric fabric = LoopbackFabric.ofRanks(3);
        Transport first = fabric.transport(0, 1);
        Transport second = fabric.transport(1, 1);
        first.close();
        second.maintain(0);
        assertThat(second.state(0)).isEqualTo(PeerState.GONE);
        assertThat(fabric.openGroups()).isEqualTo(1);
        second.close();
        assertThat(fabric.openGroups()).isZero();
    }

    @Test
    void shouldFollowAScheduleOfFailures() {
        LoopbackFabric fabric = fabric(LinkShape.PERFECT);
        List<Transport> pair = pair(fabric);
        fabric.freezeBetween(0, 100, 200);
        fabric.killAt(0, 300);
        send(pair.get(0), 8, 1);
        clockNs.set(150);
        assertThat(pair.get(0).tryClaim(1, Lane.DATA, 8)).isEqualTo(Transport.NO_ROOM);
        assertThat(arrivals(pair.get(1))).containsExactly(1L); // it had left in time
        clockNs.set(200);
        send(pair.get(0), 8, 2);
        clockNs.set(300);
        assertThat(pair.get(0).tryClaim(1, Lane.DATA, 8)).isEqualTo(Transport.NO_ROOM);
        assertThatThrownBy(() -> pair.get(0).maintain(300))
                .isInstanceOf(CollectiveException.class)
                .hasMessageContaining("rank 0 was killed");
        pair.get(1).maintain(300);
        assertThat(pair.get(1).state(0)).isEqualTo(PeerState.UP); // not noticed yet
        clockNs.set(300 + 10_000_000);
        pair.get(1).maintain(0);
        assertThat(pair.get(1).state(0)).isEqualTo(PeerState.DEAF);
        assertThat(arrivals(pair.get(1))).containsExactly(2L);
        pair.get(1).maintain(0);
        assertThat(pair.get(1).state(0)).isEqualTo(PeerState.GONE);
    }
}
