package io.dunlin.device.natives;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
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
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
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
 *
 * <p>To read 90 MB at each start would cost more than to load them. So a file is read once, by the first process that
 * finds it, and then a marker beside it says which file was found right: name, length, number in the file system and time
 * of its last change. The time is set to one that no clock shows any more, before the file is read: whoever writes to it
 * later changes the time, as whoever replaces it changes the number, and then the file is read again. The marker itself
 * is written last, when the file is on the disk, and counts only if it is that of this file to the last byte. What this
 * cannot see is a disk that gives back other bytes than it was given.
 */
public final class NativeFolder {
    private static final int BLOCK_BYTES = 1 << 20;
    private static final FileTime LONG_AGO = FileTime.from(Instant.parse("1980-01-01T00:00:00Z"));

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
            if (!marked(target) && !holds(target, checksum, length)) {
                try (InputStream in = resource.openStream()) {
                    WholeFile.write(target, in);
                }
                if (!holds(target, checksum, length)) {
                    throw new IOException(target + " is not what was written to it");
                }
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

    /** Whether the marker says that this file was found right, and it has not changed since. */
    private static boolean marked(Path file) {
        try {
            return Files.readString(marker(file)).equals(identity(file));
        } catch (IOException e) {
            return false; // then it is read
        }
    }

    private static Path marker(Path file) {
        return file.resolveSibling("whole");
    }

    private static String identity(Path file) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        return "DUNWHOLE 1 %s %d bytes %s %s%n"
                .formatted(file.getFileName(), attributes.size(), attributes.lastModifiedTime(), attributes.fileKey());
    }

    /** Reads the file, and marks it if it is right. */
    private static boolean holds(Path file, long checksum, long length) throws IOException {
        if (!Files.exists(file) || Files.size(file) != length) {
            return false;
        }
        Optional<String> identity = stamp(file);
        if (checksumOf(file) != checksum) {
            return false;
        }
        if (identity.isPresent() && identity.get().equals(identity(file))) {
            mark(file, identity.get());
        }
        return true;
    }

    /** Sets the time from which later changes differ; empty where the file belongs to another user. */
    private static Optional<String> stamp(Path file) {
        try {
            Files.setLastModifiedTime(file, LONG_AGO);
            return Optional.of(identity(file));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static void mark(Path file, String identity) {
        try {
            WholeFile.write(marker(file), new ByteArrayInputStream(identity.getBytes(UTF_8)));
        } catch (IOException e) {
            // The folder cannot be written, so the file is read at each start.
        }
    }

    private static long checksumOf(Path file) throws IOException {
        CRC32 found = new CRC32();
        try (FileChannel channel = FileChannel.open(file)) {
            ByteBuffer block = ByteBuffer.allocateDirect(BLOCK_BYTES);
            while (channel.read(block) >= 0) {
                found.update(block.flip());
                block.clear();
            }
        }
        return found.getValue();
    }
}
