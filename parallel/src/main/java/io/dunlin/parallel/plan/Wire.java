package io.dunlin.parallel.plan;

/**
 * How elements are written while they travel.
 *
 * @param bits of each element
 * @param block elements that share a scale in F32; 0 if there are no scales
 */
public record Wire(int bits, int block) {
    /** As F32. */
    public static final Wire F32 = plain(32);

    private static final int SCALE_BYTES = 4;

    /** Checks the numbers. */
    public Wire {
        if (bits < 1 || block < 0) {
            throw new IllegalArgumentException("%d bits, blocks of %d".formatted(bits, block));
        }
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
