package io.dunlin.device.natives;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;

/**
 * Unpacks shared libraries from the class path into a cache folder, once.
 *
 * <p>The name of a file in the cache carries the checksum and the size of its contents, so another version never meets
 * this one. A file appears by rename when it is complete: several processes may start at once, and the last rename wins
 * with the same bytes. A file whose contents are not what its folder says is replaced before it can be loaded.
 */
public final class NativeFolder {
    private static final int BLOCK_BYTES = 1 << 20;

    private final Path folder;

    /** Unpacks to {@code folder}, which is made when it is needed. */
    public NativeFolder(Path folder) {
        this.folder = folder;
    }

    /** The unpacked files in the order of {@code resources}, or empty if one is not on the class path. */
    public Optional<List<Path>> unpack(List<String> resources) {
        ClassLoader loader = NativeFolder.class.getClassLoader();
        if (resources.stream().anyMatch(resource -> loader.getResource(resource) == null)) {
            return Optional.empty();
        }
        return Optional.of(resources.stream()
                .map(resource -> unpack(loader.getResource(resource)))
                .toList());
    }

    private Path unpack(URL resource) {
        try {
            URLConnection connection = resource.openConnection();
            String file = resource.getPath().substring(resource.getPath().lastIndexOf('/') + 1);
            long length = connection.getContentLengthLong();
            long checksum = checksum(connection);
            Path target = folder.resolve("%08x-%d".formatted(checksum, length)).resolve(file);
            if (!holds(target, checksum, length)) {
                write(resource, target);
            }
            return target;
        } catch (IOException e) {
            throw new UncheckedIOException("%s cannot be unpacked to %s".formatted(resource, folder), e);
        }
    }

    /** CRC-32 of the contents; for an entry of a jar it is read from the directory of the jar. */
    private static long checksum(URLConnection connection) throws IOException {
        if (connection instanceof JarURLConnection jar) {
            return jar.getJarEntry().getCrc();
        }
        return checksum(connection.getInputStream());
    }

    private static long checksum(InputStream bytes) throws IOException {
        try (CheckedInputStream in = new CheckedInputStream(bytes, new CRC32())) {
            in.transferTo(OutputStream.nullOutputStream());
            return in.getChecksum().getValue();
        }
    }

    private static boolean holds(Path file, long checksum, long length) throws IOException {
        if (!Files.exists(file) || Files.size(file) != length) {
            return false;
        }
        CRC32 found = new CRC32();
        try (FileChannel channel = FileChannel.open(file)) {
            ByteBuffer block = ByteBuffer.allocateDirect(BLOCK_BYTES);
            while (channel.read(block) >= 0) {
                found.update(block.flip());
                block.clear();
            }
        }
        return found.getValue() == checksum;
    }

    private static void write(URL resource, Path target) throws IOException {
        Files.createDirectories(target.getParent());
        Path partial =
                Files.createTempFile(target.getParent(), target.getFileName().toString(), ".partial");
        try {
            try (InputStream in = resource.openStream()) {
                Files.copy(in, partial, StandardCopyOption.REPLACE_EXISTING);
            }
            try (FileChannel channel = FileChannel.open(partial, StandardOpenOption.WRITE)) {
                channel.force(true);
            }
            Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(partial);
        }
    }
}
