package io.dunlin.checkpoint;

import io.dunlin.collectives.Communicator;
import java.util.List;

/**
 * The ranks that save and restore together, and the two things they tell each other. Every rank calls the same methods
 * in the same order.
 */
public sealed interface Peers permits AlonePeer, CommunicatorPeers {
    /** This rank's number. */
    int rank();

    /** How many ranks. */
    int size();

    /** What every rank has to say, in order of ranks. */
    List<byte[]> gather(byte[] mine);

    /** What rank 0 has to say; the argument counts only there. */
    byte[] fromFirst(byte[] mine);

    /** One rank by itself. */
    static Peers alone() {
        return new AlonePeer();
    }

    /** All members of a communicator; failures of its collectives pass through. */
    static Peers over(Communicator communicator) {
        return new CommunicatorPeers(communicator);
    }
}
