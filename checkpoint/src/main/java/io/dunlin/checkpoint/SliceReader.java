package io.dunlin.checkpoint;

import io.dunlin.checkpoint.CheckpointFolder.Entry;
import io.dunlin.checkpoint.Manifest.DataFile;
import io.dunlin.checkpoint.Manifest.SavedSlice;
import io.dunlin.checkpoint.format.CheckpointError;
import io.dunlin.checkpoint.format.CheckpointException;
import io.dunlin.checkpoint.format.Crc32c;
import io.dunlin.checkpoint.format.Storage;
import io.dunlin.device.HostAccess;
import io.dunlin.tensor.NamedTensor;
import io.dunlin.tensor.TensorSlice;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;

/**
 * Reads the data files of one checkpoint piece by piece and compares each checksum on the way.
 *
 * <p>Files are read, not mapped: a bad sector is then an exception with a file name, and not a fault of the process.
 */
final class SliceReader implements AutoCloseable {
    private static final long PIECE_BYTES = 1 << 20;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment piece = arena.allocate(PIECE_BYTES, 64);
    private final Storage storage;
    private final Entry checkpoint;
    private final HostAccess host;
    private long bytesRead;

    /**
     * Opens nothing yet.
     *
     * @param host writes to what is loaded
     */
    SliceReader(Storage storage, Entry checkpoint, HostAccess host) {
        this.storage = storage;
        this.checkpoint = checkpoint;
        this.host = host;
    }

    /** Bytes read so far. */
    long bytesRead() {
        return bytesRead;
    }

    /** Fails unless every file is there with its length. */
    void requireFiles(Manifest manifest) {
        StringJoiner wrong = new StringJoiner(", ");
        for (DataFile file : manifest.files()) {
            missing(file).ifPresent(wrong::add);
        }
        if (wrong.length() > 0) {
            throw incomplete(wrong.toString());
        }
    }

    private Optional<String> missing(DataFile file) {
        Path path = path(file);
        if (!storage.exists(path)) {
            return Optional.of(file.name() + " missing");
        }
        try (Storage.InputFile input = storage.open(path)) {
            long bytes = input.length();
            return bytes == file.bytes()
                    ? Optional.empty()
                    : Optional.of("%s has %,d bytes of %,d".formatted(file.name(), bytes, file.bytes()));
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private CheckpointException incomplete(String what) {
        return new CheckpointException(
                CheckpointError.INCOMPLETE, "checkpoint %s is incomplete (%s)".formatted(checkpoint.name(), what), "");
    }

    /** Reads what {@code targets}, grouped by tensor name, need of a file. */
    void load(DataFile file, Map<String, List<NamedTensor>> targets) {
        try (Storage.InputFile input = storage.open(path(file))) {
            checkHeader(file, input);
            for (SavedSlice saved : file.slices()) {
                List<NamedTensor> overlapping = targets
                        .getOrDefault(saved.slice().name(), List.of())
                        .stream()
                        .filter(target -> overlap(saved.slice(), target.slice()))
                        .toList();
                if (!overlapping.isEmpty()) {
                    read(file, input, saved, overlapping);
                }
            }
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    /** Reads all of a file and adds what is wrong with it to {@code problems}. */
    void verify(DataFile file, List<CheckpointException> problems) {
        try {
            Optional<String> missing = missing(file);
            if (missing.isPresent()) {
                problems.add(incomplete(missing.get()));
                return;
            }
        } catch (CheckpointException e) {
            problems.add(e);
            return;
        }
        try (Storage.InputFile input = storage.open(path(file))) {
            collect(problems, () -> checkHeader(file, input));
            for (SavedSlice saved : file.slices()) {
                collect(problems, () -> read(file, input, saved, List.of()));
            }
        } catch (IOException e) {
            problems.add(unreadable(file, e));
        }
    }

    private interface Check {
        void run() throws IOException;
    }

    private static void collect(List<CheckpointException> problems, Check check) throws IOException {
        try {
            check.run();
        } catch (CheckpointException e) {
            problems.add(e);
        }
    }

    private void checkHeader(DataFile file, Storage.InputFile input) throws IOException {
        Crc32c crc = new Crc32c();
        for (long at = 0; at < file.headerBytes(); at += PIECE_BYTES) {
            MemorySegment part = piece.asSlice(0, Math.min(PIECE_BYTES, file.headerBytes() - at));
            input.read(at, part);
            crc.update(part);
        }
        bytesRead += file.headerBytes();
        if (crc.value() != file.headerCrc32c()) {
            throw new CheckpointException(
                    CheckpointError.FILE_DAMAGED,
                    "header: CRC32C mismatch in %s/%s at 0..+%,d. The file is damaged"
                            .formatted(checkpoint.name(), file.name(), file.headerBytes()),
                    remedy());
        }
    }

    private void read(DataFile file, Storage.InputFile input, SavedSlice saved, List<NamedTensor> targets)
            throws IOException {
        Crc32c crc = new Crc32c();
        int elementBytes = saved.dtype().bytes();
        long firstByte = saved.slice().offset() * elementBytes;
        for (long at = 0; at < saved.bytes(); at += PIECE_BYTES) {
            MemorySegment part = piece.asSlice(0, Math.min(PIECE_BYTES, saved.bytes() - at));
            input.read(saved.begin() + at, part);
            crc.update(part);
            for (NamedTensor target : targets) {
                copy(part, firstByte + at, target, elementBytes);
            }
        }
        bytesRead += saved.bytes();
        if (crc.value() != saved.crc32c()) {
            throw new CheckpointException(
                    CheckpointError.CRC_MISMATCH,
                    "tensor %s: CRC32C mismatch in %s/%s at %,d..+%,d. The file is damaged"
                            .formatted(
                                    saved.slice().name(), checkpoint.name(), file.name(), saved.begin(), saved.bytes()),
                    remedy());
        }
    }

    /** Copies what the target needs of bytes {@code position..} of the whole tensor. */
    private void copy(MemorySegment part, long position, NamedTensor target, int elementBytes) {
        long targetBegin = target.slice().offset() * elementBytes;
        long targetEnd = target.slice().end() * elementBytes;
        long from = Math.max(position, targetBegin);
        long to = Math.min(position + part.byteSize(), targetEnd);
        if (from < to) {
            MemorySegment wanted = target.tensor().segment().asSlice(from - targetBegin, to - from);
            host.write(wanted, part.asSlice(from - position, to - from));
        }
    }

    private static boolean overlap(TensorSlice a, TensorSlice b) {
        return a.offset() < b.end() && b.offset() < a.end();
    }

    private Path path(DataFile file) {
        return checkpoint.path().resolve(file.name());
    }

    private CheckpointException unreadable(DataFile file, IOException cause) {
        return new CheckpointException(
                CheckpointError.READ_FAILED,
                "cannot read %s/%s: %s".formatted(checkpoint.name(), file.name(), CheckpointException.words(cause)),
                "",
                cause);
    }

    private static String remedy() {
        return "try: dunlin ckpt verify RUN --all      then: dunlin resume RUN --from STEP";
    }

    @Override
    public void close() {
        arena.close();
    }
}
