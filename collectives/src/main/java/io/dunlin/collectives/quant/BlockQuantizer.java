package io.dunlin.collectives.quant;

import static io.dunlin.collectives.wire.RawMemory.ALL;

import io.dunlin.collectives.wire.RawMemory;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Philox;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Symmetric quantisation with a scale for each block, as {@link BlockFormat} describes.
 *
 * <p>The scale is the block's largest magnitude over the largest level, and no less than the smallest normal float: elements
 * below half of that become zero. Nearest rounding errs by at most half a scale (and 3e-5 of it, for the reciprocal is
 * rounded), stochastic by less than one.
 */
public final class BlockQuantizer extends Codec {
    private static final int NOT_FINITE = 0x7F800000;
    private static final long INVERSES_BYTES = (SignalToNoise.SAMPLED + 1L) * Float.BYTES;

    private final BlockFormat format;
    private final Rounding rounding;
    private final Philox random;
    private final BlockKernels kernels;
    private final BlockKernels.Meter meter = new BlockKernels.Meter();
    private final SignalToNoise signalToNoise = new SignalToNoise();
    private final float largestLevel;
    private final float largestScale;
    private final long blockBytes;
    private final MemorySegment scratch;
    /** Room for a block of floats. */
    private final long floats;
    /** Room for another one: what {@link #floats} becomes before it is rounded, or after. */
    private final long others;
    /** Room for a block's random numbers. */
    private final long noise;
    /** Room for the largest magnitudes, then the inverses, of as many scales as are made together. */
    private final long inverses;
    /** Where there is a 1. */
    private final long one;

    /**
     * Makes one.
     *
     * @param random for stochastic rounding, of this tensor
     * @param arena holds a few blocks' worth of scratch
     */
    public BlockQuantizer(QuantizerSettings settings, Philox random, Arena arena) {
        this(settings, random, arena, BlockKernels.of(settings.bits()));
    }

    BlockQuantizer(QuantizerSettings settings, Philox random, Arena arena, BlockKernels kernels) {
        this.format = settings.format();
        this.rounding = settings.rounding();
        this.random = random;
        this.kernels = kernels;
        this.largestLevel = format.largestLevel();
        this.largestScale = largestScale(largestLevel);
        this.blockBytes = format.levelBytes(format.blockElements());
        long floatBytes = (long) format.blockElements() * Float.BYTES;
        long noiseGroups = format.blockElements() / BlockKernels.RANDOM_GROUP + 2;
        this.scratch = arena.allocate(
                2 * floatBytes + noiseGroups * BlockKernels.RANDOM_GROUP * BlockKernels.RANDOM_BYTES + INVERSES_BYTES,
                64);
        this.floats = scratch.address();
        this.others = floats + floatBytes;
        this.inverses = others + floatBytes;
        this.one = inverses + SignalToNoise.SAMPLED * Float.BYTES;
        this.noise = inverses + INVERSES_BYTES;
        ALL.set(ValueLayout.JAVA_FLOAT, one, 1);
    }

    /** The largest that the largest level does not make infinite. */
    private static float largestScale(float largestLevel) {
        float scale = Float.MAX_VALUE / largestLevel;
        while (Float.isInfinite(scale * largestLevel)) {
            scale = Math.nextDown(scale);
        }
        return scale;
    }

    /** What its messages look like. */
    public BlockFormat format() {
        return format;
    }

    @Override
    public long encodedBytes(long elements) {
        return format.encodedBytes(elements);
    }

    @Override
    public SignalToNoise signalToNoise() {
        return signalToNoise;
    }

    BlockKernels kernels() {
        return kernels;
    }

    @Override
    void encode(Run from, long message) {
        format.writeHeader(message, from.elements);
        long blocks = format.blocks(from.elements);
        boolean inPlace = from.dtype == DType.F32 && rounding == Rounding.NEAREST_EVEN;
        for (long block = 0; block < blocks; ) {
            int together = inPlace ? together(from, block) : 1;
            encodeBlocks(from, block, together, floatsOf(from, block), message);
            block += together;
        }
    }

    /** How many elements block number {@code block} has. */
    int count(Run of, long block) {
        return (int) Math.min(format.blockElements(), of.elements - block * format.blockElements());
    }

    /** The F32 elements of a block: where they are, or widened in scratch. */
    long floatsOf(Run from, long block) {
        long first = block * format.blockElements();
        if (from.dtype == DType.F32) {
            return from.address + first * Float.BYTES;
        }
        kernels.widen(from.address + first * Short.BYTES, floats, count(from, block));
        return floats;
    }

    /** Encodes the floats of one block; whether all are finite. */
    boolean encodeBlock(Run from, long block, long x, long message) {
        return encodeBlocks(from, block, 1, x, message);
    }

    /** Encodes neighbouring blocks of the same length, at most {@link SignalToNoise#SAMPLED}. */
    private boolean encodeBlocks(Run from, long block, int blocks, long x, long message) {
        int count = count(from, block);
        long levels = levels(message, from.elements, block);
        int broken = 0;
        kernels.largestBits(x, inverses, blocks, count);
        for (int i = 0; i < blocks; i++) {
            float scale = scaleOf(RawMemory.getInt(inverses + 4L * i));
            putScale(message, block + i, scale);
            ALL.set(ValueLayout.JAVA_FLOAT, inverses + 4L * i, 1 / scale);
            broken += Float.isNaN(scale) ? 1 : 0;
        }
        if (rounding == Rounding.STOCHASTIC) {
            kernels.quantize(one, dithered(from, block, x, 1 / scale(message, block)), levels, 1, count);
        } else {
            kernels.quantize(inverses, x, levels, blocks, count);
        }
        if (broken > 0) {
            clearBroken(message, from.elements, block, blocks);
        } else if (block % SignalToNoise.SAMPLED == 0) {
            measure(x, scale(message, block), levels, count);
        }
        return broken == 0;
    }

