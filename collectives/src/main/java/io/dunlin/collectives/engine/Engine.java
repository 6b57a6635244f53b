package io.dunlin.collectives.engine;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.transport.PeerState;
import io.dunlin.collectives.transport.Transport;
import java.lang.foreign.Arena;
import java.util.function.LongSupplier;

/**
 * What the communication thread does, one duty cycle at a time: meet the peers, take up operations, move frames, notice
 * failures. It never waits.
 *
 * <p>All but {@link #abort}, {@link #verdict} and the queue belongs to one thread.
 */
final class Engine {
    private static final long HOUSEKEEPING_NS = 100_000;
    private static final long STALL_NS = 200_000_000;
    private static final long FAREWELL_NS = 50_000_000;

    private final CommunicatorSettings settings;
    private final Transport transport;
    private final LongSupplier clockNs;
    private final OperationQueue queue;
    private final Verdict verdict = new Verdict();
    private final Arena arena = Arena.ofShared();
    private final Window window;
    private final Peers peers;
    private final Diagnosis diagnosis;
    private final ClockExchange clocks;
    private final ControlLane control;
    private final DataLane data;
    private final Messages messages;
    private final boolean[] told; // [member] of our failure
    private final long startNs;

    private enum Phase {
        CONNECTING,
        RUNNING,
        FAILED
    }

    private volatile Phase phase = Phase.CONNECTING;
    private long housekeptNs;
    private long movedNs;
    private long askedNs;
    private long watchedMessagesNs;
    private long failedNs;

    Engine(
            CommunicatorSettings settings,
            Transport transport,
            OperationQueue queue,
            Messages.Queues messageQueues,
            LongSupplier clockNs) {
        this.settings = settings;
        this.transport = transport;
        this.clockNs = clockNs;
        this.queue = queue;
        int size = transport.size();
        this.window = new Window(settings, transport.media(), transport.peerMemory(), arena);
        this.peers = new Peers(size, arena);
        this.diagnosis = new Diagnosis(settings, transport, window, peers);
        this.clocks = new ClockExchange(settings, transport, clockNs);
        this.control = new ControlLane(settings, transport, window, queue, peers, diagnosis, verdict, clocks);
        this.data = new DataLane(transport, window, diagnosis, verdict, settings);
        this.messages = new Messages(settings, transport, messageQueues, data.traffic(), diagnosis, verdict, arena);
        this.told = new boolean[size];
        this.startNs = clockNs.getAsLong();
        this.housekeptNs = startNs - HOUSEKEEPING_NS;
        this.movedNs = startNs;
        this.askedNs = startNs;
        this.watchedMessagesNs = startNs;
    }

    /** Gives up; from any thread. */
    void abort(CollectiveException cause) {
        verdict.raise(cause);
    }

    Verdict verdict() {
        return verdict;
    }

    /** Whether all members have met; from any thread. */
    boolean connected() {
        return phase != Phase.CONNECTING;
    }

    /** Whether something may move without a new call. */
    boolean busy() {
        return phase == Phase.CONNECTING || !window.empty() || !queue.isEmpty() || !messages.idle();
    }

    /** Whether a call waits to be taken up. */
    boolean called() {
        return !queue.isEmpty() || messages.called();
    }

    /** What was sent so far; from any thread. */
    LevelTraffic traffic() {
        return data.traffic();
    }

    /** Frames of other generations that were dropped. */
    long staleFrames() {
        return data.staleFrames() + messages.staleFrames();
    }

    /** One cycle; how much was done. */
    int doWork() {
        long nowNs = clockNs.getAsLong();
        int work = 0;
        try {
            if (nowNs - housekeptNs >= HOUSEKEEPING_NS) {
                housekeptNs = nowNs;
                keepHouse(nowNs);
            }
            if (phase == Phase.RUNNING && !verdict.raised()) {
                work = run(nowNs);
            }
        } catch (CollectiveException e) {
            verdict.raise(e);
        }
        if (verdict.raised()) {
            fail(nowNs);
        }
        return work;
    }

