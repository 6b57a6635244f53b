package io.dunlin.collectives.transport;

import java.util.List;

/** Transports of one rank of a {@link LoopbackFabric}. */
final class LoopbackTransports implements Transports {
    private final LoopbackFabric fabric;
    private final int rank;
    private final LoopbackMemory memory = new LoopbackMemory();

    LoopbackTransports(LoopbackFabric fabric, int rank) {
        this.fabric = fabric;
        this.rank = rank;
    }

    @Override
    public Transport open(List<Integer> ranks, int member, int streamId) {
        if (ranks.get(member) != rank) {
            throw new IllegalArgumentException("member %d of %s is not rank %d".formatted(member, ranks, rank));
        }
        return fabric.transport(ranks, member, streamId);
    }

    @Override
    public SharedMemory memory() {
        return memory;
    }

    @Override
    public void close() {}
}
