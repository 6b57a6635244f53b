package io.dunlin.checkpoint.huggingface;

import io.dunlin.model.Family;
import io.dunlin.model.Model;
import io.dunlin.model.ModelConfig;
import io.dunlin.nn.Parameter;
import io.dunlin.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * One weight of a model, and how it lies in a Hugging Face file.
 *
 * @param name ours: theirs without the prefix
 * @param shape ours; matrices are [out, in]
 * @param order of the elements in the file
 */
record ModelWeight(String name, Shape shape, Order order) {
    private static final String HEAD = "lm_head.weight";

    /** How a matrix is stored. */
    enum Order {
        /** [out, in], as we have it. */
        SAME,
        /** [in, out]: the Conv1D of GPT-2. */
        TRANSPOSED
    }

    /** The name in an exported file, with the prefix that transformers writes. */
    String external(Family family) {
        return name.equals(HEAD) ? name : prefix(family) + name;
    }

    /** What transformers puts before the name of everything but the head. */
    static String prefix(Family family) {
        return switch (family) {
            case GPT -> "transformer.";
            case LLAMA -> "model.";
        };
    }

    /** The shape in the file. */
    Shape externalShape() {
        return order == Order.SAME ? shape : Shape.of(shape.extent(1), shape.extent(0));
    }

    /** All weights of a model, in forward order. */
    static List<ModelWeight> of(ModelConfig config) {
        List<ModelWeight> weights = new ArrayList<>();
        switch (config.family()) {
            case GPT -> gpt(config, weights);
            case LLAMA -> llama(config, weights);
        }
        if (!config.tiedHead()) {
            weights.add(same(HEAD, config.vocabulary(), config.width()));
        }
        return weights;
    }

    /**
     * A weight and where a model holds it.
     *
     * @param value F32, in our order
     */
    record Placed(ModelWeight weight, MemorySegment value) {}

    /** All weights of a model with their memory, which the host must reach, in forward order. */
    static List<Placed> of(Model model) {
        if (!model.device().hostReadable()) {
            throw new IllegalArgumentException("weights are converted in memory of the host, not on "
                    + model.device().description());
        }
        List<ModelWeight> weights = of(model.config());
        List<Placed> placed = new ArrayList<>();
        for (Parameter parameter : model.parameters()) {
            ModelWeight weight = weights.get(placed.size());
            if (!weight.name().equals(parameter.name()) || !weight.shape().equals(parameter.shape())) {
                throw new IllegalStateException("%s%s is not %s".formatted(weight.name(), weight.shape(), parameter));
            }
            placed.add(new Placed(weight, parameter.value().segment()));
        }
        return placed;
    }

    /** The tied head, where a file stores it all the same. */
    static ModelWeight tiedHead(ModelConfig config) {
        return same(HEAD, config.vocabulary(), config.width());
    }

    /** The embedding that a tied head shares. */
    static ModelWeight embedding(ModelConfig config) {
        return same(
                config.family() == Family.GPT ? "wte.weight" : "embed_tokens.weight",
                config.vocabulary(),
                config.width());
    }

    private static void gpt(ModelConfig config, List<ModelWeight> weights) {
        int width = config.width();
        weights.add(embedding(config));
        weights.add(same("wpe.weight", config.context(), width));
        for (int layer = 0; layer < config.layers(); layer++) {
            String block = "h." + layer;
            norm(block + ".ln_1", width, weights);
            convolution(block + ".attn.c_attn", 3 * width, width, weights);
            convolution(block + ".attn.c_proj", width, width, weights);
            norm(block + ".ln_2", width, weights);
            convolution(block + ".mlp.c_fc", config.hidden(), width, weights);
            convolution(block + ".mlp.c_proj", width, config.hidden(), weights);
        }
        norm("ln_f", width, weights);
    }

    private static void llama(ModelConfig config, List<ModelWeight> weights) {
        int width = config.width();
        int keyValueWidth = config.keyValueHeads() * config.headWidth();
        weights.add(embedding(config));
        for (int layer = 0; layer < config.layers(); layer++) {
            String block = "layers." + layer;
            weights.add(same(block + ".input_layernorm.weight", width));
            weights.add(same(block + ".self_attn.q_proj.weight", width, width));
            weights.add(same(block + ".self_attn.k_proj.weight", keyValueWidth, width));
            weights.add(same(block + ".self_attn.v_proj.weight", keyValueWidth, width));
            weights.add(same(block + ".self_attn.o_proj.weight", width, width));
            weights.add(same(block + ".post_attention_layernorm.weight", width));
            weights.add(same(block + ".mlp.gate_proj.weight", config.hidden(), width));
            weights.add(same(block + ".mlp.up_proj.weight", config.hidden(), width));
            weights.add(same(block + ".mlp.down_proj.weight", width, config.hidden()));
        }
        weights.add(same("norm.weight", width));
    }

    private static void norm(String name, int width, List<ModelWeight> weights) {
        weights.add(same(name + ".weight", width));
        weights.add(same(name + ".bias", width));
    }

    private static void convolution(String name, int outputs, int inputs, List<ModelWeight> weights) {
        weights.add(new ModelWeight(name + ".weight", Shape.of(outputs, inputs), Order.TRANSPOSED));
        weights.add(same(name + ".bias", outputs));
    }

    private static ModelWeight same(String name, long... extents) {
        return new ModelWeight(name, Shape.of(extents), Order.SAME);
    }
}
