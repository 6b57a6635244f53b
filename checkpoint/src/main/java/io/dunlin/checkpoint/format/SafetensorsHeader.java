package io.dunlin.checkpoint.format;

import io.dunlin.tensor.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The head of a safetensors file: 8 bytes of length, little-endian, then JSON, padded with spaces.
 *
 * <p>Follows the rules of the official reader: tensors cover the data without hole or overlap, every length is the
 * product of its shape, no name comes twice, and the JSON has at most 100,000,000 bytes.
 *
 * @param tensors by name, in the order of their bytes
 * @param metadata free text by key
 */
record SafetensorsHeader(SequencedMap<String, StoredTensor> tensors, Map<String, String> metadata) {
    static final int LENGTH_BYTES = 8;
    static final long MAX_JSON_BYTES = 100_000_000;
    private static final int ALIGNMENT_BYTES = 8;
    private static final String METADATA = "__metadata__";

    // The official writer's order: wide types first, so that every tensor is aligned; then by name.
    private static final Comparator<StoredTensor> WRITING_ORDER =
            Comparator.comparing(StoredTensor::dtype).reversed().thenComparing(StoredTensor::name);

    /** Lays tensors out one after the other; the offsets given are ignored. */
    static SafetensorsHeader laidOut(List<StoredTensor> tensors, Map<String, String> metadata) {
        SequencedMap<String, StoredTensor> placed = new LinkedHashMap<>();
        long at = 0;
        for (StoredTensor tensor : tensors.stream().sorted(WRITING_ORDER).toList()) {
            long end = at + bytes(tensor.dtype(), tensor.shape());
            StoredTensor previous =
                    placed.put(tensor.name(), new StoredTensor(tensor.name(), tensor.dtype(), tensor.shape(), at, end));
            if (previous != null || tensor.name().equals(METADATA)) {
                throw new IllegalArgumentException("tensor name used twice or reserved: " + tensor.name());
            }
            at = end;
        }
        return new SafetensorsHeader(placed, metadata);
    }

    /** The bytes of the head, length included; a multiple of 8. */
    byte[] render() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        if (!metadata.isEmpty()) {
            ObjectNode texts = root.putObject(METADATA);
            metadata.forEach(texts::put);
        }
        for (StoredTensor tensor : tensors.values()) {
            ObjectNode entry = root.putObject(tensor.name());
            entry.put("dtype", tensor.dtype().name());
            ArrayNode shape = entry.putArray("shape");
            tensor.shape().dimensions().forEach(shape::add);
            entry.putArray("data_offsets").add(tensor.begin()).add(tensor.end());
        }
        byte[] json = JsonMapper.shared().writeValueAsBytes(root);
        int padded = Math.ceilDiv(json.length, ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
        if (padded > MAX_JSON_BYTES) {
            throw new IllegalArgumentException(
                    "header of %,d bytes, the format allows %,d".formatted(padded, MAX_JSON_BYTES));
        }
        ByteBuffer head = ByteBuffer.allocate(LENGTH_BYTES + padded).order(ByteOrder.LITTLE_ENDIAN);
        head.putLong(padded).put(json);
        while (head.hasRemaining()) {
            head.put((byte) ' ');
        }
        return head.array();
    }

    /** Bytes of the data section. */
    long dataBytes() {
        return tensors.isEmpty() ? 0 : tensors.lastEntry().getValue().end();
    }

    /**
     * Reads the JSON part.
     *
     * @param file for messages
     * @param dataBytes what the file holds behind the header
     */
    static SafetensorsHeader parse(byte[] json, long dataBytes, String file) {
        JsonNode root;
        try {
            root = JsonMapper.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build()
                    .readTree(json);
        } catch (JacksonException e) {
            throw damaged(file, "the header is not JSON: " + e.getOriginalMessage());
        }
        if (!root.isObject()) {
            throw damaged(file, "the header is not a JSON object");
        }
        Map<String, String> metadata = new LinkedHashMap<>();
        List<StoredTensor> found = new ArrayList<>();
        for (Map.Entry<String, JsonNode> property : root.properties()) {
            if (property.getKey().equals(METADATA)) {
                metadata(property.getValue(), metadata, file);
            } else {
                found.add(tensor(property.getKey(), property.getValue(), file));
            }
        }
        return new SafetensorsHeader(covering(found, dataBytes, file), metadata);
    }

