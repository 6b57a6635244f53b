package io.dunlin.nn;

import io.dunlin.device.Device;
import io.dunlin.device.HostAccess;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Positions as rotations of queries and keys (Su et al., RoFormer, 2021), in the half-split form of Hugging Face's
 * Llama: elements i and i + D/2 of a head turn by position / theta^(2i/D).
 *
 * @param cosSin F32 [T, D]: the cosines of a position's D/2 angles, then their sines
 * @param headWidth D
 */
public record RotaryPositions(Tensor cosSin, int headWidth) {
    /**
     * The angles of {@code context} positions.
     *
     * @param host writes to {@code device}
     */
    public static RotaryPositions of(Device device, HostAccess host, int context, int headWidth, double theta) {
        long lengthBytes = (long) context * headWidth * Float.BYTES;
        MemorySegment memory = device.allocate("rotary positions", lengthBytes);
        try (Arena arena = Arena.ofConfined()) {
            host.write(memory, angles(arena.allocate(lengthBytes, Float.BYTES), context, headWidth, theta));
        }
        return new RotaryPositions(Tensor.of(DType.F32, Shape.of(context, headWidth), memory), headWidth);
    }

    private static MemorySegment angles(MemorySegment memory, int context, int headWidth, double theta) {
        int half = headWidth / 2;
        for (int position = 0; position < context; position++) {
            long row = (long) position * headWidth;
            for (int i = 0; i < half; i++) {
                double angle = position / StrictMath.pow(theta, 2.0 * i / headWidth);
                memory.setAtIndex(ValueLayout.JAVA_FLOAT, row + i, (float) StrictMath.cos(angle));
                memory.setAtIndex(ValueLayout.JAVA_FLOAT, row + half + i, (float) StrictMath.sin(angle));
            }
        }
        return memory;
    }
}
