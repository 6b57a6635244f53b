package io.dunlin.launcher.doctor;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/** Asks the Linux kernel how well its clock is kept (adjtimex with nothing to adjust). */
class KernelClock {
    private static final long STRUCT_BYTES = 208;
    private static final long MAX_ERROR_OFFSET = 24;
    private static final int TIME_ERROR = 5;

    /**
     * How well.
     *
     * @param synchronised by somebody
     * @param largestErrorUs microseconds
     */
    record State(boolean synchronised, long largestErrorUs) {}

    /** Empty where there is no such call. */
    Optional<State> state() {
        boolean known = System.getProperty("os.name").equals("Linux") && ValueLayout.ADDRESS.byteSize() == Long.BYTES;
        return known
                ? Linker.nativeLinker().defaultLookup().find("adjtimex").flatMap(KernelClock::ask)
                : Optional.empty();
    }

    private static Optional<State> ask(MemorySegment function) {
        MethodHandle adjtimex = Linker.nativeLinker()
                .downcallHandle(function, FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment timex = arena.allocate(STRUCT_BYTES, Long.BYTES);
            int state = (int) adjtimex.invokeExact(timex);
            return state < 0
                    ? Optional.empty()
                    : Optional.of(new State(state != TIME_ERROR, timex.get(ValueLayout.JAVA_LONG, MAX_ERROR_OFFSET)));
        } catch (Throwable e) {
            throw new IllegalStateException("adjtimex", e);
        }
    }
}
