package io.dunlin.collectives.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Work;
import io.dunlin.collectives.algorithm.AlgorithmTable;
import io.dunlin.collectives.algorithm.Tuning;
import io.dunlin.collectives.algorithm.Way;
import io.dunlin.collectives.transport.Lane;
import io.dunlin.collectives.transport.LoopbackFabric;
import io.dunlin.collectives.transport.LoopbackSettings;
import io.dunlin.collectives.transport.PeerState;
import io.dunlin.collectives.transport.Transport;
import io.dunlin.collectives.wire.FrameTag;
import io.dunlin.collectives.wire.OperationKind;
import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Losing, freezing, disagreeing: every member learns what happened, who it was, and soon. */
class FailureTest {
    private static final Duration LIMIT = Duration.ofSeconds(5);

    private static MemorySegment memory(long bytes) {
        return Arena.ofAuto().allocate(bytes, 64);
    }

    private static List<CollectiveException> failures(List<Object> outcomes) {
        assertThat(outcomes).allSatisfy(outcome -> assertThat(outcome).isInstanceOf(CollectiveException.class));
        return outcomes.stream().map(CollectiveException.class::cast).toList();
    }

    @Test
    void shouldNameADeadRankOnEverySurvivor() {
        try (LoopbackWorld world = LoopbackWorld.of(LoopbackSettings.ofRanks(4), Duration.ofSeconds(20))) {
            CountDownLatch begun = new CountDownLatch(4);
            long startNs = System.nanoTime();
            List<Object> outcomes = Ranks.outcomes(world.communicators(), communicator -> {
                MemorySegment data = memory(4 << 20);
                communicator.barrier().await();
                begun.countDown();
                if (communicator.rank() == 2) {
                    begun.await();
                    world.fabric().kill(2);
                }
                while (true) {
                    communicator.allReduce(data, DType.F32, ReduceOp.SUM).await();
                }
            });
            assertThat(System.nanoTime() - startNs).isLessThan(LIMIT.toNanos());
            List<CollectiveException> failures = failures(outcomes);
            for (int rank : List.of(0, 1, 3)) {
                assertThat(failures.get(rank).code()).isEqualTo("DUN-704");
                assertThat(failures.get(rank).culprits()).containsExactly(2);
                assertThat(failures.get(rank))
                        .hasMessageContaining("lost rank 2")
                        .hasMessageContaining("operation");
            }
        }
    }

    @Test
    void shouldNameAFrozenRankWhenTheOperationTimesOut() {
        try (LoopbackWorld world = LoopbackWorld.of(LoopbackSettings.ofRanks(3), Duration.ofMillis(700))) {
            List<Object> outcomes = Ranks.outcomes(world.communicators(), communicator -> {
                communicator.barrier().await();
                if (communicator.rank() == 1) {
                    world.fabric().freeze(1);
                }
                while (true) {
                    communicator.allReduce(memory(64), DType.F32, ReduceOp.SUM).await();
                }
            });
            for (int rank : List.of(0, 2)) {
                CollectiveException failure = failures(outcomes).get(rank);
                assertThat(failure.code()).isEqualTo("DUN-702");
                assertThat(failure.culprits()).contains(1);
                assertThat(failure)
                        .hasMessageContaining("waited 0.7 s")
                        .hasMessageContaining("of group world (all-reduce of 64 bytes F32 SUM)")
                        .hasMessageContaining("bytes moved; waiting for: rank 1");
            }
        }
    }

    @Test
    void shouldSayWhoHasNotCalledTheOperation() {
        try (LoopbackWorld world = LoopbackWorld.of(LoopbackSettings.ofRanks(3), Duration.ofMillis(900))) {
            List<Object> outcomes = Ranks.outcomes(world.communicators(), communicator -> {
                communicator.barrier().await();
                if (communicator.rank() == 2) {
                    return communicator; // computes for ever
                }
                return communicator.barrier().await();
            });
            for (int rank : List.of(0, 1)) {
                assertThat((CollectiveException) outcomes.get(rank))
                        .hasMessageContaining("operation 1 of group world (barrier)")
                        .hasMessageContaining("rank 2")
                        .hasMessageContaining("has not called it; it is in no operation");
            }
        }
    }

