package io.dunlin.collectives.flight;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.algorithm.Call;
import io.dunlin.collectives.engine.OperationListener;
import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is said about ranks whose files say this or that. */
class WatchdogTest {
    private static final int RANKS = 3;
    private static final Group WORLD = Group.world(RANKS);
    private static final long START_NS = 1_000_000_000;

    @TempDir
    private Path folder;

    private final List<FlightRecorder> recorders = new ArrayList<>();
    private final List<OperationListener> listeners = new ArrayList<>();
    private long nowNs = START_NS;

    @SuppressWarnings("NullAway.Init") // set before each test
    private Watchdog watchdog;

    @BeforeEach
    void record() {
        for (int rank = 0; rank < RANKS; rank++) {
            recorders.add(FlightRecorder.create(
                    folder.resolve(FlightRecorder.fileName(rank)),
                    new FlightRecorder.Identity(rank, RANKS, 1, "host", 1000 + rank),
                    16,
                    () -> nowNs,
                    () -> Instant.EPOCH));
            listeners.add(recorders.get(rank).follow(WORLD, 1, 1));
        }
        Duration limit = Duration.ofSeconds(5);
        watchdog =
                new Watchdog(folder, RANKS, rank -> true, () -> nowNs, new Sentinel(new Sentinel.Limits(limit, limit)));
    }

    @AfterEach
    void close() {
        watchdog.close();
        recorders.forEach(FlightRecorder::close);
    }

    private List<Verdict> lookAfter(Duration time) {
        nowNs += time.toNanos();
        listeners.forEach(listener -> listener.alive(nowNs));
        return watchdog.look();
    }

    private static void enter(OperationListener listener, long bytes) {
        Call call = new Call();
        MemorySegment data = Arena.ofAuto().allocate(bytes);
        call.allReduce(data, data, DType.F32, ReduceOp.SUM);
        listener.submitted(0);
        listener.entered(0, call, 0);
    }

    @Test
    void shouldTellTwoCommunicatorsOfOneGroupFromEachOther() {
        for (int rank = 0; rank < RANKS; rank++) {
            OperationListener second = recorders.get(rank).follow(WORLD, 1, 2);
            enter(listeners.get(rank), 64);
            enter(second, 128);
            if (rank == 1) {
                listeners.set(rank, second); // seen alive last here, while it is the first elsewhere
            }
        }

        assertThat(lookAfter(Duration.ofMillis(100))).isEmpty();
    }

    @Test
    void shouldStillSeeMembersDisagree() {
        enter(listeners.get(0), 64);
        enter(listeners.get(1), 128);

        assertThat(lookAfter(Duration.ofMillis(100))).extracting(Verdict::kind).containsExactly(Verdict.Kind.DESYNC);
    }

    @Test
    void shouldForgetACommunicatorThatFailedOnceItsGroupIsOpenAgain() {
        enter(listeners.get(0), 64);
        for (int rank = 0; rank < RANKS; rank++) {
            if (rank == 0) {
                listeners.get(rank).failed(0);
            }
            listeners.get(rank).gaveUp(CollectiveException.aborted("enough"));
            listeners.get(rank).closed();
            listeners.set(rank, recorders.get(rank).follow(WORLD, 1, 2));
        }

        assertThat(lookAfter(Duration.ofSeconds(20))).isEmpty();
    }

    @Test
    void shouldNameTheRankThatSendsNothing() {
        listeners.get(2).receiving(1, nowNs); // which waits for rank 0 itself
        listeners.get(1).receiving(0, nowNs);
        assertThat(lookAfter(Duration.ofSeconds(4))).isEmpty();

        List<Verdict> said = lookAfter(Duration.ofSeconds(2));

        assertThat(said).extracting(Verdict::kind).containsExactly(Verdict.Kind.NOT_ENTERED);
        assertThat(said.getFirst().culprits()).containsExactly(0);
        assertThat(said.getFirst().paragraph(rank -> "in Example.sleep"))
                .isEqualTo("rank 1 has waited 6.0 s for a message from rank 0 in group world,"
                        + " which is alive and has sent none. Rank 0: in Example.sleep.");
        assertThat(lookAfter(Duration.ofSeconds(1))).isEmpty(); // said once
    }

    @Test
    void shouldNameWhoDoesNotTakeAMessageThatOthersWaitBehind() {
        listeners.get(0).sending(2, nowNs);
        enter(listeners.get(1), 64); // waits for rank 0, which is not to blame

        List<Verdict> said = lookAfter(Duration.ofSeconds(6));

        assertThat(said).extracting(Verdict::kind).containsExactly(Verdict.Kind.NOT_ENTERED);
        assertThat(said.getFirst().culprits()).containsExactly(2);
        assertThat(said.getFirst().evidence()).endsWith("which is alive and has not taken it");
    }

    @Test
    void shouldNameTheLinkThatBringsNoMessage() {
        listeners.get(0).sending(2, nowNs);
        listeners.get(2).receiving(0, nowNs);

        List<Verdict> said = lookAfter(Duration.ofSeconds(6));

        assertThat(said).extracting(Verdict::kind).containsExactly(Verdict.Kind.COMM_HANG);
        assertThat(said.getFirst().culprits()).containsExactly(0, 2);
    }

    @Test
    void shouldSeeACircle() {
        for (int rank = 0; rank < RANKS; rank++) {
            listeners.get(rank).receiving((rank + 1) % RANKS, nowNs);
        }

        assertThat(lookAfter(Duration.ofSeconds(6))).extracting(Verdict::kind).containsExactly(Verdict.Kind.DESYNC);
    }

    @Test
    void shouldLetAReceiveWaitWhileItsRankGoesOn() {
        listeners.get(1).receiving(0, nowNs);
        nowNs += Duration.ofSeconds(6).toNanos();
        enter(listeners.get(1), 64);
        listeners.get(1).done(0);

        assertThat(lookAfter(Duration.ofMillis(100))).isEmpty();
    }
}
