package io.dunlin.collectives.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The fast loops against the plain ones, bit for bit, at every length around the vector's, aligned and not. */
class ReductionTest {
    private static final int SOURCES = 5;
    private static final int ROOM_BYTES = 4096;

    private final Arena arena = Arena.ofAuto();

    private MemorySegment random(Random random) {
        MemorySegment memory = arena.allocate(ROOM_BYTES, 64);
        for (int i = 0; i < ROOM_BYTES / 4; i++) {
            float value = (float) (random.nextGaussian() * Math.exp(3 * random.nextGaussian()));
            memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
        }
        return memory;
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void shouldFoldAsThePlainLoopDoes(DType dtype) {
        Random random = new Random(1);
        MemorySegment[] sources = new MemorySegment[SOURCES];
        for (int elements = 0; elements < 150; elements++) {
            for (int shift = 0; shift < 3; shift++) {
                long[] addresses = new long[SOURCES];
                for (int i = 0; i < SOURCES; i++) {
                    sources[i] = random(random);
                    addresses[i] = sources[i].address() + (long) shift * dtype.bytes();
                }
                MemorySegment fast = arena.allocate(ROOM_BYTES, 64);
                MemorySegment plain = arena.allocate(ROOM_BYTES, 64);
                long at = (long) shift * dtype.bytes();
                Reduction.of(dtype, ReduceOp.SUM).fold(fast.address() + at, addresses, SOURCES, elements);
                Reduction.plain(dtype, ReduceOp.SUM).fold(plain.address() + at, addresses, SOURCES, elements);
                assertThat(fast.mismatch(plain)).isEqualTo(-1);

                Reduction.of(dtype, ReduceOp.SUM)
                        .combine(fast.address() + at, addresses[1], fast.address() + at, elements);
                Reduction.plain(dtype, ReduceOp.SUM)
                        .combine(plain.address() + at, addresses[1], plain.address() + at, elements);
                assertThat(fast.mismatch(plain)).isEqualTo(-1);

                Reduction.plain(dtype, ReduceOp.SUM).fold(plain.address() + at, addresses, SOURCES, elements);
                Reduction.of(dtype, ReduceOp.SUM).fold(addresses[2], addresses, SOURCES, elements); // in place
                long lengthBytes = (long) elements * dtype.bytes();
                assertThat(sources[2].asSlice(at, lengthBytes).mismatch(plain.asSlice(at, lengthBytes)))
                        .isEqualTo(-1);
            }
        }
    }

    @Test
    void shouldRoundBf16ToNearestEvenAndKeepNan() {
        float[] values = {1f, -1f, 0x1.01p0f, 0x1.03p0f, Float.NaN, Float.POSITIVE_INFINITY, Float.MAX_VALUE, 0f};
        MemorySegment data = arena.allocate(64 * 2, 64);
        MemorySegment zero = arena.allocate(64 * 2, 64);
        for (int i = 0; i < 64; i++) {
            data.setAtIndex(ValueLayout.JAVA_SHORT, i, BFloat16.narrow(values[i % values.length]));
        }
        MemorySegment before = arena.allocate(64 * 2, 64).copyFrom(data);
        Reduction.of(DType.BF16, ReduceOp.SUM).combine(data.address(), zero.address(), data.address(), 64);
        assertThat(data.mismatch(before)).isEqualTo(-1);
        assertThat(BFloat16.widen(BFloat16.narrow(0x1.01p0f))).isEqualTo(1f); // half way: to even
        assertThat(BFloat16.widen(BFloat16.narrow(0x1.03p0f))).isEqualTo(0x1.04p0f);
        assertThat(BFloat16.widen(BFloat16.narrow(Float.NaN))).isNaN();
        assertThat(BFloat16.widen(BFloat16.narrow(Float.MAX_VALUE))).isEqualTo(Float.POSITIVE_INFINITY);
    }

    @Test
    void shouldRoundSumsOfBf16OnlyOnce() {
        long[] sources = new long[256];
        MemorySegment tiny = arena.allocate(64);
        MemorySegment one = arena.allocate(64);
        tiny.set(ValueLayout.JAVA_SHORT, 0, BFloat16.narrow(0x1p-8f)); // lost if rounded after every addition
        one.set(ValueLayout.JAVA_SHORT, 0, BFloat16.narrow(1f));
        Arrays.fill(sources, tiny.address());
        sources[0] = one.address();
        Reduction.of(DType.BF16, ReduceOp.SUM).fold(one.address(), sources, 256, 1);
        assertThat(BFloat16.widen(one.get(ValueLayout.JAVA_SHORT, 0))).isEqualTo(2f);
    }

    @Test
    void shouldRefuseWhatHasNoMeaning() {
        assertThatThrownBy(() -> Reduction.of(DType.F32, ReduceOp.OR)).hasMessageContaining("OR is for integers");
    }

    @ParameterizedTest
    @EnumSource
    void shouldAllocateNothing(DType dtype) {
        Reduction reduction = new Reductions().of(dtype, ReduceOp.SUM);
        MemorySegment target = arena.allocate(ROOM_BYTES, 64);
        long[] sources = {
            arena.allocate(ROOM_BYTES, 64).address(),
            arena.allocate(ROOM_BYTES, 64).address()
        };
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long allocated = Long.MAX_VALUE;
        for (int attempt = 0; attempt < 30 && allocated > 0; attempt++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 5_000; i++) {
                reduction.combine(target.address(), sources[0], target.address(), ROOM_BYTES / dtype.bytes() - 1);
                reduction.fold(target.address(), sources, 2, ROOM_BYTES / dtype.bytes() - 1);
            }
            allocated = threads.getCurrentThreadAllocatedBytes() - before;
        }
        assertThat(allocated).as("%s", dtype).isZero();
    }
}
