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
    private MemorySegment data = MemorySegment.NULL;
    private MemorySegment part = MemorySegment.NULL;
    private MemorySegment[] sums = NONE;
    private TreePlan plan = TreePlan.EMPTY;
    private long[] ends = new long[0]; // [member] end of each member's part in data, bytes
    private long lengthBytes;
    private long detail;
    private int root;

    /** Makes an empty one. */
    public Call() {}

    /** In-place combination of {@code data}. */
    public void allReduce(MemorySegment data, DType dtype, ReduceOp op) {
        set(OperationKind.ALL_REDUCE, data, dtype, op, data.byteSize(), 0);
    }

    /** Sum of {@code sums} of all members along {@code plan} into {@code result}. */
    public void allReduceTree(List<MemorySegment> sums, TreePlan plan, MemorySegment result) {
        set(OperationKind.ALL_REDUCE_TREE, result, DType.F32, ReduceOp.SUM, result.byteSize(), plan.leaves());
        if (this.sums.length < sums.size()) {
            this.sums = new MemorySegment[sums.size()];
        }
        for (int i = 0; i < sums.size(); i++) {
            this.sums[i] = sums.get(i);
        }
        this.plan = plan;
    }

    /** {@code part} of every member, one after the other, into {@code all}. */
    public void allGather(MemorySegment part, MemorySegment all, List<Long> lengthsBytes) {
        if (ends.length != lengthsBytes.size()) {
            ends = new long[lengthsBytes.size()];
        }
        long end = 0;
        long hash = 0;
        for (int member = 0; member < ends.length; member++) {
            end += lengthsBytes.get(member);
            ends[member] = end;
            hash = (hash ^ end) * 0x9E3779B97F4A7C15L;
        }
        set(OperationKind.ALL_GATHER, all, DType.I8, ReduceOp.SUM, end, hash);
        this.part = part;
    }

    /** {@code data} of the root, on every member. */
    public void broadcast(MemorySegment data, int root) {
        set(OperationKind.BROADCAST, data, DType.I8, ReduceOp.SUM, data.byteSize(), root);
        this.root = root;
    }

    /** Nothing but presence. */
    public void barrier() {
        set(OperationKind.BARRIER, MemorySegment.NULL, DType.I8, ReduceOp.SUM, 0, 0);
    }

    private void set(OperationKind kind, MemorySegment data, DType dtype, ReduceOp op, long lengthBytes, long detail) {
        this.kind = kind;
        this.data = data;
        this.dtype = dtype;
        this.op = op;
        this.lengthBytes = lengthBytes;
        this.detail = detail;
    }

    /** Lets go of the memory. */
    public void release() {
        data = MemorySegment.NULL;
        part = MemorySegment.NULL;
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

    /** The member whose data is broadcast. */
    public int root() {
        return root;
    }

    /** Where the vector, or the room for all parts, is. */
    public long dataAddress() {
        return data.address();
    }

    /** Where this member's part is. */
    public long partAddress() {
        return part.address();
    }

    /** Where this member's sum {@code index} is. */
    public long sumAddress(int index) {
        return sums[index].address();
    }

    /** The order of addition. */
    public TreePlan plan() {
        return plan;
    }

    /** First byte of {@code member}'s part in all parts. */
    public long partStart(int member) {
        return member == 0 ? 0 : ends[member - 1];
    }

    /** Length of {@code member}'s part. */
    public long partBytes(int member) {
        return ends[member] - partStart(member);
    }
}
