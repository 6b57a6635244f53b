package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.transport.PeerMemory;
import io.dunlin.collectives.wire.RawMemory;
import java.util.Arrays;

/**
 * Every operation among ranks that can address each other's memory: the payload stays where it is. Members tell each other
 * where their vectors are, then each does its share in place (combines its part straight out of all vectors and writes the
 * result into all, or copies what it needs), then says that it is done with the others' memory. The flows carry these
 * doorbells only; contributions are combined in the order of members.
 *
 * <p>The flow from a to b is: the locations that b needs of a, 8 bytes each, then, if a touches b's memory, 8 bytes
 * when a is done with it.
 */
final class SharedExchange implements Algorithm {
    private static final int BELL_BYTES = 8;
    private static final int TYPICAL_LOCATIONS = 4;

    private final int rank;
    private final int size;
    private final PeerMemory memory;
    private final SharedShare share;
    private final Bounce bounce;
    private final Scratch letters;
    private final long[] sentTo; // [member]
    private final long[] receivedFrom; // [member]
    private final boolean[] located; // [member] share knows where its memory is

    private Call call = new Call();
    private int stride; // bytes of one flow at most
    private long base;
    private boolean offered;
    private boolean done; // this member's share
    private boolean over;

    SharedExchange(int rank, int size, PeerMemory memory, Folds folds, Scratch letters) {
        this.rank = rank;
        this.size = size;
        this.memory = memory;
        this.bounce = new Bounce(memory);
        this.share = new SharedShare(rank, size, folds);
        this.letters = letters;
        this.sentTo = new long[size];
        this.receivedFrom = new long[size];
        this.located = new boolean[size];
    }

    @Override
    public void begin(Call call) {
        this.call = call;
        Arrays.fill(sentTo, 0);
        Arrays.fill(receivedFrom, 0);
        Arrays.fill(located, false);
        int most = TYPICAL_LOCATIONS;
        for (int member = 0; member < size; member++) {
            most = Math.max(most, SharedPlan.locations(call, member));
        }
        stride = (most + 1) * BELL_BYTES;
        base = letters.atLeast(2L * size * stride);
        offered = false;
        done = false;
        over = false;
        bounce.begin(call, rank);
        share.begin(call, bounce);
    }

    private long outgoing(int peer) {
        return base + (long) peer * stride;
    }

    private long incoming(int peer) {
        return base + (long) (size + peer) * stride;
    }

    /** How many bytes of locations {@code from} gives {@code to}. */
    private long offerBytes(int from, int to) {
        return SharedPlan.touches(call, to, from) ? (long) SharedPlan.locations(call, from) * BELL_BYTES : 0;
    }

    private long flowBytes(int from, int to) {
        long bytes = offerBytes(from, to) + (SharedPlan.touches(call, from, to) ? BELL_BYTES : 0);
        return bytes == 0 ? NO_FLOW : bytes;
    }

    @Override
    public long bytesTo(int peer) {
        return flowBytes(rank, peer);
    }

    @Override
    public long bytesFrom(int peer) {
        return flowBytes(peer, rank);
    }

    @Override
    public long sendable(int peer) {
        long offer = offered ? offerBytes(rank, peer) : 0;
        return (done ? flowBytes(rank, peer) : offer) - sentTo[peer];
    }

    @Override
    public long source(int peer) {
        return outgoing(peer) + sentTo[peer];
    }

    @Override
    public void sent(int peer, int bytes) {
        sentTo[peer] += bytes;
    }

    @Override
    public boolean accept(int peer, long address, int bytes) {
        RawMemory.copy(address, incoming(peer) + receivedFrom[peer], bytes);
        receivedFrom[peer] += bytes;
        if (!located[peer] && receivedFrom[peer] >= offerBytes(peer, rank)) {
            located[peer] = true;
            if (offerBytes(peer, rank) > 0) {
                share.locate(peer, incoming(peer), memory);
            }
        }
        return true;
    }

    @Override
    public boolean advance() {
        if (!offered) {
            if (!bounce.advanceIn()) {
                offer();
            }
            return true;
        }
        if (!done) {
            boolean moved = share.advance();
            if (share.complete()) {
                done = true;
                return true;
            }
            return moved;
        }
        if (over || !peersAreDone()) {
            return false;
        }
        if (!bounce.advanceOut()) {
            bounce.release();
            over = true;
        }
        return true;
    }

    private void offer() {
        for (int peer = 0; peer < size; peer++) {
            if (peer != rank && offerBytes(rank, peer) > 0) {
                bounce.writeLocations(peer, outgoing(peer));
            }
        }
        offered = true;
    }

    private boolean peersAreDone() {
        for (int peer = 0; peer < size; peer++) {
            if (peer != rank && receivedFrom[peer] < Math.max(0, flowBytes(peer, rank))) {
                return false;
            }
        }
        return true;
    }

    @Override
    public boolean complete() {
        return over;
    }
}
