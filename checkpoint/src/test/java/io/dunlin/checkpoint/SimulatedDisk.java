package io.dunlin.checkpoint;

import io.dunlin.checkpoint.format.Storage;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;

/**
 * A disk in memory that knows what would survive a power cut, and that can fail at any operation.
 *
 * <p>Data survives once its file was forced. The changes of a folder survive in their order, up to any one of them,
 * and all of them once the folder was forced.
 */
final class SimulatedDisk implements Storage {
    /** What happens at the chosen operation. */
    enum Failure {
        /** It fails, later ones work. */
        ERROR,
        /** It fails, and so does every later one: the process is gone. */
        DEATH
    }

    private abstract static sealed class Node {}

    private static final class FileNode extends Node {
        private byte[] bytes = {};
        private byte[] forced = {};
    }

    private static final class FolderNode extends Node {
        private final Map<String, Node> entries = new TreeMap<>();
        private final Map<String, Node> forced = new TreeMap<>();
        private final List<Change> changes = new ArrayList<>();

        void change(Change change) {
            change.apply(entries);
            changes.add(change);
        }
    }

    private interface Change {
        void apply(Map<String, Node> entries);
    }

    private final FolderNode root = new FolderNode();
    private long usable = Long.MAX_VALUE / 2;
    private long operations;
    private long failAt = Long.MAX_VALUE;
    private Failure failure = Failure.ERROR;

    /** Fails at the {@code k}-th operation from now, counted from 0. */
    synchronized void failAt(long k, Failure how) {
        operations = 0;
        failAt = k;
        failure = how;
    }

    /** Works again. */
    synchronized void heal() {
        failAt = Long.MAX_VALUE;
    }

    /** Whether the chosen operation has been reached. */
    synchronized boolean hasFailed() {
        return operations > failAt;
    }

    synchronized void usableBytes(long bytes) {
        usable = bytes;
    }

    /** Loses what was not forced, some of it or all, and works again. */
    synchronized void powerCut(Random random) {
        heal();
        cut(root, random);
    }

    private static void cut(FolderNode folder, Random random) {
        Map<String, Node> surviving = new TreeMap<>(folder.forced);
        int kept = random.nextInt(folder.changes.size() + 1);
        folder.changes.subList(0, kept).forEach(change -> change.apply(surviving));
        folder.changes.clear();
        folder.entries.clear();
        folder.entries.putAll(surviving);
        folder.forced.clear();
        folder.forced.putAll(surviving);
        for (Node node : surviving.values()) {
            switch (node) {
                case FolderNode inner -> cut(inner, random);
                case FileNode file -> {
                    int more = Math.max(0, file.bytes.length - file.forced.length);
                    file.bytes = Arrays.copyOf(file.bytes, file.forced.length + random.nextInt(more + 1));
                    file.forced = file.bytes.clone();
                }
            }
        }
    }

    synchronized byte[] content(Path path) throws IOException {
        return file(path).bytes.clone();
    }

    synchronized void overwrite(Path path, byte[] bytes) throws IOException {
        file(path).bytes = bytes.clone();
        file(path).forced = bytes.clone();
    }

    private boolean fails() {
        boolean now = operations == failAt || operations > failAt && failure == Failure.DEATH;
        operations++;
        return now;
    }

    private void step(String operation, Path path) throws IOException {
        if (fails()) {
            throw new IOException("simulated failure of %s %s".formatted(operation, path.getFileName()));
        }
    }

    @Override
    public synchronized OutputFile create(Path file) throws IOException {
        step("create", file);
        FolderNode parent = folder(file.getParent());
        String name = file.getFileName().toString();
        if (parent.entries.containsKey(name)) {
            throw new FileAlreadyExistsException(file.toString());
        }
        FileNode node = new FileNode();
        parent.change(entries -> entries.put(name, node));
        return new OutputFile() {
            @Override
            public void append(MemorySegment bytes) throws IOException {
                synchronized (SimulatedDisk.this) {
                    byte[] more = bytes.toArray(ValueLayout.JAVA_BYTE);
                    boolean fails = fails();
                    int length = fails ? more.length / 2 : more.length;
                    byte[] all = Arrays.copyOf(node.bytes, node.bytes.length + length);
                    System.arraycopy(more, 0, all, node.bytes.length, length);
                    node.bytes = all;
                    if (fails) {
                        throw new IOException("No space left on device");
                    }
                }
            }

            @Override
            public void force() throws IOException {
                synchronized (SimulatedDisk.this) {
                    step("force", file);
                    node.forced = node.bytes.clone();
                }
            }

            @Override
            public void close() throws IOException {
                synchronized (SimulatedDisk.this) {
                    step("close", file);
                }
            }
        };
    }

