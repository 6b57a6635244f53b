package io.dunlin.device.natives;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Writes files that are there whole or not at all, whoever else writes the same file at the same time and whenever the
 * machine fails: under another name first, forced to the disk, then renamed. The last rename wins.
 */
public final class WholeFile {
    private WholeFile() {}

    /** Writes {@code contents} to {@code target}, in the place of what was there; makes folders that are missing. */
    public static void write(Path target, InputStream contents) throws IOException {
        Path folder = target.toAbsolutePath().resolveSibling("");
        Files.createDirectories(folder);
        Path partial = Files.createTempFile(folder, target.getFileName().toString(), ".partial");
        try {
            Files.copy(contents, partial, StandardCopyOption.REPLACE_EXISTING);
            force(partial, StandardOpenOption.WRITE);
            Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            force(folder, StandardOpenOption.READ);
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    private static void force(Path path, StandardOpenOption access) throws IOException {
        try (FileChannel channel = FileChannel.open(path, access)) {
            channel.force(true);
        }
    }
}
