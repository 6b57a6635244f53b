package io.dunlin.checkpoint;

import io.dunlin.checkpoint.Manifest.DataFile;
import io.dunlin.checkpoint.Manifest.SavedSlice;
import io.dunlin.checkpoint.format.SafetensorsWriter;
import io.dunlin.checkpoint.format.SafetensorsWriter.WrittenFile;
import io.dunlin.checkpoint.format.Storage;
import io.dunlin.checkpoint.format.StoredTensor;
import io.dunlin.checkpoint.format.StoredType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.TensorSlice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;

/** The file that one rank writes: a safetensors file in which a whole tensor has its own name, and a part an interval. */
final class ShareFile {
    private final SequencedMap<String, SliceSource> sources = new LinkedHashMap<>(); // by name in the file
    private final List<StoredTensor> tensors = new ArrayList<>();
    private final Map<String, String> metadata;

    ShareFile(List<SliceSource> share, Map<String, String> metadata) {
        this.metadata = metadata;
        for (SliceSource source : share) {
            TensorSlice slice = source.slice();
            boolean whole = slice.length() == slice.shape().elements();
            String name = whole ? slice.name() : "%s[%d:%d]".formatted(slice.name(), slice.offset(), slice.end());
            if (sources.put(name, source) != null) {
                throw new IllegalArgumentException("given twice to save: " + name);
            }
            Shape shape = whole ? slice.shape() : Shape.of(slice.length());
            tensors.add(new StoredTensor(name, StoredType.of(source.dtype()), shape, 0, 0));
        }
    }

    /** The length that the file will have. */
    long bytes() {
        return SafetensorsWriter.bytesFor(tensors, metadata);
    }

    /** Writes it and makes it durable. */
    DataFile write(Storage storage, Path path) throws IOException {
        try (SafetensorsWriter writer = SafetensorsWriter.create(storage, path, tensors, metadata)) {
            for (StoredTensor tensor : writer.order()) {
                source(tensor).copyTo(bytes -> writer.append(tensor, bytes));
            }
            return describe(path.getFileName().toString(), writer.finish());
        }
    }

    private DataFile describe(String name, WrittenFile written) {
        List<SavedSlice> slices = new ArrayList<>();
        for (SafetensorsWriter.WrittenTensor tensor : written.tensors()) {
            SliceSource source = source(tensor.tensor());
            slices.add(new SavedSlice(
                    source.slice(),
                    source.dtype(),
                    written.headerBytes() + tensor.tensor().begin(),
                    tensor.crc32c()));
        }
        return new DataFile(name, written.bytes(), written.headerBytes(), written.headerCrc32c(), slices);
    }

    private SliceSource source(StoredTensor tensor) {
        return Objects.requireNonNull(sources.get(tensor.name()), "every stored tensor has a source");
    }
}
