package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.Media;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.wire.OperationKind;

/**
 * How long ways take where nothing was measured: so many trips, so many bytes through a member's link, so many bytes
 * combined. Only the order of the results matters.
 *
 * <p>n bytes, p members: a ring takes (p-1) trips and (p-1)/p n bytes for each of its two rounds, partners in rounds log2 p
 * trips, and so on (Thakur, Rabenseifner and Gropp, 2005; Chan, Heimlich, Purkayastha and van de Geijn, 2007).
 */
final class CostModel {
    /** All that one member sends directly, at most, before bytes are saved: beyond, receivers are flooded. */
    static final long DIRECT_BYTES = 64 << 10;

    private static final double FLOODED = 16;
    private static final double DATAGRAM_BYTE_NS = 1; // what sending takes of the sender, however fast the network
    private static final double IN_PLACE_BYTE_NS = 0.06;
    private static final double IN_STEPS = 1.2; // partners wait for each other after every step
    private static final double STAGED = 1.5; // contributions are copied before they are combined

    private final int members;
    private final int rounds; // log2 of the members that take part in rounds
    private final boolean powerOfTwo;
    private final Link link;
    private final double everybodyShare; // members that share a host's link when all send to all
    private final double ringShare; // members of a host whose successor is elsewhere
    private final int hosts;
    private final int smallestHost;
    private final int largestHost;

    /**
     * A member's link.
     *
     * @param tripNs from one member to another
     * @param messageNs for each further message that a member sends at the same time
     * @param byteNs to move a byte
     * @param combineNs to combine a byte
     */
    private record Link(double tripNs, double messageNs, double byteNs, double combineNs) {
        static final Link IN_MEMORY = new Link(4_000, 700, 0.25, 0.15);

        static Link of(Media media, double networkBytesPerSecond) {
            return switch (media) {
                case LOOPBACK, IPC, SHARED_MEMORY -> IN_MEMORY;
                case UDP, MIXED ->
                    new Link(40_000, 4_000, Math.max(DATAGRAM_BYTE_NS, 1e9 / networkBytesPerSecond), 0.15);
            };
        }
    }

    CostModel(Topology topology, Media media, double networkBytesPerSecond) {
        this.link = Link.of(media, networkBytesPerSecond);
        this.members = topology.size();
        int count = Integer.highestOneBit(members);
        this.powerOfTwo = count == members;
        this.rounds = Integer.numberOfTrailingZeros(count);
        this.hosts = topology.hosts();
        this.smallestHost = topology.smallestHost();
        int largest = 0;
        int leaving = 0;
        for (int host = 0; host < hosts; host++) {
            largest = Math.max(largest, topology.membersOfHost(host).size());
            int crossing = 0;
            for (int member : topology.membersOfHost(host)) {
                crossing += topology.hostOf((member + 1) % members) == host ? 0 : 1;
            }
            leaving = Math.max(leaving, crossing);
        }
        this.largestHost = largest;
        this.ringShare = Math.max(1, leaving);
        this.everybodyShare = Math.max(1, (double) largest * (members - largest) / Math.max(1, members - 1));
    }

    /** Nanoseconds, in the model. */
    double ns(Way way, OperationKind kind, long bytes) {
        return switch (way) {
            case DIRECT -> direct(kind, bytes);
            case PAIRWISE, TREE -> 0;
            case OWNERS -> owners(kind, bytes);
            case RING -> ring(kind, bytes);
            case BIDIRECTIONAL -> ring(kind, bytes) + 2 * (members - 1) * link.messageNs;
            case DOUBLING -> doubling(bytes);
            case HALVING_DOUBLING -> halvingDoubling(bytes);
            case CHAIN -> members * link.tripNs + moved(bytes, ringShare) + combined(kind, bytes);
            case SHARED -> shared(bytes);
            case HIERARCHICAL -> hierarchical(kind, bytes);
        };
    }

    private double moved(double bytes, double share) {
        return bytes * link.byteNs * share;
    }

    private double combined(OperationKind kind, double bytes) {
        return Way.combines(kind) ? bytes * link.combineNs : 0;
    }

    /** One of {@code members} parts less: what a ring moves in one round. */
    private double withoutOnePart(double bytes) {
        return bytes * (members - 1) / members;
    }

    private double direct(OperationKind kind, long bytes) {
        boolean inParts = kind == OperationKind.ALL_GATHER || kind == OperationKind.REDUCE_SCATTER;
        double sent = inParts ? withoutOnePart(bytes) : (double) (members - 1) * bytes;
        double received = inParts ? bytes : (double) members * bytes;
        double ns = link.tripNs
                + (members - 1) * link.messageNs
                + moved(sent, everybodyShare)
                + combined(kind, received) * STAGED;
        return (members - 1) * bytes > DIRECT_BYTES || kind == OperationKind.ALL_TO_ALL ? FLOODED * (ns + 1) : ns;
    }

    private double owners(OperationKind kind, long bytes) {
        int trips = kind == OperationKind.REDUCE_SCATTER ? 1 : 2;
        return trips * (link.tripNs + (members - 1) * link.messageNs)
                + moved(trips * withoutOnePart(bytes), everybodyShare)
                + combined(kind, bytes) * STAGED;
    }

    private double ring(OperationKind kind, long bytes) {
        int circuits = kind == OperationKind.ALL_REDUCE ? 2 : 1;
        return circuits * ((members - 1) * link.tripNs + moved(withoutOnePart(bytes), ringShare))
                + combined(kind, withoutOnePart(bytes));
    }

    /** Locations, then word that the work is done; every byte is read and written where it is. */
    private double shared(long bytes) {
        return 2 * (link.tripNs + (members - 1) * link.messageNs) + bytes * IN_PLACE_BYTE_NS;
    }

    /** What pairing costs where the number of members is no power of two. */
    private double pairing(long bytes) {
        return powerOfTwo ? 0 : 2 * link.tripNs + moved(2 * bytes, everybodyShare) + bytes * link.combineNs;
    }

    private double doubling(long bytes) {
        return rounds * (link.tripNs + moved(bytes, everybodyShare) + bytes * link.combineNs) + pairing(bytes);
    }

    private double halvingDoubling(long bytes) {
        double once = bytes - bytes / (double) (1 << rounds);
        return rounds * 2 * link.tripNs
                + moved(2 * once, everybodyShare) * IN_STEPS
                + once * link.combineNs
                + pairing(bytes);
    }

    /** Two phases inside a host, one across hosts with a slice for each member of the smallest. */
    private double hierarchical(OperationKind kind, long bytes) {
        Link inside = Link.IN_MEMORY;
        int phases = kind == OperationKind.ALL_REDUCE ? 2 : 1;
        double local = bytes * (largestHost - 1.0) / largestHost;
        double insideNs = phases * ((largestHost - 1) * inside.tripNs + local * inside.byteNs) + combined(kind, local);
        double slice = (double) bytes / smallestHost;
        double acrossNs = phases
                * (hosts - 1)
                * (link.tripNs + moved(slice / hosts, smallestHost) + combined(kind, slice / hosts));
        boolean staged = kind == OperationKind.ALL_GATHER || kind == OperationKind.REDUCE_SCATTER;
        return insideNs + acrossNs + (staged ? bytes * inside.byteNs : 0);
    }
}
