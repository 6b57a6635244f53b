package io.dunlin.collectives.algorithm;

/**
 * A vector cut into one part for each member, nearly equal, starting at multiples of 64 bytes of the vector; trailing parts
 * of a short vector are empty.
 */
final class Parts {
    private static final long ALIGNMENT_BYTES = 64;

    private final int count;
    private long lengthBytes;

    Parts(int count) {
        this.count = count;
    }

    void cut(long lengthBytes) {
        this.lengthBytes = lengthBytes;
    }

    /** First byte of a part; {@code count} is the end of the last. */
    long start(int part) {
        long lines = (lengthBytes + ALIGNMENT_BYTES - 1) / ALIGNMENT_BYTES;
        return Math.min(lengthBytes, lines * part / count * ALIGNMENT_BYTES);
    }

    long bytes(int part) {
        return start(part + 1) - start(part);
    }
}
