package io.dunlin.collectives.engine;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.transport.FrameHandler;
import io.dunlin.collectives.transport.Lane;
import io.dunlin.collectives.transport.PeerState;
import io.dunlin.collectives.transport.Transport;
import io.dunlin.collectives.wire.AbortMessage;
import io.dunlin.collectives.wire.FrameTag;
import io.dunlin.collectives.wire.OperationHeader;
import io.dunlin.collectives.wire.OperationKind;
import io.dunlin.collectives.wire.RawMemory;
import io.dunlin.tensor.DType;

/**
 * What members tell each other beside the tensors: who they are when they meet, where they are when nothing moves, and why
 * they give up.
 *
 * <p>A member greets each peer until that one has welcomed it, and answers each greeting, at any time: either may be lost
 * with a stream that goes and comes back. Who was welcomed by all knows that all can hear it, and begins.
 */
final class ControlLane implements FrameHandler {
    private static final int PROTOCOL = 0x444E4C03;
    private static final int HELLO_BYTES = 48;
    private static final int STATUS_BYTES = OperationHeader.BYTES + Long.BYTES;
    private static final int BURST_FRAMES = 4;
    private static final long GREETING_NS = 200_000_000;

    private final CommunicatorSettings settings;
    private final OperationHeader.Scope scope;
    private final long tuning; // fingerprint
    private final Transport transport;
    private final Window window;
    private final OperationQueue queue;
    private final Peers peers;
    private final Diagnosis diagnosis;
    private final Verdict verdict;
    private final ClockExchange clocks;
    private final OperationHeader stamp = new OperationHeader();
    private final boolean[] greeted; // [member] at least once
    private final long[] greetedNs; // [member] last time
    private final boolean[] owesWelcome; // [member]
    private final boolean[] owesStatus; // [member]

    ControlLane(
            CommunicatorSettings settings,
            Transport transport,
            Window window,
            OperationQueue queue,
            Peers peers,
            Diagnosis diagnosis,
            Verdict verdict,
            ClockExchange clocks) {
        this.settings = settings;
        this.scope = settings.scope();
        this.tuning = settings.tuning().fingerprint();
        this.transport = transport;
        this.window = window;
        this.queue = queue;
        this.peers = peers;
        this.diagnosis = diagnosis;
        this.verdict = verdict;
        this.clocks = clocks;
        this.greeted = new boolean[transport.size()];
        this.greetedNs = new long[transport.size()];
        this.owesWelcome = new boolean[transport.size()];
        this.owesStatus = new boolean[transport.size()];
    }

    /** Takes what has come and answers what was asked. */
    void poll() {
        for (int peer = 0; peer < transport.size(); peer++) {
            if (peer != transport.rank()) {
                transport.poll(peer, Lane.CONTROL, this, BURST_FRAMES);
                if (owesWelcome[peer] && sendWho(peer, FrameTag.WELCOME)) {
                    owesWelcome[peer] = false;
                }
                if (owesStatus[peer] && sendStatus(peer, FrameTag.STATUS)) {
                    owesStatus[peer] = false;
                }
            }
        }
    }

    /** Greets everybody who is up and has not welcomed this member, now and then; whether all have. */
    boolean greet(long nowNs) {
        boolean all = true;
        for (int peer = 0; peer < transport.size(); peer++) {
            if (peer != transport.rank()) {
                if (!peers.hasWelcomed(peer) && mayGreet(peer, nowNs) && sendWho(peer, FrameTag.HELLO)) {
                    greeted[peer] = true;
                    greetedNs[peer] = nowNs;
                }
                all &= peers.hasWelcomed(peer);
            }
        }
        return all;
    }

    private boolean mayGreet(int peer, long nowNs) {
        return transport.state(peer) == PeerState.UP && (!greeted[peer] || nowNs - greetedNs[peer] >= GREETING_NS);
    }

    /** Asks everybody where they are, and says where this member is. */
    void askForStatus() {
        for (int peer = 0; peer < transport.size(); peer++) {
            if (peer != transport.rank()) {
                sendStatus(peer, FrameTag.STATUS_REQUEST);
            }
        }
    }

    private boolean sendWho(int peer, int kind) {
        long frame = transport.tryClaim(peer, Lane.CONTROL, HELLO_BYTES);
        if (frame == Transport.NO_ROOM) {
            return false;
        }
        RawMemory.putInt(frame, PROTOCOL);
        RawMemory.putInt(frame + 4, settings.group().size());
        RawMemory.putLong(frame + 8, scope.run());
        RawMemory.putInt(frame + 16, scope.group());
        RawMemory.putInt(frame + 20, settings.generation());
        RawMemory.putInt(frame + 24, settings.rank());
        RawMemory.putInt(frame + 28, 0);
        RawMemory.putLong(frame + 32, ProcessHandle.current().pid());
        RawMemory.putLong(frame + 40, tuning);
        transport.commit(FrameTag.of(kind, settings.generation(), 0));
        return true;
    }

