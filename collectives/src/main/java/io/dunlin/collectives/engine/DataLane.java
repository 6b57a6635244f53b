package io.dunlin.collectives.engine;

import io.dunlin.collectives.transport.FrameHandler;
import io.dunlin.collectives.transport.Lane;
import io.dunlin.collectives.transport.Transport;
import io.dunlin.collectives.wire.FrameTag;
import io.dunlin.collectives.wire.OperationHeader;
import io.dunlin.collectives.wire.RawMemory;

/**
 * Moves the bytes of all operations under way: what may go is copied into claimed frames, what has come is handed to its
 * operation's algorithm.
 *
 * <p>Per stream there is one operation whose turn it is to send, and one to receive; the turn passes on when the flow is
 * through. So frames need no more than the operation's number to be told apart.
 */
final class DataLane implements FrameHandler {
    private static final int BURST_FRAMES = 8;

    private final Transport transport;
    private final Window window;
    private final Diagnosis diagnosis;
    private final Verdict verdict;
    private final int generation;
    private final LevelTraffic traffic;
    private final OperationListener listener;
    private final OperationHeader stamp = new OperationHeader();
    private final long[] sendTurn; // [member] operation number
    private final long[] receiveTurn; // [member] operation number
    private long staleFrames;
    private boolean suspicious;

    DataLane(Transport transport, Window window, Diagnosis diagnosis, Verdict verdict, CommunicatorSettings settings) {
        this.transport = transport;
        this.window = window;
        this.diagnosis = diagnosis;
        this.verdict = verdict;
        this.generation = settings.generation();
        this.traffic = new LevelTraffic(settings.distances(), settings.rank());
        this.listener = settings.listener();
        this.sendTurn = new long[transport.size()];
        this.receiveTurn = new long[transport.size()];
    }

    /** Sends and receives on all streams once; how many frames moved. */
    int move() {
        int frames = 0;
        int size = transport.size();
        for (int distance = 1; distance < size; distance++) {
            frames += send((transport.rank() + distance) % size);
        }
        for (int distance = 1; distance < size && !verdict.raised(); distance++) {
            int peer = (transport.rank() + size - distance) % size;
            int taken = transport.poll(peer, Lane.DATA, this, BURST_FRAMES);
            if (taken == 0 && receiveTurnIsOpen(peer)) {
                listener.starved(receiveTurn[peer], peer);
            }
            frames += taken;
        }
        return frames;
    }

    private int send(int peer) {
        int frames = 0;
        while (frames < BURST_FRAMES && sendTurnIsOpen(peer)) {
            Execution execution = window.at(sendTurn[peer]);
            boolean first = !execution.entered(peer);
            int headerBytes = first ? OperationHeader.BYTES : 0;
            int room = transport.frameBytes(peer, Lane.DATA) - headerBytes;
            int bytes = (int) Math.min(execution.algorithm().sendable(peer), room);
            if (bytes == 0 && !first) {
                break;
            }
            long frame = transport.tryClaim(peer, Lane.DATA, headerBytes + bytes);
            if (frame == Transport.NO_ROOM) {
                listener.refused(execution.number(), peer);
                break;
            }
            if (first) {
                stamp.stamp(execution.headerAddress(), frame, execution.toSend(peer), transport.rank());
            }
            if (bytes > 0) {
                RawMemory.copy(execution.algorithm().source(peer), frame + headerBytes, bytes);
            }
            traffic.sent(peer, headerBytes + bytes);
            transport.commit(FrameTag.of(first ? FrameTag.OPEN : FrameTag.MORE, generation, execution.number()));
            execution.sent(peer, bytes);
            listener.sent(execution.number(), peer, bytes);
            frames++;
        }
        return frames;
    }

    /** Passes the turn to send on to the first operation that still has to; whether there is one. */
    private boolean sendTurnIsOpen(int peer) {
        long turn = Math.max(sendTurn[peer], window.oldest());
        while (turn < window.next()
                && (!window.at(turn).underWay() || window.at(turn).sentAll(peer))) {
            turn++;
        }
        sendTurn[peer] = turn;
        return turn < window.next();
    }

    private boolean receiveTurnIsOpen(int peer) {
        long turn = Math.max(receiveTurn[peer], window.oldest());
        while (turn < window.next()
                && (!window.at(turn).underWay() || window.at(turn).receivedAll(peer))) {
            turn++;
        }
        receiveTurn[peer] = turn;
        return turn < window.next();
    }

    @Override
    public boolean onFrame(int peer, long tag, long address, int lengthBytes) {
        if (!FrameTag.isOf(tag, generation)) {
            staleFrames++;
            return true;
        }
        boolean open = receiveTurnIsOpen(peer);
        long expected = receiveTurn[peer];
        long number = FrameTag.operation(tag, expected);
        if (!open && number >= expected) {
            return false; // not called here yet
        }
        if (number != expected) {
            return outOfTurn(peer, tag, number, address);
        }
        Execution execution = window.at(expected);
        return FrameTag.kind(tag) == FrameTag.OPEN
                ? onEntry(execution, peer, address, lengthBytes)
                : onMore(execution, peer, address, lengthBytes, 0);
    }

    private boolean onEntry(Execution execution, int peer, long address, int lengthBytes) {
        if (!execution.arrived(peer)) {
            if (!stamp.intact(address)) {
                verdict.raise(diagnosis.damaged(peer, execution.number()));
                return false;
            }
            if (!OperationHeader.sameCall(address, execution.headerAddress())
                    || OperationHeader.flowBytes(address) != execution.toReceive(peer)) {
                verdict.raise(diagnosis.desync(peer, address, execution.headerAddress()));
                return false;
            }
        }
        return onMore(execution, peer, address, lengthBytes, OperationHeader.BYTES);
    }

    private boolean onMore(Execution execution, int peer, long address, int lengthBytes, int headerBytes) {
        int bytes = lengthBytes - headerBytes;
        if (bytes > execution.leftToReceive(peer) || (headerBytes == 0 && !execution.arrived(peer))) {
            verdict.raise(diagnosis.damaged(peer, execution.number()));
            return false;
        }
        if (bytes > 0 && !execution.algorithm().accept(peer, address + headerBytes, bytes)) {
            return false;
        }
        execution.received(peer, bytes);
        listener.received(execution.number(), peer, bytes);
        return true;
    }

    /** A frame of another operation than the one whose turn it is: members have called different things. */
    private boolean outOfTurn(int peer, long tag, long number, long address) {
        if (number < receiveTurn[peer] && window.remembers(number) && FrameTag.kind(tag) == FrameTag.OPEN) {
            verdict.raise(diagnosis.desync(peer, address, window.headerAddress(number)));
        } else {
            suspicious = true; // the peers' status will tell who called what
        }
        return false;
    }

    /** Whether a frame came out of turn since the last question. */
    boolean suspicious() {
        boolean was = suspicious;
        suspicious = false;
        return was;
    }

    /** What was sent so far. */
    LevelTraffic traffic() {
        return traffic;
    }

    /** Frames of other generations that were dropped. */
    long staleFrames() {
        return staleFrames;
    }
}
