package io.dunlin.parallel;

import io.dunlin.model.ModelConfig;
import java.util.function.IntFunction;

/** Models so small that 20 steps take a moment. */
enum SmallFamily {
    GPT(layers -> ModelConfig.gpt(layers, 32, 2, 61, 16)),
    LLAMA(layers -> ModelConfig.llama(layers, 32, 4, 2, 48, 61, 16));

    private final IntFunction<ModelConfig> ofLayers;

    SmallFamily(IntFunction<ModelConfig> ofLayers) {
        this.ofLayers = ofLayers;
    }

    /** Of two layers. */
    ModelConfig config() {
        return config(2);
    }

    ModelConfig config(int layers) {
        return ofLayers.apply(layers);
    }
}
