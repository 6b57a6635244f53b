package io.dunlin.launcher.bench;

import io.dunlin.device.Device;
import io.dunlin.device.Stream;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Philox;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Memory of the device for the operands of one kernel after the other, with contents like those of training. */
final class Workspace {
    private static final long ALIGNMENT_BYTES = 256;
    private static final long BLOCK_BYTES = 1L << 20;
    private static final long SEED = 1234;

    private final Stream stream;
    private final MemorySegment memory;
    private final MemorySegment block; // of the host, copied as often as a tensor is long
    private final Philox random = Philox.keyed(SEED, "bench", "operands");
    private long takenBytes;

    Workspace(Device device, Stream stream, long capacityBytes) {
        this.stream = stream;
        memory = device.allocate("operands", capacityBytes);
        block = device.allocateHost("operands", BLOCK_BYTES);
    }

    /** Forgets all operands. */
    void clear() {
        takenBytes = 0;
    }

    /** Memory as it is. */
    MemorySegment take(long lengthBytes) {
        MemorySegment taken = memory.asSlice(takenBytes, lengthBytes);
        takenBytes += (lengthBytes + ALIGNMENT_BYTES - 1) & -ALIGNMENT_BYTES;
        return taken;
    }

    /** A tensor whose elements are still to be computed. */
    Tensor empty(DType type, long... extents) {
        Shape shape = Shape.of(extents);
        return Tensor.of(type, shape, take(shape.elements() * type.bytes()));
    }

    /** A tensor of numbers between -1 and 1, F32 or BF16. */
    Tensor random(DType type, long... extents) {
        for (long i = 0; i < BLOCK_BYTES / type.bytes(); i++) {
            int bits = Float.floatToIntBits((float) (2 * random.uniform(0, i) - 1));
            if (type == DType.F32) {
                block.setAtIndex(ValueLayout.JAVA_INT, i, bits);
            } else {
                block.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (bits >>> 16));
            }
        }
        return filled(empty(type, extents));
    }

    /** Whole numbers from 0 to {@code bound - 1}. */
    Tensor numbers(long count, long bound) {
        for (long i = 0; i < BLOCK_BYTES / Integer.BYTES; i++) {
            block.setAtIndex(ValueLayout.JAVA_INT, i, (int) (random.uniform(1, i) * bound));
        }
        return filled(empty(DType.I32, count));
    }

    private Tensor filled(Tensor tensor) {
        for (long at = 0; at < tensor.bytes(); at += BLOCK_BYTES) {
            long lengthBytes = Math.min(BLOCK_BYTES, tensor.bytes() - at);
            stream.upload(block.asSlice(0, lengthBytes), tensor.segment().asSlice(at, lengthBytes));
        }
        stream.synchronize(); // the block is used again
        return tensor;
    }
}
