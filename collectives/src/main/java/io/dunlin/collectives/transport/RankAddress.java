package io.dunlin.collectives.transport;

import java.util.Collections;
import java.util.List;

/**
 * Where a rank can be reached.
 *
 * @param host name of its host; ranks with the same name share a media driver and talk through shared memory
 * @param endpoint {@code address:port} for UDP, one for each rank; empty if it is reached through shared memory only
 */
public record RankAddress(String host, String endpoint) {
    /** All of {@code ranks} ranks on this host. */
    public static List<RankAddress> sameHost(int ranks) {
        return Collections.nCopies(ranks, new RankAddress("localhost", ""));
    }
}