    /** The header of the oldest operation under way, or of the next one as not entered, and how many were called. */
    private boolean sendStatus(int peer, int kind) {
        long frame = transport.tryClaim(peer, Lane.CONTROL, STATUS_BYTES);
        if (frame == Transport.NO_ROOM) {
            return false;
        }
        if (window.empty()) {
            OperationHeader.write(
                    frame, scope, window.next(), OperationKind.NOT_ENTERED, DType.I8, ReduceOp.SUM, 0, 0, 0);
            stamp.stamp(frame, frame, 0, settings.rank());
        } else {
            stamp.stamp(window.headerAddress(window.oldest()), frame, 0, settings.rank());
        }
        RawMemory.putLong(frame + OperationHeader.BYTES, queue.added());
        transport.commit(FrameTag.of(kind, settings.generation(), window.oldest()));
        return true;
    }

    /** Tells everybody who can still hear it why this member gives up; whether all have been told. */
    boolean sendAbort(CollectiveException cause, boolean[] told) {
        boolean all = true;
        for (int peer = 0; peer < transport.size(); peer++) {
            if (peer != transport.rank() && !told[peer] && transport.state(peer) == PeerState.UP) {
                long frame = transport.tryClaim(
                        peer, Lane.CONTROL, AbortMessage.bytes(cause, transport.frameBytes(peer, Lane.CONTROL)));
                if (frame == Transport.NO_ROOM) {
                    all = false;
                    continue;
                }
                AbortMessage.write(frame, cause, transport.frameBytes(peer, Lane.CONTROL));
                transport.commit(FrameTag.of(FrameTag.ABORT, settings.generation(), 0));
                told[peer] = true;
            }
        }
        return all;
    }

    @Override
    public boolean onFrame(int peer, long tag, long address, int lengthBytes) {
        if (!FrameTag.isOf(tag, settings.generation())) {
            return true;
        }
        switch (FrameTag.kind(tag)) {
            case FrameTag.HELLO -> owesWelcome[peer] = recognizes(peer, address);
            case FrameTag.WELCOME -> {
                if (recognizes(peer, address)) {
                    peers.welcomed(peer);
                }
            }
            case FrameTag.STATUS_REQUEST -> {
                owesStatus[peer] = true;
                onStatus(peer, address);
            }
            case FrameTag.STATUS -> onStatus(peer, address);
            case FrameTag.CLOCK_REQUEST -> clocks.answer(peer, address);
            case FrameTag.CLOCK_REPLY -> clocks.take(address);
            case FrameTag.ABORT -> verdict.raise(AbortMessage.read(address));
            default -> verdict.raise(diagnosis.damaged(peer, window.oldest()));
        }
        return true;
    }

    /** Whether it is that peer who says who it is. */
    private boolean recognizes(int peer, long address) {
        if (RawMemory.getInt(address) != PROTOCOL) {
            verdict.raise(diagnosis.stranger(peer, "something that speaks another protocol"));
        } else if (RawMemory.getLong(address + 8) != scope.run()
                || RawMemory.getInt(address + 20) != settings.generation()) {
            verdict.raise(diagnosis.stranger(
                    peer, "a rank of another run or generation (%d)".formatted(RawMemory.getInt(address + 20))));
        } else if (RawMemory.getInt(address + 4) != settings.group().size()
                || RawMemory.getInt(address + 16) != scope.group()
                || RawMemory.getInt(address + 24) != peer) {
            verdict.raise(diagnosis.stranger(
                    peer,
                    "member %d of another group of %d"
                            .formatted(RawMemory.getInt(address + 24), RawMemory.getInt(address + 4))));
        } else if (RawMemory.getLong(address + 40) != tuning) {
            verdict.raise(diagnosis.choosesOtherwise(peer, RawMemory.getLong(address + 40), tuning));
        } else {
            peers.heardOf(peer, RawMemory.getLong(address + 32), transport.sharesHost(peer));
            return true;
        }
        return false;
    }

    private void onStatus(int peer, long address) {
        if (!stamp.intact(address)) {
            verdict.raise(diagnosis.damaged(peer, window.oldest()));
            return;
        }
        peers.status(peer, RawMemory.getLong(address + OperationHeader.BYTES), address);
        if (diagnosis.contradicts(address)) {
            verdict.raise(diagnosis.desync(peer, address, window.headerAddress(OperationHeader.operation(address))));
        }
    }
}
