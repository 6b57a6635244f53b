package io.dunlin.collectives.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.transport.AeronProfile;
import io.dunlin.collectives.transport.AeronSettings;
import io.dunlin.collectives.transport.AeronTransport;
import io.dunlin.collectives.transport.DriverFolder;
import io.dunlin.collectives.transport.Lane;
import io.dunlin.collectives.transport.MediaDriverHost;
import io.dunlin.collectives.transport.MediaDriverSettings;
import io.dunlin.collectives.transport.PeerState;
import io.dunlin.collectives.transport.RankAddress;
import io.dunlin.collectives.transport.Transport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Two hosts that do not hear each other for longer than the drivers wait: images go, and come back. */
class SilentHostTest {
    private static final AeronProfile PROFILE = AeronProfile.STANDARD
            .withTermBytes(64 << 10)
            .withLiveness(Duration.ofSeconds(10), Duration.ofMillis(500), Duration.ofSeconds(10));
    private static final long LIMIT_NS = Duration.ofSeconds(20).toNanos();

    private final DriverFolder folders = new DriverFolder();
    private final List<RankAddress> addresses = List.of(
            new RankAddress("zero", "127.0.0.1:" + AeronUdpCollectivesTest.freePort()),
            new RankAddress("one", "127.0.0.1:" + AeronUdpCollectivesTest.freePort()));
    private volatile boolean zeroIsDeaf;
    private volatile boolean oneIsDeaf;
    private final MediaDriverHost zeroHost = host(() -> zeroIsDeaf ? 1 : 0);
    private final MediaDriverHost oneHost = host(() -> oneIsDeaf ? 1 : 0);
    private final Transport zero = open(0, zeroHost);
    private final Transport one = open(1, oneHost);

    private MediaDriverHost host(DoubleSupplier loss) {
        Path directory = folders.create();
        return MediaDriverHost.start(new MediaDriverSettings(directory, 1, 2, PROFILE).withDatagramLoss(loss));
    }

    private Transport open(int rank, MediaDriverHost host) {
        return AeronTransport.open(new AeronSettings(host.directory(), 1, rank, addresses, PROFILE));
    }

    @AfterEach
    void close() {
        zero.close();
        one.close();
        zeroHost.close();
        oneHost.close();
    }

    private void until(BooleanSupplier condition) {
        long deadlineNs = System.nanoTime() + LIMIT_NS;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("waiting").isLessThan(deadlineNs);
            maintain();
            Thread.onSpinWait();
        }
    }

    private void maintain() {
        zero.maintain(System.nanoTime());
        one.maintain(System.nanoTime());
    }

    private void untilBothAreUp() {
        until(() -> zero.state(1) == PeerState.UP && one.state(0) == PeerState.UP);
    }

    private boolean send(Lane lane, long tag) {
        if (zero.tryClaim(1, lane, 64) == Transport.NO_ROOM) {
            return false;
        }
        zero.commit(tag);
        return true;
    }

    private boolean take(Lane lane, List<Long> tags) {
        return one.poll(
                        0,
                        lane,
                        (peer, tag, address, length) -> {
                            tags.add(tag);
                            return true;
                        },
                        8)
                > 0;
    }

    /** Rank 1 hears nothing until its driver has given rank 0 up, then all again. */
    private void silence() {
        oneIsDeaf = true;
        until(() -> one.state(0) != PeerState.UP);
        until(() -> one.state(0) == PeerState.SILENT);
        oneIsDeaf = false;
    }

    @Test
    void shouldGoOnWithAHostThatWasSilentAndHadSentNothing() {
        untilBothAreUp();
        List<Long> tags = new ArrayList<>();
        for (long tag = 0; tag < 3; tag++) {
            long sent = tag;
            until(() -> send(Lane.DATA, sent));
        }
        until(() -> !take(Lane.DATA, tags) && tags.size() == 3);
        silence();
        untilBothAreUp();
        until(() -> send(Lane.DATA, 3));
        until(() -> !take(Lane.DATA, tags) && tags.size() == 4);
        assertThat(tags).containsExactly(0L, 1L, 2L, 3L);
    }

    @Test
    void shouldGiveAHostUpWhoseFramesWereLostWithItsImage() {
        untilBothAreUp();
        for (Lane lane : List.of(Lane.DATA, Lane.MESSAGE)) {
            until(() -> send(lane, 0));
            List<Long> tags = new ArrayList<>();
            until(() -> take(lane, tags));
        }
        oneIsDeaf = true;
        until(() -> send(Lane.MESSAGE, 1));
        silence();
        until(() -> one.state(0) == PeerState.GONE);
        assertThat(take(Lane.MESSAGE, new ArrayList<>())).isFalse();
    }

    @Test
    void shouldGoOnWhereOnlyControlFramesWereLost() {
        untilBothAreUp();
        oneIsDeaf = true;
        until(() -> send(Lane.CONTROL, 0));
        silence();
        untilBothAreUp();
        until(() -> send(Lane.CONTROL, 1));
        List<Long> tags = new ArrayList<>();
        until(() -> take(Lane.CONTROL, tags));
        assertThat(tags).containsExactly(1L);
    }

    /** The greeting is sent into an image that goes before anybody has read it. */
    @Test
    void shouldMeetAlthoughTheGreetingWasLostWithItsImage() {
        untilBothAreUp();
        Engine zeroEngine = engine(0, zero);
        Engine oneEngine = engine(1, one);
        oneIsDeaf = true;
        zeroEngine.doWork(); // greets
        silence();
        until(() -> {
            zeroEngine.doWork();
            oneEngine.doWork();
            return zeroEngine.connected() && oneEngine.connected();
        });
        assertThat(zeroEngine.verdict().raised()).isFalse();
        assertThat(oneEngine.verdict().raised()).isFalse();
        zeroEngine.close();
        oneEngine.close();
    }

    private static Engine engine(int rank, Transport transport) {
        return new Engine(
                CommunicatorSettings.of(rank, 2).withTimeouts(Duration.ofSeconds(20), Duration.ofSeconds(20)),
                transport,
                new OperationQueue(),
                new Messages.Queues(new OperationQueue(), new OperationQueue()),
                System::nanoTime);
    }
}
