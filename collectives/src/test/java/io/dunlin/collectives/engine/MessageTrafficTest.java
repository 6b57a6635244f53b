package io.dunlin.collectives.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.transport.LoopbackFabric;
import io.dunlin.collectives.wire.OperationHeader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What others are told about messages: how many bytes, and who waits. */
class MessageTrafficTest {
    private final LoopbackFabric fabric = LoopbackFabric.ofRanks(2);
    private final List<Communicator> members = new ArrayList<>();
    private final List<String> seen = new CopyOnWriteArrayList<>();

    /** Writes down whether members wait, not since when. */
    private OperationListener listener(int rank) {
        return new OperationListener() {
            @Override
            public void sending(int peer, long sinceNs) {
                seen.add("%d to %d: %s".formatted(rank, peer, sinceNs == 0 ? "none" : "waits"));
            }

            @Override
            public void receiving(int peer, long sinceNs) {
                seen.add("%d from %d: %s".formatted(rank, peer, sinceNs == 0 ? "none" : "waits"));
            }
        };
    }

    private void open() {
        for (int rank = 0; rank < 2; rank++) {
            members.add(StreamCommunicator.start(
                    CommunicatorSettings.of(rank, 2).withListener(listener(rank)),
                    fabric.transport(rank, 1),
                    System::nanoTime));
        }
    }

    @AfterEach
    void close() {
        members.forEach(Communicator::close);
    }

    @Test
    void shouldCountTheBytesOfMessagesWithTheirHeaders() {
        open();
        MemorySegment data = Arena.ofAuto().allocate(100_000, 64);
        long before = members.getFirst().sentBytes(Topology.Scale.HOST);
        members.get(0).send(data, 1);
        members.get(1).receive(data, 0).await();

        assertThat(members.get(0).sentBytes(Topology.Scale.HOST) - before).isEqualTo(100_000 + OperationHeader.BYTES);
        assertThat(members.get(1).sentBytes(Topology.Scale.HOST)).isZero();
    }

    @Test
    void shouldTellWhoWaitsForMessages() {
        open();
        MemorySegment data = Arena.ofAuto().allocate(16, 64);
        members.get(1).receive(data, 0);
        members.get(1).receive(data, 0);
        Awaitility.await().until(() -> seen.equals(List.of("1 from 0: waits")));
        members.get(0).send(data, 1).await();
        Awaitility.await().untilAsserted(() -> assertThat(seen)
                .containsExactlyInAnyOrder("1 from 0: waits", "0 to 1: waits", "0 to 1: none", "1 from 0: waits"));
        members.get(0).send(data, 1).await();
        Awaitility.await().until(() -> seen.contains("1 from 0: none"));
    }
}
