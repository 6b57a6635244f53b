package io.dunlin.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Operations on whole folders. */
final class Folders {
    private Folders() {}

    /** The folder that a file is in. */
    static Path of(Path file) {
        Path parent = file.toAbsolutePath().getParent();
        return parent == null ? file.toAbsolutePath() : parent;
    }

    /** Brings the names in a folder to the disk, so that a rename survives a loss of power. */
    static void force(Path folder) throws IOException {
        // Only POSIX lets a folder be opened; elsewhere a rename is as durable as the file system makes it.
        if (folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }

    /** Removes a folder and all in it; fine if there is none. */
    static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        List<Path> inside;
        try (Stream<Path> walk = Files.walk(folder)) {
            inside = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : inside) {
            Files.deleteIfExists(path);
        }
    }

    /** When a folder or anything in it was last changed, in milliseconds since 1970. */
    static long lastModifiedMs(Path folder) throws IOException {
        long newest = Files.getLastModifiedTime(folder).toMillis();
        try (Stream<Path> inside = Files.list(folder)) {
            for (Path path : inside.toList()) {
                newest = Math.max(newest, Files.getLastModifiedTime(path).toMillis());
            }
        }
        return newest;
    }

    /** Writes a small file and brings it to the disk. */
    static void write(Path file, String text) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
    }
}
