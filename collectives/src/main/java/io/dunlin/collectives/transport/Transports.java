package io.dunlin.collectives.transport;

import java.util.List;

/** Where a rank gets a transport for each of its groups. */
public interface Transports extends AutoCloseable {
    /**
     * Opens streams to the members of a group.
     *
     * @param ranks the members
     * @param member this rank's number among them
     * @param streamId the same on all members; no two groups that live at the same time share it
     */
    Transport open(List<Integer> ranks, int member, int streamId);

    /** Memory that the ranks of this host share. */
    SharedMemory memory();

    /** Lets go of what the transports have in common; they have been closed before. */
    @Override
    void close();
}
