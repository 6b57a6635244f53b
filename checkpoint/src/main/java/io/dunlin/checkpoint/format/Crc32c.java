package io.dunlin.checkpoint.format;

import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32C;

/** CRC32C (Castagnoli, RFC 3720 B.4) of memory of any size. */
public final class Crc32c {
    private static final long PIECE_BYTES = 1 << 24;

    private final CRC32C crc = new CRC32C();

    /** Adds bytes. */
    public void update(MemorySegment bytes) {
        for (long at = 0; at < bytes.byteSize(); at += PIECE_BYTES) {
            crc.update(bytes.asSlice(at, Math.min(PIECE_BYTES, bytes.byteSize() - at))
                    .asByteBuffer());
        }
    }

    /** The checksum of what was added. */
    public int value() {
        return (int) crc.getValue();
    }

    /** The checksum of {@code bytes}. */
    public static int of(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    /** As it is printed: eight hexadecimal digits. */
    public static String text(int value) {
        return "%08x".formatted(value);
    }
}
