package io.dunlin.checkpoint.format;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * A safetensors file, mapped into memory; tensors may be larger than 2 GiB.
 *
 * <p>Layout: {@code u64 N, little-endian | N bytes of JSON | data}. The header is checked completely before anything is
 * read, as the official library does.
 */
public final class SafetensorsFile {
    private static final ValueLayout.OfLong LENGTH = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path path;
    private final SequencedMap<String, StoredTensor> tensors;
    private final Map<String, String> metadata;
    private final MemorySegment data;

    private SafetensorsFile(Path path, SafetensorsHeader header, MemorySegment data) {
        this.path = path;
        this.tensors = header.tensors();
        this.metadata = header.metadata();
        this.data = data;
    }

    /**
     * Maps a file for as long as {@code arena} lives.
     *
     * @throws CheckpointException if it cannot be read or is not a safetensors file from its first to its last byte
     */
    public static SafetensorsFile open(Storage storage, Path path, Arena arena) {
        MemorySegment file;
        try {
            file = storage.map(path, arena);
        } catch (IOException e) {
            throw new CheckpointException(
                    CheckpointError.READ_FAILED,
                    "cannot read %s: %s".formatted(path, CheckpointException.words(e)),
                    "",
                    e);
        }
        String name = path.toString();
        if (file.byteSize() < SafetensorsHeader.LENGTH_BYTES) {
            throw SafetensorsHeader.damaged(
                    name, "%,d bytes are too few for a safetensors file".formatted(file.byteSize()));
        }
        long jsonBytes = file.get(LENGTH, 0);
        long rest = file.byteSize() - SafetensorsHeader.LENGTH_BYTES;
        if (jsonBytes < 0 || jsonBytes > SafetensorsHeader.MAX_JSON_BYTES) {
            throw SafetensorsHeader.damaged(
                    name,
                    "a header of %s bytes is not a safetensors header".formatted(Long.toUnsignedString(jsonBytes)));
        }
        if (jsonBytes > rest) {
            throw SafetensorsHeader.damaged(
                    name, "cut off: the header has %,d bytes, the file %,d more".formatted(jsonBytes, rest));
        }
        byte[] json = file.asSlice(SafetensorsHeader.LENGTH_BYTES, jsonBytes).toArray(ValueLayout.JAVA_BYTE);
        SafetensorsHeader header = SafetensorsHeader.parse(json, rest - jsonBytes, name);
        return new SafetensorsFile(path, header, file.asSlice(SafetensorsHeader.LENGTH_BYTES + jsonBytes));
    }

    /** Where the file is. */
    public Path path() {
        return path;
    }

    /** All tensors, in the order of their bytes. */
    public Collection<StoredTensor> tensors() {
        return tensors.sequencedValues();
    }

    /** The tensor of that name. */
    public Optional<StoredTensor> tensor(String name) {
        return Optional.ofNullable(tensors.get(name));
    }

    /** Free text by key. */
    public Map<String, String> metadata() {
        return metadata;
    }

    /** The bytes of a tensor of this file: little-endian, row-major, possibly unaligned. */
    public MemorySegment bytes(StoredTensor tensor) {
        return data.asSlice(tensor.begin(), tensor.bytes());
    }
}
