package io.dunlin.collectives.quant;

import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/** F32 and BF16 tensors in native memory that starts at no round address. */
final class Floats {
    private static final long SHIFT_BYTES = 4;

    private Floats() {}

    static MemorySegment room(long bytes) {
        return Arena.ofAuto().allocate(bytes + SHIFT_BYTES, 64).asSlice(SHIFT_BYTES, bytes);
    }

    static MemorySegment of(float... values) {
        MemorySegment memory = room(4L * values.length);
        MemorySegment.copy(values, 0, memory, ValueLayout.JAVA_FLOAT_UNALIGNED, 0, values.length);
        return memory;
    }

    static MemorySegment gaussian(long seed, int elements) {
        Random random = new Random(seed);
        float[] values = new float[elements];
        for (int i = 0; i < elements; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return of(values);
    }

    /** The upper halves: BF16 that are exactly what they were cut from. */
    static MemorySegment halves(MemorySegment floats) {
        MemorySegment memory = room(floats.byteSize() / 2);
        for (long i = 0; i < floats.byteSize() / 4; i++) {
            memory.set(
                    ValueLayout.JAVA_SHORT_UNALIGNED, 2 * i, (short) (Float.floatToRawIntBits(get(floats, i)) >>> 16));
        }
        return memory;
    }

    static float get(MemorySegment floats, long index) {
        return floats.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * index);
    }

    static void put(MemorySegment floats, long index, float value) {
        floats.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * index, value);
    }

    static MemorySegment encoded(Codec codec, MemorySegment floats) {
        return encoded(codec, floats, 0);
    }

    static MemorySegment encoded(Codec codec, MemorySegment floats, long lane) {
        MemorySegment message = room(codec.encodedBytes(floats.byteSize() / 4));
        codec.encode(floats, DType.F32, message, lane);
        return message;
    }

    static MemorySegment decoded(Codec codec, MemorySegment message, long elements) {
        MemorySegment target = room(4 * elements);
        codec.decode(message, target, DType.F32);
        return target;
    }

    /** There and back. */
    static MemorySegment sent(Codec codec, MemorySegment floats) {
        return decoded(codec, encoded(codec, floats), floats.byteSize() / 4);
    }
}
