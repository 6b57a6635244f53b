package io.dunlin.checkpoint.format;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/**
 * Every file operation of this module, so that each of them can fail in a test. {@link LocalStorage} is the real one.
 *
 * <p>Nothing written is durable before {@link OutputFile#force}, and no name is before {@link #forceFolder}.
 */
public interface Storage {
    /** A file being written from its beginning. */
    interface OutputFile extends AutoCloseable {
        /** Writes all of {@code bytes} behind what is there. */
        void append(MemorySegment bytes) throws IOException;

        /** Returns when everything appended survives a power cut. */
        void force() throws IOException;

        @Override
        void close() throws IOException;
    }

    /** A file being read. */
    interface InputFile extends AutoCloseable {
        /** The file's length in bytes. */
        long length() throws IOException;

        /**
         * Fills {@code target} from {@code position} on.
         *
         * @throws java.io.EOFException if the file ends before
         */
        void read(long position, MemorySegment target) throws IOException;

        @Override
        void close() throws IOException;
    }

    /** Makes a new file; fails if there is one. */
    OutputFile create(Path file) throws IOException;

    /** Opens a file for reading. */
    InputFile open(Path file) throws IOException;

    /** The whole of a small file. */
    default byte[] readAll(Path path) throws IOException {
        try (InputFile file = open(path)) {
            byte[] bytes = new byte[Math.toIntExact(file.length())];
            file.read(0, MemorySegment.ofArray(bytes));
            return bytes;
        }
    }

    /** The whole of a file as memory, for as long as {@code arena} lives; read-only. */
    MemorySegment map(Path file, Arena arena) throws IOException;

    /** Makes a folder and those above it; one that is there already is fine. */
    void createFolder(Path folder) throws IOException;

    /** Gives a file or folder another name in the same file system, in one step; replaces files, never full folders. */
    void rename(Path from, Path to) throws IOException;

    /** Returns when the names in {@code folder} survive a power cut. */
    void forceFolder(Path folder) throws IOException;

    /** Removes a file or an empty folder. */
    void delete(Path path) throws IOException;

    /** What is in a folder, by name. */
    List<Path> list(Path folder) throws IOException;

    /** Whether there is a file or folder of that name. */
    boolean exists(Path path);

    /** Bytes that may still be written to the file system of {@code folder}. */
    long usableBytes(Path folder) throws IOException;
}
