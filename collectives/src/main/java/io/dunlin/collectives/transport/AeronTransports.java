package io.dunlin.collectives.transport;

import io.dunlin.collectives.Topology;
import java.nio.file.Path;
import java.util.List;

/** Transports of one rank through one client of Aeron, with memory that the ranks of a host share. */
public final class AeronTransports implements Transports {
    private final Path directory;
    private final AeronProfile profile;
    private final List<RankAddress> addresses;
    private final int rank;
    private final AeronClient client;
    private final SegmentMemory memory;

    private AeronTransports(
            Path directory, AeronProfile profile, List<RankAddress> addresses, int rank, SegmentMemory memory) {
        this.directory = directory;
        this.profile = profile;
        this.addresses = List.copyOf(addresses);
        this.rank = rank;
        this.memory = memory;
        this.client = AeronClient.connect(directory, profile, rank).join();
    }

    /**
     * Connects to the media driver.
     *
     * @param directory of the driver; shared memory is a folder in it
     * @param addresses of all ranks
     * @param rank this one
     * @param run hash of the run's name
     * @throws MachineException if no driver answers
     */
    public static AeronTransports connect(
            Path directory, AeronProfile profile, List<RankAddress> addresses, int rank, long run, int generation) {
        SegmentMemory memory = SegmentMemory.in(directory.resolve("memory"), run, generation, rank);
        try {
            return new AeronTransports(directory, profile, addresses, rank, memory);
        } catch (RuntimeException e) {
            memory.close();
            throw e;
        }
    }

    @Override
    public Transport open(List<Integer> ranks, int member, int streamId) {
        List<RankAddress> members = ranks.stream().map(addresses::get).toList();
        String host = addresses.get(rank).host();
        boolean company =
                members.stream().filter(address -> address.host().equals(host)).count() > 1;
        return AeronTransport.open(
                new AeronSettings(directory, streamId, member, members, profile),
                client,
                company ? new MemoryOfGroup(ranks) : PeerMemory.NONE);
    }

    @Override
    public Topology topology(List<Integer> ranks) {
        return Topology.ofHosts(
                ranks.stream().map(member -> addresses.get(member).host()).toList());
    }

    @Override
    public SharedMemory memory() {
        return memory;
    }

    @Override
    public void close() {
        client.leave();
        memory.close();
    }

    /** The memory of a group's members, by their numbers in it. */
    private final class MemoryOfGroup implements PeerMemory {
        private final int[] ranks; // [member]

        MemoryOfGroup(List<Integer> ranks) {
            this.ranks = ranks.stream().mapToInt(Integer::intValue).toArray();
        }

        @Override
        public long locate(long address, long bytes) {
            return memory.locate(address, bytes);
        }

        @Override
        public long reach(int peer, long location, long bytes) {
            return memory.reach(ranks[peer], location, bytes);
        }

        @Override
        public long bounce(long bytes) {
            return memory.borrow(bytes);
        }

        @Override
        public void release(long address) {
            memory.giveBack(address);
        }
    }
}
