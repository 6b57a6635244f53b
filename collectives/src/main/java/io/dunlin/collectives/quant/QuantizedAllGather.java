package io.dunlin.collectives.quant;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Work;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.ArrayList;
import java.util.List;

/**
 * All-gather of weights that cross quantised (qwZ of ZeRO++): a part and its scales are one message.
 *
 * <p>Every member, the owner too, ends with what the message says, so all have the same bits. A member that is alone has
 * nothing to send and keeps its part as it is.
 */
public final class QuantizedAllGather extends StagedExchange {
    private final Communicator communicator;
    private final Codec codec;
    private final TensorSpec tensor;
    private final List<Long> elements;
    private final List<Long> messageBytes;
    private final MemorySegment messages;
    private final MemorySegment own;
    private final Run run = new Run();
    private long target;

    /**
     * Makes one that can be used again and again.
     *
     * @param tensor the whole
     * @param partElements how many elements each member has, the same list on every member
     * @param codec of this tensor; the same form on every member
     * @param memory for the messages; whoever gives the same memory to several uses one of them at a time
     */
    public QuantizedAllGather(
            Communicator communicator,
            TensorSpec tensor,
            List<Long> partElements,
            Codec codec,
            SegmentAllocator memory) {
        long sum = partElements.stream().mapToLong(Long::longValue).sum();
        if (partElements.size() != communicator.size() || sum != tensor.elements()) {
            throw new IllegalArgumentException("%d parts of %,d elements for %d members and a tensor of %,d"
                    .formatted(partElements.size(), sum, communicator.size(), tensor.elements()));
        }
        this.communicator = communicator;
        this.codec = codec;
        this.tensor = tensor;
        this.elements = List.copyOf(partElements);
        this.messageBytes = elements.stream().map(codec::encodedBytes).toList();
        List<Long> offsets = new ArrayList<>(List.of(0L));
        messageBytes.forEach(bytes -> offsets.add(offsets.getLast() + bytes));
        this.messages = memory.allocate(offsets.getLast(), 64);
        this.own = messages.asSlice(offsets.get(communicator.rank()), messageBytes.get(communicator.rank()));
    }

    /** Bytes that a member sends to each other member. */
    public long messageBytes() {
        return own.byteSize();
    }

    /**
     * Begins.
     *
     * @param part this member's elements; may be their place in {@code all}
     * @param all room for all parts, one after the other, of the same type
     * @param version of the tensor, for example the step: all members say the same; stochastic rounding draws anew for each
     * @return this
     */
    public Work start(MemorySegment part, MemorySegment all, long version) {
        long ownElements = elements.get(communicator.rank());
        check("part", part, tensor.bytes(ownElements));
        check("all", all, tensor.bytes(tensor.elements()));
        mayStart();
        target = all.address();
        if (communicator.size() == 1) {
            all.copyFrom(part);
        } else {
            run.at(part.address(), tensor.dtype()).of(0, ownElements).drawnFrom(version);
            codec.encode(run, own.address());
            waitFor(communicator.label(tensor.number(), version).allGather(own, messages, messageBytes));
        }
        started();
        return this;
    }

    @Override
    void proceed() {
        long message = messages.address();
        long first = 0;
        for (int member = 0; member < elements.size(); member++) {
            codec.decode(
                    message,
                    run.at(target + tensor.bytes(first), tensor.dtype()).of(first, elements.get(member)));
            message += messageBytes.get(member);
            first += elements.get(member);
        }
    }

    @Override
    void fail() {
        // what has arrived stays in scratch
    }

    @Override
    StagedExchange turn() {
        return this;
    }

    @Override
    public void abort(CollectiveException cause) {
        communicator.abort(cause);
    }
}