    private int run(long nowNs) {
        int work = messages.move(nowNs);
        while (!window.full() && !queue.isEmpty()) {
            window.begin(queue.take(), nowNs);
            work++;
        }
        if (window.empty()) {
            movedNs = nowNs;
            return work;
        }
        work += data.move();
        if (!verdict.raised() && window.advance(nowNs)) {
            work++;
        }
        if (work > 0) {
            movedNs = nowNs;
        }
        return work;
    }

    private void keepHouse(long nowNs) {
        transport.maintain(nowNs);
        control.poll();
        settings.listener().alive(nowNs);
        if (phase == Phase.CONNECTING) {
            connect(nowNs);
        } else if (phase == Phase.RUNNING) {
            clocks.ask(nowNs);
            if (!window.empty()) {
                watch(nowNs);
            }
            if (nowNs - watchedMessagesNs > STALL_NS) {
                watchedMessagesNs = nowNs;
                messages.watch(nowNs);
            }
        }
    }

    private void connect(long nowNs) {
        if (control.greet(nowNs)) {
            phase = Phase.RUNNING;
            return;
        }
        for (int peer = 0; peer < transport.size(); peer++) {
            if (peer != transport.rank() && transport.state(peer) == PeerState.GONE) {
                verdict.raise(diagnosis.lostWhileConnecting(peer));
            }
        }
        if (nowNs - startNs > settings.connectTimeout().toNanos()) {
            verdict.raise(diagnosis.notConnected());
        }
    }

    /** Looks for reasons why the oldest operation will never end. */
    private void watch(long nowNs) {
        Execution oldest = window.at(window.oldest());
        for (int peer = 0; peer < transport.size(); peer++) {
            if (peer != transport.rank()) {
                settings.listener().losses(peer, transport.losses(peer));
                PeerState state = transport.state(peer);
                if ((!state.listens() && !oldest.sentAll(peer)) || (!state.speaks() && !oldest.receivedAll(peer))) {
                    verdict.raise(diagnosis.lost(peer, oldest));
                }
            }
        }
        if (nowNs - window.oldestSinceNs() > settings.operationTimeout().toNanos()) {
            verdict.raise(diagnosis.timedOut(oldest));
        }
        boolean stalled = nowNs - movedNs > STALL_NS || data.suspicious();
        if (stalled && nowNs - askedNs > STALL_NS) {
            askedNs = nowNs;
            control.askForStatus();
            lookForEnded(oldest);
        }
    }

    /** A process of this host that has ended is known to the system before any limit of a transport is over. */
    private void lookForEnded(Execution oldest) {
        for (int peer = 0; peer < transport.size(); peer++) {
            boolean needed = !oldest.sentAll(peer) || !oldest.receivedAll(peer);
            if (needed && peers.hasEnded(peer)) {
                verdict.raise(diagnosis.ended(peer, oldest));
            }
        }
    }

    /** Fails everything; tells the peers, for a short while, if they can hear it. */
    private void fail(long nowNs) {
        CollectiveException cause = verdict.cause();
        if (phase != Phase.FAILED) {
            phase = Phase.FAILED;
            failedNs = nowNs;
            window.fail(cause);
            messages.fail(cause);
            settings.listener().gaveUp(cause);
        }
        if (nowNs - failedNs < FAREWELL_NS && control.sendAbort(cause, told)) {
            failedNs = nowNs - FAREWELL_NS;
        }
        refuse();
    }

    /** Fails what was called and not taken up; only after a failure. */
    void refuse() {
        CollectiveException cause = verdict.cause();
        while (!queue.isEmpty()) {
            queue.take().fail(cause);
        }
        messages.refuse(cause);
    }

    /** Frees all; after it every call fails. A failure that was raised before is told to the peers once. */
    void close() {
        if (verdict.raised() && phase == Phase.RUNNING) {
            fail(clockNs.getAsLong());
        }
        verdict.raise(CollectiveException.aborted("group %s was closed on rank %d"
                .formatted(settings.group().name(), settings.globalRank(settings.rank()))));
        window.fail(verdict.cause());
        messages.fail(verdict.cause());
        settings.listener().closed();
        transport.close();
        arena.close();
    }
}
