package io.dunlin.collectives.transport;

import java.util.List;

/**
 * Memory of peers on this host that a member can read and write where it is.
 *
 * <p>A location is a number that one member gives to another in place of the bytes. What a peer wrote before it sent a frame is
 * seen by whoever has received the frame.
 */
public interface PeerMemory {
    /** The location of memory that peers cannot address. */
    long NOT_SHARED = -1;

    /** Where no memory is shared. */
    PeerMemory NONE = new PeerMemory() {
        @Override
        public long locate(long address, long bytes) {
            return NOT_SHARED;
        }

        @Override
        public long reach(int peer, long location, long bytes) {
            throw new IllegalStateException("no memory is shared");
        }

        @Override
        public long bounce(long bytes) {
            throw new IllegalStateException("no memory is shared");
        }

        @Override
        public void release(long address) {
            throw new IllegalStateException("no memory is shared");
        }
    };

    /** The location of this member's memory, or {@link #NOT_SHARED} if peers cannot address all of it. */
    long locate(long address, long bytes);

    /**
     * The address here of a peer's memory.
     *
     * @throws io.dunlin.collectives.CollectiveException {@code DUN-706} if there is no such memory
     */
    long reach(int peer, long location, long bytes);

    /**
     * The address of memory of this member that peers can address, until it is released.
     *
     * @throws io.dunlin.collectives.CollectiveException {@code DUN-402} if there is not enough room
     */
    long bounce(long bytes);

    /** Gives back what {@link #bounce} gave, when no peer touches it any more; after a failure nobody can know that. */
    void release(long address);

    /** The memory of some of the members, all of this host, by their places in {@code members}. */
    default PeerMemory among(List<Integer> members) {
        PeerMemory all = this;
        if (all == NONE) {
            return NONE;
        }
        int[] numbers = members.stream().mapToInt(Integer::intValue).toArray();
        return new PeerMemory() {
            @Override
            public long locate(long address, long bytes) {
                return all.locate(address, bytes);
            }

            @Override
            public long reach(int peer, long location, long bytes) {
                return all.reach(numbers[peer], location, bytes);
            }

            @Override
            public long bounce(long bytes) {
                return all.bounce(bytes);
            }

            @Override
            public void release(long address) {
                all.release(address);
            }
        };
    }
}
