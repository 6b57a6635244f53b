package io.dunlin.checkpoint;

import io.dunlin.checkpoint.Manifest.DataFile;
import io.dunlin.checkpoint.Manifest.SavedSlice;
import io.dunlin.checkpoint.format.CheckpointError;
import io.dunlin.checkpoint.format.CheckpointException;
import io.dunlin.checkpoint.format.Crc32c;
import io.dunlin.data.DataPosition;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.TensorSlice;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The manifest as text: a JSON object, one line for each tensor, that begins with the magic {@code
 * {"dunlin":"checkpoint","version":1} and ends with a CRC32C of all lines before the last.
 */
final class ManifestCodec {
    private static final int VERSION = 1;
    private static final String MAGIC = "{\"dunlin\":\"checkpoint\",\"version\":";
    private static final String TAIL = "\"crc32c\":\"%s\"}\n";
    private static final int TAIL_BYTES = TAIL.formatted("00000000").length();

    private ManifestCodec() {}

    static byte[] encode(Manifest manifest) {
        String body = MAGIC + VERSION + ",\n\"state\":" + state(manifest.state()) + ",\n\"generation\":"
                + manifest.generation() + ",\"saved\":\"" + manifest.saved() + "\",\n\"files\":["
                + manifest.files().stream().map(ManifestCodec::encode).collect(Collectors.joining(",")) + "],\n";
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        byte[] tail = TAIL.formatted(Crc32c.text(Crc32c.of(bytes))).getBytes(StandardCharsets.UTF_8);
        byte[] all = Arrays.copyOf(bytes, bytes.length + tail.length);
        System.arraycopy(tail, 0, all, bytes.length, tail.length);
        return all;
    }

    /** One file, as JSON. */
    static String encode(DataFile file) {
        ObjectNode head = JsonNodeFactory.instance.objectNode();
        head.put("name", file.name());
        head.put("bytes", file.bytes());
        head.put("header_bytes", file.headerBytes());
        head.put("header_crc32c", Crc32c.text(file.headerCrc32c()));
        String open = head.toString();
        return "\n" + open.substring(0, open.length() - 1) + ",\"tensors\":["
                + file.slices().stream().map(ManifestCodec::slice).collect(Collectors.joining(",")) + "]}";
    }

    private static String slice(SavedSlice saved) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("name", saved.slice().name());
        ArrayNode shape = node.putArray("shape");
        saved.slice().shape().dimensions().forEach(shape::add);
        node.put("offset", saved.slice().offset());
        node.put("length", saved.slice().length());
        node.put("dtype", saved.dtype().safetensorsName());
        node.put("begin", saved.begin());
        node.put("crc32c", Crc32c.text(saved.crc32c()));
        return "\n " + node;
    }

    private static String state(RunState state) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("step", state.step());
        node.put("tokens", state.tokens());
        node.put("epoch", state.position().epoch());
        node.put("sample", state.position().sample());
        node.put("optimizer_updates", state.optimizerUpdates());
        ObjectNode facts = node.putObject("facts");
        state.facts().forEach(facts::put);
        return node.toString();
    }

    /**
     * Reads a manifest.
     *
     * @param file for messages
     * @throws CheckpointException if a byte is not as it was written
     */
    static Manifest decode(byte[] bytes, String file) {
        int bodyBytes = bytes.length - TAIL_BYTES;
        byte[] magic = MAGIC.getBytes(StandardCharsets.UTF_8);
        if (bodyBytes < magic.length || !Arrays.equals(magic, Arrays.copyOf(bytes, magic.length))) {
            throw damaged(
                    file, "is not a manifest: it has %,d bytes and must begin with %s".formatted(bytes.length, MAGIC));
        }
        byte[] body = Arrays.copyOf(bytes, bodyBytes);
        String expected = TAIL.formatted(Crc32c.text(Crc32c.of(body)));
        String found = new String(bytes, bodyBytes, TAIL_BYTES, StandardCharsets.ISO_8859_1);
        if (!found.equals(expected)) {
            throw damaged(
                    file,
                    "is cut off or altered: the last line must be %s, it is %s"
                            .formatted(expected.strip(), found.strip().replaceAll("\\P{Graph}", "?")));
        }
        try {
            return manifest(JsonMapper.shared().readTree(bytes), file);
        } catch (JacksonException | IllegalArgumentException | DateTimeException | ArithmeticException e) {
            throw damaged(file, "has a right checksum and wrong content: " + e.getMessage());
        }
    }

    private static Manifest manifest(JsonNode root, String file) {
        long version = root.required("version").asLong();
        if (version != VERSION) {
            throw damaged(file, "is of version %d, this Dunlin knows version %d".formatted(version, VERSION));
        }
        List<DataFile> files = new ArrayList<>();
        root.required("files").forEach(node -> files.add(dataFile(node)));
        return new Manifest(
                runState(root.required("state")),
                root.required("generation").asLong(),
                Instant.parse(root.required("saved").stringValue()),
                files);
    }

    private static RunState runState(JsonNode node) {
        Map<String, String> facts = new TreeMap<>();
        node.required("facts")
                .properties()
                .forEach(f -> facts.put(f.getKey(), f.getValue().stringValue()));
        return new RunState(
                node.required("step").asLong(),
                node.required("tokens").asLong(),
                new DataPosition(
                        node.required("epoch").asLong(), node.required("sample").asLong()),
                node.required("optimizer_updates").asLong(),
                facts);
    }

    /** Reads what {@link #encode(DataFile)} wrote. */
    static DataFile decodeFile(byte[] json) {
        return dataFile(JsonMapper.shared().readTree(json));
    }

    private static DataFile dataFile(JsonNode node) {
        List<SavedSlice> slices = new ArrayList<>();
        node.required("tensors").forEach(tensor -> slices.add(savedSlice(tensor)));
        return new DataFile(
                node.required("name").stringValue(),
                node.required("bytes").asLong(),
                node.required("header_bytes").asLong(),
                crc(node.required("header_crc32c")),
                slices);
    }

    private static SavedSlice savedSlice(JsonNode node) {
        List<Long> shape = new ArrayList<>();
        node.required("shape").forEach(extent -> shape.add(extent.asLong()));
        String dtype = node.required("dtype").stringValue();
        return new SavedSlice(
                new TensorSlice(
                        node.required("name").stringValue(),
                        new Shape(shape),
                        node.required("offset").asLong(),
                        node.required("length").asLong()),
                Arrays.stream(DType.values())
                        .filter(type -> type.safetensorsName().equals(dtype))
                        .findFirst()
                        .orElseThrow(() -> new IllegalArgumentException("unknown dtype " + dtype)),
                node.required("begin").asLong(),
                crc(node.required("crc32c")));
    }

    private static int crc(JsonNode node) {
        return Integer.parseUnsignedInt(node.stringValue(), 16);
    }

    private static CheckpointException damaged(String file, String what) {
        return new CheckpointException(CheckpointError.MANIFEST_DAMAGED, file + " " + what, "");
    }
}
