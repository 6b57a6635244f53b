package io.dunlin.launcher.agent;

import io.dunlin.launcher.report.RunFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Says that an agent trains a run: a lock that the kernel drops when the agent ends, however it ends. */
public final class RunLock implements AutoCloseable {
    private final FileChannel channel;

    private static Path file(RunFolder folder) {
        return folder.root().resolve("agent.lock");
    }

    private RunLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Takes the run.
     *
     * @throws LaunchException if another agent has it
     */
    static RunLock take(RunFolder folder) {
        try {
            FileChannel channel =
                    FileChannel.open(file(folder), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (!lock(channel)) {
                channel.close();
                throw LaunchException.alreadyRunning(folder.root());
            }
            return new RunLock(channel);
        } catch (IOException e) {
            throw LaunchException.runFolder(folder.root(), e);
        }
    }

    /** Whether an agent of another process trains the run now. */
    public static boolean taken(RunFolder folder) {
        if (!Files.exists(file(folder))) {
            return false;
        }
        try (FileChannel channel = FileChannel.open(file(folder), StandardOpenOption.WRITE)) {
            return !lock(channel);
        } catch (IOException e) {
            throw LaunchException.runFolder(folder.root(), e);
        }
    }

    @SuppressWarnings("resource") // The lock lives as long as its channel.
    private static boolean lock(FileChannel channel) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException("while closing the lock of a run", e);
        }
    }
}