    record Disagreement(String name, Call mine, Call theirs) {
        interface Call {
            Work of(Communicator communicator);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Disagreement> disagreements() {
        MemorySegment data = memory(1 << 20);
        return Stream.of(
                new Disagreement(
                        "all-reduce of 1,000 bytes F32 SUM|all-reduce of 2,000 bytes F32 SUM",
                        c -> c.allReduce(data.asSlice(0, 1000), DType.F32, ReduceOp.SUM),
                        c -> c.allReduce(data.asSlice(0, 2000), DType.F32, ReduceOp.SUM)),
                new Disagreement(
                        "all-reduce of 0 bytes F32 SUM|all-reduce of 1,048,576 bytes F32 SUM",
                        c -> c.allReduce(data.asSlice(0, 0), DType.F32, ReduceOp.SUM),
                        c -> c.allReduce(data, DType.F32, ReduceOp.SUM)),
                new Disagreement(
                        "all-reduce of 1,048,576 bytes F32 SUM|all-reduce of 1,048,576 bytes BF16 SUM",
                        c -> c.allReduce(data, DType.F32, ReduceOp.SUM),
                        c -> c.allReduce(data, DType.BF16, ReduceOp.SUM)),
                new Disagreement(
                        "all-reduce of 800 bytes I32 MAX|all-reduce of 800 bytes I32 MIN",
                        c -> c.allReduce(data.asSlice(0, 800), DType.I32, ReduceOp.MAX),
                        c -> c.allReduce(data.asSlice(0, 800), DType.I32, ReduceOp.MIN)),
                new Disagreement(
                        "all-reduce of 1,048,576 bytes F32 SUM|broadcast of 1,048,576 bytes from member 1",
                        c -> c.allReduce(data, DType.F32, ReduceOp.SUM),
                        c -> c.broadcast(data, 1)),
                new Disagreement(
                        "broadcast of 64 bytes from member 0|broadcast of 64 bytes from member 2",
                        c -> c.broadcast(data.asSlice(0, 64), 0),
                        c -> c.broadcast(data.asSlice(0, 64), 2)),
                new Disagreement(
                        "barrier|broadcast of 1,048,576 bytes from member 0",
                        Communicator::barrier,
                        c -> c.broadcast(data, 0)),
                new Disagreement(
                        "all-gather of 300 bytes|all-gather of 300 bytes",
                        c -> c.allGather(data, data.asSlice(1024), List.of(100L, 100L, 100L)),
                        c -> c.allGather(data, data.asSlice(1024), List.of(50L, 100L, 150L))));
    }

    @ParameterizedTest
    @MethodSource("disagreements")
    void shouldNameBothCallsWithinASecondWhenMembersDisagree(Disagreement disagreement) {
        try (LoopbackWorld world = LoopbackWorld.of(LoopbackSettings.ofRanks(3), Duration.ofSeconds(20))) {
            List<Object> outcomes = Ranks.outcomes(world.communicators(), communicator -> {
                communicator.barrier().await();
                long startNs = System.nanoTime();
                try {
                    (communicator.rank() == 1 ? disagreement.theirs() : disagreement.mine())
                            .of(communicator)
                            .await();
                    communicator.barrier().await();
                    return "no failure";
                } catch (CollectiveException e) {
                    assertThat(System.nanoTime() - startNs)
                            .isLessThan(Duration.ofSeconds(1).toNanos());
                    throw e;
                }
            });
            String[] calls = disagreement.name().split("\\|");
            assertThat(failures(outcomes)).allSatisfy(failure -> {
                assertThat(failure.code()).isEqualTo("DUN-703");
                assertThat(failure.culprits()).contains(1).hasSize(2);
                assertThat(failure).hasMessageContaining(calls[0]).hasMessageContaining(calls[1]);
            });
        }
    }

    @Test
    void shouldNoticeAMemberThatLeavesAnOperationOut() {
        try (LoopbackWorld world = LoopbackWorld.of(LoopbackSettings.ofRanks(3), Duration.ofSeconds(20))) {
            MemorySegment data = memory(4096);
            List<Object> outcomes = Ranks.outcomes(world.communicators(), communicator -> {
                if (communicator.rank() != 2) {
                    communicator.broadcast(data, 0).await();
                }
                communicator.allReduce(data, DType.F32, ReduceOp.SUM).await();
                return communicator.barrier().await();
            });
            assertThat(failures(outcomes)).allSatisfy(failure -> {
                assertThat(failure.code()).isEqualTo("DUN-703");
                assertThat(failure).hasMessageContaining("broadcast").hasMessageContaining("all-reduce");
            });
        }
    }

    @Test
    void shouldReturnFromEveryPendingWorkSoonAfterAnAbort() {
        try (LoopbackWorld world = LoopbackWorld.of(LoopbackSettings.ofRanks(2), Duration.ofSeconds(20))) {
            Communicator communicator = world.communicator(0);
            List<Work> works = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                works.add(communicator.allReduce(memory(1 << 16), DType.F32, ReduceOp.SUM));
            }
            long startNs = System.nanoTime();
            communicator.abort(CollectiveException.aborted("rank 1 ended by signal 9"));
            for (Work work : works) {
                assertThatThrownBy(work::await)
                        .isInstanceOf(CollectiveException.class)
                        .hasMessage("rank 1 ended by signal 9");
            }
            assertThat(System.nanoTime() - startNs)
                    .isLessThan(Duration.ofMillis(100).toNanos());
            assertThatThrownBy(() -> communicator.barrier().await()).hasMessage("rank 1 ended by signal 9");
        }
    }

