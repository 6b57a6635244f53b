package io.dunlin.collectives.engine;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.algorithm.Call;
import io.dunlin.collectives.transport.FrameHandler;
import io.dunlin.collectives.transport.Lane;
import io.dunlin.collectives.transport.Transport;
import io.dunlin.collectives.wire.FrameTag;
import io.dunlin.collectives.wire.OperationHeader;
import io.dunlin.collectives.wire.OperationKind;
import io.dunlin.collectives.wire.RawMemory;
import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;

/**
 * Sends and receives under way. Every pair of members has a stream of messages of its own in each direction; the n-th that is
 * sent is the n-th that is received. A frame that nobody has asked for yet waits in its stream.
 */
final class Messages implements FrameHandler {
    private static final int BURST_FRAMES = 8;

    private final CommunicatorSettings settings;
    private final OperationHeader.Scope scope;
    private final Transport transport;
    private final Queues queues;
    private final LevelTraffic traffic;
    private final Diagnosis diagnosis;
    private final Verdict verdict;
    private final OperationHeader stamp = new OperationHeader();
    private final MessageQueue[] out; // [member]
    private final MessageQueue[] in; // [member]
    private int pending;
    private long staleFrames;
    private long nowNs;

    /** Calls on their way from the caller's thread. */
    record Queues(OperationQueue sends, OperationQueue receives) {}

    Messages(
            CommunicatorSettings settings,
            Transport transport,
            Queues queues,
            LevelTraffic traffic,
            Diagnosis diagnosis,
            Verdict verdict,
            Arena arena) {
        this.settings = settings;
        this.scope = settings.scope();
        this.transport = transport;
        this.queues = queues;
        this.traffic = traffic;
        this.diagnosis = diagnosis;
        this.verdict = verdict;
        this.out = new MessageQueue[transport.size()];
        this.in = new MessageQueue[transport.size()];
        for (int peer = 0; peer < out.length; peer++) {
            out[peer] = new MessageQueue(arena);
            in[peer] = new MessageQueue(arena);
        }
    }

    boolean called() {
        return !queues.sends().isEmpty() || !queues.receives().isEmpty();
    }

    boolean idle() {
        return pending == 0 && !called();
    }

    /** Takes up calls and moves frames; how much was done. */
    int move(long nowNs) {
        this.nowNs = nowNs;
        int work = take(queues.sends(), out) + take(queues.receives(), in);
        if (pending == 0) {
            return work;
        }
        int size = transport.size();
        for (int distance = 1; distance < size && !verdict.raised(); distance++) {
            int to = (transport.rank() + distance) % size;
            int from = (transport.rank() + size - distance) % size;
            work += send(to);
            if (!in[from].isEmpty()) {
                work += transport.poll(from, Lane.MESSAGE, this, BURST_FRAMES);
            }
        }
        return work;
    }

    private int take(OperationQueue queue, MessageQueue[] queuesOfPeers) {
        int taken = 0;
        while (!queue.isEmpty()) {
            Operation operation = queue.take();
            Call call = operation.call();
            MessageQueue messages = queuesOfPeers[call.root()];
            messages.add(operation, nowNs);
            if (messages.first() == operation) {
                follow(call.root(), messages);
            }
            pending++;
            taken++;
        }
        return taken;
    }

    /** The header of the first message of a queue. */
    private long header(MessageQueue messages) {
        Call call = messages.first().call();
        long address = messages.headerAddress();
        OperationHeader.write(
                address,
                scope,
                messages.number(),
                OperationKind.MESSAGE,
                DType.I8,
                ReduceOp.SUM,
                0,
                call.lengthBytes(),
                0);
        OperationHeader.label(address, call.tensor(), call.version());
        return address;
    }

