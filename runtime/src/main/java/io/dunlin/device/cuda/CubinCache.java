package io.dunlin.device.cuda;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.dunlin.device.natives.WholeFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * Compiled kernels on disk.
 *
 * <pre>
 *   0   8  "DUNCUBIN"
 *   8   4  version, 1
 *  12      the image
 * end   4  CRC32C of all before
 * </pre>
 *
 * A file that is not whole or cannot be read is as good as none, and what cannot be written is compiled again next time:
 * the cache saves time, and nothing depends on it.
 */
final class CubinCache {
    private static final byte[] MAGIC = "DUNCUBIN".getBytes(US_ASCII);
    private static final int VERSION = 1;
    private static final int HEAD_BYTES = 12;
    private static final int FOOT_BYTES = 4;

    private final Path folder;

    CubinCache(Path folder) {
        this.folder = folder;
    }

    Optional<byte[]> read(String key) {
        byte[] file;
        try {
            file = Files.readAllBytes(path(key));
        } catch (IOException e) {
            return Optional.empty();
        }
        int end = file.length - FOOT_BYTES;
        if (end < HEAD_BYTES || ByteBuffer.wrap(file).getInt(end) != checksum(ByteBuffer.wrap(file, 0, end))) {
            return Optional.empty();
        }
        ByteBuffer head = ByteBuffer.wrap(file, 0, HEAD_BYTES);
        byte[] magic = new byte[MAGIC.length];
        head.get(magic);
        if (!Arrays.equals(magic, MAGIC) || head.getInt() != VERSION) {
            return Optional.empty();
        }
        return Optional.of(Arrays.copyOfRange(file, HEAD_BYTES, end));
    }

    void write(String key, byte[] image) {
        ByteBuffer file = ByteBuffer.allocate(HEAD_BYTES + image.length + FOOT_BYTES);
        file.put(MAGIC).putInt(VERSION).put(image);
        file.putInt(checksum(file.duplicate().flip()));
        try {
            WholeFile.write(path(key), new ByteArrayInputStream(file.array()));
        } catch (IOException e) {
            // As if it was never asked for.
        }
    }

    private Path path(String key) {
        return folder.resolve(key + ".cubin");
    }

    private static int checksum(ByteBuffer bytes) {
        CRC32C sum = new CRC32C();
        sum.update(bytes);
        return (int) sum.getValue();
    }
}
