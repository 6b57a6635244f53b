package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.wire.OperationKind;
import io.dunlin.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * What one member was asked to do; filled in by the caller's thread, read by the communication thread, used again for
 * later operations.
 *
 * <p>It holds on to the segments, so that none is unmapped while its address is in use.
 */
public final class Call {
    private static final MemorySegment[] NONE = new MemorySegment[0];

    private OperationKind kind = OperationKind.NOT_ENTERED;
    private DType dtype = DType.I8;
    private ReduceOp op = ReduceOp.SUM;
    private MemorySegment input = MemorySegment.NULL;
    private MemorySegment output = MemorySegment.NULL;
    private MemorySegment[] sums = NONE;
    private TreePlan plan = TreePlan.EMPTY;
    private final PartTable parts = new PartTable(); // of all parts, or of what is sent
    private final PartTable arrivals = new PartTable(); // of what is received, all-to-all
    private long lengthBytes;
    private long detail;
    private int root;
    private long tensor;
    private long version;

    /** Makes an empty one. */
    public Call() {}

    /** Combination of all {@code input} into every {@code output}. */
    public void allReduce(MemorySegment input, MemorySegment output, DType dtype, ReduceOp op) {
        set(OperationKind.ALL_REDUCE, input, output, input.byteSize(), 0);
        combine(dtype, op);
    }

    /** Sum of {@code sums} of all members along {@code plan} into {@code result}. */
    public void allReduceTree(List<MemorySegment> sums, TreePlan plan, MemorySegment result) {
        set(OperationKind.ALL_REDUCE_TREE, MemorySegment.NULL, result, result.byteSize(), plan.leaves());
        combine(DType.F32, ReduceOp.SUM);
        if (this.sums.length < sums.size()) {
            this.sums = new MemorySegment[sums.size()];
        }
        for (int i = 0; i < sums.size(); i++) {
            this.sums[i] = sums.get(i);
        }
        this.plan = plan;
    }

    /** Combination of all {@code all}, one part to each member. */
    public void reduceScatter(
            MemorySegment all, MemorySegment part, List<Long> lengthsBytes, DType dtype, ReduceOp op) {
        parts.set(lengthsBytes);
        set(OperationKind.REDUCE_SCATTER, all, part, parts.totalBytes(), parts.hash());
        combine(dtype, op);
    }

    /** Combination of all {@code input} into the root's {@code output}. */
    public void reduce(MemorySegment input, MemorySegment output, DType dtype, ReduceOp op, int root) {
        set(OperationKind.REDUCE, input, output, input.byteSize(), root);
        combine(dtype, op);
        this.root = root;
    }

    /** {@code part} of every member, one after the other, into {@code all}. */
    public void allGather(MemorySegment part, MemorySegment all, List<Long> lengthsBytes) {
        parts.set(lengthsBytes);
        set(OperationKind.ALL_GATHER, part, all, parts.totalBytes(), parts.hash());
    }

    /** {@code part} of every member, one after the other, into the root's {@code all}. */
    public void gather(MemorySegment part, MemorySegment all, List<Long> lengthsBytes, int root) {
        parts.set(lengthsBytes);
        set(OperationKind.GATHER, part, all, parts.totalBytes(), parts.hash() + root);
        this.root = root;
    }

    /** A part of the root's {@code all} into every {@code part}. */
    public void scatter(MemorySegment all, MemorySegment part, List<Long> lengthsBytes, int root) {
        parts.set(lengthsBytes);
        set(OperationKind.SCATTER, all, part, parts.totalBytes(), parts.hash() + root);
        this.root = root;
    }

    /** A run for every member, a run from every member. What they add up to differs from member to member. */
    public void allToAll(MemorySegment send, List<Long> sendBytes, MemorySegment receive, List<Long> receiveBytes) {
        parts.set(sendBytes);
        arrivals.set(receiveBytes);
        set(OperationKind.ALL_TO_ALL, send, receive, 0, 0);
    }

    /** {@code data} of the root, on every member. */
    public void broadcast(MemorySegment data, int root) {
        set(OperationKind.BROADCAST, data, data, data.byteSize(), root);
        this.root = root;
    }

    /** {@code data} to or from {@code peer}. */
    public void message(MemorySegment data, int peer) {
        set(OperationKind.MESSAGE, data, data, data.byteSize(), 0);
        this.root = peer;
    }

    /** Nothing but presence. */
    public void barrier() {
        set(OperationKind.BARRIER, MemorySegment.NULL, MemorySegment.NULL, 0, 0);
    }

    private void set(OperationKind kind, MemorySegment input, MemorySegment output, long lengthBytes, long detail) {
        this.kind = kind;
        this.input = input;
        this.output = output;
        this.lengthBytes = lengthBytes;
        this.detail = detail;
        this.dtype = DType.I8;
        this.op = ReduceOp.SUM;
        this.tensor = 0;
        this.version = 0;
    }

    private void combine(DType dtype, ReduceOp op) {
        this.dtype = dtype;
        this.op = op;
    }

    /** Says which tensor, and which version of it, the call is about; 0 and 0 if nothing is said. */
    public void label(long tensor, long version) {
        this.tensor = tensor;
        this.version = version;
    }

    /** Lets go of the memory. */
    public void release() {
        input = MemorySegment.NULL;
        output = MemorySegment.NULL;
        for (int i = 0; i < sums.length; i++) {
            sums[i] = MemorySegment.NULL;
        }
    }

    /** What to do. */
    public OperationKind kind() {
        return kind;
    }

    /** Element type; I8 where elements do not matter. */
    public DType dtype() {
        return dtype;
    }

    /** Combination. */
    public ReduceOp op() {
        return op;
    }

    /** Bytes of the vector, or of all parts. */
    public long lengthBytes() {
        return lengthBytes;
    }

    /** What else must agree between members; see {@code OperationHeader}. */
    public long detail() {
        return detail;
    }

    /** The member whose data is broadcast or scattered, or where it is gathered; the other one of a message. */
    public int root() {
        return root;
    }

    /** Which tensor the call is about; 0 if nothing was said. */
    public long tensor() {
        return tensor;
    }

    /** Which version of it. */
    public long version() {
        return version;
    }

    /** Where this member's contribution is. */
    public long inputAddress() {
        return input.address();
    }

    /** Where the result goes. */
    public long outputAddress() {
        return output.address();
    }

    /** Where this member's sum {@code index} is. */
    public long sumAddress(int index) {
        return sums[index].address();
    }

    /** The order of addition. */
    public TreePlan plan() {
        return plan;
    }

    /** First byte of {@code member}'s part among all parts; of an all-to-all, of the run for {@code member}. */
    public long partStart(int member) {
        return parts.start(member);
    }

    /** Length of {@code member}'s part; of an all-to-all, of the run for {@code member}. */
    public long partBytes(int member) {
        return parts.bytes(member);
    }

    /** Length of all runs that are sent, of an all-to-all. */
    long sendBytes() {
        return parts.totalBytes();
    }

    /** First byte of the run from {@code member}, of an all-to-all. */
    public long arrivalStart(int member) {
        return arrivals.start(member);
    }

    /** Length of the run from {@code member}, of an all-to-all. */
    public long arrivalBytes(int member) {
        return arrivals.bytes(member);
    }
}
