package io.dunlin.collectives.bench;

import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.quant.BlockQuantizer;
import io.dunlin.collectives.quant.QuantizerSettings;
import io.dunlin.collectives.quant.Rounding;
import io.dunlin.collectives.wire.Reduction;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Philox;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** One loop over one tensor, in Java or in C. Before it is measured, both have given the same bytes. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 15, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 10, time = 100, timeUnit = TimeUnit.MILLISECONDS)
@Fork(3)
public class LoopBenchmark {
    private static final long BLOCK = QuantizerSettings.BLOCK_ELEMENTS;
    private static final long HEADER_BYTES = 16;

    /** In which language. */
    public enum Language {
        C,
        JAVA
    }

    /** What is done. */
    @Param
    Loop loop;

    /** 64 KiB and 64 MiB of F32. */
    @Param({"16384", "16777216"})
    long elements;

    @Param
    Language language;

    private final Arena arena = Arena.global();
    private MemorySegment floats;
    private MemorySegment others;
    /** Two messages, one right behind the other. */
    private MemorySegment messages;

    private List<MemorySegment> pair;
    private BlockQuantizer quantizer;
    private Reduction sum;
    private long key;
    private MethodHandle function;

    /** Makes the tensors and compares the two languages. */
    @Setup
    public void prepare() throws Throwable {
        Rounding rounding = loop == Loop.QUANTIZE_4_STOCHASTIC ? Rounding.STOCHASTIC : Rounding.NEAREST_EVEN;
        QuantizerSettings settings = new QuantizerSettings(loop.bits(), (int) BLOCK, rounding);
        Philox random = Philox.keyed(1, "bench", "loops");
        key = random.key();
        quantizer = new BlockQuantizer(settings, random, arena);
        sum = Reduction.of(loop == Loop.SUM_BF16 ? DType.BF16 : DType.F32, ReduceOp.SUM);
        floats = gaussian(1);
        others = gaussian(2);
        long messageBytes = quantizer.encodedBytes(elements);
        messages = arena.allocate(2 * messageBytes, 64);
        pair = List.of(messages.asSlice(0, messageBytes), messages.asSlice(messageBytes));
        quantizer.encode(floats, DType.F32, pair.get(0), 0);
        quantizer.encode(others, DType.F32, pair.get(1), 0);
        int parameters = loop.function.startsWith("sum_") ? 3 : loop == Loop.QUANTIZE_4_STOCHASTIC ? 6 : 5;
        if (language == Language.C) {
            function = CLoops.compile().function(loop.function, parameters);
            compare();
        }
    }

    private MemorySegment gaussian(long seed) {
        Random random = new Random(seed);
        MemorySegment memory = arena.allocate(elements * Float.BYTES, 64);
        for (long i = 0; i < elements; i++) {
            memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        return memory;
    }

    private void compare() throws Throwable {
        MemorySegment before = arena.allocate(floats.byteSize(), 64).copyFrom(floats);
        inJava();
        MemorySegment levels = arena.allocate(messages.byteSize(), 64).copyFrom(messages);
        MemorySegment values = arena.allocate(floats.byteSize(), 64).copyFrom(floats);
        floats.copyFrom(before);
        inC();
        if (messages.mismatch(levels) >= 0 || floats.mismatch(values) >= 0) {
            throw new IllegalStateException(
                    loop + " is not the same in C: " + messages.mismatch(levels) + ", " + floats.mismatch(values));
        }
    }

    /** One pass over the tensor. */
    @Benchmark
    public void pass() throws Throwable {
        if (language == Language.JAVA) {
            inJava();
        } else {
            inC();
        }
    }

    private void inJava() {
        switch (loop) {
            case QUANTIZE_8, QUANTIZE_4, QUANTIZE_4_STOCHASTIC ->
                quantizer.encode(floats, DType.F32, pair.getFirst(), 0);
            case DEQUANTIZE_8, DEQUANTIZE_4 -> quantizer.decode(pair.getFirst(), floats, DType.F32);
            case SUM_OF_TWO_8, SUM_OF_TWO_4 -> quantizer.sum(pair, floats);
            case SUM_F32, SUM_BF16 -> sum.combine(floats.address(), others.address(), floats.address(), elements);
        }
    }

    private void inC() throws Throwable {
        long scales = messages.address() + HEADER_BYTES;
        long levels = scales + elements / BLOCK * Float.BYTES;
        switch (loop) {
            case QUANTIZE_4_STOCHASTIC -> function.invokeExact(floats.address(), elements, BLOCK, scales, levels, key);
            case SUM_F32, SUM_BF16 -> function.invokeExact(floats.address(), others.address(), elements);
            default -> function.invokeExact(floats.address(), elements, BLOCK, scales, levels);
        }
    }
}
