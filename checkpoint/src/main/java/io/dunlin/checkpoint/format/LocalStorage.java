package io.dunlin.checkpoint.format;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;

/** The storage of {@code java.nio.file}: a local or mounted file system, or one in memory in tests. */
public final class LocalStorage implements Storage {
    // A buffer holds at most 2 GiB, and checksums are cheapest while the bytes are still in the cache.
    private static final long PIECE_BYTES = 1 << 24;

    @Override
    public OutputFile create(Path file) throws IOException {
        return new Output(FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW));
    }

    @Override
    public InputFile open(Path file) throws IOException {
        return new Input(FileChannel.open(file, StandardOpenOption.READ), file);
    }

    @Override
    public MemorySegment map(Path file, Arena arena) throws IOException {
        if (mappable(file)) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            }
        }
        try (InputFile input = open(file)) {
            MemorySegment copy = arena.allocate(input.length(), 8);
            input.read(0, copy);
            return copy.asReadOnly();
        }
    }

    @Override
    public void createFolder(Path folder) throws IOException {
        Files.createDirectories(folder);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    @Override
    public void forceFolder(Path folder) throws IOException {
        // Other providers neither open folders nor survive a power cut.
        if (mappable(folder)) {
            try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }

    @Override
    public void delete(Path path) throws IOException {
        Files.delete(path);
    }

    @Override
    public List<Path> list(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.sorted().toList();
        }
    }

    @Override
    public boolean exists(Path path) {
        return Files.exists(path);
    }

    @Override
    public long usableBytes(Path folder) throws IOException {
        return Files.getFileStore(folder).getUsableSpace();
    }

    private static boolean mappable(Path path) {
        return path.getFileSystem().equals(FileSystems.getDefault());
    }

    private record Output(FileChannel channel) implements OutputFile {
        @Override
        public void append(MemorySegment bytes) throws IOException {
            for (long at = 0; at < bytes.byteSize(); at += PIECE_BYTES) {
                ByteBuffer piece = bytes.asSlice(at, Math.min(PIECE_BYTES, bytes.byteSize() - at))
                        .asByteBuffer();
                while (piece.hasRemaining()) {
                    channel.write(piece);
                }
            }
        }

        @Override
        public void force() throws IOException {
            channel.force(true);
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    private record Input(FileChannel channel, Path file) implements InputFile {
        @Override
        public long length() throws IOException {
            return channel.size();
        }

        @Override
        public void read(long position, MemorySegment target) throws IOException {
            for (long at = 0; at < target.byteSize(); at += PIECE_BYTES) {
                ByteBuffer piece = target.asSlice(at, Math.min(PIECE_BYTES, target.byteSize() - at))
                        .asByteBuffer();
                while (piece.hasRemaining()) {
                    long from = position + at + piece.position();
                    if (channel.read(piece, from) < 0) {
                        throw new EOFException("%s ends at %,d, before %,d".formatted(file, channel.size(), from));
                    }
                }
            }
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
