package io.dunlin.parallel.shard;

/**
 * A contiguous part of the flat gradient that is exchanged in one collective.
 *
 * @param number in order of exchange: 0 is the end of the gradient, which backward finishes first
 * @param offset first element
 * @param length elements
 */
public record GradientBucket(int number, long offset, long length) {
    /** First byte in a flat F32 buffer. */
    public long offsetBytes() {
        return offset * Float.BYTES;
    }

    /** Bytes in a flat F32 buffer. */
    public long lengthBytes() {
        return length * Float.BYTES;
    }
}
