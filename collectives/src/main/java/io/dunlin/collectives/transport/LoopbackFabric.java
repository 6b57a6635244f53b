package io.dunlin.collectives.transport;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.IntStream;

/**
 * The cluster simulator: joins ranks that live in one JVM, with links that can be slow or lossy, and ranks that can
 * freeze and die.
 *
 * <p>Failures are moments on the fabric's clock, given in advance or now, so that a run with a virtual clock can be
 * repeated exactly. Any thread may cause them.
 */
public final class LoopbackFabric {
    private static final long NEVER = Long.MAX_VALUE;

    private final LoopbackSettings settings;
    private final Map<Integer, LoopbackStreams> streams =
            new ConcurrentHashMap<>(); // by generation, or number of a group
    private final AtomicLongArray deathNs; // [rank] moments
    private final AtomicLongArray freezeNs; // [rank]
    private final AtomicLongArray thawNs; // [rank]

    private LoopbackFabric(LoopbackSettings settings) {
        this.settings = settings;
        this.deathNs = new AtomicLongArray(settings.ranks());
        this.freezeNs = new AtomicLongArray(settings.ranks());
        this.thawNs = new AtomicLongArray(settings.ranks());
        for (int rank = 0; rank < settings.ranks(); rank++) {
            revive(rank);
            thaw(rank);
        }
    }

    /** Perfect links between {@code ranks} ranks, in real time. */
    public static LoopbackFabric ofRanks(int ranks) {
        return of(LoopbackSettings.ofRanks(ranks));
    }

    /** A fabric as described. */
    public static LoopbackFabric of(LoopbackSettings settings) {
        return new LoopbackFabric(settings);
    }

    /** How many ranks. */
    public int ranks() {
        return settings.ranks();
    }

    /** The fabric's time. */
    public long nowNs() {
        return settings.clockNs().getAsLong();
    }

    /** The streams of {@code rank} in {@code generation}; one transport for each pair of them. */
    public Transport transport(int rank, int generation) {
        List<Integer> all = IntStream.range(0, ranks()).boxed().toList();
        return new LoopbackTransport(this, all, rank, generation);
    }

    /** Transports of {@code rank} for any groups. */
    public Transports transports(int rank) {
        return new LoopbackTransports(this, rank);
    }

    /** The streams of one member of a group. */
    Transport transport(List<Integer> ranks, int member, int streamId) {
        return new LoopbackTransport(this, ranks, member, streamId);
    }

    PeerMemory peerMemory() {
        return settings.memory() == LoopbackSettings.Memory.SHARED ? LoopbackMemory.ALL : PeerMemory.NONE;
    }

    long detectionNs() {
        return settings.detectionNs();
    }

    /** The streams that a rank uses from now on. */
    LoopbackStreams join(int streamId, int rank) {
        return streams.compute(streamId, (number, known) -> {
            LoopbackStreams joined = known == null ? new LoopbackStreams(settings) : known;
            joined.join(rank);
            return joined;
        });
    }

    /** The rank uses them no more; the last one that does takes them with it. */
    void leave(int streamId, int rank) {
        streams.computeIfPresent(streamId, (number, known) -> {
            known.leave(rank);
            return known.deserted() ? null : known;
        });
    }

    /** Groups and generations that somebody has joined and not left. */
    public int openGroups() {
        return streams.size();
    }

    /** Changes the links from one rank to another in a generation, for frames sent from now on. */
    public void shape(int generation, int from, int to, LinkShape shape) {
        LoopbackStreams shaped = streams.computeIfAbsent(generation, number -> new LoopbackStreams(settings));
        for (Lane lane : Lane.values()) {
            shaped.from(from, to, lane).shape(shape);
        }
    }

    /** The rank is dead from now on: it neither sends nor takes, and its peers know after the detection time. */
    public void kill(int rank) {
        killAt(rank, nowNs());
    }

    /** The rank dies at a moment of the fabric's clock. */
    public void killAt(int rank, long atNs) {
        deathNs.set(rank, atNs);
    }

    /** A new process takes the rank's place. */
    public void revive(int rank) {
        deathNs.set(rank, NEVER);
    }

    /** The rank stands still from now on, and nobody is told. */
    public void freeze(int rank) {
        freezeBetween(rank, nowNs(), NEVER);
    }

    /** The rank stands still between two moments, and nobody is told. */
    public void freezeBetween(int rank, long fromNs, long toNs) {
        thawNs.set(rank, toNs);
        freezeNs.set(rank, fromNs);
    }

    /** The rank goes on. */
    public void thaw(int rank) {
        freezeBetween(rank, NEVER, NEVER);
    }

    /** Whether a rank can act now. */
    boolean acts(int rank) {
        long death = deathNs.get(rank);
        long freeze = freezeNs.get(rank);
        if (death == NEVER && freeze == NEVER) {
            return true;
        }
        long nowNs = nowNs();
        return nowNs < death && (nowNs < freeze || nowNs >= thawNs.get(rank));
    }

    /** Whether a rank died at least {@code agoNs} ago. */
    boolean deadSince(int rank, long agoNs) {
        long death = deathNs.get(rank);
        return death != NEVER && nowNs() - death >= agoNs;
    }
}
