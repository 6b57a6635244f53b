package io.dunlin.device.natives;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;

/**
 * Zeroed memory straight from the system.
 *
 * <p>On Linux by {@code mmap}: pages appear, zeroed, when they are first touched, and large regions ask for huge pages.
 * Elsewhere from an {@link Arena}, which zeroes at once.
 */
public final class Pages {
    private static final boolean LINUX =
            System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("linux");

    private Pages() {}

    /** Memory that goes back to the system when {@code arena} closes; a segment of no bytes if the system refuses. */
    public static MemorySegment map(long lengthBytes, Arena arena) {
        return LINUX ? Linux.map(lengthBytes, arena) : arena.allocate(lengthBytes, 64);
    }

    /** The calls of Linux; loaded only there. */
    private static final class Linux {
        private static final long HUGE_PAGE_BYTES = 2L << 20;
        private static final int PROT_READ_WRITE = 1 | 2;
        private static final int MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x02 | 0x20 | 0x4000;
        private static final int MADV_HUGEPAGE = 14;
        private static final long MAP_FAILED = -1;

        private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
        private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
        private static final MethodHandle MMAP =
                function("mmap", FunctionDescriptor.of(LONG, LONG, LONG, INT, INT, INT, LONG));
        private static final MethodHandle MUNMAP = function("munmap", FunctionDescriptor.of(INT, LONG, LONG));
        private static final MethodHandle MADVISE = function("madvise", FunctionDescriptor.of(INT, LONG, LONG, INT));

        static MemorySegment map(long lengthBytes, Arena arena) {
            long mappedBytes = lengthBytes + HUGE_PAGE_BYTES;
            try {
                long start = (long)
                        MMAP.invokeExact(0L, mappedBytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS_NORESERVE, -1, 0L);
                if (start == MAP_FAILED) {
                    return MemorySegment.NULL;
                }
                long aligned = (start + HUGE_PAGE_BYTES - 1) & -HUGE_PAGE_BYTES;
                if (lengthBytes >= HUGE_PAGE_BYTES) {
                    int advice = (int) MADVISE.invokeExact(aligned, lengthBytes & -HUGE_PAGE_BYTES, MADV_HUGEPAGE);
                }
                return MemorySegment.ofAddress(aligned).reinterpret(lengthBytes, arena, _ -> unmap(start, mappedBytes));
            } catch (Throwable e) {
                throw new AssertionError("mmap could not be called", e);
            }
        }

        private static void unmap(long start, long mappedBytes) {
            try {
                int status = (int) MUNMAP.invokeExact(start, mappedBytes);
            } catch (Throwable e) {
                throw new AssertionError("munmap could not be called", e);
            }
        }

        private static MethodHandle function(String name, FunctionDescriptor type) {
            Linker linker = Linker.nativeLinker();
            return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type);
        }
    }
}
