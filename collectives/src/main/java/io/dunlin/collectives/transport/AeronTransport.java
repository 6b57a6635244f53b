package io.dunlin.collectives.transport;

import io.aeron.Aeron;
import io.aeron.exceptions.AeronException;
import io.aeron.exceptions.DriverTimeoutException;
import io.aeron.exceptions.TimeoutException;
import io.aeron.logbuffer.BufferClaim;
import io.dunlin.collectives.CollectiveException;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReference;
import org.agrona.CloseHelper;
import org.agrona.LangUtil;
import org.agrona.concurrent.AgentInvoker;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Frames through Aeron: shared memory between ranks of one host, UDP between hosts.
 *
 * <p>Every pair has one exclusive publication for each lane and direction, under numbers that belong to this generation
 * only. The client has no thread of its own: {@link #maintain} drives it, so everything happens on the thread of the
 * communicator. Not heard of for too long, a rank is given up by the driver, and its peers find its streams ended.
 */
public final class AeronTransport implements Transport {
    private static final Logger LOG = LoggerFactory.getLogger(AeronTransport.class);
    private static final long DEAF_NS = 500_000_000;

    private final AeronSettings settings;
    private final AeronChannels channels;
    private final Aeron aeron;
    private final AgentInvoker conductor;
    private final AeronStream[][] streams; // [lane][member], none to itself
    private final PeerState[] states; // [member]
    private final long[] unheardSinceNs; // [member], 0 while heard
    private final BufferClaim claim = new BufferClaim();
    private final AtomicReference<@Nullable Throwable> failure;

    private AeronTransport(AeronSettings settings, Aeron aeron, AtomicReference<@Nullable Throwable> failure) {
        this.settings = settings;
        this.channels = new AeronChannels(settings.profile(), settings.addresses(), settings.rank());
        this.aeron = aeron;
        this.conductor = aeron.conductorAgentInvoker();
        this.failure = failure;
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
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        Aeron aeron = connect(settings, failure);
        AeronTransport transport = new AeronTransport(settings, aeron, failure);
        try {
            transport.openStreams();
        } catch (RuntimeException e) {
            transport.close();
            throw e;
        }
        return transport;
    }

    private static Aeron connect(AeronSettings settings, AtomicReference<@Nullable Throwable> failure) {
        Aeron.Context context = new Aeron.Context()
                .aeronDirectoryName(settings.directory().toString())
                .clientName("rank-" + settings.rank())
                .useConductorAgentInvoker(true)
                .driverTimeoutMs(settings.profile().driverLiveness().toMillis())
                .keepAliveIntervalNs(AeronProfile.TIMER_INTERVAL.toNanos())
                .preTouchMappedMemory(true)
                .errorHandler(error -> note(error, failure))
                .subscriberErrorHandler(LangUtil::rethrowUnchecked);
        try {
            return Aeron.connect(context);
        } catch (DriverTimeoutException e) {
            throw MachineException.noDriver(settings.directory(), e);
        }
    }

    /** Once the client has waited in vain for the driver, or the driver for it, nothing works any more. */
    private static void note(Throwable error, AtomicReference<@Nullable Throwable> failure) {
        if (error instanceof TimeoutException) {
            failure.compareAndSet(null, error);
        } else {
            LOG.warn("Aeron client: {}", error.toString());
        }
    }

    private void openStreams() {
        for (Lane lane : Lane.values()) {
            for (int peer = 0; peer < size(); peer++) {
                if (peer != rank()) {
                    streams[lane.ordinal()][peer] = new AeronStream(aeron, channels, peer, lane, settings.generation());
                }
            }
        }
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
        conductor.invoke();
        if (failure.get() != null || aeron.isClosed()) {
            throw failed();
        }
        for (int peer = 0; peer < states.length; peer++) {
            if (peer != settings.rank()) {
                states[peer] = look(peer, nowNs);
            }
        }
    }

    private CollectiveException failed() {
        Throwable cause = failure.get();
        return CollectiveException.transportFailed(
                "rank %d lost the Aeron media driver in %s%s"
                        .formatted(
                                rank(),
                                settings.directory(),
                                cause == null ? "" : ": " + String.valueOf(cause.getMessage())),
                "the node agent ended, or this process or the agent stood still for longer than %d ms"
                        .formatted(settings.profile().clientLiveness().toMillis()));
    }

    private PeerState look(int peer, long nowNs) {
        AeronStream data = stream(peer, Lane.DATA);
        return switch (states[peer]) {
            case CONNECTING ->
                data.connected() && stream(peer, Lane.CONTROL).connected()
                        ? PeerState.UP
                        : data.ended() ? PeerState.GONE : PeerState.CONNECTING;
            case UP -> data.ended() ? PeerState.GONE : unheard(peer, data, nowNs) ? PeerState.DEAF : PeerState.UP;
            case DEAF -> data.ended() ? PeerState.GONE : PeerState.DEAF;
            case GONE -> PeerState.GONE;
        };
    }

    /** Whether the peer has taken nothing for a while; a moment of it is no reason. */
    private boolean unheard(int peer, AeronStream data, long nowNs) {
        if (data.heard()) {
            unheardSinceNs[peer] = 0;
            return false;
        }
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
        return stream(peer, Lane.DATA).losses(aeron.countersReader());
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
        try {
            aeron.close();
        } catch (AeronException e) {
            failure.compareAndSet(null, e); // the driver has gone first
        }
    }
}
