package io.dunlin.checkpoint;

import io.dunlin.tensor.DType;
import io.dunlin.tensor.TensorSlice;
import java.time.Instant;
import java.util.List;

/**
 * What one checkpoint is: the state of the run, and for each file what lies where and with which checksum.
 *
 * <p>It is the last file written into a checkpoint's folder, as {@code manifest.json}; {@link ManifestCodec} has its
 * form.
 *
 * @param state where the run was
 * @param generation of the ranks that saved it
 * @param saved when
 * @param files one for each rank that saved, in order of ranks
 */
public record Manifest(RunState state, long generation, Instant saved, List<DataFile> files) {
    /** Its name in the folder. */
    public static final String FILE_NAME = "manifest.json";

    /** Copies the list. */
    public Manifest {
        files = List.copyOf(files);
    }

    /**
     * A file with the slices that one rank wrote.
     *
     * @param name in the folder, for example {@code rank-00000.safetensors}
     * @param bytes length of the file
     * @param headerBytes length of the safetensors header, from the first byte of the file
     * @param headerCrc32c of those bytes
     * @param slices in the order of their bytes; together they fill the rest of the file
     */
    public record DataFile(String name, long bytes, long headerBytes, int headerCrc32c, List<SavedSlice> slices) {
        /** Copies the list. */
        public DataFile {
            slices = List.copyOf(slices);
        }
    }

    /**
     * A part of a tensor in a file.
     *
     * @param slice which part of which tensor
     * @param dtype element type
     * @param begin first byte, counted from the beginning of the file
     * @param crc32c of the bytes
     */
    public record SavedSlice(TensorSlice slice, DType dtype, long begin, int crc32c) {
        /** How many bytes. */
        public long bytes() {
            return slice.length() * dtype.bytes();
        }
    }

    /** Bytes of all data files. */
    public long bytes() {
        return files.stream().mapToLong(DataFile::bytes).sum();
    }
}
