package io.dunlin.checkpoint.huggingface;

import io.dunlin.checkpoint.format.CheckpointError;
import io.dunlin.checkpoint.format.CheckpointException;
import io.dunlin.checkpoint.format.SafetensorsFile;
import io.dunlin.checkpoint.format.Storage;
import io.dunlin.checkpoint.format.StoredTensor;
import io.dunlin.model.Family;
import io.dunlin.model.ModelConfig;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The safetensors files of one model folder, whole or in shards, and the tensors in them by our names. */
final class WeightFiles {
    static final String SINGLE = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";

    /** Buffers that old versions of transformers stored with the weights; they are functions of the config. */
    private static final Pattern BUFFERS =
            Pattern.compile("(h\\.\\d+\\.attn\\.(bias|masked_bias)|layers\\.\\d+\\.self_attn\\.rotary_emb\\.inv_freq)");

    private final Path folder;
    private final Map<String, Stored> byName = new LinkedHashMap<>();

    /** A tensor and its bytes. */
    record Stored(SafetensorsFile file, StoredTensor tensor) {
        MemorySegment bytes() {
            return file.bytes(tensor);
        }
    }

    private WeightFiles(Path folder) {
        this.folder = folder;
    }

    /** Maps all files of a model for as long as {@code arena} lives. */
    static WeightFiles open(Storage storage, Path folder, Family family, Arena arena) {
        WeightFiles files = new WeightFiles(folder);
        if (storage.exists(folder.resolve(SINGLE))) {
            SafetensorsFile file = SafetensorsFile.open(storage, folder.resolve(SINGLE), arena);
            file.tensors().forEach(tensor -> files.add(file, tensor, family));
        } else if (storage.exists(folder.resolve(INDEX))) {
            files.addShards(storage, family, arena);
        } else {
            throw files.wrong("there is neither %s nor %s".formatted(SINGLE, INDEX));
        }
        return files;
    }

    private void addShards(Storage storage, Family family, Arena arena) {
        Map<String, String> weightMap = weightMap(storage);
        TreeSet<String> missing = new TreeSet<>(weightMap.keySet());
        for (String name : new TreeSet<>(weightMap.values())) {
            if (!name.endsWith(".safetensors") || name.contains("/") || name.contains("\\")) {
                throw wrong("%s names the file '%s'".formatted(INDEX, name));
            }
            SafetensorsFile shard = SafetensorsFile.open(storage, folder.resolve(name), arena);
            for (StoredTensor tensor : shard.tensors()) {
                if (!name.equals(weightMap.get(tensor.name()))) {
                    throw wrong("%s holds %s, which %s does not expect there".formatted(name, tensor.name(), INDEX));
                }
                missing.remove(tensor.name());
                add(shard, tensor, family);
            }
        }
        if (!missing.isEmpty()) {
            String tensor = missing.first();
            throw wrong("%s lacks %s, which %s promises".formatted(weightMap.get(tensor), tensor, INDEX));
        }
    }

    private Map<String, String> weightMap(Storage storage) {
        Path path = folder.resolve(INDEX);
        try {
            Map<String, String> map = new LinkedHashMap<>();
            JsonNode root = JsonMapper.shared().readTree(storage.readAll(path));
            root.required("weight_map")
                    .properties()
                    .forEach(e -> map.put(e.getKey(), e.getValue().stringValue()));
            return map;
        } catch (IOException e) {
            throw new CheckpointException(
                    CheckpointError.READ_FAILED,
                    "cannot read %s: %s".formatted(path, CheckpointException.words(e)),
                    "",
                    e);
        } catch (JacksonException | IllegalArgumentException e) {
            throw wrong("%s has no weight_map: %s".formatted(INDEX, e.getMessage()));
        }
    }

    private void add(SafetensorsFile file, StoredTensor tensor, Family family) {
        String prefix = ModelWeight.prefix(family);
        String name = tensor.name().startsWith(prefix) ? tensor.name().substring(prefix.length()) : tensor.name();
        if (BUFFERS.matcher(name).matches()) {
            return;
        }
        Stored before = byName.put(name, new Stored(file, tensor));
        if (before != null) {
            throw wrong("%s is there twice: as %s and as %s"
                    .formatted(name, before.tensor().name(), tensor.name()));
        }
    }

    /** The tensor of a weight, of its shape and a floating-point type. */
    Stored of(ModelWeight weight) {
        Stored stored = find(weight)
                .orElseThrow(() -> wrong("there is no tensor %s %s".formatted(weight.name(), weight.externalShape())));
        StoredTensor tensor = stored.tensor();
        if (!tensor.shape().equals(weight.externalShape())) {
            throw wrong("tensor %s is %s, config.json asks for %s"
                    .formatted(tensor.name(), tensor.shape(), weight.externalShape()));
        }
        switch (tensor.dtype()) {
            case F32, BF16, F16 -> {}
            default ->
                throw wrong(
                        "tensor %s is %s; F32, BF16 and F16 can be imported".formatted(tensor.name(), tensor.dtype()));
        }
        return stored;
    }

    Optional<Stored> find(ModelWeight weight) {
        return Optional.ofNullable(byName.get(weight.name()));
    }

    /** Fails unless the tensors are exactly those of the model; a tied head may be stored if it equals the embedding. */
    void requireExactly(ModelConfig config) {
        TreeSet<String> surplus = new TreeSet<>(byName.keySet());
        for (ModelWeight weight : ModelWeight.of(config)) {
            of(weight);
            surplus.remove(weight.name());
        }
        if (config.tiedHead() && surplus.remove(ModelWeight.tiedHead(config).name())) {
            Stored head = of(ModelWeight.tiedHead(config));
            if (head.bytes().mismatch(of(ModelWeight.embedding(config)).bytes()) != -1) {
                throw wrong("config.json says tie_word_embeddings = true, but %s differs from the embedding"
                        .formatted(head.tensor().name()));
            }
        }
        if (!surplus.isEmpty()) {
            throw wrong("config.json does not ask for tensor %s%s"
                    .formatted(
                            surplus.first(), surplus.size() == 1 ? "" : " and %d more".formatted(surplus.size() - 1)));
        }
    }

    private CheckpointException wrong(String what) {
        return new CheckpointException(CheckpointError.BAD_MODEL_FILES, "%s: %s".formatted(folder, what), "");
    }
}
