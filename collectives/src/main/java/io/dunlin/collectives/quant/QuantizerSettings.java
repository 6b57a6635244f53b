package io.dunlin.collectives.quant;

/**
 * How a {@link BlockQuantizer} encodes.
 *
 * @param bits of an element: 8 or 4
 * @param blockElements elements that share a scale: even, at most {@link BlockFormat#MOST_BLOCK_ELEMENTS}; fewer mean less
 *     noise and more bytes
 * @param rounding between levels
 */
public record QuantizerSettings(int bits, int blockElements, Rounding rounding) {
    /** Elements of a block unless told otherwise: scales are then 1.6 % of an INT8 message and 3 % of an INT4 one. */
    public static final int BLOCK_ELEMENTS = 256;

    /** INT8, to nearest: for weights. 0.508 of the bytes of BF16. */
    public static final QuantizerSettings INT8 = new QuantizerSettings(8, BLOCK_ELEMENTS, Rounding.NEAREST_EVEN);

    /** INT4, to nearest: for gradients. 0.258 of the bytes of BF16. */
    public static final QuantizerSettings INT4 = new QuantizerSettings(4, BLOCK_ELEMENTS, Rounding.NEAREST_EVEN);

    /** Checks what {@link BlockFormat} checks. */
    public QuantizerSettings {
        new BlockFormat(bits, blockElements);
    }

    /** The same with another rounding. */
    public QuantizerSettings withRounding(Rounding other) {
        return new QuantizerSettings(bits, blockElements, other);
    }

    /** What the messages look like. */
    public BlockFormat format() {
        return new BlockFormat(bits, blockElements);
    }
}
