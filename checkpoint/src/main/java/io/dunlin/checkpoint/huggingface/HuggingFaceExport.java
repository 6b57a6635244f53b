package io.dunlin.checkpoint.huggingface;

import io.dunlin.checkpoint.CheckpointLocation;
import io.dunlin.checkpoint.ModelFacts;
import io.dunlin.checkpoint.Peers;
import io.dunlin.checkpoint.Restored;
import io.dunlin.checkpoint.RunContent;
import io.dunlin.checkpoint.format.CheckpointError;
import io.dunlin.checkpoint.format.CheckpointException;
import io.dunlin.checkpoint.format.SafetensorsWriter;
import io.dunlin.checkpoint.format.Storage;
import io.dunlin.checkpoint.format.StoredTensor;
import io.dunlin.checkpoint.format.StoredType;
import io.dunlin.checkpoint.huggingface.ModelWeight.Placed;
import io.dunlin.device.Device;
import io.dunlin.model.Family;
import io.dunlin.model.Model;
import io.dunlin.model.ModelConfig;
import io.dunlin.model.Precision;
import io.dunlin.nn.Parameter;
import io.dunlin.tensor.DType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Writes the weights of a checkpoint as a Hugging Face folder, in F32, and appears only if the folder has been read back
 * and computes the same: the logits of one batch must have the same bits.
 */
public final class HuggingFaceExport {
    /** The size from which transformers cuts a model into shards. */
    public static final long STANDARD_SHARD_BYTES = 5_000_000_000L;

    private static final long PIECE_BYTES = 16 << 20;

    private final Storage storage;
    private final Device device;
    private final InstantSource clock;
    private final long shardBytes;

    /**
     * Makes an exporter.
     *
     * @param device computes the comparison; one whose memory the host reads
     * @param clock for durations
     * @param shardBytes largest file, apart from its header; a larger tensor has a file of its own
     */
    public HuggingFaceExport(Storage storage, Device device, InstantSource clock, long shardBytes) {
        this.storage = storage;
        this.device = device;
        this.clock = clock;
        this.shardBytes = shardBytes;
    }

    /**
     * What was exported.
     *
     * @param step of the checkpoint
     * @param folder with config.json and the weights
     * @param files with weights, in order
     * @param bytes of the weights
     * @param comparedLogits how many numbers were equal
     */
    public record Exported(long step, Path folder, List<String> files, long bytes, long comparedLogits) {}

    /**
     * Exports a checkpoint.
     *
     * @param target must not exist; appears complete or not at all
     * @throws CheckpointException if the checkpoint cannot be loaded, the target cannot be written, or it does not
     *     compute the same
     */
    public Exported export(CheckpointLocation source, Path target) {
        if (storage.exists(target)) {
            throw failed("%s exists already".formatted(target), "choose another folder");
        }
        ModelConfig config = ModelFacts.config(source.manifest().state().facts());
        Model model = Model.create(config, device, Precision.F32);
        Restored restored = source.load(Peers.alone(), clock, RunContent.weights(model.parameters()), model.host());
        model.valuesLoaded();
        LogitsProbe probe = new LogitsProbe(model);
        float[] expected = probe.logits();

        Path parent = Objects.requireNonNullElse(target.toAbsolutePath().getParent(), target);
        Path temporary = parent.resolve(target.getFileName() + ".tmp");
        try {
            storage.createFolder(temporary);
            clear(temporary);
            write(temporary.resolve("config.json"), HuggingFaceConfig.render(config));
            List<List<Placed>> shards = shards(model);
            List<String> files = new ArrayList<>();
            long bytes = 0;
            for (int i = 0; i < shards.size(); i++) {
                files.add(fileName(i, shards.size()));
                bytes += writeShard(temporary.resolve(files.getLast()), shards.get(i), config.family());
            }
            if (shards.size() > 1) {
                write(temporary.resolve(WeightFiles.INDEX), index(shards, config.family(), bytes));
            }
            storage.forceFolder(temporary);
            compare(temporary, model, probe, expected);
            storage.rename(temporary, target);
            storage.forceFolder(parent);
            return new Exported(restored.state().step(), target, files, bytes, expected.length);
        } catch (IOException e) {
            throw new CheckpointException(
                    CheckpointError.SAVE_FAILED,
                    "cannot write %s: %s".formatted(temporary, CheckpointException.words(e)),
                    "what is written so far is in %s and may be deleted".formatted(temporary),
                    e);
        }
    }

