package io.dunlin.parallel.plan;

/**
 * How elements are written while they travel.
 *
 * @param bits of each element
 * @param block elements that share a scale in F32; 0 if there are no scales
 * @param carriedBytes what the sender remembers of each element, to add what was lost to later ones
 */
public record Wire(int bits, int block, int carriedBytes) {
    /** As F32. */
    public static final Wire F32 = plain(32);

    private static final int SCALE_BYTES = 4;

    /** Checks the numbers. */
    public Wire {
        if (bits < 1 || block < 0 || carriedBytes < 0) {
            throw new IllegalArgumentException(
                    "%d bits, blocks of %d, %d bytes carried".formatted(bits, block, carriedBytes));
        }
    }

    /** With nothing remembered. */
    public Wire(int bits, int block) {
        this(bits, block, 0);
    }

    /** Without scales. */
    public static Wire plain(int bits) {
        return new Wire(bits, 0);
    }

    /** What so many elements take. */
    public long bytes(long elements) {
        long scales = block == 0 ? 0 : Math.ceilDiv(elements, block) * SCALE_BYTES;
        return Math.ceilDiv(elements * bits, Byte.SIZE) + scales;
    }
}
