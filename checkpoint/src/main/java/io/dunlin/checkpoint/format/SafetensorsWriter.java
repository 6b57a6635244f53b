package io.dunlin.checkpoint.format;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Writes one safetensors file from its beginning to its end, with a CRC32C of each tensor computed on the way.
 *
 * <p>Tensors are appended in the order of {@link #order()}, each whole or in pieces. The file is complete and durable
 * when {@link #finish} returns; whoever wants it to appear at once renames it afterwards.
 */
public final class SafetensorsWriter implements AutoCloseable {
    private static final long PIECE_BYTES = 1 << 20;

    private final Storage.OutputFile file;
    private final SafetensorsHeader header;
    private final List<StoredTensor> order;
    private final byte[] head;
    private final List<WrittenTensor> written = new ArrayList<>();
    private Crc32c crc = new Crc32c();
    private long position;

    /**
     * A tensor in the file.
     *
     * @param tensor name, type, shape and place
     * @param crc32c of its bytes
     */
    public record WrittenTensor(StoredTensor tensor, int crc32c) {}

    /**
     * What was written.
     *
     * @param bytes length of the file
     * @param headerBytes length of the header, its length field included
     * @param headerCrc32c of those bytes
     * @param tensors in the order of their bytes
     */
    public record WrittenFile(long bytes, long headerBytes, int headerCrc32c, List<WrittenTensor> tensors) {}

    private SafetensorsWriter(Storage.OutputFile file, SafetensorsHeader header) {
        this.file = file;
        this.header = header;
        this.order = List.copyOf(header.tensors().sequencedValues());
        this.head = header.render();
    }

    /**
     * Makes a new file and writes its header.
     *
     * @param tensors names, types and shapes; their offsets are ignored
     * @param metadata free text by key, in this order; empty for none
     */
    public static SafetensorsWriter create(
            Storage storage, Path path, List<StoredTensor> tensors, Map<String, String> metadata) throws IOException {
        SafetensorsHeader header = SafetensorsHeader.laidOut(tensors, metadata);
        Storage.OutputFile file = storage.create(path);
        try {
            SafetensorsWriter writer = new SafetensorsWriter(file, header);
            file.append(MemorySegment.ofArray(writer.head));
            return writer;
        } catch (IOException | RuntimeException e) {
            closeAfter(file, e);
            throw e;
        }
    }

    /** The length a file of these tensors will have. */
    public static long bytesFor(List<StoredTensor> tensors, Map<String, String> metadata) {
        SafetensorsHeader header = SafetensorsHeader.laidOut(tensors, metadata);
        return header.render().length + header.dataBytes();
    }

    /** The order in which tensors must be appended: wide types first, then by name. */
    public List<StoredTensor> order() {
        return order;
    }

    /** Writes {@code bytes} of {@code tensor}, behind what was appended of it before. */
    public void append(StoredTensor tensor, MemorySegment bytes) throws IOException {
        if (tensor.bytes() == 0 && bytes.byteSize() == 0) {
            return;
        }
        passEmptyTensors();
        if (written.size() == order.size() || !order.get(written.size()).equals(tensor)) {
            throw new IllegalStateException("not the turn of " + tensor.name());
        }
        if (position + bytes.byteSize() > tensor.end()) {
            throw new IllegalArgumentException("more than %,d bytes of %s".formatted(tensor.bytes(), tensor.name()));
        }
        for (long at = 0; at < bytes.byteSize(); at += PIECE_BYTES) {
            MemorySegment piece = bytes.asSlice(at, Math.min(PIECE_BYTES, bytes.byteSize() - at));
            crc.update(piece);
            file.append(piece);
        }
        position += bytes.byteSize();
        if (position == tensor.end()) {
            endTensor();
        }
    }

    /** Makes the file durable and closes it. */
    public WrittenFile finish() throws IOException {
        passEmptyTensors();
        if (written.size() != order.size()) {
            throw new IllegalStateException("tensor %s is not complete"
                    .formatted(order.get(written.size()).name()));
        }
        file.force();
        file.close();
        return new WrittenFile(head.length + header.dataBytes(), head.length, Crc32c.of(head), List.copyOf(written));
    }

    private void passEmptyTensors() {
        while (written.size() < order.size() && order.get(written.size()).bytes() == 0) {
            endTensor();
        }
    }

    private void endTensor() {
        written.add(new WrittenTensor(order.get(written.size()), crc.value()));
        crc = new Crc32c();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    private static void closeAfter(Storage.OutputFile file, Exception cause) {
        try {
            file.close();
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }
}
