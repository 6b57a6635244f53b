package io.dunlin.model;

import io.dunlin.device.Device;
import io.dunlin.nn.Parameter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A tiny model with figures that PyTorch and transformers computed: see fixtures/README.md. */
public enum Fixture {
    GPT2("gpt2-tiny", "transformer."),
    LLAMA("llama-tiny", "model.");

    /** Steps of the reference run. */
    public static final int STEPS = 30;

    private final String folder;
    private final String prefix;

    Fixture(String folder, String prefix) {
        this.folder = folder;
        this.prefix = prefix;
    }

    /** The figures. */
    public JsonNode expected() {
        return json("expected.json");
    }

    /** [step][row][position] of the reference run. */
    public int[][][] tokens() {
        JsonNode steps = expected().get("tokens");
        int[][][] tokens = new int[steps.size()][][];
        for (int s = 0; s < tokens.length; s++) {
            tokens[s] = new int[steps.get(s).size()][];
            for (int r = 0; r < tokens[s].length; r++) {
                JsonNode row = steps.get(s).get(r);
                tokens[s][r] = new int[row.size()];
                for (int t = 0; t < row.size(); t++) {
                    tokens[s][r][t] = row.get(t).asInt();
                }
            }
        }
        return tokens;
    }

    /** The dimensions in config.json. */
    public ModelConfig config() {
        JsonNode c = json("config.json");
        return switch (this) {
            case GPT2 ->
                new ModelConfig(
                        Family.GPT,
                        c.get("n_layer").asInt(),
                        c.get("n_embd").asInt(),
                        c.get("n_head").asInt(),
                        c.get("n_head").asInt(),
                        4 * c.get("n_embd").asInt(),
                        c.get("vocab_size").asInt(),
                        c.get("n_positions").asInt(),
                        c.get("tie_word_embeddings").asBoolean(),
                        (float) c.get("layer_norm_epsilon").asDouble(),
                        10_000f);
            case LLAMA ->
                new ModelConfig(
                        Family.LLAMA,
                        c.get("num_hidden_layers").asInt(),
                        c.get("hidden_size").asInt(),
                        c.get("num_attention_heads").asInt(),
                        c.get("num_key_value_heads").asInt(),
                        c.get("intermediate_size").asInt(),
                        c.get("vocab_size").asInt(),
                        c.get("max_position_embeddings").asInt(),
                        c.get("tie_word_embeddings").asBoolean(),
                        (float) c.get("rms_norm_eps").asDouble(),
                        (float) c.get("rope_parameters").get("rope_theta").asDouble());
        };
    }

    /** The model with the fixture's weights. */
    public Model model(Device device, Precision precision) {
        Model model = Model.create(config(), device, precision);
        Map<String, Safetensors.Values> stored = new HashMap<>();
        Safetensors.read("/fixtures/" + folder + "/model.safetensors").forEach((name, values) -> {
            String ours = ourName(name);
            stored.put(ours, storedTransposed(ours) ? values.transposed() : values);
        });
        for (Parameter parameter : model.parameters()) {
            float[] elements = stored.remove(parameter.name()).elements();
            MemorySegment.copy(elements, 0, parameter.value().segment(), ValueLayout.JAVA_FLOAT, 0, elements.length);
        }
        if (!stored.isEmpty()) {
            throw new IllegalStateException("not in the model: " + stored.keySet());
        }
        model.valuesLoaded();
        return model;
    }

    /** The name of a tensor in this project, from its name in the fixture. */
    public String ourName(String name) {
        return name.startsWith(prefix) ? name.substring(prefix.length()) : name;
    }

    /** Hugging Face stores GPT-2's matrix products as [in, out]. */
    private static boolean storedTransposed(String name) {
        return name.matches("h\\.\\d+\\.(attn|mlp)\\.c_\\w+\\.weight");
    }

    private JsonNode json(String file) {
        try (var in = Fixture.class.getResourceAsStream("/fixtures/" + folder + "/" + file)) {
            return JsonMapper.shared().readTree(in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
