package io.dunlin.launcher.place;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A run's folder in shared memory, {@code /dev/shm/dunlin-<run id>}: the media driver's files, and the lock that tells
 * whether anybody still uses them.
 *
 * <p>Agent and ranks each hold a shared lock on {@code users} while they live; the kernel drops it with the process,
 * however that ends. Whoever can lock it exclusively is alone and may remove the folder.
 */
public final class SharedFolder implements AutoCloseable {
    private static final String PREFIX = "dunlin-";
    private static final String OWNER = "owner";
    private static final String USERS = "users";

    private final Path root;
    private final FileChannel channel;
    private FileLock lock;

    private SharedFolder(Path root, FileChannel channel, FileLock lock) {
        this.root = root;
        this.channel = channel;
        this.lock = lock;
    }

    /**
     * Makes the folder, readable by this user alone.
     *
     * @param parent for example {@code /dev/shm}
     * @throws IOException if it cannot be made, or if another process uses a folder of that name
     */
    public static SharedFolder create(Path parent, String runId) throws IOException {
        Path root = parent.resolve(PREFIX + runId);
        sweepOne(root);
        Files.createDirectory(root, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Files.writeString(
                root.resolve(OWNER), Long.toString(ProcessHandle.current().pid()));
        Files.createFile(root.resolve(USERS));
        return join(root);
    }

    /** Becomes a user of the folder that holds {@code aeronDir}. */
    public static SharedFolder joinAround(Path aeronDir) throws IOException {
        return join(aeronDir.resolveSibling(""));
    }

    /** Becomes a user of a folder that another process has made. */
    public static SharedFolder join(Path root) throws IOException {
        FileChannel channel = FileChannel.open(root.resolve(USERS), StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            FileLock lock = channel.tryLock(0, Long.MAX_VALUE, true);
            if (lock == null) {
                throw new IOException(root + " is being removed by another process");
            }
            return new SharedFolder(root, channel, lock);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /** The folder. */
    public Path root() {
        return root;
    }

    /** Where the media driver keeps its files; it makes the folder itself. */
    public Path aeronDir() {
        return root.resolve("aeron");
    }

    /**
     * Stops using the folder and removes it if nobody else does.
     *
     * @return whether it was removed
     */
    public boolean leave() {
        try (channel) {
            if (lock.isValid()) {
                lock.release();
            }
            return removeIfUnused(root, channel);
        } catch (IOException e) {
            throw new UncheckedIOException("while leaving " + root, e);
        }
    }

    @Override
    public void close() {
        if (channel.isOpen()) {
            leave();
        }
    }

    /**
     * Removes the folders of runs whose processes have all been killed.
     *
     * @return what was removed
     */
    public static List<Path> sweep(Path parent) {
        List<Path> removed = new ArrayList<>();
        try (Stream<Path> children = Files.list(parent)) {
            for (Path child : children.filter(
                            path -> path.getFileName().toString().startsWith(PREFIX))
                    .toList()) {
                if (sweepOne(child)) {
                    removed.add(child);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("while looking for leftovers in " + parent, e);
        }
        return removed;
    }

    private static boolean sweepOne(Path root) throws IOException {
        if (!Files.isRegularFile(root.resolve(USERS)) || ownerLives(root)) {
            return false;
        }
        try (FileChannel channel =
                FileChannel.open(root.resolve(USERS), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return removeIfUnused(root, channel);
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    /** Asked first, because to open and close a locked file of one's own process would drop that process's locks. */
    private static boolean ownerLives(Path root) throws IOException {
        try {
            long pid = Long.parseLong(Files.readString(root.resolve(OWNER)));
            return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
        } catch (NoSuchFileException | NumberFormatException e) {
            return false;
        }
    }

    private static boolean removeIfUnused(Path root, FileChannel channel) throws IOException {
        try (FileLock alone = channel.tryLock()) {
            if (alone == null) {
                return false;
            }
            removeTree(root);
            return true;
        }
    }

    private static void removeTree(Path root) throws IOException {
        if (!Files.exists(root)) {
            return;
        }
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
                if (failure instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE;
                }
                throw failure;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path folder, IOException failure) throws IOException {
                Files.deleteIfExists(folder);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
