package io.dunlin.collectives.quant;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Work;
import io.dunlin.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.ArrayList;
import java.util.List;

/**
 * Reduce-scatter of gradients that cross quantised, in two hops whatever the number of ranks (qgZ of ZeRO++): rank p ends
 * with slice p of the sum or the mean over all ranks, in F32. {@link ReducedSlices} says which elements slice p has.
 *
 * <ol>
 *   <li>Inside the host, member d gets from each member the slices of all ranks that have its place: slice p is sent as
 *       number p / ranksPerHost to member p % ranksPerHost. It adds them up in F32.
 *   <li>Between hosts, those sums are encoded again, and the rank with place d on host k gets the slice of rank
 *       k * ranksPerHost + d from each host. It adds them up in F32 and, for a mean, divides by the number of all ranks:
 *       the only division there is.
 * </ol>
 *
 * <p>A hop with nobody to send to is left out, with its loss. Sums are made in the order of ranks, so the same messages give
 * the same bits.
 */
public final class QuantizedReduceScatter extends StagedExchange {
    private final TwoLevelGroup group;
    private final TensorSpec tensor;
    private final ReducedSlices slices;
    private final Hop insideHost;
    private final Hop betweenHosts;
    private final ExactCodec exact = new ExactCodec();
    private final MemorySegment hostSum;
    private final Run run = new Run();
    private long version;
    private long target;
    private boolean firstHalf;

    /**
     * Codecs of one tensor.
     *
     * @param inner of messages inside the host: F32 or BF16 elements of the whole tensor
     * @param outer of those between hosts: {@link ReducedSlices#hostSumElements} elements; another object
     */
    public record Codecs(Codec inner, Codec outer) {
        /** Checks that there are two. */
        public Codecs {
            if (inner == outer) {
                throw new IllegalArgumentException("each hop has a codec of its own");
            }
        }
    }

    /** Makes one that can be used again and again, for even slices of the mean. */
    public QuantizedReduceScatter(
            TwoLevelGroup group, TensorSpec tensor, Codec innerCodec, Codec outerCodec, SegmentAllocator memory) {
        this(
                group,
                tensor,
                ReducedSlices.even(group, tensor.elements(), ReducedSlices.Total.MEAN),
                new Codecs(innerCodec, outerCodec),
                memory);
    }

    /**
     * Makes one that can be used again and again.
     *
     * @param slices the same on all ranks
     * @param memory for the messages of one hop; whoever gives the same memory to several uses one of them at a time
     */
    public QuantizedReduceScatter(
            TwoLevelGroup group, TensorSpec tensor, ReducedSlices slices, Codecs codecs, SegmentAllocator memory) {
        slices.check(group, tensor);
        this.group = group;
        this.tensor = tensor;
        this.slices = slices;
        Codec innerCodec = codecs.inner();
        Codec outerCodec = codecs.outer();
        List<Long> toMembers = new ArrayList<>();
        for (int member = 0; member < group.ranksPerHost(); member++) {
            long bytes = 0;
            for (int host = 0; host < group.hosts(); host++) {
                bytes += innerCodec.encodedBytes(elementsOf(group.rank(host, member)));
            }
            toMembers.add(bytes);
        }
        List<Long> toHosts = new ArrayList<>();
        for (int host = 0; host < group.hosts(); host++) {
            toHosts.add(outerCodec.encodedBytes(
                    elementsOf(group.rank(host, group.inner().rank()))));
        }
        this.insideHost = new Hop(group.inner(), innerCodec, toMembers);
        this.betweenHosts = new Hop(group.outer(), outerCodec, toHosts);
        long sendBytes = Math.max(insideHost.totalSendBytes(), betweenHosts.totalSendBytes());
        long receiveBytes = Math.max(insideHost.totalReceiveBytes(), betweenHosts.totalReceiveBytes());
        MemorySegment send = memory.allocate(sendBytes, 64);
        MemorySegment receive = memory.allocate(receiveBytes, 64);
        insideHost.place(send, receive);
        betweenHosts.place(send, receive);
        this.hostSum = memory.allocate(Float.BYTES * longestForThisPlace(), 64);
    }

    private long elementsOf(int rank) {
        return slices.length(rank);
    }

    /** Elements of the longest slice that this rank sums up for its host. */
    private long longestForThisPlace() {
        long longest = 0;
        for (int host = 0; host < group.hosts(); host++) {
            longest =
                    Math.max(longest, elementsOf(group.rank(host, group.inner().rank())));
        }
        return longest;
    }

