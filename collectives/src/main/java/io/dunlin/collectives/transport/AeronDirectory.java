package io.dunlin.collectives.transport;

import io.aeron.CncFileDescriptor;
import io.aeron.CommonContext;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.MappedByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.agrona.BufferUtil;
import org.agrona.IoUtil;

/** The folder of a media driver: whether somebody serves it, and how it goes away when nobody does. */
public final class AeronDirectory {
    private static final long SILENCE_MS = 1_000;
    private static final long NOBODY = -1;

    private AeronDirectory() {}

    /** The usual folder for a run on this host: in shared memory where the system has it. */
    public static Path standard(String run) {
        Path sharedMemory = Path.of("/dev/shm");
        Path parent = Files.isDirectory(sharedMemory) ? sharedMemory : Path.of(System.getProperty("java.io.tmpdir"));
        return parent.resolve("dunlin-" + run);
    }

    /** Whether a driver serves the folder, or may come back to it: it has shown life, or its process still exists. */
    public static boolean served(Path directory) {
        if (Files.notExists(directory.resolve(CncFileDescriptor.CNC_FILE))) {
            return false;
        }
        return exists(driverProcess(directory))
                || CommonContext.isDriverActive(directory.toFile(), SILENCE_MS, message -> {});
    }

    private static boolean exists(long process) {
        return process > 0
                && ProcessHandle.of(process).map(ProcessHandle::isAlive).orElse(false);
    }

    /** The process of the driver, or -1 if there is no telling. */
    static long driverProcess(Path directory) {
        File file = directory.resolve(CncFileDescriptor.CNC_FILE).toFile();
        if (!file.exists() || file.length() < CncFileDescriptor.END_OF_METADATA_OFFSET) {
            return NOBODY;
        }
        MappedByteBuffer mapped = IoUtil.mapExistingFile(file, CncFileDescriptor.CNC_FILE);
        try {
            return CncFileDescriptor.pid(CncFileDescriptor.createMetaDataBuffer(mapped));
        } finally {
            BufferUtil.free(mapped);
        }
    }

    /**
     * Deletes the folder of a driver that is gone, for the ranks that survived it. Any number of them may try: one
     * succeeds, and none ever deletes a folder that is served. Streams that are still mapped stay readable.
     *
     * @return whether this call deleted it
     */
    public static boolean deleteIfOrphaned(Path directory) {
        if (Files.notExists(directory) || served(directory)) {
            return false;
        }
        long dead = driverProcess(directory);
        Path doomed = directory.resolveSibling(
                directory.getFileName() + ".orphan-" + ProcessHandle.current().pid());
        try {
            Files.move(directory, doomed);
        } catch (NoSuchFileException e) {
            return false; // another was faster
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (driverProcess(doomed) != dead) {
            restore(doomed, directory); // a new driver had just begun
            return false;
        }
        delete(doomed);
        return true;
    }

    private static void restore(Path from, Path to) {
        try {
            Files.move(from, to);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Deletes the folder, if it is there, with all that is in it. */
    static void delete(Path directory) {
        if (Files.notExists(directory)) {
            return;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            List<Path> deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
            for (Path file : deepestFirst) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
