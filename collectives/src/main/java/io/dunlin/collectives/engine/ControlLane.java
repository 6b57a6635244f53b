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
 */
final class ControlLane implements FrameHandler {
    private static final int PROTOCOL = 0x444E4C02;
    private static final int HELLO_BYTES = 48;
    private static final int STATUS_BYTES = OperationHeader.BYTES + Long.BYTES;
    private static final int BURST_FRAMES = 4;

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
    private final boolean[] helloSent; // [member]
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
        this.helloSent = new boolean[transport.size()];
        this.owesStatus = new boolean[transport.size()];
    }

    /** Takes what has come and answers what was asked. */
    void poll() {
        for (int peer = 0; peer < transport.size(); peer++) {
            if (peer != transport.rank()) {
                transport.poll(peer, Lane.CONTROL, this, BURST_FRAMES);
                if (owesStatus[peer] && sendStatus(peer, FrameTag.STATUS)) {
                    owesStatus[peer] = false;
                }
            }
        }
    }

    /** Greets everybody who is up; whether all have been greeted and have greeted. */
    boolean greet() {
        boolean all = true;
        for (int peer = 0; peer < transport.size(); peer++) {
            if (peer != transport.rank()) {
                if (!helloSent[peer] && transport.state(peer) == PeerState.UP) {
                    helloSent[peer] = sendHello(peer);
                }
                all &= helloSent[peer] && peers.hasGreeted(peer);
            }
        }
        return all;
    }

    /** Asks everybody where they are, and says where this member is. */
    void askForStatus() {
        for (int peer = 0; peer < transport.size(); peer++) {
            if (peer != transport.rank()) {
                sendStatus(peer, FrameTag.STATUS_REQUEST);
            }
        }
    }

    private boolean sendHello(int peer) {
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
        transport.commit(FrameTag.of(FrameTag.HELLO, settings.generation(), 0));
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
            case FrameTag.HELLO -> onHello(peer, address);
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

    private void onHello(int peer, long address) {
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
            peers.greeted(peer, RawMemory.getLong(address + 32));
            if (transport.sharesHost(peer)) {
                peers.watch(peer);
            }
        }
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
