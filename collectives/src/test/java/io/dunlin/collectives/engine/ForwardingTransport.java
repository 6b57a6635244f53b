package io.dunlin.collectives.engine;

import io.dunlin.collectives.Media;
import io.dunlin.collectives.transport.FrameHandler;
import io.dunlin.collectives.transport.Lane;
import io.dunlin.collectives.transport.PeerMemory;
import io.dunlin.collectives.transport.PeerState;
import io.dunlin.collectives.transport.Transport;

/** A transport that does what another does: tests change some of it. */
class ForwardingTransport implements Transport {
    private final Transport inner;

    ForwardingTransport(Transport inner) {
        this.inner = inner;
    }

    @Override
    public int rank() {
        return inner.rank();
    }

    @Override
    public int size() {
        return inner.size();
    }

    @Override
    public int frameBytes(int peer, Lane lane) {
        return inner.frameBytes(peer, lane);
    }

    @Override
    public long tryClaim(int peer, Lane lane, int lengthBytes) {
        return inner.tryClaim(peer, lane, lengthBytes);
    }

    @Override
    public void commit(long tag) {
        inner.commit(tag);
    }

    @Override
    public int poll(int peer, Lane lane, FrameHandler handler, int limitFrames) {
        return inner.poll(peer, lane, handler, limitFrames);
    }

    @Override
    public void maintain(long nowNs) {
        inner.maintain(nowNs);
    }

    @Override
    public PeerState state(int peer) {
        return inner.state(peer);
    }

    @Override
    public boolean sharesHost(int peer) {
        return inner.sharesHost(peer);
    }

    @Override
    public PeerMemory peerMemory() {
        return inner.peerMemory();
    }

    @Override
    public Media media() {
        return inner.media();
    }

    @Override
    public long losses(int peer) {
        return inner.losses(peer);
    }

    @Override
    public String route(int peer) {
        return inner.route(peer);
    }

    @Override
    public void close() {
        inner.close();
    }
}
