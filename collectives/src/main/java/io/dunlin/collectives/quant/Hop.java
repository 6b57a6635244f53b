package io.dunlin.collectives.quant;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Work;
import io.dunlin.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.List;

/** One all-to-all of messages, and the sum of what was received: a run of messages for each member, and one from each. */
final class Hop {
    private final Communicator communicator;
    private final Codec codec;
    private final List<Long> sendBytes;
    private final List<Long> receiveBytes;
    private final long[] messages;
    private MemorySegment send = MemorySegment.NULL;
    private MemorySegment receive = MemorySegment.NULL;

    /**
     * Plans one.
     *
     * @param sendBytes length of the run for each member; each of them sends as much here as this member sends to itself
     */
    Hop(Communicator communicator, Codec codec, List<Long> sendBytes) {
        this.communicator = communicator;
        this.codec = codec;
        this.sendBytes = List.copyOf(sendBytes);
        this.receiveBytes = Collections.nCopies(communicator.size(), sendBytes.get(communicator.rank()));
        this.messages = new long[communicator.size()];
    }

    /** Whether there is anybody to send to. */
    boolean needed() {
        return communicator.size() > 1;
    }

    long totalSendBytes() {
        return sum(sendBytes);
    }

    long totalReceiveBytes() {
        return sum(receiveBytes);
    }

    private static long sum(List<Long> bytes) {
        return bytes.stream().mapToLong(Long::longValue).sum();
    }

    long bytesToOthers() {
        return needed() ? totalSendBytes() - sendBytes.get(communicator.rank()) : 0;
    }

    /** Says where messages are; what is there beyond the lengths is not touched. */
    void place(MemorySegment outgoing, MemorySegment incoming) {
        send = outgoing.asSlice(0, totalSendBytes());
        receive = incoming.asSlice(0, totalReceiveBytes());
    }

    Codec codec() {
        return codec;
    }

    /** Where the first run begins. */
    long outgoing() {
        return send.address();
    }

    Work start(TensorSpec tensor, long version) {
        return communicator.label(tensor.number(), version).allToAll(send, sendBytes, receive, receiveBytes);
    }

    /** The sum of what the members sent at {@code offset} of their runs, over {@code divisor}. */
    void sum(long offset, float divisor, Run to) {
        long runBytes = receiveBytes.getFirst();
        for (int member = 0; member < messages.length; member++) {
            messages[member] = receive.address() + member * runBytes + offset;
        }
        to.dtype = DType.F32;
        codec.sum(messages, messages.length, divisor, to);
    }
}
