package io.dunlin.collectives.quant;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.wire.RawMemory;
import java.util.List;

/**
 * What a quantised message looks like, little-endian and without gaps:
 *
 * <pre>
 *  0  'D' 'Q', version 1, bits          4 bytes
 *  4  elements of a block               4
 *  8  elements                          8
 * 16  scale of each block, F32          4 a block
 *     levels                            blockElements * bits / 8 a block, the last block as many as it needs
 * </pre>
 *
 * <p>An element is its level times its block's scale. Levels are symmetric: from -127 to 127, or from -7 to 7. The lowest
 * level that two's complement has is not used, so that the largest element of a block has the same error whatever its sign.
 *
 * <p>Two levels of 4 bits share a byte. A block is cut into groups of 32 elements, the last one shorter; byte j of a group
 * of m has element j in its lower half and element j + (m + 1) / 2 in its upper. So a vector of bytes widens into two
 * vectors of neighbouring elements.
 *
 * <p>A block with an element that is not finite has the scale NaN and only zero levels: all of it arrives as NaN.
 *
 * @param bits of a level: 8 or 4
 * @param blockElements elements that share a scale; even
 */
public record BlockFormat(int bits, int blockElements) {
    /** The most elements that may share a scale. */
    public static final int MOST_BLOCK_ELEMENTS = 1 << 16;

    static final int HEADER_BYTES = 16;
    static final int GROUP_ELEMENTS = 32;

    private static final int MARK = 'D' | 'Q' << 8 | 1 << 16;

    /** Checks the ranges. */
    public BlockFormat {
        if (bits != 8 && bits != 4) {
            throw new IllegalArgumentException("a level has 8 or 4 bits, not " + bits);
        }
        if (blockElements < 2 || blockElements > MOST_BLOCK_ELEMENTS || blockElements % 2 != 0) {
            throw new IllegalArgumentException("a block has an even number of elements, 2 to %d, not %d"
                    .formatted(MOST_BLOCK_ELEMENTS, blockElements));
        }
    }

    /** The largest level. */
    public int largestLevel() {
        return (1 << (bits - 1)) - 1;
    }

    /** The length of a message of {@code elements}, to the byte. */
    public long encodedBytes(long elements) {
        return payloadOffset(elements) + levelBytes(elements);
    }

    /** Blocks of a message, the last one perhaps short. */
    long blocks(long elements) {
        return (elements + blockElements - 1) / blockElements;
    }

    /** Where the levels begin. */
    long payloadOffset(long elements) {
        return HEADER_BYTES + blocks(elements) * Float.BYTES;
    }

    /** Bytes of {@code count} levels. */
    long levelBytes(long count) {
        return (count * bits + 7) / 8;
    }

    void writeHeader(long message, long elements) {
        RawMemory.putInt(message, MARK | bits << 24);
        RawMemory.putInt(message + 4, blockElements);
        RawMemory.putLong(message + 8, elements);
    }

    /** Refuses a message that is not of this format and {@code elements} elements. */
    void checkHeader(long message, long elements) {
        int mark = RawMemory.getInt(message);
        int theirBlock = RawMemory.getInt(message + 4);
        long theirElements = RawMemory.getLong(message + 8);
        if (mark != (MARK | bits << 24) || theirBlock != blockElements || theirElements != elements) {
            boolean quantised = (mark & 0xFFFFFF) == MARK;
            throw CollectiveException.desync(
                    "expected %,d elements of %d bits in blocks of %,d, received %s"
                            .formatted(
                                    elements,
                                    bits,
                                    blockElements,
                                    quantised
                                            ? "%,d elements of %d bits in blocks of %,d"
                                                    .formatted(theirElements, mark >>> 24, theirBlock)
                                            : "no quantised message"),
                    List.of());
        }
    }
}
