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
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Says that an agent trains a run: a lock that the kernel drops when the agent ends, however it ends. */
public final class RunLock implements AutoCloseable {
    static final String FILE = "agent.lock";

    private final FileChannel channel;

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
            FileChannel channel = FileChannel.open(file(folder), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (!free(channel)) {
                channel.close();
                throw LaunchException.alreadyRunning(folder.root());
            }
            return new RunLock(channel);
        } catch (IOException e) {
            throw LaunchException.runFolder(folder.root(), e);
        }
    }

    /** Whether an agent trains the run now. */
    public static boolean taken(RunFolder folder) {
        if (!Files.exists(file(folder))) {
            return false;
        }
        try (FileChannel channel = FileChannel.open(file(folder), StandardOpenOption.WRITE)) {
            return !free(channel);
        } catch (IOException e) {
            throw LaunchException.runFolder(folder.root(), e);
        }
    }

    /**
     * Waits until no agent trains the run any more.
     *
     * @return whether that came to be in time
     */
    public static boolean awaitRelease(RunFolder folder, Duration limit) {
        try (FileChannel channel = FileChannel.open(file(folder), StandardOpenOption.WRITE)) {
            CompletableFuture<Void> locked = new CompletableFuture<>();
            Thread.ofVirtual().start(() -> {
                try {
                    channel.lock();
                    locked.complete(null);
                } catch (IOException e) {
                    locked.completeExceptionally(e);
                }
            });
            locked.get(limit.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (IOException | ExecutionException e) {
            throw LaunchException.runFolder(folder.root(), e);
        }
    }

    private static Path file(RunFolder folder) {
        return folder.root().resolve(FILE);
    }

    @SuppressWarnings("resource") // The lock lives as long as its channel.
    private static boolean free(FileChannel channel) throws IOException {
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
