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
                2 * floatBytes + noiseGroups * BlockKernels.RANDOM_GROUP * BlockKernels.RANDOM_BYTES, 64);
        this.floats = scratch.address();
        this.others = floats + floatBytes;
        this.noise = others + floatBytes;
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
        for (long block = 0; block < blocks; block++) {
            encodeBlock(from, block, floatsOf(from, block), message);
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

    /** Encodes the {@code floats} of one block; whether all are finite. */
    boolean encodeBlock(Run from, long block, long x, long message) {
        int count = count(from, block);
        long levels = levels(message, from.elements, block);
        int largestBits = kernels.largestBits(x, count);
        if (largestBits >= NOT_FINITE) {
            RawMemory.clear(levels, format.levelBytes(count));
            putScale(message, block, Float.NaN);
            signalToNoise.addBrokenBlock();
            return false;
        }
        float scale = Math.clamp(Float.intBitsToFloat(largestBits) / largestLevel, Float.MIN_NORMAL, largestScale);
        float inverse = 1 / scale;
        putScale(message, block, scale);
        if (rounding == Rounding.STOCHASTIC) {
            kernels.quantize(dithered(from, block, x, inverse), 1, levels, count);
        } else {
            kernels.quantize(x, inverse, levels, count);
        }
        if (block % SignalToNoise.SAMPLED == 0) {
            measure(x, scale, levels, count);
        }
        return true;
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
        kernels.dequantize(levels, 1, others, count);
        kernels.powers(x, 1 / scale, others, count, meter);
        double unit = (double) scale * scale;
        signalToNoise.add(meter.signal * unit, meter.noise * unit);
    }

    @Override
    void decode(long message, Run to) {
        format.checkHeader(message, to.elements);
        long blocks = format.blocks(to.elements);
        for (long block = 0; block < blocks; block++) {
            long first = block * format.blockElements();
            if (to.dtype == DType.F32) {
                decodeBlock(message, to, block, to.address + first * Float.BYTES);
            } else {
                decodeBlock(message, to, block, floats);
                kernels.narrow(floats, to.address + first * Short.BYTES, count(to, block));
            }
        }
    }

    /** Decodes one block to F32 at {@code target}. */
    void decodeBlock(long message, Run to, long block, long target) {
        kernels.dequantize(levels(message, to.elements, block), scale(message, block), target, count(to, block));
    }

    private void accumulateBlock(long message, Run to, long block, long target) {
        kernels.accumulate(levels(message, to.elements, block), scale(message, block), target, count(to, block));
    }

    @Override
    void sum(long[] messages, int count, float divisor, Run to) {
        for (int i = 0; i < count; i++) {
            format.checkHeader(messages[i], to.elements);
        }
        long blocks = format.blocks(to.elements);
        for (long block = 0; block < blocks; block++) {
            long target = to.address + block * format.blockElements() * Float.BYTES;
            decodeBlock(messages[0], to, block, target);
            for (int i = 1; i < count; i++) {
                accumulateBlock(messages[i], to, block, target);
            }
            if (divisor != 1) {
                kernels.divide(target, divisor, count(to, block));
            }
        }
    }

    @Override
    void accumulate(long message, Run to) {
        format.checkHeader(message, to.elements);
        long blocks = format.blocks(to.elements);
        for (long block = 0; block < blocks; block++) {
            accumulateBlock(message, to, block, to.address + block * format.blockElements() * Float.BYTES);
        }
    }

    private long levels(long message, long elements, long block) {
        return message + format.payloadOffset(elements) + block * blockBytes;
    }

    private static float scale(long message, long block) {
        return ALL.get(ValueLayout.JAVA_FLOAT_UNALIGNED, message + BlockFormat.HEADER_BYTES + block * Float.BYTES);
    }

    private static void putScale(long message, long block, float scale) {
        ALL.set(ValueLayout.JAVA_FLOAT_UNALIGNED, message + BlockFormat.HEADER_BYTES + block * Float.BYTES, scale);
    }
}
