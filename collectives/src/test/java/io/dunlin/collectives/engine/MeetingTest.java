package io.dunlin.collectives.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.dunlin.collectives.Work;
import io.dunlin.collectives.transport.FrameHandler;
import io.dunlin.collectives.transport.Lane;
import io.dunlin.collectives.transport.PeerState;
import io.dunlin.collectives.transport.Transport;
import io.dunlin.collectives.wire.FrameTag;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Members meet, whatever is lost meanwhile, and in virtual time. */
class MeetingTest {
    private static final Duration SOON = Duration.ofMillis(50);

    private final List<FragileTransport> transports = new ArrayList<>();
    private final SteppedWorld world = SteppedWorld.through(3, inner -> {
        transports.add(new FragileTransport(inner));
        return transports.getLast();
    });

    @AfterEach
    void closeWorld() {
        world.close();
    }

    /** Loses control frames, and says of peers what it is told to. */
    private static final class FragileTransport extends ForwardingTransport {
        private final int[] losing = new int[3]; // [peer] frames from it
        private boolean onlyWelcomes;
        private final List<Optional<PeerState>> told =
                new ArrayList<>(List.of(Optional.empty(), Optional.empty(), Optional.empty())); // [peer]

        FragileTransport(Transport inner) {
            super(inner);
        }

        @Override
        public PeerState state(int peer) {
            return told.get(peer).orElse(super.state(peer));
        }

        @Override
        public long tryClaim(int peer, Lane lane, int lengthBytes) {
            return state(peer) == PeerState.UP ? super.tryClaim(peer, lane, lengthBytes) : NO_ROOM;
        }

        @Override
        public int poll(int peer, Lane lane, FrameHandler handler, int limitFrames) {
            if (lane != Lane.CONTROL) {
                return super.poll(peer, lane, handler, limitFrames);
            }
            return super.poll(
                    peer,
                    lane,
                    (from, tag, address, length) -> loses(from, tag) || handler.onFrame(from, tag, address, length),
                    limitFrames);
        }

        private boolean loses(int peer, long tag) {
            boolean loses = losing[peer] > 0 && (!onlyWelcomes || FrameTag.kind(tag) == FrameTag.WELCOME);
            losing[peer] -= loses ? 1 : 0;
            return loses;
        }
    }

    private void assertAllMet() {
        for (int rank = 0; rank < 3; rank++) {
            assertThat(world.connected(rank)).as("rank %d", rank).isTrue();
        }
    }

    private List<Work> barrier() {
        List<Work> works = new ArrayList<>();
        for (int rank = 0; rank < 3; rank++) {
            works.add(world.call(rank, call -> call.barrier()));
        }
        return works;
    }

    @Test
    void shouldMeetAtOnceWhereNothingIsLost() {
        world.run(SOON);
        assertAllMet();
    }

    /** What a stream held when it went is lost: the greeting, the welcome behind it, and the greeting that is repeated. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 10})
    void shouldMeetAlthoughFramesAreLost(int frames) {
        transports.get(1).losing[0] = frames;
        world.run(Duration.ofSeconds(8));
        assertThat(transports.get(1).losing[0]).isZero();
        assertAllMet();
        world.run(barrier());
    }

    /** Rank 0 has begun; its answer to rank 1 was lost, which is no reason to leave rank 1 alone. */
    @Test
    void shouldAnswerAGreetingWhenItHasMetEverybodyItself() {
        transports.get(1).losing[0] = 1;
        transports.get(1).onlyWelcomes = true;
        world.run(SOON);
        assertThat(world.connected(0)).isTrue();
        assertThat(world.connected(1)).isFalse();
        world.run(Duration.ofSeconds(1));
        assertAllMet();
    }

    @Test
    void shouldWaitForAPeerThatIsSilentBeforeItHasGreeted() {
        transports.get(2).told.set(1, Optional.of(PeerState.SILENT));
        transports.get(2).losing[1] = 2;
        world.run(Duration.ofSeconds(5));
        assertThat(world.connected(2)).isFalse();
        transports.get(2).told.set(1, Optional.empty());
        world.run(Duration.ofSeconds(1));
        assertAllMet();
    }

    @Test
    void shouldNotWaitForAPeerThatIsGone() {
        transports.get(2).told.set(1, Optional.of(PeerState.GONE));
        world.run(SOON);
        assertThat(world.failure(2).code()).isEqualTo("DUN-704");
        assertThat(world.failure(2)).hasMessageContaining("while group world was connecting");
    }

    @Test
    void shouldSayHowFarThoseHaveComeThatAreMissing() {
        transports.get(2).losing[0] = Integer.MAX_VALUE;
        transports.get(2).told.set(1, Optional.of(PeerState.SILENT));
        world.run(SOON);
        world.halt(0);
        world.halt(1);
        world.run(Duration.ofSeconds(11));
        assertThat(world.failure(2).code()).isEqualTo("DUN-705");
        assertThat(world.failure(2).culprits()).containsExactly(0, 1);
        assertThat(world.failure(2))
                .hasMessageContaining("rank 0 (loopback, reached, but silent)")
                .hasMessageContaining("rank 1 (loopback, heard, but it does not answer)");
    }

    @Test
    void shouldLoseAPeerThatIsSilentInAnOperation() {
        world.run(SOON);
        transports.get(0).told.set(1, Optional.of(PeerState.SILENT));
        world.run(barrier());
        assertThat(world.failure(0).code()).isEqualTo("DUN-704");
        assertThat(world.failure(0).culprits()).containsExactly(1);
    }

    @Test
    void shouldGoOnWithAPeerThatWasSilentBetweenOperations() {
        world.run(SOON);
        transports.get(0).told.set(1, Optional.of(PeerState.SILENT));
        world.run(Duration.ofSeconds(5));
        transports.get(0).told.set(1, Optional.empty());
        List<Work> works = barrier();
        world.run(works);
        assertThat(works).allSatisfy(work -> assertThatCode(work::await).doesNotThrowAnyException());
    }
}