    private float scaleOf(int largestBits) {
        return largestBits >= NOT_FINITE
                ? Float.NaN
                : Math.clamp(Float.intBitsToFloat(largestBits) / largestLevel, Float.MIN_NORMAL, largestScale);
    }

    /** What was made of elements that are not finite means nothing. */
    private void clearBroken(long message, long elements, long block, int blocks) {
        for (long i = block; i < block + blocks; i++) {
            if (Float.isNaN(scale(message, i))) {
                long count = Math.min(format.blockElements(), elements - i * format.blockElements());
                RawMemory.clear(levels(message, elements, i), format.levelBytes(count));
                signalToNoise.addBrokenBlock();
            }
        }
    }

    private long dithered(Run from, long block, long x, float inverse) {
        int count = count(from, block);
        long first = from.firstElement + block * format.blockElements();
        int skipped = (int) (first % BlockKernels.RANDOM_GROUP);
        int groups = (skipped + count + BlockKernels.RANDOM_GROUP - 1) / BlockKernels.RANDOM_GROUP;
        kernels.random(random, from.lane, first / BlockKernels.RANDOM_GROUP, groups, noise);
        kernels.dither(x, inverse, noise + (long) skipped * Short.BYTES, others, count);
        return others;
    }

    private void measure(long x, float scale, long levels, int count) {
        kernels.dequantize(one, levels, others, 1, count);
        kernels.powers(x, 1 / scale, others, count, meter);
        double unit = (double) scale * scale;
        signalToNoise.add(meter.signal * unit, meter.noise * unit);
    }

    @Override
    void decode(long message, Run to) {
        format.checkHeader(message, to.elements);
        if (to.dtype == DType.F32) {
            for (long block = 0; block < format.blocks(to.elements); block += together(to, block)) {
                dequantize(message, to, block, together(to, block));
            }
            return;
        }
        for (long block = 0; block < format.blocks(to.elements); block++) {
            decodeBlock(message, to, block, floats);
            kernels.narrow(floats, to.address + block * format.blockElements() * Short.BYTES, count(to, block));
        }
    }

    /** How many blocks from this one on are worked on together: whole ones, or the last. */
    private int together(Run of, long block) {
        long whole = of.elements / format.blockElements() - block;
        return (int) Math.clamp(whole, 1, SignalToNoise.SAMPLED);
    }

    private long floatsAt(Run of, long block) {
        return of.address + block * format.blockElements() * Float.BYTES;
    }

    /** Decodes one block to F32 at {@code target}. */
    void decodeBlock(long message, Run to, long block, long target) {
        kernels.dequantize(scaleAt(message, block), levels(message, to.elements, block), target, 1, count(to, block));
    }

    private void dequantize(long message, Run to, long block, int blocks) {
        kernels.dequantize(
                scaleAt(message, block),
                levels(message, to.elements, block),
                floatsAt(to, block),
                blocks,
                count(to, block));
    }

    private void sumOfTwo(long message, long other, Run to, long block, int blocks) {
        kernels.sumOfTwo(
                scaleAt(message, block),
                levels(message, to.elements, block),
                other - message,
                floatsAt(to, block),
                blocks,
                count(to, block));
    }

    private void accumulate(long message, Run to, long block, int blocks) {
        kernels.accumulate(
                scaleAt(message, block),
                levels(message, to.elements, block),
                floatsAt(to, block),
                blocks,
                count(to, block));
    }

    @Override
    void sum(long[] messages, int count, float divisor, Run to) {
        for (int i = 0; i < count; i++) {
            format.checkHeader(messages[i], to.elements);
        }
        for (long block = 0; block < format.blocks(to.elements); block += together(to, block)) {
            int blocks = together(to, block);
            if (count == 1) {
                dequantize(messages[0], to, block, blocks);
            } else {
                sumOfTwo(messages[0], messages[1], to, block, blocks);
            }
            for (int i = 2; i < count; i++) {
                accumulate(messages[i], to, block, blocks);
            }
            if (divisor != 1) {
                kernels.divide(floatsAt(to, block), divisor, blocks * count(to, block));
            }
        }
    }

    @Override
    void accumulate(long message, Run to) {
        format.checkHeader(message, to.elements);
        for (long block = 0; block < format.blocks(to.elements); block += together(to, block)) {
            accumulate(message, to, block, together(to, block));
        }
    }

    private static long scaleAt(long message, long block) {
        return message + BlockFormat.HEADER_BYTES + block * Float.BYTES;
    }

    private long levels(long message, long elements, long block) {
        return message + format.payloadOffset(elements) + block * blockBytes;
    }

    private static float scale(long message, long block) {
        return ALL.get(ValueLayout.JAVA_FLOAT_UNALIGNED, scaleAt(message, block));
    }

    private static void putScale(long message, long block, float scale) {
        ALL.set(ValueLayout.JAVA_FLOAT_UNALIGNED, scaleAt(message, block), scale);
    }
}
