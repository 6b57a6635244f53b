package io.dunlin.checkpoint.huggingface;

import io.dunlin.checkpoint.format.Storage;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;

/** Flips the sign of the first number of everything large that is written. */
record FlippingStorage(Storage real) implements Storage {
    private static final long LARGE_BYTES = 10_000;

    @Override
    public OutputFile create(Path file) throws IOException {
        OutputFile output = real.create(file);
        return new OutputFile() {
            @Override
            public void append(MemorySegment bytes) throws IOException {
                if (bytes.byteSize() < LARGE_BYTES) {
                    output.append(bytes);
                    return;
                }
                MemorySegment copy = Arena.ofAuto().allocate(bytes.byteSize()).copyFrom(bytes);
                copy.set(ValueLayout.JAVA_BYTE, 3, (byte) (copy.get(ValueLayout.JAVA_BYTE, 3) ^ 0x80));
                output.append(copy);
            }

            @Override
            public void force() throws IOException {
                output.force();
            }

            @Override
            public void close() throws IOException {
                output.close();
            }
        };
    }

    @Override
    public InputFile open(Path file) throws IOException {
        return real.open(file);
    }

    @Override
    public MemorySegment map(Path file, Arena arena) throws IOException {
        return real.map(file, arena);
    }

    @Override
    public void createFolder(Path folder) throws IOException {
        real.createFolder(folder);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        real.rename(from, to);
    }

    @Override
    public void forceFolder(Path folder) throws IOException {
        real.forceFolder(folder);
    }

    @Override
    public void delete(Path path) throws IOException {
        real.delete(path);
    }

    @Override
    public List<Path> list(Path folder) throws IOException {
        return real.list(folder);
    }

    @Override
    public boolean exists(Path path) {
        return real.exists(path);
    }

    @Override
    public long usableBytes(Path folder) throws IOException {
        return real.usableBytes(folder);
    }
}