    @Test
    void shouldPassTheReasonOnToThePeers() {
        try (LoopbackWorld world = LoopbackWorld.of(LoopbackSettings.ofRanks(3), Duration.ofSeconds(20))) {
            List<Object> outcomes = Ranks.outcomes(world.communicators(), communicator -> {
                communicator.barrier().await();
                if (communicator.rank() == 0) {
                    communicator.abort(CollectiveException.desync("µ: rank 0 gives up", List.of(7, 9)));
                }
                return communicator.barrier().await();
            });
            assertThat(failures(outcomes)).allSatisfy(failure -> {
                assertThat(failure).hasMessage("µ: rank 0 gives up");
                assertThat(failure.code()).isEqualTo("DUN-703");
                assertThat(failure.culprits()).containsExactly(7, 9);
                assertThat(failure.remedy()).startsWith("every member must call");
            });
        }
    }

    @Test
    void shouldFailWhatIsCalledAfterClosing() {
        Communicator communicator;
        try (LoopbackWorld world = LoopbackWorld.ofRanks(2)) {
            communicator = world.communicator(1);
            Ranks.run(world.communicators(), member -> member.barrier().await());
        }
        assertThatThrownBy(() -> communicator.barrier().await())
                .isInstanceOf(CollectiveException.class)
                .hasMessageContaining("closed on rank 1");
    }

    @Test
    void shouldNameThoseThatNeverCame() {
        LoopbackFabric fabric = LoopbackFabric.ofRanks(3);
        List<StreamCommunicator> present = new ArrayList<>();
        for (int rank : List.of(0, 2)) {
            CommunicatorSettings settings =
                    CommunicatorSettings.of(rank, 3).withTimeouts(Duration.ofMillis(300), LIMIT);
            present.add(StreamCommunicator.start(settings, fabric.transport(rank, 1), System::nanoTime));
        }
        for (StreamCommunicator communicator : present) {
            assertThatThrownBy(communicator::awaitConnected)
                    .isInstanceOfSatisfying(CollectiveException.class, failure -> {
                        assertThat(failure.code()).isEqualTo("DUN-705");
                        assertThat(failure.culprits()).containsExactly(1);
                        assertThat(failure).hasMessageContaining("missing: rank 1 (loopback, not reached)");
                    });
            communicator.close();
        }
    }

    @Test
    void shouldRefuseARankOfAnotherRun() {
        LoopbackFabric fabric = LoopbackFabric.ofRanks(2);
        List<StreamCommunicator> members = new ArrayList<>();
        for (int rank = 0; rank < 2; rank++) {
            CommunicatorSettings settings =
                    new CommunicatorSettings("run-" + rank, 1, Group.world(2), rank, LIMIT, LIMIT);
            members.add(StreamCommunicator.start(settings, fabric.transport(rank, 1), System::nanoTime));
        }
        for (StreamCommunicator communicator : members) {
            assertThatThrownBy(communicator::awaitConnected)
                    .isInstanceOf(CollectiveException.class)
                    .hasMessageContaining("another run");
            communicator.close();
        }
    }

    /** Members that would choose otherwise say so when they meet, instead of waiting for each other later. */
    @Test
    void shouldRefuseARankThatWouldChooseOtherAlgorithms() {
        LoopbackFabric fabric = LoopbackFabric.ofRanks(2);
        List<StreamCommunicator> members = new ArrayList<>();
        for (int rank = 0; rank < 2; rank++) {
            Tuning tuning = rank == 0
                    ? Tuning.standard(2)
                    : Tuning.standard(2).withTable(AlgorithmTable.forced(OperationKind.ALL_REDUCE, 2, Way.DOUBLING));
            CommunicatorSettings settings = CommunicatorSettings.of(rank, 2).withTuning(tuning);
            members.add(StreamCommunicator.start(settings, fabric.transport(rank, 1), System::nanoTime));
        }
        for (StreamCommunicator communicator : members) {
            assertThatThrownBy(communicator::awaitConnected)
                    .isInstanceOfSatisfying(CollectiveException.class, failure -> {
                        assertThat(failure.culprits()).containsExactlyInAnyOrder(0, 1);
                        assertThat(failure).hasMessageContaining("would choose different algorithms");
                        assertThat(failure).hasMessageContaining("rank 0").hasMessageContaining("rank 1");
                    });
            communicator.close();
        }
    }

