package io.dunlin.collectives.transport;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What every transport does. All members are driven by the test's thread. */
abstract class TransportContract {
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final long LIMIT_NS = Duration.ofSeconds(10).toNanos();

    private List<Transport> members = List.of();

    /** Transports of all members of a new group. */
    abstract List<Transport> open(int size);

    @AfterEach
    void closeMembers() {
        members.forEach(Transport::close);
    }

    private List<Transport> connected(int size) {
        members = open(size);
        until(() -> members.stream()
                .allMatch(member -> peersOf(member).stream().allMatch(peer -> member.state(peer) == PeerState.UP)));
        return members;
    }

    private static List<Integer> peersOf(Transport member) {
        List<Integer> peers = new ArrayList<>();
        for (int peer = 0; peer < member.size(); peer++) {
            if (peer != member.rank()) {
                peers.add(peer);
            }
        }
        return peers;
    }

    private void until(BooleanSupplier condition) {
        long deadline = System.nanoTime() + LIMIT_NS;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("waiting").isLessThan(deadline);
            maintain();
            Thread.onSpinWait();
        }
    }

    private void maintain() {
        members.forEach(member -> member.maintain(System.nanoTime()));
    }

    /** Sends a frame that holds {@code number} in every long. */
    private static boolean send(Transport from, int to, Lane lane, int lengthBytes, long number) {
        long frame = from.tryClaim(to, lane, lengthBytes);
        if (frame == Transport.NO_ROOM) {
            return false;
        }
        assertThat(frame % 32).isZero();
        for (int i = 0; i + 8 <= lengthBytes; i += 8) {
            ALL.set(ValueLayout.JAVA_LONG, frame + i, number);
        }
        from.commit(number);
        return true;
    }

    /** Checks that frames come in order and whole. */
    private static final class Reader implements FrameHandler {
        private long expected;
        private long bytes;

        @Override
        public boolean onFrame(int peer, long tag, long address, int lengthBytes) {
            if (tag != expected) {
                assertThat(tag).isEqualTo(expected);
            }
            for (int i = 0; i + 8 <= lengthBytes; i += 8) {
                if (ALL.get(ValueLayout.JAVA_LONG, address + i) != tag) {
                    assertThat(ALL.get(ValueLayout.JAVA_LONG, address + i)).isEqualTo(tag);
                }
            }
            expected++;
            bytes += lengthBytes;
            return true;
        }
    }

    @Test
    void shouldDeliverEveryFrameOnceWholeAndInOrder() {
        Transport from = connected(2).getFirst();
        Reader reader = new Reader();
        int[] lengths = {0, 8, 64, 104, 512, from.frameBytes(1, Lane.DATA)};
        long sentBytes = 0;
        long sent = 0;
        while (sent < 5_000) {
            int length = lengths[(int) (sent % lengths.length)];
            if (send(from, 1, Lane.DATA, length, sent)) {
                sent++;
                sentBytes += length;
            } else {
                members.get(1).poll(0, Lane.DATA, reader, 16);
                maintain();
            }
        }
        until(() -> members.get(1).poll(0, Lane.DATA, reader, 16) >= 0 && reader.expected == 5_000);
        assertThat(reader.bytes).isEqualTo(sentBytes);
    }

    @Test
    void shouldRefuseFramesWhileTheReceiverDoesNotPoll() {
        Transport from = connected(2).getFirst();
        int length = from.frameBytes(1, Lane.DATA);
        int sent = 0;
        while (send(from, 1, Lane.DATA, length, sent)) {
            sent++;
            assertThat(sent).isLessThan(10_000);
        }
        int refusedAt = sent;
        Reader reader = new Reader();
        until(() -> members.get(1).poll(0, Lane.DATA, reader, 64) >= 0 && reader.expected == refusedAt);
        until(() -> send(from, 1, Lane.DATA, length, refusedAt));
    }

    @Test
    void shouldOfferAFrameAgainThatWasNotTaken() {
        Transport from = connected(2).getFirst();
        for (int i = 0; i < 3; i++) {
            int number = i;
            until(() -> send(from, 1, Lane.DATA, 64, number)); // the window of a new stream opens a little later
        }
        Transport to = members.get(1);
        List<Long> seen = new ArrayList<>();
        boolean[] open = {false};
        FrameHandler gate = (peer, tag, address, length) -> {
            seen.add(tag);
            return open[0] || tag == 0;
        };
        until(() -> to.poll(0, Lane.DATA, gate, 10) == 1);
        assertThat(to.poll(0, Lane.DATA, gate, 10)).isZero();
        assertThat(seen).containsExactly(0L, 1L, 1L);
        open[0] = true;
        until(() -> {
            to.poll(0, Lane.DATA, gate, 10);
            return seen.size() == 5;
        });
        assertThat(seen).containsExactly(0L, 1L, 1L, 1L, 2L);
    }

    @Test
    void shouldKeepLanesAndMembersApart() {
        connected(3);
        Transport from = members.get(0);
        while (send(from, 1, Lane.DATA, from.frameBytes(1, Lane.DATA), 7)) {
            maintain(); // fills the data lane to member 1
        }
        assertThat(send(from, 1, Lane.CONTROL, 40, 100)).isTrue();
        assertThat(send(from, 2, Lane.DATA, 40, 200)).isTrue();
        assertThat(send(members.get(1), 0, Lane.DATA, 40, 300)).isTrue();
        assertThat(send(members.get(2), 1, Lane.DATA, 40, 400)).isTrue();
        expect(1, 0, Lane.CONTROL, 100);
        expect(2, 0, Lane.DATA, 200);
        expect(0, 1, Lane.DATA, 300);
        expect(1, 2, Lane.DATA, 400);
    }

    private void expect(int receiver, int sender, Lane lane, long tag) {
        long[] got = {-1};
        until(() -> members.get(receiver)
                        .poll(
                                sender,
                                lane,
                                (peer, number, address, length) -> {
                                    assertThat(peer).isEqualTo(sender);
                                    got[0] = number;
                                    return true;
                                },
                                1)
                == 1);
        assertThat(got[0]).isEqualTo(tag);
    }

    @Test
    void shouldHandOutEverythingBeforeAMemberThatLeftIsGone() {
        Transport from = connected(2).getFirst();
        for (int i = 0; i < 5; i++) {
            assertThat(send(from, 1, Lane.DATA, 512, i)).isTrue();
        }
        Transport to = members.get(1);
        Reader reader = new Reader();
        until(() -> to.poll(0, Lane.DATA, reader, 1) == 1); // the rest is on its way
        from.close();
        members = List.of(to);
        until(() -> to.state(0) == PeerState.DEAF);
        assertThat(reader.expected).isEqualTo(1);
        until(() -> {
            to.poll(0, Lane.DATA, reader, 2);
            return to.state(0) == PeerState.GONE;
        });
        assertThat(reader.expected).isEqualTo(5);
        assertThat(to.tryClaim(0, Lane.DATA, 8)).isEqualTo(Transport.NO_ROOM);
    }

    @Test
    void shouldNotHoldAMemberForPresentThatLeftAtOnce() {
        members = open(2);
        members.get(1).close();
        Transport alone = members.getFirst();
        members = List.of(alone);
        for (int i = 0; i < 1_000; i++) {
            maintain();
        }
        until(() -> alone.state(1) != PeerState.UP);
        assertThat(alone.tryClaim(1, Lane.DATA, 8)).isEqualTo(Transport.NO_ROOM);
    }

    @Test
    void shouldAllocateNothingOnceAllAreUp() {
        Transport from = connected(2).getFirst();
        Transport to = members.get(1);
        long[] taken = {0};
        FrameHandler counter = (peer, tag, address, length) -> {
            taken[0]++;
            return true;
        };
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long allocated = Long.MAX_VALUE;
        long deadlineNs = System.nanoTime() + 20_000_000_000L;
        // The first rounds warm up; and a round counts only if frames have arrived in it.
        while ((allocated > 0 || taken[0] == 0) && System.nanoTime() < deadlineNs) {
            taken[0] = 0;
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 20_000; i++) {
                long frame = from.tryClaim(1, Lane.DATA, 256);
                if (frame != Transport.NO_ROOM) {
                    from.commit(i);
                }
                to.poll(0, Lane.DATA, counter, 8);
                if (i % 16 == 0) {
                    from.maintain(i);
                    to.maintain(i);
                }
            }
            allocated = threads.getCurrentThreadAllocatedBytes() - before;
        }
        assertThat(allocated).as("bytes allocated for 20,000 frames").isZero();
        assertThat(taken[0]).isPositive();
    }
}