    private void compare(Path written, Model model, LogitsProbe probe, float[] expected) {
        for (Parameter parameter : model.parameters()) {
            parameter.value().segment().fill((byte) 0xff);
        }
        try (HuggingFaceImport back = HuggingFaceImport.open(storage, written)) {
            back.loadInto(model);
        }
        float[] found = probe.logits();
        for (int i = 0; i < expected.length; i++) {
            if (Float.floatToRawIntBits(expected[i]) != Float.floatToRawIntBits(found[i])) {
                throw new CheckpointException(
                        CheckpointError.EXPORT_DIFFERS,
                        "%s does not compute what the checkpoint computes: logit %,d of %,d is %s, not %s"
                                .formatted(written, i, expected.length, found[i], expected[i]),
                        "do not use that folder");
            }
        }
    }

    private List<List<Placed>> shards(Model model) {
        List<List<Placed>> shards = new ArrayList<>();
        long room = 0;
        for (Placed placed : ModelWeight.of(model)) {
            long bytes = placed.value().byteSize();
            if (shards.isEmpty() || bytes > room) {
                shards.add(new ArrayList<>());
                room = shardBytes;
            }
            shards.getLast().add(placed);
            room -= bytes;
        }
        return shards;
    }

    private static String fileName(int shard, int shards) {
        return shards == 1 ? WeightFiles.SINGLE : "model-%05d-of-%05d.safetensors".formatted(shard + 1, shards);
    }

    private long writeShard(Path path, List<Placed> shard, Family family) throws IOException {
        List<StoredTensor> tensors = shard.stream()
                .map(placed -> new StoredTensor(
                        placed.weight().external(family),
                        StoredType.F32,
                        placed.weight().externalShape(),
                        0,
                        0))
                .toList();
        Map<String, Placed> byName = new HashMap<>();
        for (int i = 0; i < shard.size(); i++) {
            byName.put(tensors.get(i).name(), shard.get(i));
        }
        try (SafetensorsWriter writer = SafetensorsWriter.create(storage, path, tensors, Map.of("format", "pt"))) {
            for (StoredTensor tensor : writer.order()) {
                append(writer, tensor, Objects.requireNonNull(byName.get(tensor.name()), "each tensor has a weight"));
            }
            writer.finish();
        }
        return shard.stream().mapToLong(placed -> placed.value().byteSize()).sum();
    }

    private static void append(SafetensorsWriter writer, StoredTensor tensor, Placed placed) throws IOException {
        ModelWeight weight = placed.weight();
        long rows = weight.externalShape().rows();
        long rowBytes = weight.externalShape().columns() * DType.F32.bytes();
        long rowsAtOnce = Math.clamp(PIECE_BYTES / rowBytes, 1, rows);
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment piece = scratch.allocate(rowsAtOnce * rowBytes, 64);
            for (long first = 0; first < rows; first += rowsAtOnce) {
                long count = Math.min(rowsAtOnce, rows - first);
                WeightRows.write(placed.value(), weight, first, count, piece);
                writer.append(tensor, piece.asSlice(0, count * rowBytes));
            }
        }
    }

    private static byte[] index(List<List<Placed>> shards, Family family, long bytes) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.putObject("metadata").put("total_size", bytes);
        Map<String, String> map = new TreeMap<>();
        for (int i = 0; i < shards.size(); i++) {
            for (Placed placed : shards.get(i)) {
                map.put(placed.weight().external(family), fileName(i, shards.size()));
            }
        }
        ObjectNode weightMap = root.putObject("weight_map");
        map.forEach(weightMap::put);
        return JsonMapper.builder()
                .enable(SerializationFeature.INDENT_OUTPUT)
                .build()
                .writeValueAsBytes(root);
    }

    private void write(Path path, byte[] bytes) throws IOException {
        try (Storage.OutputFile file = storage.create(path)) {
            file.append(MemorySegment.ofArray(bytes));
            file.force();
        }
    }

    private void clear(Path folder) throws IOException {
        for (Path file : storage.list(folder)) {
            storage.delete(file);
        }
    }

    private static CheckpointException failed(String what, String remedy) {
        return new CheckpointException(CheckpointError.SAVE_FAILED, what, remedy);
    }
}