    @Test
    void shouldDropFramesOfAnEarlierGeneration() {
        LoopbackFabric fabric = LoopbackFabric.ofRanks(2);
        Transport stale = fabric.transport(1, 5); // the same streams, as if a port had been used again
        try (Transport receiver = fabric.transport(0, 5)) {
            while (stale.state(0) != PeerState.UP) {
                stale.maintain(System.nanoTime());
            }
            assertThat(receiver.rank()).isZero();
            for (int kind : List.of(FrameTag.OPEN, FrameTag.MORE)) {
                assertThat(stale.tryClaim(0, Lane.DATA, 128)).isNotEqualTo(Transport.NO_ROOM);
                stale.commit(FrameTag.of(kind, 4, 0));
                assertThat(stale.tryClaim(0, Lane.MESSAGE, 128)).isNotEqualTo(Transport.NO_ROOM);
                stale.commit(FrameTag.of(kind, 4, 0));
                assertThat(stale.tryClaim(0, Lane.CONTROL, 128)).isNotEqualTo(Transport.NO_ROOM);
                stale.commit(FrameTag.of(FrameTag.ABORT, 4, 0));
            }
        }
        try (LoopbackWorld world = LoopbackWorld.on(fabric, 5, LIMIT)) {
            List<Float> sums = Ranks.run(world.communicators(), communicator -> {
                MemorySegment data = memory(4);
                data.set(ValueLayout.JAVA_FLOAT, 0, 1 + communicator.rank());
                communicator.allReduce(data, DType.F32, ReduceOp.SUM).await();
                int peer = 1 - communicator.rank();
                Work sent = communicator.send(data, peer);
                communicator.receive(memory(4), peer).await();
                sent.await();
                return data.get(ValueLayout.JAVA_FLOAT, 0);
            });
            assertThat(sums).containsExactly(3f, 3f);
            assertThat(((StreamCommunicator) world.communicator(0)).staleFrames())
                    .isEqualTo(4); // two of collectives, two of messages
        }
    }

    @Test
    void shouldFormAgainUnderTheNextGenerationAfterADeath() {
        LoopbackFabric fabric = LoopbackFabric.ofRanks(3);
        try (LoopbackWorld first = LoopbackWorld.on(fabric, 1, LIMIT)) {
            fabric.kill(1);
            List<Object> outcomes =
                    Ranks.outcomes(first.communicators(), c -> c.allReduce(memory(1 << 20), DType.F32, ReduceOp.SUM)
                            .await());
            assertThat(failures(outcomes)).hasSize(3);
            fabric.revive(1);
            try (LoopbackWorld second = LoopbackWorld.on(fabric, 2, LIMIT)) {
                assertThat(Ranks.run(second.communicators(), c -> c.barrier().await()))
                        .hasSize(3);
            }
        }
    }

    @Test
    void shouldLetAMemberLeaveThatHasDoneItsPart() {
        try (LoopbackWorld world = LoopbackWorld.ofRanks(3)) {
            List<Integer> sums = Ranks.run(world.communicators(), communicator -> {
                MemorySegment data = memory(100_000);
                data.set(ValueLayout.JAVA_INT, 99_996, communicator.rank());
                Work work = communicator.allReduce(data, DType.I32, ReduceOp.SUM);
                if (communicator.rank() == 1) {
                    work.await();
                    communicator.close(); // at once, while the others still read
                } else {
                    LockSupport.parkNanos(20_000_000);
                    work.await();
                }
                return data.get(ValueLayout.JAVA_INT, 99_996);
            });
            assertThat(sums).containsExactly(3, 3, 3);
        }
    }

    @Test
    void shouldRejectWhatItCannotCarry() {
        try (LoopbackWorld world = LoopbackWorld.ofRanks(2)) {
            Communicator communicator = world.communicator(0);
            assertThatThrownBy(() -> communicator.allReduce(memory(6), DType.F32, ReduceOp.SUM))
                    .hasMessageContaining("not a whole number of F32");
            assertThatThrownBy(
                            () -> communicator.allReduce(MemorySegment.ofArray(new float[4]), DType.F32, ReduceOp.SUM))
                    .hasMessageContaining("native");
            assertThatThrownBy(() -> communicator.allReduce(memory(8), DType.F32, ReduceOp.OR))
                    .hasMessageContaining("cannot be combined");
            assertThatThrownBy(() -> communicator.broadcast(memory(8), 2)).hasMessageContaining("member 2 of 2");
            assertThatThrownBy(() -> communicator.allGather(memory(8), memory(8), List.of(8L, 8L)))
                    .hasMessageContaining("room of 8 bytes for all of 16");
            assertThatThrownBy(() -> communicator.allReduceTree(List.of(), List.of(), 4, memory(8)))
                    .hasMessageContaining("member 0 of 2 holds the nodes");
        }
    }
}
