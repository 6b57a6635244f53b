package io.dunlin.collectives.transport;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Media;
import java.util.Arrays;
import java.util.List;

/** One member's side of a group on a {@link LoopbackFabric}. */
final class LoopbackTransport implements Transport {
    private final LoopbackFabric fabric;
    private final int[] ranks; // [member]
    private final int member;
    private final int rank;
    private final int streamId;
    private final LoopbackStreams streams;
    private final long detectionNs;
    private final PeerState[] states; // [member]
    private int claimedStream = -1;
    private boolean closed;

    LoopbackTransport(LoopbackFabric fabric, List<Integer> ranks, int member, int streamId) {
        this.fabric = fabric;
        this.ranks = ranks.stream().mapToInt(Integer::intValue).toArray();
        this.member = member;
        this.rank = this.ranks[member];
        this.streamId = streamId;
        this.streams = fabric.join(streamId, rank);
        this.detectionNs = fabric.detectionNs();
        this.states = new PeerState[ranks.size()];
        Arrays.fill(states, PeerState.CONNECTING);
    }

    @Override
    public int rank() {
        return member;
    }

    @Override
    public int size() {
        return ranks.length;
    }

    @Override
    public int frameBytes(int peer, Lane lane) {
        return streams.from(rank, ranks[peer], lane).frameBytes();
    }

    @Override
    public long tryClaim(int peer, Lane lane, int lengthBytes) {
        if (!fabric.acts(rank) || states[peer] != PeerState.UP) {
            return NO_ROOM;
        }
        claimedStream = streams.index(rank, ranks[peer], lane);
        return streams.at(claimedStream).tryClaim(lengthBytes);
    }

    @Override
    public void commit(long tag) {
        streams.at(claimedStream).commit(tag);
    }

    @Override
    public int poll(int peer, Lane lane, FrameHandler handler, int limitFrames) {
        return fabric.acts(rank) ? streams.from(ranks[peer], rank, lane).poll(peer, handler, limitFrames) : 0;
    }

    @Override
    public void maintain(long nowNs) {
        if (fabric.deadSince(rank, 0)) {
            throw CollectiveException.transportFailed("rank " + rank + " was killed on the loopback fabric", "");
        }
        for (int peer = 0; peer < states.length; peer++) {
            if (peer != member && states[peer] != PeerState.GONE) {
                states[peer] = look(peer);
            }
        }
    }

    private PeerState look(int peer) {
        boolean left = fabric.deadSince(ranks[peer], detectionNs) || streams.left(ranks[peer]);
        if (left) {
            return streams.from(ranks[peer], rank, Lane.DATA).drained() ? PeerState.GONE : PeerState.DEAF;
        }
        return streams.joined(ranks[peer]) && fabric.acts(rank) ? PeerState.UP : states[peer];
    }

    @Override
    public PeerState state(int peer) {
        return states[peer];
    }

    @Override
    public boolean sharesHost(int peer) {
        return true;
    }

    @Override
    public long losses(int peer) {
        return streams.from(rank, ranks[peer], Lane.DATA).retransmissions()
                + streams.from(ranks[peer], rank, Lane.DATA).retransmissions();
    }

    @Override
    public PeerMemory peerMemory() {
        return fabric.peerMemory();
    }

    @Override
    public Media media() {
        return fabric.peerMemory() == PeerMemory.NONE ? Media.LOOPBACK : Media.SHARED_MEMORY;
    }

    @Override
    public String route(int peer) {
        return "loopback";
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            fabric.leave(streamId, rank);
        }
    }
}