    /** Bytes that this rank sends to the other ranks of its host, each time. */
    public long bytesInsideHost() {
        return insideHost.bytesToOthers();
    }

    /** Bytes that this rank sends to other hosts, each time. */
    public long bytesBetweenHosts() {
        return betweenHosts.bytesToOthers();
    }

    /** How many elements this rank's slice has. */
    public long sliceElements() {
        return elementsOf(group.rank());
    }

    /**
     * Begins.
     *
     * @param gradient all elements; encoded when this returns
     * @param slice room for {@link #sliceElements} F32; may be its place in an F32 {@code gradient}
     * @param newVersion of the tensor, for example the step: all ranks say the same; stochastic rounding draws anew for each
     * @return this
     */
    public Work start(MemorySegment gradient, MemorySegment slice, long newVersion) {
        check("gradient", gradient, tensor.bytes(tensor.elements()));
        check("slice", slice, Float.BYTES * sliceElements());
        mayStart();
        version = newVersion;
        target = slice.address();
        if (insideHost.needed()) {
            encodeForMembers(gradient.address());
            waitFor(insideHost.start(tensor, version));
            firstHalf = true;
            group.enterFirstHalf(this);
        } else if (betweenHosts.needed()) {
            encodeForHosts(gradient.address());
            waitFor(betweenHosts.start(tensor, version));
        } else {
            if (target != gradient.address()) {
                exact.encode(run.at(gradient.address(), tensor.dtype()).of(0, tensor.elements()), target);
            }
        }
        started();
        return this;
    }

    private void encodeForMembers(long gradient) {
        long message = insideHost.outgoing();
        for (int member = 0; member < group.ranksPerHost(); member++) {
            for (int host = 0; host < group.hosts(); host++) {
                message = encode(gradient, group.rank(host, member), insideHost.codec(), message);
            }
        }
    }

    /** A host of one rank: its gradient is the host's sum. */
    private void encodeForHosts(long gradient) {
        long message = betweenHosts.outgoing();
        for (int host = 0; host < group.hosts(); host++) {
            message = encode(gradient, host, betweenHosts.codec(), message);
        }
    }

    /** Encodes the slice of a rank; where the next message goes. */
    private long encode(long gradient, int rank, Codec codec, long message) {
        long first = slices.start(rank);
        run.at(gradient + tensor.bytes(first), tensor.dtype())
                .of(first, elementsOf(rank))
                .drawnFrom(lane(codec));
        codec.encode(run, message);
        return message + codec.encodedBytes(elementsOf(rank));
    }

    /** Each rank, version and hop draws its own random numbers: errors that are alike would add up. */
    private long lane(Codec codec) {
        int hop = codec == betweenHosts.codec() ? 1 : 0;
        return (version * 2 + hop) * group.size() + group.rank();
    }

    @Override
    void proceed() {
        run.at(target, DType.F32).of(0, sliceElements());
        if (!firstHalf) {
            betweenHosts.sum(0, slices.divisor(), run);
            return;
        }
        leaveFirstHalf();
        if (betweenHosts.needed()) {
            sumForHosts();
            waitFor(betweenHosts.start(tensor, version));
        } else {
            insideHost.sum(0, slices.divisor(), run);
        }
    }

    /** Adds up what the members sent for each host, and encodes it where the first hop's messages were. */
    private void sumForHosts() {
        long received = 0;
        long message = betweenHosts.outgoing();
        long first = 0;
        for (int host = 0; host < group.hosts(); host++) {
            long elements = elementsOf(group.rank(host, group.inner().rank()));
            run.at(hostSum.address(), DType.F32).of(first, elements).drawnFrom(lane(betweenHosts.codec()));
            insideHost.sum(received, 1, run);
            betweenHosts.codec().encode(run, message);
            received += insideHost.codec().encodedBytes(elements);
            message += betweenHosts.codec().encodedBytes(elements);
            first += elements;
        }
    }

    private void leaveFirstHalf() {
        firstHalf = false;
        group.leaveFirstHalf(this);
    }

    @Override
    void fail() {
        if (firstHalf) {
            leaveFirstHalf();
        }
    }

    @Override
    StagedExchange turn() {
        return firstHalf ? group.oldest() : this;
    }

    /** Gives up, and with it whatever is pending in the group. */
    @Override
    public void abort(CollectiveException cause) {
        group.abort(cause);
    }
}
