package io.dunlin.collectives.transport;

import io.dunlin.collectives.Media;
import io.dunlin.collectives.Topology;
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

    /** On which hosts the members with these addresses are. */
    public static Topology topology(List<RankAddress> addresses) {
        return Topology.ofHosts(addresses.stream().map(RankAddress::host).toList());
    }

    /** What joins the members with these addresses, over Aeron. */
    public static Media media(List<RankAddress> addresses) {
        long hosts = addresses.stream().map(RankAddress::host).distinct().count();
        if (hosts == 1) {
            return Media.IPC;
        }
        return hosts == addresses.size() ? Media.UDP : Media.MIXED;
    }
}