    @Override
    public synchronized InputFile open(Path path) throws IOException {
        step("open", path);
        FileNode node = file(path);
        return new InputFile() {
            @Override
            public long length() throws IOException {
                synchronized (SimulatedDisk.this) {
                    step("length", path);
                    return node.bytes.length;
                }
            }

            @Override
            public void read(long position, MemorySegment target) throws IOException {
                synchronized (SimulatedDisk.this) {
                    step("read", path);
                    if (position + target.byteSize() > node.bytes.length) {
                        throw new EOFException(path + " ends");
                    }
                    target.copyFrom(MemorySegment.ofArray(node.bytes).asSlice(position, target.byteSize()));
                }
            }

            @Override
            public void close() throws IOException {
                synchronized (SimulatedDisk.this) {
                    step("close", path);
                }
            }
        };
    }

    @Override
    public synchronized MemorySegment map(Path path, Arena arena) throws IOException {
        step("map", path);
        return MemorySegment.ofArray(file(path).bytes.clone()).asReadOnly();
    }

    @Override
    public synchronized void createFolder(Path path) throws IOException {
        step("createFolder", path);
        FolderNode at = root;
        for (Path part : path) {
            String name = part.toString();
            if (!at.entries.containsKey(name)) {
                FolderNode made = new FolderNode();
                at.change(entries -> entries.put(name, made));
            }
            at = (FolderNode) at.entries.get(name);
        }
    }

    @Override
    public synchronized void rename(Path from, Path to) throws IOException {
        step("rename", from);
        Node node = find(from).orElseThrow(() -> new NoSuchFileException(from.toString()));
        FolderNode parent = folder(to.getParent());
        if (parent.entries.get(to.getFileName().toString()) instanceof FolderNode target && !target.entries.isEmpty()) {
            throw new DirectoryNotEmptyException(to.toString());
        }
        if (!from.getParent().equals(to.getParent())) {
            throw new IOException("rename across folders is not simulated");
        }
        parent.change(entries -> {
            entries.remove(from.getFileName().toString());
            entries.put(to.getFileName().toString(), node);
        });
    }

    @Override
    public synchronized void forceFolder(Path path) throws IOException {
        step("forceFolder", path);
        FolderNode folder = folder(path);
        folder.forced.clear();
        folder.forced.putAll(folder.entries);
        folder.changes.clear();
    }

    @Override
    public synchronized void delete(Path path) throws IOException {
        step("delete", path);
        Node node = find(path).orElseThrow(() -> new NoSuchFileException(path.toString()));
        if (node instanceof FolderNode folder && !folder.entries.isEmpty()) {
            throw new DirectoryNotEmptyException(path.toString());
        }
        folder(path.getParent())
                .change(entries -> entries.remove(path.getFileName().toString()));
    }

    @Override
    public synchronized List<Path> list(Path path) throws IOException {
        step("list", path);
        return folder(path).entries.keySet().stream().map(path::resolve).toList();
    }

    @Override
    public synchronized boolean exists(Path path) {
        return find(path).isPresent();
    }

    @Override
    public synchronized long usableBytes(Path path) throws IOException {
        step("usableBytes", path);
        return usable;
    }

    private Optional<Node> find(Path path) {
        Node at = root;
        for (Path part : path) {
            if (!(at instanceof FolderNode folder) || !folder.entries.containsKey(part.toString())) {
                return Optional.empty();
            }
            at = folder.entries.get(part.toString());
        }
        return Optional.of(at);
    }

    private FolderNode folder(Path path) throws IOException {
        Node node = find(path).orElseThrow(() -> new NoSuchFileException(path.toString()));
        if (node instanceof FolderNode folder) {
            return folder;
        }
        throw new NotDirectoryException(path.toString());
    }

    private FileNode file(Path path) throws IOException {
        Node node = find(path).orElseThrow(() -> new NoSuchFileException(path.toString()));
        if (node instanceof FileNode file) {
            return file;
        }
        throw new IOException(path + " is a folder");
    }
}
