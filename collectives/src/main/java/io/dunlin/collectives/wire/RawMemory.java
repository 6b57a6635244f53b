package io.dunlin.collectives.wire;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Native memory by address. The caller has checked bounds and keeps the memory alive. */
public final class RawMemory {
    /**
     * All of it. Being a constant of one exact class, it costs no check in compiled code but that an address is not negative,
     * and that one not where the compiler knows it.
     */
    public static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private RawMemory() {}

    /** Copies; the ranges may overlap. */
    public static void copy(long source, long target, long bytes) {
        MemorySegment.copy(ALL, source, ALL, target, bytes);
    }

    /** Sets to zero. */
    public static void clear(long target, long bytes) {
        ALL.asSlice(target, bytes).fill((byte) 0);
    }

    /** Reads. */
    public static int getInt(long address) {
        return ALL.get(ValueLayout.JAVA_INT_UNALIGNED, address);
    }

    /** Writes. */
    public static void putInt(long address, int value) {
        ALL.set(ValueLayout.JAVA_INT_UNALIGNED, address, value);
    }

    /** Reads. */
    public static long getLong(long address) {
        return ALL.get(ValueLayout.JAVA_LONG_UNALIGNED, address);
    }

    /** Writes. */
    public static void putLong(long address, long value) {
        ALL.set(ValueLayout.JAVA_LONG_UNALIGNED, address, value);
    }

    /** Reads. */
    public static byte getByte(long address) {
        return ALL.get(ValueLayout.JAVA_BYTE, address);
    }

    /** Writes. */
    public static void putByte(long address, byte value) {
        ALL.set(ValueLayout.JAVA_BYTE, address, value);
    }
}
