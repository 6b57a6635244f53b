package io.dunlin.collectives.algorithm;

/** Barrier: every member tells every other that it is here, by an entry frame without data. */
final class DirectBarrier implements Algorithm {
    @Override
    public void begin(Call call) {}

    @Override
    public long bytesTo(int peer) {
        return 0;
    }

    @Override
    public long bytesFrom(int peer) {
        return 0;
    }

    @Override
    public long sendable(int peer) {
        return 0;
    }

    @Override
    public long source(int peer) {
        throw new IllegalStateException("a barrier sends no bytes");
    }

    @Override
    public void sent(int peer, int bytes) {}

    @Override
    public boolean accept(int peer, long address, int bytes) {
        throw new IllegalStateException("a barrier receives no bytes");
    }

    @Override
    public boolean advance() {
        return false;
    }

    @Override
    public boolean complete() {
        return true;
    }
}
