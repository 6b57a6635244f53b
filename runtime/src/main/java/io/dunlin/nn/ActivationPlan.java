package io.dunlin.nn;

import io.dunlin.device.Device;
import io.dunlin.device.Kernels;
import io.dunlin.device.Stream;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Allocates the memory of one pass, before the first step.
 *
 * <p>Layers say what a tensor is for; that decides whether each layer gets its own memory or all of them take turns
 * with one. The layers do not know, so the same code keeps activations, recomputes them, or only evaluates.
 *
 * <p>Legend: R rows, one per position of each sequence.
 */
public final class ActivationPlan {
    /** What becomes of a layer's activations between forward and backward. */
    public enum Retention {
        /** Kept until backward: each layer has its own. */
        KEEP,
        /** Computed again by backward: layers take turns. */
        RECOMPUTE,
        /** There is no backward: layers take turns, and gradients have no memory. */
        FORWARD_ONLY
    }

    private static final int OUTSIDE = -1;

    private final Device device;
    private final Stream stream;
    private final DType dtype;
    private final int batch;
    private final int time;
    private final Retention retention;
    private final List<Tensor> ofBlock = new ArrayList<>();
    private final Map<String, Tensor> byPurpose = new HashMap<>();
    private int request = OUTSIDE;
    private long bytes;

    /**
     * Plans for a device.
     *
     * @param stream what the pass runs on
     * @param dtype of activations and of their gradients
     * @param batch sequences
     * @param time positions of each
     */
    public ActivationPlan(Device device, Stream stream, DType dtype, int batch, int time, Retention retention) {
        this.device = device;
        this.stream = stream;
        this.dtype = dtype;
        this.batch = batch;
        this.time = time;
        this.retention = retention;
    }

    /** What is asked for from here to {@link #endBlock()} belongs to one of several blocks that are alike. */
    public void beginBlock() {
        request = 0;
    }

    /** What is asked for from here on belongs to no block. */
    public void endBlock() {
        request = OUTSIDE;
    }

    /** Remembered from a layer's forward to its backward: [R, columns]. */
    public Tensor saved(long columns) {
        return remembered(dtype, rows(), columns);
    }

    /** Remembered from a layer's forward to its backward, in F32: a statistic of each of {@code count} rows. */
    public Tensor savedStatistic(long count) {
        return remembered(DType.F32, 1, count).reshape(Shape.of(count));
    }

    /** The input of a block: kept in any pass that trains, since backward recomputes from it. [R, columns] */
    public Tensor blockInput(long columns) {
        return trains() ? own(dtype, rows(), columns) : scratch("block input", columns);
    }

    /**
     * Dead as soon as the backward of a layer returns, so all layers that name it alike take turns: [R, columns];
     * {@link Tensor#NONE} where there is no backward.
     */
    public Tensor gradient(String purpose, long columns) {
        return trains() ? scratch("gradient of " + purpose, columns) : Tensor.NONE;
    }

    /** Memory of exactly this user: [rows, columns]. */
    public Tensor own(DType type, long rows, long columns) {
        long length = rows * columns * type.bytes();
        bytes += length;
        return Tensor.of(type, Shape.of(rows, columns), device.allocate("activations", length));
    }

    private Tensor remembered(DType type, long rows, long columns) {
        if (retention == Retention.KEEP || request == OUTSIDE) {
            return own(type, rows, columns);
        }
        // Blocks are alike: the n-th request of each gets the same memory.
        if (request == ofBlock.size()) {
            ofBlock.add(own(type, rows, columns));
        }
        return checked(ofBlock.get(request++), type, rows, columns);
    }

    private Tensor scratch(String purpose, long columns) {
        Tensor tensor = byPurpose.computeIfAbsent(purpose, p -> own(dtype, rows(), columns));
        return checked(tensor, dtype, rows(), columns);
    }

    private static Tensor checked(Tensor tensor, DType type, long rows, long columns) {
        if (tensor.dtype() != type || tensor.rows() != rows || tensor.columns() != columns) {
            throw new IllegalArgumentException(
                    "layers cannot take turns with %s: %s[%dx%d] was asked for".formatted(tensor, type, rows, columns));
        }
        return tensor;
    }

    /** Whether there is a backward. */
    public boolean trains() {
        return retention != Retention.FORWARD_ONLY;
    }

    /** Whether backward finds a block's activations overwritten. */
    public boolean recomputes() {
        return retention == Retention.RECOMPUTE;
    }

    /** Memory of the host from and to which copies run beside the program. */
    public MemorySegment hostMemory(String purpose, long lengthBytes) {
        return device.allocateHost(purpose, lengthBytes);
    }

    /** What the pass runs on. */
    public Stream stream() {
        return stream;
    }

    /** What layers compute with. */
    public Kernels kernels() {
        return stream.kernels();
    }

    /** Sequences. */
    public int batch() {
        return batch;
    }

    /** The type of activations. */
    public DType dtype() {
        return dtype;
    }

    /** Positions of each sequence. */
    public int time() {
        return time;
    }

    /** Positions of all sequences: R. */
    public int rows() {
        return Math.multiplyExact(batch, time);
    }

    /** Bytes allocated so far. */
    public long bytes() {
        return bytes;
    }
}