    private static void metadata(JsonNode node, Map<String, String> into, String file) {
        if (!node.isObject()) {
            throw damaged(file, METADATA + " is not an object");
        }
        for (Map.Entry<String, JsonNode> text : node.properties()) {
            if (!text.getValue().isString()) {
                throw damaged(file, "%s '%s' is not text".formatted(METADATA, text.getKey()));
            }
            into.put(text.getKey(), text.getValue().stringValue());
        }
    }

    private static StoredTensor tensor(String name, JsonNode node, String file) {
        JsonNode typeName = node.path("dtype");
        JsonNode extents = node.path("shape");
        JsonNode offsets = node.path("data_offsets");
        if (!typeName.isString() || !extents.isArray() || !offsets.isArray() || offsets.size() != 2) {
            throw damaged(file, "tensor %s lacks dtype, shape or data_offsets".formatted(name));
        }
        StoredType dtype = type(typeName.stringValue(), name, file);
        List<Long> dimensions = new ArrayList<>();
        for (JsonNode extent : extents) {
            dimensions.add(count(extent, name, file));
        }
        Shape shape = new Shape(dimensions);
        long begin = count(offsets.get(0), name, file);
        long end = count(offsets.get(1), name, file);
        long expected;
        try {
            expected = bytes(dtype, shape);
        } catch (ArithmeticException _) {
            throw damaged(file, "tensor %s %s is larger than any file".formatted(name, shape));
        }
        if (end - begin != expected) {
            throw damaged(
                    file,
                    "tensor %s %s%s needs %,d bytes, its data_offsets are %,d..%,d"
                            .formatted(name, dtype, shape, expected, begin, end));
        }
        return new StoredTensor(name, dtype, shape, begin, end);
    }

    private static StoredType type(String text, String name, String file) {
        for (StoredType type : StoredType.values()) {
            if (type.name().equals(text)) {
                return type;
            }
        }
        throw damaged(file, "tensor %s has unknown dtype '%s'".formatted(name, text));
    }

    private static long count(JsonNode node, String name, String file) {
        if (!node.isIntegralNumber() || !node.canConvertToLong() || node.longValue() < 0) {
            throw damaged(file, "tensor %s: %s is not a count".formatted(name, node));
        }
        return node.longValue();
    }

    private static SequencedMap<String, StoredTensor> covering(List<StoredTensor> found, long dataBytes, String file) {
        SequencedMap<String, StoredTensor> ordered = new LinkedHashMap<>();
        long at = 0;
        String before = "the header";
        for (StoredTensor tensor : found.stream()
                .sorted(Comparator.comparingLong(StoredTensor::begin).thenComparingLong(StoredTensor::end))
                .toList()) {
            if (tensor.begin() != at) {
                throw damaged(
                        file,
                        "tensor %s begins at byte %,d of the data, %s ends at %,d: %s"
                                .formatted(
                                        tensor.name(),
                                        tensor.begin(),
                                        before,
                                        at,
                                        tensor.begin() < at ? "overlap" : "hole"));
            }
            at = tensor.end();
            before = "tensor " + tensor.name();
            ordered.put(tensor.name(), tensor);
        }
        if (at != dataBytes) {
            throw damaged(file, "the header describes %,d bytes of data, the file holds %,d".formatted(at, dataBytes));
        }
        return ordered;
    }

    private static long bytes(StoredType dtype, Shape shape) {
        return Math.ceilDiv(Math.multiplyExact(shape.elements(), dtype.bits()), 8);
    }

    static CheckpointException damaged(String file, String what) {
        return new CheckpointException(
                CheckpointError.FILE_DAMAGED, "%s: %s".formatted(file, what), "copy or download the file again");
    }
}