    private int send(int peer) {
        MessageQueue messages = out[peer];
        int frames = 0;
        while (frames < BURST_FRAMES && !messages.isEmpty()) {
            Call call = messages.first().call();
            boolean first = !messages.entered();
            int headerBytes = first ? OperationHeader.BYTES : 0;
            int room = transport.frameBytes(peer, Lane.MESSAGE) - headerBytes;
            int bytes = (int) Math.min(call.lengthBytes() - messages.movedBytes(), room);
            long frame = transport.tryClaim(peer, Lane.MESSAGE, headerBytes + bytes);
            if (frame == Transport.NO_ROOM) {
                break;
            }
            if (first) {
                stamp.stamp(header(messages), frame, call.lengthBytes(), transport.rank());
            }
            RawMemory.copy(call.inputAddress() + messages.movedBytes(), frame + headerBytes, bytes);
            traffic.sent(peer, headerBytes + bytes);
            transport.commit(
                    FrameTag.of(first ? FrameTag.OPEN : FrameTag.MORE, settings.generation(), messages.number()));
            moved(peer, messages, bytes);
            frames++;
        }
        return frames;
    }

    private void moved(int peer, MessageQueue messages, int bytes) {
        if (messages.moved(bytes, nowNs)) {
            pending--;
            follow(peer, messages);
        }
    }

    /** Another message of a queue is the first, or none is. */
    private void follow(int peer, MessageQueue messages) {
        long sinceNs = messages.isEmpty() ? 0 : messages.sinceNs();
        if (messages == out[peer]) {
            settings.listener().sending(peer, sinceNs);
        } else {
            settings.listener().receiving(peer, sinceNs);
        }
    }

    @Override
    public boolean onFrame(int peer, long tag, long address, int lengthBytes) {
        if (!FrameTag.isOf(tag, settings.generation())) {
            staleFrames++;
            return true;
        }
        MessageQueue messages = in[peer];
        if (messages.isEmpty()) {
            return false; // not asked for yet
        }
        boolean open = FrameTag.kind(tag) == FrameTag.OPEN;
        int headerBytes = open ? OperationHeader.BYTES : 0;
        int bytes = lengthBytes - headerBytes;
        if (open == messages.entered() || (open && !stamp.intact(address))) {
            verdict.raise(diagnosis.damaged(peer, messages.number()));
            return false;
        }
        if (open && !OperationHeader.sameCall(address, header(messages))) {
            verdict.raise(diagnosis.desync(peer, address, messages.headerAddress()));
            return false;
        }
        Call call = messages.first().call();
        if (bytes > call.lengthBytes() - messages.movedBytes()) {
            verdict.raise(diagnosis.damaged(peer, messages.number()));
            return false;
        }
        RawMemory.copy(address + headerBytes, call.outputAddress() + messages.movedBytes(), bytes);
        moved(peer, messages, bytes);
        return true;
    }

    /** Frames of other generations that were dropped. */
    long staleFrames() {
        return staleFrames;
    }

    /** Looks for reasons why a message will never arrive. */
    void watch(long nowNs) {
        for (int peer = 0; peer < transport.size(); peer++) {
            if (!out[peer].isEmpty()) {
                watch(peer, out[peer], !transport.state(peer).listens(), nowNs);
            }
            if (!in[peer].isEmpty()) {
                watch(peer, in[peer], !transport.state(peer).speaks(), nowNs);
            }
        }
    }

    private void watch(int peer, MessageQueue messages, boolean lost, long nowNs) {
        if (lost) {
            verdict.raise(diagnosis.lostDuring(peer, describe(messages, peer)));
        } else if (diagnosis.hasEnded(peer)) {
            verdict.raise(diagnosis.lostDuring(peer, describe(messages, peer) + ": its process has ended"));
        } else if (nowNs - messages.sinceNs() > settings.operationTimeout().toNanos()) {
            verdict.raise(diagnosis.messageTimedOut(peer, describe(messages, peer)));
        }
    }

    private String describe(MessageQueue messages, int peer) {
        return "message %d %s it, %,d of %,d bytes moved"
                .formatted(
                        messages.number(),
                        messages == out[peer] ? "to" : "from",
                        messages.movedBytes(),
                        messages.first().call().lengthBytes());
    }

    /** Fails all that are under way. */
    void fail(CollectiveException cause) {
        for (int peer = 0; peer < transport.size(); peer++) {
            out[peer].fail(cause);
            in[peer].fail(cause);
        }
        pending = 0;
        refuse(cause);
    }

    /** Fails all calls that have not been taken up. */
    void refuse(CollectiveException cause) {
        while (!queues.sends().isEmpty()) {
            queues.sends().take().fail(cause);
        }
        while (!queues.receives().isEmpty()) {
            queues.receives().take().fail(cause);
        }
    }
}
