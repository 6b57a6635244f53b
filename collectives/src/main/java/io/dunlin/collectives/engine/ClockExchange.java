package io.dunlin.collectives.engine;

import io.dunlin.collectives.transport.Lane;
import io.dunlin.collectives.transport.PeerState;
import io.dunlin.collectives.transport.Transport;
import io.dunlin.collectives.wire.FrameTag;
import io.dunlin.collectives.wire.RawMemory;
import java.util.function.LongSupplier;

/**
 * Finds out how far this host's clock is from that of global rank 0, once a second, so that times of several hosts can be
 * put side by side.
 *
 * <p>The other's time is read at some moment between the question and the answer. So the middle of those two is wrong by
 * at most half the round trip, and of the last few trips the shortest says most. Ranks of one host share a clock.
 */
final class ClockExchange {
    private static final long PERIOD_NS = 1_000_000_000;
    private static final int KEPT = 16;
    private static final int FRAME_BYTES = 16;
    private static final int NOBODY = -1;
    /** How fast two clocks may drift apart, worst case of a crystal and of slewing: 1 in 10,000. */
    private static final long NS_PER_DRIFT_NS = 10_000;

    private final CommunicatorSettings settings;
    private final Transport transport;
    private final LongSupplier clockNs;
    private final int reference; // member that keeps the time, or NOBODY
    private final long[] offsetsNs = new long[KEPT];
    private final long[] tripsNs = new long[KEPT];
    private final long[] takenNs = new long[KEPT];
    private long answers;
    private long askedNs;
    private boolean asked;

    ClockExchange(CommunicatorSettings settings, Transport transport, LongSupplier clockNs) {
        this.settings = settings;
        this.transport = transport;
        this.clockNs = clockNs;
        int zero = settings.group().ranks().indexOf(0);
        this.reference = zero == settings.rank() ? NOBODY : zero;
    }

    /** Asks for the time, if it is time to. */
    void ask(long nowNs) {
        if (reference == NOBODY
                || (asked && nowNs - askedNs < PERIOD_NS)
                || transport.state(reference) != PeerState.UP) {
            return;
        }
        if (transport.sharesHost(reference)) {
            if (!asked) {
                settings.listener().clockMeasured(0, 0);
            }
        } else if (!send(reference, FrameTag.CLOCK_REQUEST, clockNs.getAsLong(), 0)) {
            return;
        }
        asked = true;
        askedNs = nowNs;
    }

    /** Answers a peer's question; one that finds no room is asked again. */
    void answer(int peer, long address) {
        send(peer, FrameTag.CLOCK_REPLY, RawMemory.getLong(address), clockNs.getAsLong());
    }

    private boolean send(int peer, int kind, long askedAtNs, long answeredAtNs) {
        long frame = transport.tryClaim(peer, Lane.CONTROL, FRAME_BYTES);
        if (frame == Transport.NO_ROOM) {
            return false;
        }
        RawMemory.putLong(frame, askedAtNs);
        RawMemory.putLong(frame + 8, answeredAtNs);
        transport.commit(FrameTag.of(kind, settings.generation(), 0));
        return true;
    }

    /** Takes an answer. */
    void take(long address) {
        long nowNs = clockNs.getAsLong();
        long sentNs = RawMemory.getLong(address);
        int slot = (int) (answers++ % KEPT);
        tripsNs[slot] = nowNs - sentNs;
        offsetsNs[slot] = RawMemory.getLong(address + 8) - (sentNs + (nowNs - sentNs) / 2);
        takenNs[slot] = nowNs;
        publishBest(nowNs);
    }

    private void publishBest(long nowNs) {
        long bestErrorNs = Long.MAX_VALUE;
        long bestOffsetNs = 0;
        for (int i = 0; i < Math.min(answers, KEPT); i++) {
            long errorNs = tripsNs[i] / 2 + 1 + (nowNs - takenNs[i]) / NS_PER_DRIFT_NS;
            if (errorNs < bestErrorNs) {
                bestErrorNs = errorNs;
                bestOffsetNs = offsetsNs[i];
            }
        }
        settings.listener().clockMeasured(bestOffsetNs, bestErrorNs);
    }
}
