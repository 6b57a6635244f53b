package io.dunlin.device.cuda;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
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
 * A file that is not whole is as good as none.
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
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException("a compiled kernel cannot be read", e);
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
        file.putInt(checksum(file.duplicate().flip())).flip();
        try {
            Files.createDirectories(folder);
            Path partial = Files.createTempFile(folder, key, ".partial");
            try {
                try (FileChannel channel = FileChannel.open(partial, StandardOpenOption.WRITE)) {
                    while (file.hasRemaining()) {
                        channel.write(file);
                    }
                    channel.force(true);
                }
                Files.move(partial, path(key), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(partial);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("a compiled kernel cannot be written", e);
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
