package io.dunlin.collectives.transport;

import io.aeron.logbuffer.BufferClaim;
import io.dunlin.collectives.Media;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.agrona.CloseHelper;

/**
 * Frames through Aeron: shared memory between ranks of one host, UDP between hosts.
 *
 * <p>Every pair has one exclusive publication for each lane and direction, under numbers that belong to this generation
 * only. Everything happens on the thread of the communicator. Not heard of for too long, a rank of this host is given up by
 * the driver, and its peers find its streams ended; those of another host that is silent may go on when it is heard
 * again, if no tensor was lost.
 */
public final class AeronTransport implements Transport {
    private static final long DEAF_NS = 500_000_000;
    private static final long OPENING_POLL_NS = 200_000;

    private final AeronSettings settings;
    private final AeronChannels channels;
    private final AeronClient client;
    private final PeerMemory memory;
    private final AeronStream[][] streams; // [lane][member], none to itself
    private final PeerState[] states; // [member]
    private final long[] unheardSinceNs; // [member], 0 while heard
    private final BufferClaim claim = new BufferClaim();

    private AeronTransport(AeronSettings settings, AeronClient client, PeerMemory memory) {
        this.memory = memory;
        this.settings = settings;
        this.channels = new AeronChannels(settings.profile(), settings.addresses(), settings.rank());
        this.client = client.join();
        int size = settings.addresses().size();
        this.states = new PeerState[size];
        this.unheardSinceNs = new long[size];
        Arrays.fill(states, PeerState.CONNECTING);
        this.streams = new AeronStream[Lane.values().length][size];
    }

    /**
     * Opens all streams; the peers are up when they have done the same.
     *
     * @throws MachineException if no driver answers, or a stream cannot be opened
     */
    public static AeronTransport open(AeronSettings settings) {
        return open(
                settings,
                AeronClient.connect(settings.directory(), settings.profile(), settings.rank()),
                PeerMemory.NONE);
    }

    /**
     * {@link #open(AeronSettings)} through a client that others use, too, with memory of the peers.
     *
     * @throws MachineException if a stream cannot be opened
     */
    static AeronTransport open(AeronSettings settings, AeronClient client, PeerMemory memory) {
        AeronTransport transport = new AeronTransport(settings, client, memory);
        try {
            transport.openStreams();
        } catch (RuntimeException e) {
            transport.close();
            throw e;
        }
        return transport;
    }

    private void openStreams() {
        List<AeronOpening> openings = new ArrayList<>();
        try {
            for (Lane lane : Lane.values()) {
                for (int peer = 0; peer < size(); peer++) {
                    if (peer != rank()) {
                        openings.add(AeronOpening.ask(client.aeron(), channels, peer, lane, settings.streamId()));
                    }
                }
            }
            for (AeronOpening opening : openings) {
                AeronStream stream = await(opening);
                streams[stream.lane().ordinal()][stream.peer()] = stream;
            }
        } catch (RuntimeException e) {
            openings.forEach(AeronOpening::cancel); // else the next try would find their numbers taken
            throw e;
        }
    }

    /** The driver opens one stream after the other: from each to the next it has as long as for a sign of life. */
    private AeronStream await(AeronOpening opening) {
        long startNs = System.nanoTime();
        Optional<AeronStream> stream = opening.poll();
        while (stream.isEmpty()) {
            if (System.nanoTime() - startNs
                    > settings.profile().driverLiveness().toNanos()) {
                throw opening.unanswered(settings.profile().driverLiveness());
            }
            LockSupport.parkNanos(this, OPENING_POLL_NS);
            stream = opening.poll();
        }
        return stream.get();
    }

    @Override
    public int rank() {
        return settings.rank();
    }

    @Override
    public int size() {
        return states.length;
    }

    private AeronStream stream(int peer, Lane lane) {
        return streams[lane.ordinal()][peer];
    }

    @Override
    public int frameBytes(int peer, Lane lane) {
        return stream(peer, lane).frameBytes();
    }

    @Override
    public long tryClaim(int peer, Lane lane, int lengthBytes) {
        return stream(peer, lane).tryClaim(lengthBytes, claim);
    }

    @Override
    public void commit(long tag) {
        claim.reservedValue(tag);
        claim.commit();
    }

    @Override
    public int poll(int peer, Lane lane, FrameHandler handler, int limitFrames) {
        return stream(peer, lane).poll(handler, limitFrames);
    }

    @Override
    public void maintain(long nowNs) {
        client.maintain();
        for (int peer = 0; peer < states.length; peer++) {
            if (peer != settings.rank()) {
                states[peer] = look(peer, nowNs);
            }
        }
    }

    private PeerState look(int peer, long nowNs) {
        AeronStream control = stream(peer, Lane.CONTROL);
        AeronStream data = stream(peer, Lane.DATA);
        AeronStream messages = stream(peer, Lane.MESSAGE);
        control.follow();
        data.follow();
        messages.follow();
        boolean met = states[peer] != PeerState.CONNECTING;
        boolean ended = data.ended() || (!met && control.ended());
        if (states[peer] == PeerState.GONE || ended || data.torn() || messages.torn()) {
            return PeerState.GONE;
        }
        if (control.connected() && data.connected() && messages.connected()) {
            unheardSinceNs[peer] = 0;
            return PeerState.UP;
        }
        if (!met) {
            return PeerState.CONNECTING;
        }
        if (control.silent() || data.silent() || messages.silent()) {
            return PeerState.SILENT;
        }
        return unheard(peer, nowNs) ? PeerState.DEAF : PeerState.UP;
    }

    /** Whether a peer has taken nothing for a while; a moment of it is no reason. */
    private boolean unheard(int peer, long nowNs) {
        if (unheardSinceNs[peer] == 0) {
            unheardSinceNs[peer] = nowNs;
        }
        return nowNs - unheardSinceNs[peer] > DEAF_NS;
    }

    @Override
    public PeerState state(int peer) {
        return states[peer];
    }

    @Override
    public boolean sharesHost(int peer) {
        return channels.sameHost(peer);
    }

    @Override
    public long losses(int peer) {
        return stream(peer, Lane.DATA).losses(client.aeron().countersReader());
    }

    @Override
    public PeerMemory peerMemory() {
        return memory;
    }

    @Override
    public Media media() {
        Media streams = RankAddress.media(settings.addresses());
        return streams == Media.IPC && memory != PeerMemory.NONE ? Media.SHARED_MEMORY : streams;
    }

    @Override
    public String route(int peer) {
        return channels.route(peer);
    }

    @Override
    public void close() {
        for (AeronStream[] lane : streams) {
            for (AeronStream stream : lane) {
                CloseHelper.quietClose(stream);
            }
        }
        client.leave();
    }
}
